"""Percentiles of several replications together, with intervals, and how well p99 is known.

A percentile of a short run is too low near capacity, and so is the mean of many of them. So it is that of all requests
of all replications, read from their added histograms; replications say how far it may be off, by how far each of them
is from it (sectioning: Asmussen and Glynn, *Stochastic Simulation*, Springer 2007, III.5a), on a log scale.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tradeoff.serving.virtual.counts import Counts, bounds_at, together, value_at
from tradeoff.stats.batch_means import variance_of_share
from tradeoff.stats.student import t_quantile

Numbers = NDArray[np.float64]

_SURE = 1.281552
"""Standard errors of a variance below which it lies in nine of ten cases."""


class Known(NamedTuple):
    """How well a percentile is known by what was seen within replications.

    Attributes
    ----------
    error
        Its relative standard error, by the best guess.
    at_most
        The same at the upper end of nine in ten: the error is a guess, too.
    low, high
        The ends of its 95 % interval, in ms; NaN where nothing is known.
    """

    error: float
    at_most: float
    low: float
    high: float


_UNKNOWN = Known(math.inf, math.inf, math.nan, math.nan)


def pooled(values: Numbers, counts: Sequence[Counts], p: float) -> float:
    """Return a percentile of all requests.

    It is the mean of the replications' own, which are exact, where those lie in the bucket that it is in, and the
    bucket's midpoint otherwise, which is within 0.1 %.
    """
    if not np.isfinite(values).all():
        return math.nan
    tallies = together(counts)
    low, high = bounds_at(tallies, p)
    near = values[(low <= values) & (values < high)]
    return float(near.mean()) if len(near) else value_at(tallies, p)


def interval(values: Numbers, centre: float) -> tuple[float, float]:
    """Return the 95 % interval around what all replications say together, from what each says; NaN for one."""
    n = len(values)
    if n < 2 or not math.isfinite(centre):
        return math.nan, math.nan
    t = t_quantile(0.975, n - 1)
    if centre > 0 and (values > 0).all():
        half = t * math.sqrt(float(np.square(np.log(values / centre)).sum()) / (n * (n - 1)))
        return centre * math.exp(-half), centre * math.exp(half) if half < 700 else math.inf
    half = t * math.sqrt(float(np.square(values - centre).sum()) / (n * (n - 1)))
    return max(0.0, centre - half), centre + half


def known_of(
    values: Numbers, counts: Sequence[Counts], over: NDArray[np.int64], n: Numbers, p: float, memories: float = math.inf
) -> Known:
    """Return how well a percentile of all replications together is known.

    Parameters
    ----------
    values
        The percentile in each replication.
    counts
        Latencies of each.
    over
        Requests beyond it, in equal parts of each: of shape (replications, parts).
    n
        Requests of each.
    p
        The probability.
    memories
        How many times as long as the memory of queue and load each replication is.

    Notes
    -----
    The share of requests beyond the percentile has the variance of `tradeoff.stats.batch_means`; what that means in ms
    is read off the distribution, to either side. Where replications differ by more than that, for which there is one
    chance in twenty, their difference counts.

    Two things make that variance look smaller than it is where latencies beyond the percentile come in few excursions,
    as they do when bursts are long. Each replication counts beyond a percentile of its own, so that the sum is given:
    for k independent excursions of exponential length the sum of their squares is then 2 / (k + 1) of the square of
    their sum, not 2 / k. That is undone. And the variance is a guess from as few excursions, and the runs end whose
    guess is low: the error is taken at the upper end of what it may be, and intervals are Student's, with as many
    degrees of freedom as a variance has that is known as well (2 / error**2; Satterthwaite, *Biometrics Bulletin* 2,
    1946). They are symmetric in the logarithm of the share, for a run with few long excursions also has a low variance.
    """
    if not len(values) or not np.isfinite(values).all() or (n < over.shape[1]).any() or not memories > 0:
        return _UNKNOWN
    tallies = together(counts)
    centre = value_at(tallies, p)
    if centre <= 0.0:
        return Known(0.0, 0.0, 0.0, 0.0)
    variance = variance_of_share(over, n, memories)
    squared = variance.value / (1.0 - p) ** 2
    share = math.sqrt(squared / (1.0 - 0.5 * min(1.0, squared)) / len(values))

    def beyond(factor: float) -> float:
        """Return the latency beyond which there are that many times as many as beyond the percentile."""
        return value_at(tallies, max(0.0, 1.0 - (1.0 - p) * factor))

    degrees = int(min(1e6, max(2.0, 2.0 / variance.error**2))) if variance.error > 0.0 else 10**6
    reach = math.exp(min(t_quantile(0.975, degrees) * share, 100.0))
    low, high = beyond(reach), beyond(1.0 / reach)
    if share >= 0.5:
        return Known(share, share, low, high)
    error = (beyond(1.0 - share) - beyond(1.0 + share)) / (2.0 * centre)
    if len(values) > 1:
        between = float(values.std(ddof=1)) / (math.sqrt(len(values)) * centre)
        error = max(error, between / (1.0 + 1.2 / math.sqrt(len(values))))
    return Known(error, error * math.sqrt(1.0 + _SURE * variance.error), low, high)
