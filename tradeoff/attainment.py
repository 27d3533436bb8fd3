"""The attainment curve: the best throughput that a latency limit leaves, with its interval."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from tradeoff.arguments import shown
from tradeoff.comparable import (
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

COLUMNS = ("limit", "value", "lo", "hi", "point_id")
"""What the frames of this module hold, before the columns that tell groups apart."""


def attainment(
    points: Run | pd.DataFrame,
    x: str = "latency_p99_ms",
    y: str = "throughput_rps",
    *,
    by: Iterable[str] | None = None,
    better: Mapping[str, Better] | None = None,
) -> pd.DataFrame:
    """Return the best `y` at each limit on `x`: T(L), the best throughput with a p99 of at most L.

    It is the frontier as a planner reads it: a step function, for nothing is known between measured points. A row
    holds from its limit up to the next one.

    Parameters
    ----------
    points
        A Run or a frame of points. Rows that failed or ran beyond capacity, and rows without a finite `x` and `y`,
        attain nothing.
    x
        The column that is limited, by any name that an objective takes (``"p99"``): from above where lower values are
        better, from below where higher ones are.
    y
        The column that is attained.
    by
        Columns that tell comparable groups apart, each with a curve of its own; by default those of `NEVER_POOLED`
        that are present. ``by=()`` lets all rows compete.
    better
        ``{"column": "lower"}`` or ``"higher"``, for columns whose direction the column table leaves open.

    Returns
    -------
    pandas.DataFrame
        ``limit`` (in the unit of `x`), ``value``, ``lo``, ``hi`` (in the unit of `y`), ``point_id`` of the point that
        attains ``value`` (a label of the index in a frame without ids), then the columns of `by`. A row wherever the
        curve or an end of it changes, sharpest limit first. NaN: no point meets the limit (``value``), none surely
        does or none may.

    Raises
    ------
    TypeError, ValueError
        When `points` are no points; when a column is absent, not numeric or without a direction.

    Notes
    -----
    The pessimistic end (``lo`` where higher values of `y` are better) is the curve of the pessimistic corners: the
    upper end of each p99 with the lower end of its throughput; the optimistic one that of the optimistic corners. A
    p99 whose upper end is not known never meets a limit for sure. Where no row of a group has an interval the ends are
    the values: nothing is known about their spread. The ends hold when the intervals of the points that make them
    do; they are no simultaneous 95 % band.

    The curve of values is the boundary of the attained set of Fonseca and Fleming [1]_.

    References
    ----------
    .. [1] Fonseca, C. M. and Fleming, P. J. (1996). On the performance assessment and comparison of stochastic
       multiobjective optimizers. Parallel Problem Solving from Nature, 584-593.
    """
    frame = frame_of(points)
    x, y = column_of(frame, x, "x"), column_of(frame, y, "y")
    return _framed(frame, list(_curves(frame, x, y, by, better)), by)


def attained_at(
    points: Run | pd.DataFrame,
    limits: float | Iterable[float],
    x: str = "latency_p99_ms",
    y: str = "throughput_rps",
    *,
    by: Iterable[str] | None = None,
    better: Mapping[str, Better] | None = None,
) -> pd.DataFrame:
    """Read the attainment curve at given limits.

    Parameters
    ----------
    points, x, y, by, better
        As in `attainment`.
    limits
        One limit or several, in the unit of `x`; an infinite one asks for the best that was measured at all.

    Returns
    -------
    pandas.DataFrame
        The columns of `attainment`, a row for each group and limit, in the order of `limits`.

    Raises
    ------
    TypeError, ValueError
        As in `attainment`; when a limit is no number.
    """
    frame, asked = frame_of(points), _limits(limits)
    x, y = column_of(frame, x, "x"), column_of(frame, y, "y")
    sign, read = sign_of(frame, x, better), []
    for curve in _curves(frame, x, y, by, better):
        # The last step at or before each limit; before the first there is nothing, which is the place after the last.
        place = np.searchsorted(-sign * curve.limit, -sign * asked, side="right") - 1
        value, lo, hi = (np.append(part, np.nan)[place] for part in (curve.value, curve.lo, curve.hi))
        read.append(Curve(asked, value, lo, hi, np.append(curve.best, -1)[place], curve.group))
    return _framed(frame, read, by)


def _limits(limits: Any) -> Numbers:
    several = list(limits) if isinstance(limits, Iterable) and not isinstance(limits, str | bytes) else [limits]
    for limit in several:
        if isinstance(limit, bool) or not isinstance(limit, numbers.Real) or math.isnan(limit):
            raise ValueError(f"limits={shown(limits)}: give a number such as 20.0, or a list of them")
    return np.array(several, dtype="float64")


def _curves(
    frame: pd.DataFrame, x: str, y: str, by: Iterable[str] | None, better: Mapping[str, Better] | None
) -> Iterator[Curve]:
    """Yield the curve of each group."""
    signs = [sign_of(frame, axis, better) for axis in (x, y)]
    if x == y:
        raise ValueError(f"x and y are both {x!r}: give two different columns")
    # What is limited counts from below, what is attained upwards; each as value, pessimistic and optimistic end.
    known = usable(frame) & np.isfinite(numbers_of(frame, x)) & np.isfinite(numbers_of(frame, y))
    competing = list(groups(frame, known, by))
    limits = [-score for score in corners_of(frame, x, signs[0], competing)]
    levels = corners_of(frame, y, signs[1], competing)
    ids = ids_of(frame)
    rank = pd.factorize(ids, sort=True)[0]
    for rows in competing:
        if len(rows):
            ordered = rows[np.argsort(rank[rows], kind="stable")]
            stairs = [_stairs(limit, level, ordered) for limit, level in zip(limits, levels, strict=True)]
            yield _curve(stairs, signs, int(rows[0]))


def _curve(stairs: list[Stairs], signs: list[float], group: int) -> Curve:
    limits = np.unique(np.concatenate([steps.limit for steps in stairs]))
    places = [np.searchsorted(steps.limit, limits, side="right") - 1 for steps in stairs]
    value, pessimistic, optimistic = (
        signs[1] * np.append(steps.level, np.nan)[place] for steps, place in zip(stairs, places, strict=True)
    )
    lo, hi = (pessimistic, optimistic) if signs[1] > 0 else (optimistic, pessimistic)
    return Curve(-signs[0] * limits, value, lo, hi, np.append(stairs[0].row, -1)[places[0]], group)


class Curve(NamedTuple):
    """The curve of a group: `best` is the row that attains each value, or -1; `group` is one of the group's rows."""

    limit: Numbers
    value: Numbers
    lo: Numbers
    hi: Numbers
    best: Rows
    group: int


class Stairs(NamedTuple):
    """Where the best level changes as the limit grows, to what, and which row it is."""

    limit: Numbers
    level: Numbers
    row: Rows


def _stairs(limit: Numbers, level: Numbers, rows: Rows) -> Stairs:
    """Climb over some rows; of equal ones the first counts."""
    possible = rows[np.isfinite(limit[rows]) & ~np.isneginf(level[rows])]
    order = possible[np.lexsort((-level[possible], limit[possible]))]
    reached = np.maximum.accumulate(level[order])
    steps = order[reached > np.concatenate(([-np.inf], reached[:-1]))]
    return Stairs(limit[steps], level[steps], steps)


def _framed(frame: pd.DataFrame, curves: list[Curve], by: Iterable[str] | None) -> pd.DataFrame:
    names = group_names(frame, by)
    parts = [np.concatenate([np.empty(0), *(curve[at] for curve in curves)]) for at in range(len(COLUMNS))]
    group = np.repeat([curve.group for curve in curves], [len(curve.limit) for curve in curves]).astype(np.intp)
    told = pd.DataFrame(dict(zip(COLUMNS, parts, strict=True)))
    told["point_id"] = ids_of(frame).reindex(told["point_id"].astype("int64")).array
    return pd.concat([told, frame[names].iloc[group].reset_index(drop=True)], axis=1)
