"""What the audit finds about the point of a claim."""

from __future__ import annotations

from typing import Any

from tradeoff.audit import audit
from tradeoff.claim.private import public_text
from tradeoff.frames import Run

_TOLD = ("check", "severity", "observed", "expected", "sentence")
_LONGEST = 600
"""Letters of a sentence."""


def findings_of(run: Run, point_id: str) -> list[dict[str, str]]:
    """Return what `tradeoff.audit` finds about one point, as text that may be published.

    Parameters
    ----------
    run
        The points that the claim's is one of, and their samples.
    point_id
        The point of the claim.
    """
    found = audit(run)
    here = found[(found["point_id"] == point_id).to_numpy(dtype=bool, na_value=False)]
    return [{name: _text(row[name]) for name in _TOLD} for _, row in here.iterrows()]


def _text(value: Any) -> str:
    if value != value:
        return ""  # there was no number to judge it by
    return public_text(f"{value:.6g}" if isinstance(value, float) else value, longest=_LONGEST)
