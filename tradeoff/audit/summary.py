"""Findings in one line: how many, how grave, about what."""

from __future__ import annotations

import pandas as pd

from tradeoff.audit.checks import CHECKS
from tradeoff.audit.findings import FINDING_COLUMNS, SEVERITIES
from tradeoff.digits import counted

_NOUNS = {"error": "error", "warning": "warning", "info": "note"}
_NAMED = 4
"""Checks that a badge names."""


def label_of(check: str) -> str:
    """Return what people call a check, or a flag."""
    return CHECKS[check].label if check in CHECKS else check.replace("_", " ")


def worst(findings: pd.DataFrame) -> str | None:
    """Return the gravest severity in a frame of findings; None when it is empty.

    Raises
    ------
    TypeError
        When `findings` are not what `tradeoff.audit` returns.
    """
    _check(findings)
    return str(findings["severity"].max()) if len(findings) else None


def counts(findings: pd.DataFrame) -> str:
    """Count findings in words: ``1 error, 2 warnings, 1 note``; ``no finding`` when there is none."""
    _check(findings)
    numbers = findings["severity"].value_counts()
    said = [counted(int(numbers[name]), _NOUNS[name]) for name in reversed(SEVERITIES) if numbers[name]]
    return ", ".join(said) or "no finding"


def badge(findings: pd.DataFrame, point_id: str | None = None) -> str:
    """Say in one sentence what the audit of a point found: ``Audit: 1 error, 2 warnings: Little's law, errors.``.

    Parameters
    ----------
    findings
        What `tradeoff.audit` returned.
    point_id
        Of which point; of all when None. A point of which there is no finding has none.
    """
    _check(findings)
    mine = findings if point_id is None else findings[findings["point_id"] == point_id]
    if not len(mine):
        return "Audit: no finding."
    # Beside what is grave, what is only worth knowing is counted and not named.
    grave = mine[mine["severity"] > "info"]
    named = list(dict.fromkeys(map(label_of, (grave if len(grave) else mine)["check"])))
    more = [f"{len(named) - _NAMED} more"] if len(named) > _NAMED else []
    return f"Audit: {counts(mine)}: {', '.join([*named[:_NAMED], *more])}."


def _check(findings: object) -> None:
    if not isinstance(findings, pd.DataFrame) or not set(FINDING_COLUMNS) <= set(findings.columns):
        raise TypeError(f"findings must be the frame that tradeoff.audit returns; got {type(findings).__name__}")
