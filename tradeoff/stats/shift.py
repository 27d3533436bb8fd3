r"""Whether the share of slow calls changed in the course of a run: medians can stand still while the tail moves.

With c a high percentile of the whole run and N(k) the number of the first k calls above it, a run in one state has
N(k) grow evenly. How far it strays from even,

    D = max over k of |N(k) - k/n N(n)|  /  standard deviation of N(n),

is that of a Brownian bridge (the CUSUM test; Kolmogorov's distribution: P(D > x) is about 2 exp(-2 x^2)). The variance
of N(n) is added up from both sides of the largest distance, n p (1 - p) tau each, with the share p above c and the
calls tau that count as one (`tradeoff.stats.dependence`): a shift makes the whole look dependent and would hide itself.

    N(k)          . '
              . '         the largest distance from the straight line is where the shift is:
      . . . '             before it fewer slow calls, after it more
    -----------+------ k

Only whether a call is above c counts, so the rate of false alarms does not hang on the distribution.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeoff.stats.dependence import tau as tau_of
from tradeoff.stats.dependence import tau_of_mean
from tradeoff.stats.quantiles import as_samples, rank_of

FEWEST = 20
"""Slow calls, as many as count as independent, below which nothing can be said of how they are spread."""


@dataclass(frozen=True)
class Shift:
    """How evenly the calls above a percentile are spread over a run.

    Attributes
    ----------
    p
        The percentile, as a probability.
    limit
        The percentile itself: a call above it is slow.
    chance
        Probability that a run in one state strays as far; 1 where there are too few slow calls to tell.
    at
        Calls before the largest distance: where the shift is, if there is one.
    before, after
        Share of slow calls before it and after it.
    change
        The percentile of the calls after it over that of the calls before it, minus 1.
    """

    p: float
    limit: float
    chance: float
    at: int = 0
    before: float = math.nan
    after: float = math.nan
    change: float = 0.0


def shifts(values: ArrayLike, probabilities: Sequence[float]) -> list[Shift]:
    """Say for each percentile how evenly the calls above it are spread over the run.

    Parameters
    ----------
    values
        One-dimensional samples in the order in which they were taken.
    probabilities
        Percentiles as probabilities, such as 0.95.

    Examples
    --------
    >>> import numpy as np
    >>> calls = np.random.default_rng(0).exponential(1.0, 4000)
    >>> late = np.where((np.arange(4000) > 2000) & (calls > 3), 3 * calls, calls)
    >>> [shift.chance < 0.001 for shift in (*shifts(calls, [0.99]), *shifts(late, [0.99]))]
    [False, True]
    """
    series = as_samples(values)
    ordered = np.sort(series)
    return [_shift(series, ordered, p) for p in probabilities]


def shift_of_mean(values: ArrayLike) -> float:
    """Return the probability that a run in one state strays as far from an even course of its sum.

    Parameters
    ----------
    values
        One-dimensional samples in the order in which they were taken. Of latencies of calls that follow each other at
        once the mean is the inverse of throughput.
    """
    series = as_samples(values).astype(np.float64, copy=False)
    n = series.shape[0]
    strayed = np.abs(np.cumsum(series - series.mean())) if n else np.zeros(1)
    at = int(np.argmax(strayed)) + 1
    variance = sum(
        side.shape[0] * float(side.var()) * tau_of_mean(side) for side in (series[:at], series[at:]) if side.size
    )
    return min(1.0, 2.0 * math.exp(-2.0 * float(strayed[at - 1]) ** 2 / variance)) if variance > 0.0 else 1.0


def _shift(series: NDArray[np.generic], ordered: NDArray[np.generic], p: float) -> Shift:
    n = series.shape[0]
    if n == 0:
        return Shift(p, math.nan, 1.0)
    limit = float(ordered[rank_of(n, p) - 1])
    slow = np.greater(series, limit)
    count = int(np.count_nonzero(slow))
    if count < FEWEST:
        return Shift(p, limit, 1.0)
    strayed = np.abs(np.cumsum(slow) - count / n * np.arange(1, n + 1))
    at = int(np.argmax(strayed)) + 1
    variances, tau = _variances(series, limit, at)
    if count < FEWEST * tau:
        return Shift(p, limit, 1.0)
    chance = min(1.0, 2.0 * math.exp(-2.0 * float(strayed[at - 1]) ** 2 / max(variances, 1.0)))
    if not 0 < at < n:
        return Shift(p, limit, chance)
    sides = [float(np.sort(side)[rank_of(side.shape[0], p) - 1]) for side in (series[:at], series[at:])]
    change = sides[1] / sides[0] - 1.0 if sides[0] > 0.0 else 0.0
    return Shift(p, limit, chance, at, float(slow[:at].mean()), float(slow[at:].mean()), change)


def _variances(series: NDArray[np.generic], limit: float, at: int) -> tuple[float, float]:
    """Return the variance of the number of slow calls, and the calls that count as one, of both sides together."""
    plain = total = 0.0
    for side in (series[:at], series[at:]):
        share = float(np.count_nonzero(np.greater(side, limit))) / max(1, side.shape[0])
        each = side.shape[0] * share * (1.0 - share)
        plain, total = plain + each, total + each * (tau_of(side, limit) if each else 1.0)
    return total, total / plain if plain else 1.0
