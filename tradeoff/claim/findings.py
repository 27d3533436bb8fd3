"""What an audit finds about the point of a claim."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pandas as pd

from tradeoff.claim.private import public_text
from tradeoff.frames import Run

_TOLD = ("check", "severity", "observed", "expected", "sentence")


def findings_of(run: Run, point_id: str) -> list[dict[str, str]] | None:
    """Return what `tradeoff.audit` finds about one point, as text; None while there is no audit.

    Parameters
    ----------
    run
        The points that the claim's is one of.
    point_id
        The point of the claim.
    """
    found = _audit(run)
    if found is None:
        return None
    here = found[(found["point_id"] == point_id).to_numpy(dtype=bool, na_value=False)]
    return [{name: _text(row[name]) for name in _TOLD} for _, row in here.iterrows()]


def _audit(run: Run) -> pd.DataFrame | None:
    """Audit a Run. The module may not be there yet: then nothing was audited, which is not the same as no finding."""
    if find_spec("tradeoff.audit") is None:
        return None
    found: pd.DataFrame = import_module("tradeoff.audit").audit(run)
    return found


def _text(value: Any) -> str:
    if value is None or value is pd.NA or value != value:
        return ""
    return public_text(f"{value:.6g}" if isinstance(value, float) else value)
