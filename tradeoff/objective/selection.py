"""Intervals that allow for having chosen, and which points cannot be told apart.

The best of many noisy points is flattered: of fifty equal ones some meet a limit by luck, and the fastest looks faster
than it is. Its intervals hold the truth as often as they say when all of its rivals' would at once (Bonferroni): with m
of them, each end of a 95 % interval moves out by

    f  =  q(1 - 0.025 / m) / q(1 - 0.025)

on a log scale, q being the quantile of the normal law, or Student's where the interval comes from few processes. The
upper end of a percentile is unknown where n / tau samples are too few to bound it at that level: p^(n / tau) > 0.025/m.

Rivals of a point are those that it cannot be told from in one of the columns that decide: their stretches overlap, from
the optimistic end as measured to the pessimistic end moved out for all N points. A point far from all others has m = 1,
and its interval stays. That rivals are seen and not known costs at most as much again: a false "surely met" needs a
pessimistic end, moved out for all N, that does not reach the truth (2.5 % at most), or luck among those who miss the
limit, who are all rivals then (2.5 %). Nothing of this depends on where the limit is: to relax it never loses a point
that met it.

Points that may be the best are those whose value reaches the best pessimistic end among all (Gupta, *On some multiple
decision (selection and ranking) rules*, Technometrics 7(2), 1965): however wide its own interval, a low value is none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from tradeoff.comparable import Bounds, Marks, Numbers
from tradeoff.stats.student import t_quantile

_MISSED = 0.025
"""What a 95 % interval misses on each side."""

_LARGEST_EXPONENT = 700.0
"""exp(709) is the largest number a float holds."""

Counts = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Column:
    """A column by which points are chosen.

    Attributes
    ----------
    known
        Values and the ends of their 95 % intervals.
    sign
        1.0 where higher values are better, -1.0 where lower ones are.
    degrees
        Degrees of freedom behind each interval, 0 where the normal law does; a number or one for each row.
    bound
        Of a percentile: the number m up to which n / tau samples bound it from above, infinite where that is not known.
    """

    known: Bounds
    sign: float
    degrees: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, dtype=np.int64))
    bound: Numbers = field(default_factory=lambda: np.full(1, np.inf))


def factors(among: Counts, degrees: NDArray[np.int64]) -> Numbers:
    """Return how much further an end lies that allows for the choice among m points, for each row.

    Parameters
    ----------
    among
        m, 1 or more.
    degrees
        Of Student's t behind the interval, 0 for the normal law; of the same length.
    """
    most = int(among.max(initial=1)) + 1
    # One number for both: quick to sort.
    pairs, places = np.unique(degrees * most + among, return_inverse=True)
    found: Numbers = np.array([factor(pair % most, pair // most) for pair in pairs.tolist()], dtype=np.float64)
    moved: Numbers = found[places.reshape(-1)]
    return moved


def factor(among: int, degrees: int = 0) -> float:
    """Return it for one row.

    Examples
    --------
    >>> round(factor(1), 2), round(factor(50), 2), round(factor(50, 4), 2)
    (1.0, 1.68, 3.06)
    """
    if among <= 1:
        return 1.0
    p, plain = 1.0 - _MISSED / among, 1.0 - _MISSED
    if degrees > 0:
        return t_quantile(p, degrees) / t_quantile(plain, degrees)
    return NormalDist().inv_cdf(p) / NormalDist().inv_cdf(plain)


def bounded_up_to(p: float, independent: Numbers) -> Numbers:
    """Return the largest m at which so many independent samples bound the p-quantile from above; infinite for NaN."""
    with np.errstate(over="ignore"):
        found = np.floor(_MISSED * np.exp(np.minimum(-math.log(p) * independent, _LARGEST_EXPONENT)))
    return np.where(np.isnan(independent), np.inf, found)


def moved_out(column: Column, among: Counts) -> tuple[Numbers, Numbers]:
    """Return the lower and upper ends that allow for the choice among m points.

    Positive values move on a log scale, others on a straight one. An end that is not known stays unknown, and a row
    without an interval stays as it is.
    """
    value, low, high, bare = column.known
    size = len(value)
    far = factors(among, np.broadcast_to(column.degrees, size))
    lower, upper = _moved(value, low, far), _moved(value, high, far)
    upper = np.where((among > column.bound) & (among > 1) & ~bare, np.inf, upper)
    return lower, upper


def rivals(columns: Sequence[Column]) -> Counts:
    """Count, for each row, the rows that it cannot be told from in some column, itself among them."""
    size = len(columns[0].known.value)
    found: Counts = np.ones(size, dtype=np.intp)
    for column in columns:
        found = np.maximum(found, _rivals(column))
    return found


def floor_of(worst: Numbers, marks: Marks) -> float:
    """Return what a value must reach for its point to be the best perhaps: the best pessimistic score marked."""
    return float(worst[marks].max()) if marks.any() else -math.inf


def _rivals(column: Column) -> Counts:
    value, low, high, _ = column.known
    size = len(value)
    known = ~np.isnan(value)
    if column.known.bare.all():  # nothing is known of luck in it
        return np.ones(size, dtype=np.intp)
    out = moved_out(column, np.full(size, max(1, int(known.sum())), dtype=np.intp))
    best, worst = (high, out[0]) if column.sign > 0 else (-low, -out[1])
    upper, lower = np.sort(best[known]), np.sort(worst[known])
    reach = len(upper) - np.searchsorted(upper, worst, side="left")
    beyond = len(lower) - np.searchsorted(lower, best, side="right")
    return np.where(known, np.maximum(reach - beyond, 1), 1)


def _moved(value: Numbers, end: Numbers, far: Numbers) -> Numbers:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        exponent = np.minimum(far * np.log(end / value), _LARGEST_EXPONENT)
        moved = np.where((value > 0) & (end > 0), value * np.exp(exponent), value + far * (end - value))
    stays = (far == 1.0) | ~np.isfinite(end) | ~np.isfinite(value) | (end == value)
    moved = np.where(stays, end, moved)
    return np.where((value >= 0) & (end >= 0), np.maximum(moved, 0.0), moved)
