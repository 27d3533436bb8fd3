"""The Pareto frontier of a frame of points, with the uncertainty of the points taken into account."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.frames import NEVER_POOLED, POINT_COLUMNS
from tradeoff.frames.columns import Better

LABELS = ("frontier", "ambiguous", "dominated")
"""What a row can be, best first."""

LABEL_DTYPE = pd.CategoricalDtype(list(LABELS[::-1]), ordered=True)
"""The dtype of `frontier`: ordered, so that ``labels >= "ambiguous"`` means what it says."""

Scores = NDArray[np.float64]


def frontier(
    points: pd.DataFrame,
    x: str = "latency_p99_ms",
    y: str = "throughput_rps",
    *,
    more: Sequence[str] = (),
    by: Sequence[str] | None = None,
    better: Mapping[str, Better] | None = None,
) -> pd.Series:
    """Label every row ``frontier``, ``ambiguous`` or ``dominated`` within its comparable group.

    A row *dominates* another when it is at least as good on every axis and better on one. With intervals, a row is
    ``dominated`` when some other row's pessimistic corner dominates its optimistic corner; else ``ambiguous`` when
    some row dominates it by the values themselves; else ``frontier``. A missing end of an interval counts as the
    value. Ties and duplicates of a frontier row are on the frontier.

    Parameters
    ----------
    points
        A frame of points; any index.
    x, y
        Two numeric columns. ``<name>_lo`` and ``<name>_hi``, where present, are their intervals.
    more
        One or two further axes.
    by
        Columns whose values tell comparable groups apart; by default those of `NEVER_POOLED` that are present.
        ``by=()`` lets all rows compete.
    better
        ``{"column": "lower"}`` or ``"higher"``, for columns whose direction the column table leaves open.

    Returns
    -------
    pandas.Series
        Ordered category on the frame's index; missing where a value on an axis is missing.

    Raises
    ------
    TypeError, ValueError
        When `points` is no frame; when a column is absent, not numeric or without a direction, or there are more than
        four axes.

    Notes
    -----
    Two axes take O(n log n): with the dominating corners sorted by x, a row is dominated exactly when the best y
    among the corners at or beyond its x is better, or among those strictly beyond is at least as good.
    """
    if not isinstance(points, pd.DataFrame):
        raise TypeError(f"points must be a frame of points, such as run.points; got {type(points).__name__}")
    if isinstance(by, str) or isinstance(more, str):
        name, said = ("by", by) if isinstance(by, str) else ("more", more)
        raise ValueError(f"{name}={said!r}: give a list of columns, as in {name}=[{said!r}]")
    axes = [x, y, *more]
    if not all(isinstance(axis, str) for axis in axes):
        raise ValueError(f"axes {axes!r}: name columns of the points")
    if len(set(axes)) != len(axes) or not 2 <= len(axes) <= 4:
        raise ValueError(f"axes {axes!r}: give two to four different columns")
    signs = [_sign(points, axis, better or {}) for axis in axes]
    value, worst, best = _corners(points, axes, signs)
    known: NDArray[np.bool_] = ~np.any(np.isnan(value), axis=1)
    codes = np.full(len(points), -1, dtype=np.int8)
    for rows in _groups(points, known, by):
        mine = value[rows]
        codes[rows] = _codes(mine, *((mine, mine) if worst is value else (worst[rows], best[rows])))
    return pd.Series(pd.Categorical.from_codes(codes, dtype=LABEL_DTYPE), index=points.index, name="frontier")


def _sign(points: pd.DataFrame, axis: str, better: Mapping[str, Better]) -> float:
    if axis not in points:
        close = difflib.get_close_matches(axis, [str(name) for name in points.columns], n=3)
        hint = f"did you mean {' or '.join(close)}?" if close else "choose from its numeric columns"
        raise ValueError(f"column {axis!r} is not in the frame: {hint}")
    if not pd.api.types.is_numeric_dtype(points[axis]) or pd.api.types.is_bool_dtype(points[axis]):
        raise ValueError(f"column {axis!r} holds {points[axis].dtype}: an axis must be numeric")
    known = POINT_COLUMNS[axis].better if axis in POINT_COLUMNS else "neither"
    direction = better.get(axis, known)
    if direction not in ("higher", "lower"):
        raise ValueError(f"column {axis!r} has no better direction: pass better={{{axis!r}: 'higher'}} or 'lower'")
    return 1.0 if direction == "higher" else -1.0


def _corners(points: pd.DataFrame, axes: Sequence[str], signs: Sequence[float]) -> tuple[Scores, Scores, Scores]:
    """Scores (higher is better) of the values, the pessimistic and the optimistic corners; each (n, axes)."""
    value = np.column_stack([sign * _numbers(points[axis]) for axis, sign in zip(axes, signs, strict=True)])
    ends = [axis + end for axis in axes for end in ("_lo", "_hi") if axis + end in points]
    if not ends:
        return value, value, value
    worst, best = value.copy(), value.copy()
    for place, (axis, sign) in enumerate(zip(axes, signs, strict=True)):
        for end in (axis + "_lo", axis + "_hi"):
            if end in points:
                score = sign * _numbers(points[end])
                np.fmin(worst[:, place], score, out=worst[:, place])
                np.fmax(best[:, place], score, out=best[:, place])
    return value, worst, best


def _numbers(values: pd.Series) -> Scores:
    return values.to_numpy(dtype="float64", na_value=np.nan)


def _groups(points: pd.DataFrame, known: NDArray[np.bool_], by: Sequence[str] | None) -> Iterator[NDArray[np.intp]]:
    names = [name for name in NEVER_POOLED if name in points] if by is None else list(by)
    absent = [name for name in names if name not in points]
    if absent:
        raise ValueError(f"by={list(names)!r}: column {absent[0]!r} is not in the frame")
    rows = np.flatnonzero(known)
    if not names:
        yield rows
        return
    keys = points[names].reset_index(drop=True).iloc[rows]
    numbers = keys.groupby(names, dropna=False, sort=False, observed=True).ngroup().to_numpy()
    order = np.argsort(numbers, kind="stable")
    starts = np.flatnonzero(np.diff(numbers[order], prepend=-1))
    yield from np.split(rows[order], starts[1:])


def _codes(value: Scores, worst: Scores, best: Scores) -> NDArray[np.int8]:
    likely = _is_dominated(value, by=value)
    certain = likely if worst is value else _is_dominated(best, by=worst)
    code = {label: number for number, label in enumerate(LABEL_DTYPE.categories)}
    codes = np.full(len(value), code["frontier"], dtype=np.int8)
    codes[likely] = code["ambiguous"]
    codes[certain] = code["dominated"]
    return codes


def _is_dominated(rows: Scores, *, by: Scores) -> NDArray[np.bool_]:
    if not len(rows):
        return np.zeros(0, dtype=np.bool_)
    return _is_dominated_2(rows, by) if rows.shape[1] == 2 else _is_dominated_many(rows, by)


def _is_dominated_2(rows: Scores, by: Scores) -> NDArray[np.bool_]:
    order = np.argsort(-by[:, 0], kind="stable")
    descending_x, y = by[order, 0], by[order, 1]
    # Whatever a corner behind the running maximum dominates, the maximum dominates too: the stairs are enough,
    # and searching them is searching the processor's cache.
    reached = np.maximum.accumulate(y)
    stair = np.concatenate(([True], reached[1:] > reached[:-1]))
    x, best_y = -descending_x[stair], np.concatenate(([-np.inf], y[stair]))
    at_or_beyond = best_y[np.searchsorted(x, -rows[:, 0], side="right")]
    beyond = np.searchsorted(x, -rows[:, 0], side="left")
    dominated: NDArray[np.bool_] = (at_or_beyond > rows[:, 1]) | ((best_y[beyond] >= rows[:, 1]) & (beyond > 0))
    return dominated


def _is_dominated_many(rows: Scores, by: Scores, block: int = 256) -> NDArray[np.bool_]:
    """Three and four axes: against the undominated corners only, which dominate whatever the others do."""
    order = np.lexsort(by.T[::-1])[::-1]
    kept = np.empty((0, by.shape[1]))
    for start in range(0, len(by), block):
        fresh = by[order[start : start + block]]
        fresh = fresh[~_by_any(fresh, kept)]
        kept = np.concatenate((kept, fresh[~_by_any(fresh, fresh)]))
    dominated = np.zeros(len(rows), dtype=np.bool_)
    for start in range(0, len(rows), block):
        dominated[start : start + block] = _by_any(rows[start : start + block], kept)
    return dominated


def _by_any(rows: Scores, by: Scores, block: int = 256) -> NDArray[np.bool_]:
    dominated = np.zeros(len(rows), dtype=np.bool_)
    for start in range(0, len(by), block):
        left = np.flatnonzero(~dominated)
        at_least = np.ones((len(left), len(by[start : start + block])), dtype=np.bool_)
        beyond = np.zeros_like(at_least)
        for axis in range(rows.shape[1]):
            mine, other = rows[left, axis, None], by[None, start : start + block, axis]
            at_least &= other >= mine
            beyond |= other > mine
        dominated[left] = (at_least & beyond).any(axis=1)
    return dominated
