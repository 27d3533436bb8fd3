"""What each row can and cannot support: findings in words that a newcomer understands."""

from tradeoff.audit.audit import audit
from tradeoff.audit.checks import CHECKS, Check
from tradeoff.audit.findings import FINDING_COLUMNS, SEVERITIES, SEVERITY_DTYPE
from tradeoff.audit.summary import badge, counts, label_of, worst

__all__ = [
    "CHECKS",
    "FINDING_COLUMNS",
    "SEVERITIES",
    "SEVERITY_DTYPE",
    "Check",
    "audit",
    "badge",
    "counts",
    "label_of",
    "worst",
]
