"""Whether a run stayed in one place: its equal time slices must agree on the median.

Each slice's median has an interval of order statistics, 2.6 standard errors to either side, its ranks widened by the
root of tau (`tradeoff.stats.dependence`). A run is unstable when one slice's interval lies wholly above another's and
the two medians differ by more than 1 %:

      latency            [--x--]          spread     x to x, over the median of the medians
         [-x-]  [--x--]                   threshold  the two half-intervals that face each other: spread > threshold
                                                     means that they do not touch
         slice 1 ... 7 ...  8

For a normal series that is (max - min) / median above 5.2 standard errors of a slice's median times the root of tau.
But no standard error is estimated: only ranks count, so that the rate of false alarms is the same for every
distribution, ties (a coarse clock) can only lower it, and a series with two modes, whose slice medians jump from one to
the other, has intervals that reach over the gap.

- *5.2, not 5*: the range of eight normal medians passes 5 standard errors in 0.97 % of steady runs and 5.2 in 0.58 %;
  tau is estimated too, and the difference is its share of the 1 % that may be false alarms.
- *tau within slices*: a step makes the whole series look dependent (tau 24 instead of 1 for a step of 15 % in 20 000
  calls) and so hides itself. Each slice has its own, and the one slice in which the step may lie, the largest, is
  left out of their mean.
- *A slice of fewer than eight calls* has no interval and is merged with its neighbour: a run that became a hundred
  times slower has few calls in its last slices, and they must still be seen.
- *A series that wanders as slowly as a slice is long* is judged by the slices' whole ranges, which is as wide as an
  interval can get: when these do not touch, the run has not stayed in one place, whatever the reason.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeoff.stats.binomial import order_statistic_ranks
from tradeoff.stats.dependence import tau as tau_of
from tradeoff.stats.quantiles import as_samples, rank_of

FLOOR = 0.01
"""A drift of 1 % is below what two runs of the same benchmark differ by: not worth a word however sure."""

STEP = 0.15
"""The step that a run must be able to show before it is called steady."""

_HALF_WIDTH = 2.6
"""Standard errors to either side of a slice's median; see above."""

_ALPHA = 2.0 * (1.0 - NormalDist().cdf(_HALF_WIDTH))

_UNDECIDED_ABOVE = 0.75 * STEP
"""A step of 6.55 standard errors, 1.26 thresholds, is caught in 99 of 100 runs; a threshold is itself known to 5 %."""

_FEWEST = 8
"""Fewer samples have no interval for their median that is wrong as rarely as 2.6 standard errors: 2 / 2**8 = 0.8 %."""

_LAGS_PER_TAU = 10.0
"""Correlations around a slice's own mean come out too low by tau / m each, and about 2 tau lags count twice: 4. With it
0.9 % of runs of 1000 calls of AR(1) 0.9 raised an alarm, which leaves no room for `tradeoff.stats.shift`; with 10 it is
0.2 %."""


@dataclass(frozen=True)
class Drift:
    """What the time slices of a run say about each other.

    Attributes
    ----------
    is_unstable
        Whether two slices differ by more than chance and by more than 1 %.
    is_undecided
        Whether a step of 15 % could have gone unseen: too few calls, too noisy or too dependent. Never together with
        `is_unstable`.
    spread
        (max - min) / median of the slices' medians; of the two slices that give the run away where these are
        others. NaN where there are no two slices.
    threshold
        The spread from which on these slices would differ; infinite where there are no two slices.
    medians
        Median of each slice, in time; fewer than asked for where slices were merged.
    tau
        Samples that count as one, within slices.
    """

    is_unstable: bool
    is_undecided: bool
    spread: float
    threshold: float
    medians: tuple[float, ...]
    tau: float


def drift(latencies: ArrayLike, times_ns: ArrayLike, *, slices: int = 8) -> Drift:
    """Compare the medians of equal time slices of a run.

    Parameters
    ----------
    latencies
        One-dimensional samples, in any unit.
    times_ns
        When each was taken, in any order. A pause is time too: slices of nothing but pause are left out.
    slices
        Equal parts of the time between the first sample and the last.

    Raises
    ------
    ValueError
        When the arrays are not one-dimensional and as long as each other, hold NaN, or `slices` is below 2.
    """
    values, times = _checked(latencies, times_ns, slices)
    bounds = _time_slices(times, slices)
    parts = [values[start:stop] for start, stop in pairwise(bounds)]
    halves = [np.partition(part, _middle(part)) for part in parts]
    medians = np.array([half[_middle(half)] for half in halves], dtype=np.float64)
    centre = float(np.median(medians)) if medians.size else 0.0
    if len(parts) < 2 or not centre > 0.0:
        return Drift(False, True, math.nan, math.inf, tuple(medians.tolist()), 1.0)
    tau = _tau_within(parts, medians)
    ends = np.array([_interval_of_median(half, tau) for half in halves], dtype=np.float64)
    # [i, j]: by how much slice j lies above slice i, and by how much it would have to.
    difference = (medians[None, :] - medians[:, None]) / centre
    needed = ((ends[:, 1] - medians)[:, None] + (medians - ends[:, 0])[None, :]) / centre
    needed = np.maximum(needed, FLOOR)
    i, j = np.unravel_index(int(np.argmax(difference / needed)), needed.shape)
    is_unstable = bool(difference[i, j] > needed[i, j])
    if not is_unstable:
        i, j = np.argmin(medians), np.argmax(medians)
    spread, threshold = float(difference[i, j]), float(needed[i, j])
    is_undecided = not is_unstable and threshold > _UNDECIDED_ABOVE
    return Drift(is_unstable, is_undecided, spread, threshold, tuple(medians.tolist()), tau)


def _time_slices(times: NDArray[np.generic], slices: int) -> list[int]:
    """Bounds of the slices, as positions: those of too few samples go to the one before, the first to the next."""
    n = times.shape[0]
    if n == 0:
        return [0]
    start, span = times[0].item(), times[-1].item() - times[0].item()
    bounds = [0]
    for k in range(1, slices):
        edge = bisect_left(times, span * k, key=lambda time: (time.item() - start) * slices)
        if edge - bounds[-1] >= _FEWEST:
            bounds.append(edge)
    if len(bounds) > 1 and n - bounds[-1] < _FEWEST:
        bounds.pop()
    return [*bounds, n]


def _middle(part: NDArray[np.generic]) -> int:
    return rank_of(part.shape[0], 0.5) - 1


def _tau_within(parts: list[NDArray[np.generic]], medians: NDArray[np.float64]) -> float:
    found = []
    for part, median in zip(parts, medians, strict=True):
        seen = tau_of(part, float(median))
        found.append(seen * (1.0 + _LAGS_PER_TAU * seen / part.shape[0]))
    return float(np.mean(sorted(found)[:-1]))


def _interval_of_median(half: NDArray[np.generic], tau: float) -> tuple[float, float]:
    """Return the ends of the interval, from samples parted at their median, which are parted further."""
    n = half.shape[0]
    lower, upper = order_statistic_ranks(n, 0.5, _ALPHA)
    widening = math.sqrt(tau)
    lower = max(1, math.floor(n / 2 - (n / 2 - lower) * widening))
    upper = min(n, math.ceil(n / 2 + (upper - n / 2) * widening))
    half.partition((lower - 1, upper - 1))
    return float(half[lower - 1]), float(half[upper - 1])


def _checked(latencies: ArrayLike, times_ns: ArrayLike, slices: int) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    if slices < 2:
        raise ValueError(f"slices must be 2 or more, got {slices}")
    values, times = as_samples(latencies, name="latencies"), as_samples(times_ns, name="times_ns")
    if values.shape != times.shape:
        raise ValueError(f"latencies and times_ns must be as long, got {values.shape[0]} and {times.shape[0]}")
    if bool(np.less(times[1:], times[:-1]).any()):
        order = np.argsort(times, kind="stable")
        values, times = values[order], times[order]
    return values, times
