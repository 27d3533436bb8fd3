"""``tradeoff.audit``: what each row can and cannot support."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.audit.checks import CHECKS
from tradeoff.audit.findings import Found, frame_of
from tradeoff.audit.flagged import flagged
from tradeoff.audit.rows import Rows
from tradeoff.audit.samples import seen_of
from tradeoff.frames import Run


def audit(run: Run | pd.DataFrame) -> pd.DataFrame:
    """Find out what the numbers of a Run can bear, measured and imported rows alike.

    Parameters
    ----------
    run
        A Run, or its ``points``. Of a Run the samples are looked at too. The frame may lack columns, and may hold
        numbers as text: what is missing is not judged, or is said to be missing.

    Returns
    -------
    pandas.DataFrame
        A row for each point and check that found something (and for each percentile, where a check looks at several);
        empty when there is nothing to say. The worst come first; the order of the points does not matter.

        ``point_id``
            Of which point. A point without an id is called by its place in the frame.
        ``check``
            A name of `tradeoff.audit.CHECKS`, or of the flag that the row carries.
        ``severity``
            Ordered category: ``info`` (to know), ``warning`` (to be used only with what the sentence says beside it),
            ``error`` (the row contradicts itself, or is not what it says).
        ``observed``, ``expected``
            The number that was judged and the one it was judged by, in the unit of the check; NaN where there is none.
        ``sentence``
            What is wrong with this number, and what that means for a plan.

    Raises
    ------
    TypeError
        When `run` is neither a Run nor a frame.

    Examples
    --------
    >>> findings = tradeoff.audit(run)  # doctest: +SKIP
    >>> findings[findings["severity"] >= "warning"]  # doctest: +SKIP
    """
    points = run.points if isinstance(run, Run) else run
    if not isinstance(points, pd.DataFrame):
        raise TypeError(
            f"run must be a Run or its frame of points; got {type(run).__name__}: tradeoff.read(path) gives a Run"
        )
    seen = seen_of(points, run.samples) if isinstance(run, Run) and len(points) else {}
    rows = Rows(points, seen)
    parts: list[tuple[str, Found]] = []
    told: dict[str, NDArray[np.int8]] = {}
    # What is missing is NaN, and a rule about it is not broken: no reason to warn.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for check in CHECKS.values():
            worst = np.full(rows.length, -1, dtype=np.int8)
            for one in check.find(rows):
                parts.append((check.name, one))
                worst[one.rows] = np.maximum(worst[one.rows], one.severity)
            told |= dict.fromkeys(check.tells, worst)
    parts += flagged(rows, told)
    return frame_of(parts, rows.ids)
