"""The knee of the frontier: where more throughput begins to cost more than its share of latency."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from tradeoff.comparable import (
    Marks,
    Numbers,
    Rows,
    corners_of,
    frame_of,
    group_names,
    groups,
    ids_of,
    numbers_of,
    sign_of,
    usable,
)
from tradeoff.frames import Run
from tradeoff.frames.columns import Better
from tradeoff.frames.names import column_of
from tradeoff.frontier import frontier

FEWEST = 3
"""Different points that a frontier must have before one of them can be its knee."""


def knee(
    points: Run | pd.DataFrame,
    x: str = "latency_p99_ms",
    y: str = "throughput_rps",
    *,
    by: Iterable[str] | None = None,
    better: Mapping[str, Better] | None = None,
) -> pd.DataFrame:
    """Find the knee of each group's frontier: its point with the most throughput per latency.

    Up to it, more throughput is bought for less than its share of latency; beyond it, one per cent more throughput
    costs more than one per cent more latency. That ratio is Kleinrock's power [1]_, which `tradeoff.WhatIf` marks too.
    Where throughput costs more than its share from the start, the knee is the first point. It does not depend on
    units, and it is no advice: an objective says what is best.

    Parameters
    ----------
    points
        A Run or a frame of points. Rows that failed or ran beyond capacity have no part in it.
    x, y
        Two columns of positive numbers, by any names that an objective takes (``"p99"``); columns of the answer have
        the full names. A column where lower values are better divides, one where higher ones are multiplies.
    by
        Columns that tell comparable groups apart; by default those of `NEVER_POOLED` that are present.
    better
        ``{"column": "lower"}`` or ``"higher"``, for columns whose direction the column table leaves open.

    Returns
    -------
    pandas.DataFrame
        A row for each group: ``point_id`` (a label of the index in a frame without ids), `x`, `y` and ``power`` of
        the knee, ``<x>_lo`` and ``<x>_hi``, ``turns``, then the columns of `by`. Between ``<x>_lo`` and ``<x>_hi`` lie
        the points that may be the knee: those that are not dominated for sure and whose optimistic corner has at
        least the power of some pessimistic corner. ``turns`` is False where the knee is the end of the frontier with
        the most of `y`: the curve stops before it turns, and the knee may lie beyond. All are missing where the
        frontier has fewer than three different points.

    Raises
    ------
    TypeError, ValueError
        When `points` are no points; when a column is absent, not numeric or without a direction.

    Notes
    -----
    On logarithmic axes, the power is the distance from a line of slope 1: the knee is where the frontier lies
    farthest to its better side. Of equal powers the one with the better `x` counts. Measured points only: nothing is
    interpolated, whereas `tradeoff.WhatIf` interpolates the power between loads that it simulates.

    References
    ----------
    .. [1] Kleinrock, L. (1979). Power and deterministic rules of thumb for probabilistic problems in computer
       communications. International Conference on Communications, 43.1.1-43.1.10.
    """
    frame = frame_of(points)
    x, y = column_of(frame, x, "x"), column_of(frame, y, "y")
    signs = [sign_of(frame, axis, better) for axis in (x, y)]
    names = group_names(frame, by)
    frame = frame[usable(frame)]
    labels = frontier(frame, x, y, by=by, better=better)
    known = labels.notna().to_numpy()
    competing = list(groups(frame, known, by))
    marks = Frontier(
        x=numbers_of(frame, x),
        y=numbers_of(frame, y),
        on=(labels == "frontier").to_numpy(),
        may_be_on=(labels >= "ambiguous").to_numpy(),
        powers=_powers(frame, (x, y), signs, competing),
        rank=pd.factorize(ids_of(frame), sort=True)[0],
    )
    found = [(_knee(marks, rows, signs), int(rows[0])) for rows in competing if len(rows)]
    return _framed(frame, found, (x, y), names)


class Frontier(NamedTuple):
    """What is looked at to find a knee, a number for each row of the frame."""

    x: Numbers
    y: Numbers
    on: Marks
    may_be_on: Marks
    powers: list[Numbers]
    rank: Rows


class Knee(NamedTuple):
    """A knee: its row, or -1; between which x it lies; whether the curve turns there."""

    row: int = -1
    power: float = np.nan
    lo: float = np.nan
    hi: float = np.nan
    turns: bool | None = None


def _powers(
    frame: pd.DataFrame, axes: tuple[str, str], signs: list[float], competing: list[Rows]
) -> list[Numbers]:  # fmt: skip
    """Return the logarithm of the power of the values, the pessimistic and the optimistic corners; NaN for none."""
    corners = [corners_of(frame, axis, sign, competing) for axis, sign in zip(axes, signs, strict=True)]
    with np.errstate(divide="ignore", invalid="ignore"):
        return [
            np.sum([s * np.log(s * score) for score, s in zip(pair, signs, strict=True)], axis=0)
            for pair in zip(*corners, strict=True)
        ]


def _knee(marks: Frontier, rows: Rows, signs: list[float]) -> Knee:
    value, pessimistic, optimistic = (power[rows] for power in marks.powers)
    x, y = marks.x[rows], marks.y[rows]
    on = marks.on[rows] & np.isfinite(value)
    if len(np.unique(np.column_stack([x, y])[on], axis=0)) < FEWEST:
        return Knee()
    best = int(np.lexsort((marks.rank[rows], -signs[0] * x, -np.where(on, value, -np.inf)))[0])
    may_be = marks.may_be_on[rows] & (optimistic >= np.fmax(pessimistic[on], -np.inf).max())
    may_be[best] = True
    turns = bool((signs[1] * y[on]).max() > signs[1] * y[best])
    return Knee(int(rows[best]), float(np.exp(value[best])), float(x[may_be].min()), float(x[may_be].max()), turns)


def _framed(
    frame: pd.DataFrame, found: list[tuple[Knee, int]], axes: tuple[str, str], names: list[str]
) -> pd.DataFrame:
    rows = np.array([knee.row for knee, _ in found], dtype=np.intp)
    table = pd.DataFrame({
        "point_id": ids_of(frame).reindex(rows).array,
        **{axis: np.append(numbers_of(frame, axis), np.nan)[rows] for axis in axes},
        "power": np.array([knee.power for knee, _ in found], dtype="float64"),
        f"{axes[0]}_lo": np.array([knee.lo for knee, _ in found], dtype="float64"),
        f"{axes[0]}_hi": np.array([knee.hi for knee, _ in found], dtype="float64"),
        "turns": pd.array([knee.turns for knee, _ in found], dtype="boolean"),
    })  # fmt: skip
    group = frame[names].iloc[[row for _, row in found]].reset_index(drop=True)
    return pd.concat([table, group], axis=1)
