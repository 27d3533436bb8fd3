"""The numbers that travel to the browser: what is drawn, and whatever else an objective may name."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.explorer.limits import least_limit, limit_steps
from tradeoff.frames import PERCENTILES, POINT_COLUMNS, STAGES
from tradeoff.objective import Objective, ObjectiveError
from tradeoff.objective.objective import short_of, unit_text

ENDS = ("_lo", "_hi")
PARTS_AT = ("mean", "p50", "p99")
DRAWN = (
    "throughput_rps",
    *(f"latency_{p}_ms" for p in ("mean", *PERCENTILES)),
    *(f"at_{p}_{stage}_ms" for p in PARTS_AT for stage in STAGES),
)
"""Columns that the panels show."""

MOST_NUMBERS = 200_000
"""Numbers that travel before columns are left out that nothing shows and nobody has asked for."""


def travelling(points: pd.DataFrame, *, cells: int, asked: Collection[str] = ()) -> tuple[list[str], list[str]]:
    """Choose the columns that travel, each with its interval where it has one.

    Parameters
    ----------
    points
        The points shown.
    cells
        Places of the grid, over all slices.
    asked
        Columns that must be among them.

    Returns
    -------
    (list of str, list of str)
        Those that travel, what is drawn first, and those left out for their number.
    """
    ends = {name + end for name in POINT_COLUMNS for end in ENDS}
    known = [name for name in dict.fromkeys([*DRAWN, *POINT_COLUMNS, *points.columns]) if name in points]
    numeric = [name for name in known if (name not in ends or name in asked) and _is_known(points, name)]
    taken: list[str] = []
    left: list[str] = []
    room = MOST_NUMBERS
    for name in numeric:
        if name not in DRAWN and not is_writable(name, points):
            continue
        room -= cells * (1 + sum(_is_known(points, name + end) for end in ENDS))
        (taken if name in DRAWN or name in asked or room >= 0 else left).append(name)
    return taken, left


def metric_entry(points: pd.DataFrame, name: str) -> dict[str, Any]:
    """Describe a column for the browser: how it is called and written, and where its limit may stand."""
    described = POINT_COLUMNS.get(name)
    values = [numbers(points, name + end) for end in ("", *ENDS) if _is_known(points, name + end)]
    steps = limit_steps(name, np.concatenate(values), whole=described is not None and described.dtype == "Int64")
    return {
        "label": described.label if described else name.replace("_", " "),
        "short": described.short if described else name,
        "unit": described.unit if described else "",
        "written": unit_text(described),
        "better": described.better if described else "neither",
        "least": least_limit(name),
        "steps": [int(step) if step.is_integer() else step for step in steps],
    }


def is_writable(name: str, points: pd.DataFrame) -> bool:
    """Say whether an objective's text can name a column: what is written must be read back."""
    text = f"maximize {short_of(name)}"  # as the page writes it
    try:
        read = Objective.parse(text, columns=points.columns)
    except ObjectiveError:
        return False
    return read.metric == name and str(read) == text


def numbers(points: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """Return a column as float64, NaN where it has no value."""
    return points[name].to_numpy(dtype="float64", na_value=np.nan)


def exact(value: float) -> float | int | None:
    """Return a number as JSON can hold it, to its last digit; None where there is no finite one."""
    if not np.isfinite(value):
        return None
    return int(value) if value.is_integer() and abs(value) < 1e15 else float(value)


def rounded(value: float) -> float | int | None:
    """Return a number with the six digits that are enough to draw it; None where there is no finite one."""
    return exact(float(f"{value:.6g}"))


def _is_known(points: pd.DataFrame, name: str) -> bool:
    if (
        name not in points
        or not pd.api.types.is_numeric_dtype(points[name])
        or pd.api.types.is_bool_dtype(points[name])
    ):
        return False
    return bool(np.isfinite(numbers(points, name)).any())
