"""What may be compared along an axis: its direction, the ends of its intervals, and which rows may compete."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.arguments import shown
from tradeoff.frames import NEVER_POOLED, POINT_COLUMNS, Run
from tradeoff.frames.columns import Better
from tradeoff.frames.names import column_of, columns_of, mapped
from tradeoff.frames.usable import usable as usable

Numbers = NDArray[np.float64]
Marks = NDArray[np.bool_]
Rows = NDArray[np.intp]


def frame_of(points: Run | pd.DataFrame) -> pd.DataFrame:
    """Return the points of a Run, or the frame itself.

    Raises
    ------
    TypeError
        When it is neither.
    """
    frame = points.points if isinstance(points, Run) else points
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"points must be a frame of points, such as run.points, or a Run; got {type(points).__name__}")
    return frame


def sign_of(points: pd.DataFrame, axis: str, better: Mapping[str, Better] | None = None) -> float:
    """Return 1.0 where higher values of an axis are better, -1.0 where lower ones are.

    Parameters
    ----------
    points
        A frame of points.
    axis
        One of its numeric columns.
    better
        ``{"column": "lower"}`` or ``"higher"``; before what the column table says.

    Raises
    ------
    ValueError
        When the column is absent, not numeric or without a direction.
    """
    if not isinstance(axis, str):
        raise ValueError(f"axis {shown(axis)}: name a column of the points")
    if not isinstance(better, Mapping | None):
        raise ValueError(f"better={shown(better)}: give a mapping, as in better={{{axis!r}: 'higher'}}")
    numbers_of(points, axis)
    known = POINT_COLUMNS[axis].better if axis in POINT_COLUMNS else "neither"
    direction = mapped(better, points.columns).get(axis, known)
    if direction not in ("higher", "lower"):
        raise ValueError(f"column {axis!r} has no better direction: pass better={{{axis!r}: 'higher'}} or 'lower'")
    return 1.0 if direction == "higher" else -1.0


def numbers_of(points: pd.DataFrame, name: str) -> Numbers:
    """Return a numeric column as float64, NaN where missing.

    Raises
    ------
    ValueError
        When it is absent, there twice, or not numeric.
    """
    if name not in points:
        column_of(points, name, "column")
    values = points[name]
    if not isinstance(values, pd.Series):
        raise ValueError(f"column {name!r} is in the frame {values.shape[1]} times: keep one")
    if not pd.api.types.is_any_real_numeric_dtype(values) and values.notna().any():
        raise ValueError(f"column {name!r} holds {values.dtype}: an axis must be numeric")
    return values.to_numpy(dtype="float64", na_value=np.nan)


class Bounds(NamedTuple):
    """What is known of the values of a column: see `bounds_of`."""

    value: Numbers
    low: Numbers
    high: Numbers
    bare: Marks


def bounds_of(points: pd.DataFrame, name: str) -> Bounds:
    """Return a column with the ends of its intervals: the one place that says what a missing end means.

    Parameters
    ----------
    points
        A frame of points.
    name
        A numeric column. ``<name>_lo`` and ``<name>_hi``, where present, are its intervals.

    Returns
    -------
    Bounds
        ``value``, ``low``, ``high`` in the column's unit, and ``bare``: rows without any interval. An end that is
        missing where the other is known is unknown, minus or plus infinity, and never the value: too few samples to
        bound a p99 say nothing of how large it may be. Of a bare row both ends are the value, for want of anything
        else: whoever compares has to ask for ``bare``. An interval that does not hold its value is widened to it.

    Raises
    ------
    ValueError
        As in `numbers_of`.
    """
    value = numbers_of(points, name)
    ends = [numbers_of(points, name + end) if name + end in points else None for end in ("_lo", "_hi")]
    missing = [np.isnan(end) if end is not None else np.ones(len(points), dtype=np.bool_) for end in ends]
    bare: Marks = missing[0] & missing[1]
    if bare.all():
        return Bounds(value, value, value, bare)
    found = []
    for end, gone, widened, unknown in zip(ends, missing, (np.fmin, np.fmax), (-np.inf, np.inf), strict=True):
        known: Numbers = value.copy() if end is None else widened(end, value)
        known[gone & ~bare] = unknown
        found.append(known)
    return Bounds(value, found[0], found[1], bare)


def corners_of(
    points: pd.DataFrame, axis: str, sign: float, competing: Iterable[Rows] | None = None
) -> tuple[Numbers, Numbers, Numbers]:
    """Return the scores (higher is better) of a column: its values, and their pessimistic and optimistic ends.

    Parameters
    ----------
    points
        A frame of points.
    axis
        A numeric column.
    sign
        1.0 where higher values are better, -1.0 where lower ones are.
    competing
        Numbers of the rows that compete with each other, as `groups` gives them; by default all of them.

    Notes
    -----
    What an end is `bounds_of` says. A pessimistic end that is not known is minus infinity; an optimistic one is the
    value, for nothing is taken to be better than it was seen. Among rows of which none has an interval the values are
    all there is, and count; among rows of which some have one, the pessimistic end of the others is not known.
    """
    found = bounds_of(points, axis)
    value = sign * found.value
    if found.bare.all():
        return value, value, value
    worst, best = (sign * end for end in ((found.low, found.high) if sign > 0 else (found.high, found.low)))
    if found.bare.any():
        for rows in [np.arange(len(points))] if competing is None else competing:
            bare = found.bare[rows]
            if not bare.all():
                worst[rows[bare]] = -np.inf
    return value, worst, np.where(np.isposinf(best), value, best)


def ids_of(points: pd.DataFrame) -> pd.Series:
    """Return what rows are called: their ``point_id``, or their place in the index where there is none."""
    names = points["point_id"] if "point_id" in points else pd.Series(points.index.to_flat_index(), dtype="object")
    return names.reset_index(drop=True)


def group_names(points: pd.DataFrame, by: Iterable[str] | None) -> list[str]:
    """Return the columns that tell comparable groups apart: `by`, or those of `NEVER_POOLED` that are present.

    Raises
    ------
    ValueError
        When `by` is no list of columns of the points.
    """
    if by is None:
        return [name for name in NEVER_POOLED if name in points]
    if isinstance(by, str) or not isinstance(by, Iterable):
        example = by if isinstance(by, str) else "workload"
        raise ValueError(f"by={shown(by)}: give a list of columns, as in by=[{example!r}]")
    return columns_of(points, by, "by")


def groups(points: pd.DataFrame, known: Marks, by: Iterable[str] | None) -> Iterator[Rows]:
    """Yield the numbers of the rows of each comparable group, in the order in which the groups come.

    Parameters
    ----------
    points
        A frame of points.
    known
        A mark for each row; the others are left out.
    by
        As in `group_names`.
    """
    names = group_names(points, by)
    rows = np.flatnonzero(known)
    if not names or not len(rows):
        yield rows
        return
    keys = points[names].reset_index(drop=True).iloc[rows]
    try:
        names = [name for name in names if len(pd.unique(keys[name])) > 1]
    except TypeError:
        raise ValueError(f"by={shown(names)}: such columns hold text or numbers, not lists") from None
    if not names:
        yield rows
        return
    numbers = keys.groupby(names, dropna=False, sort=False, observed=True).ngroup().to_numpy()
    order = np.argsort(numbers, kind="stable")
    starts = np.flatnonzero(np.diff(numbers[order], prepend=-1))
    yield from np.split(rows[order], starts[1:])
