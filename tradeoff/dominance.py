"""Which points are dominated by others: pure functions of arrays, for two to four axes.

Points are columns of an array of shape (axes, points); higher is better on every axis. A point dominates another
when it is at least as good on every axis and better on one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]
Marks = NDArray[np.bool_]

_WORTH_A_GLANCE = 4096
"""Points from which it pays to look for a few that dominate most of the others."""

_SAMPLE, _PIVOTS = 384, 32


def is_dominated(points: Scores, by: Scores) -> Marks:
    """Tell which `points` some point of `by` dominates.

    Parameters
    ----------
    points
        Shape (axes, n), two to four axes, without NaN; infinities are numbers.
    by
        Shape (axes, m); may be `points` itself.

    Returns
    -------
    numpy.ndarray
        n booleans.

    Notes
    -----
    Two axes take O(n log n): along the stairs of the undominated, sorted by one axis, the other is looked up. Three
    axes take O(n log n) look-ups in stairs that grow while points pass in the order of the third [1]_. Four axes are
    compared with the undominated in blocks. Before any of it, a few points that dominate most of a sample clear away
    what they dominate on every axis.

    References
    ----------
    .. [1] Kung, H. T., Luccio, F. and Preparata, F. P. (1975). On finding the maxima of a set of vectors. Journal of
       the ACM 22(4), 469-476.
    """
    dominated = np.zeros(points.shape[1], dtype=np.bool_)
    if not points.shape[1] or not by.shape[1]:
        return dominated
    dominated = _below_any(points, _pivots(by))
    left = np.flatnonzero(~dominated)
    if by is points:
        points = by = points.take(left, axis=1)
    else:
        points = points.take(left, axis=1)
        by = by[:, ~_below_any(by, _pivots(by))]
    one_by_one = {2: _by_stairs, 3: _by_growing_stairs}.get(len(points), _by_blocks)
    dominated[left] = one_by_one(points, by)
    return dominated


def _pivots(points: Scores) -> Scores:
    """Choose a few points that together dominate most of the others; none where it does not pay."""
    number = points.shape[1]
    if number < _WORTH_A_GLANCE:
        return points[:, :0]
    sample = points[:, :: number // _SAMPLE]
    covers = np.ones((sample.shape[1], sample.shape[1]), dtype=np.bool_)
    for axis in sample:
        covers &= axis[:, None] > axis[None, :]
    chosen: list[int] = []
    alive = np.ones(sample.shape[1], dtype=np.float32)
    weights = covers.astype(np.float32)
    while len(chosen) < _PIVOTS:
        gains = weights @ alive
        best = int(gains.argmax())
        if gains[best] < len(alive) / 256:
            break
        chosen.append(best)
        alive[covers[best]] = 0.0
    return sample[:, chosen]


def _below_any(points: Scores, pivots: Scores) -> Marks:
    """Tell which points lie below some pivot on every axis: those it dominates whatever the ties."""
    below = np.zeros(points.shape[1], dtype=np.bool_)
    for pivot in pivots.T:
        here = points[0] < pivot[0]
        for axis, value in zip(points[1:], pivot[1:], strict=True):
            here &= axis < value
        below |= here
    return below


def _by_stairs(points: Scores, by: Scores) -> Marks:
    """Two axes: dominated exactly when the best y among `by` at or beyond its x is better, or beyond it as good."""
    order = np.argsort(-by[0])
    descending_x, y = by[0, order], by[1, order]
    # Whatever a point behind the running maximum dominates, the maximum dominates too: the stairs are enough,
    # and searching them is searching the processor's cache.
    reached = np.maximum.accumulate(y)
    stair = np.flatnonzero(np.concatenate(([True], reached[1:] > reached[:-1])))
    x = -descending_x[stair]
    last = np.concatenate((x[1:] > x[:-1], [True]))  # the best y of each x
    x, best_y = np.append(x[last], np.nan), np.concatenate(([-np.inf], y[stair[last]]))
    here = -points[0]
    beyond = np.searchsorted(x[:-1], here)
    at_or_beyond = beyond + (x[beyond] == here)
    dominated: Marks = (best_y[at_or_beyond] > points[1]) | ((best_y[beyond] >= points[1]) & (beyond > 0))
    return dominated


def _by_growing_stairs(points: Scores, by: Scores) -> Marks:
    """Three axes: best z first, a point is dominated when one that came before is at least as good in x and y.

    In the order of z, then x, then y, whatever dominates a point comes before it, and whatever comes before it and is
    at least as good in x and y dominates it, unless the two are equal: equal points pass as one.
    """
    every = points if by is points else np.concatenate((points, by), axis=1)
    order = np.argsort(-every[2])
    if _repeats(every[2:, order]).any():
        order = np.lexsort(-every)
    passing = every.take(order, axis=1)
    fresh = ~_repeats(passing)
    number = np.empty(len(order), dtype=np.intp)
    number[order] = np.cumsum(fresh) - 1
    joins = np.zeros(int(fresh.sum()), dtype=np.bool_)
    joins[number[-by.shape[1] :]] = True
    x, y = passing[:2, fresh]
    return _under_stairs(x, y, joins)[number[: points.shape[1]]]


def _repeats(points: Scores) -> Marks:
    """Tell which points equal the one before."""
    equal = np.ones(points.shape[1] - 1, dtype=np.bool_)
    for axis in points:
        equal &= axis[1:] == axis[:-1]
    return np.concatenate(([False], equal))


def _under_stairs(x: Scores, y: Scores, joins: Marks) -> Marks:
    """Tell which points lie at or under the stairs of those that came before them and joined."""
    under = np.zeros(len(x), dtype=np.bool_)
    stairs_x: list[float] = []  # ascending
    stairs_y: list[float] = []  # descending
    start = 0
    while start < len(x):
        stop = start + max(1024, 4 * len(stairs_x))
        # Most points lie under the stairs as they stand: those are found together, and only the others one by one.
        under[start:stop] = _at_or_under(x[start:stop], y[start:stop], stairs_x, stairs_y)
        left = start + np.flatnonzero(~under[start:stop])
        for at, here, level, joining in zip(
            left.tolist(), x[left].tolist(), y[left].tolist(), joins[left].tolist(), strict=True
        ):
            place = bisect_left(stairs_x, here)
            if place < len(stairs_x) and stairs_y[place] >= level:
                under[at] = True
            elif joining:
                end = bisect_right(stairs_x, here, lo=place)
                while place and stairs_y[place - 1] <= level:
                    place -= 1
                stairs_x[place:end] = [here]
                stairs_y[place:end] = [level]
        start = stop
    return under


def _at_or_under(x: Scores, y: Scores, stairs_x: list[float], stairs_y: list[float]) -> Marks:
    place = np.searchsorted(np.asarray(stairs_x), x)
    level = np.asarray([*stairs_y, np.nan])[place]  # beyond the stairs nothing is under them
    at_or_under: Marks = level >= y
    return at_or_under


def _by_blocks(points: Scores, by: Scores, block: int = 256) -> Marks:
    """Four axes: against the undominated of `by` only, which dominate whatever the others do."""
    order = np.lexsort(by[::-1])[::-1]
    kept = by[:, :0]
    for start in range(0, len(order), block):
        fresh = by[:, order[start : start + block]]
        fresh = fresh[:, ~_by_any(fresh, kept)]
        kept = np.concatenate((kept, fresh[:, ~_by_any(fresh, fresh)]), axis=1)
    parts = [_by_any(points[:, start : start + block], kept) for start in range(0, points.shape[1], block)]
    return np.concatenate(parts)


def _by_any(points: Scores, by: Scores, block: int = 256) -> Marks:
    dominated = np.zeros(points.shape[1], dtype=np.bool_)
    for start in range(0, by.shape[1], block):
        left = np.flatnonzero(~dominated)
        others = by[:, start : start + block]
        at_least = np.ones((len(left), others.shape[1]), dtype=np.bool_)
        beyond = np.zeros_like(at_least)
        for mine, other in zip(points[:, left], others, strict=True):
            at_least &= other[None, :] >= mine[:, None]
            beyond |= other[None, :] > mine[:, None]
        dominated[left] = (at_least & beyond).any(axis=1)
    return dominated
