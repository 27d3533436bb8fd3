"""Percentiles of several replications together, with intervals, and how well p99 is known.

A percentile of a short run is too low near capacity, and so is the mean of many of them. So it is that of all requests
of all replications, read from their added histograms; replications say how far it may be off, by how far each of them
is from it (sectioning: Asmussen and Glynn, *Stochastic Simulation*, Springer 2007, III.5a), on a log scale.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tradeoff.serving.virtual.counts import Counts, bounds_at, together, value_at
from tradeoff.stats.batch_means import variance_of_share
from tradeoff.stats.student import t_quantile

Numbers = NDArray[np.float64]


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


def error_of(values: Numbers, counts: Sequence[Counts], over: NDArray[np.int64], n: Numbers, p: float) -> float:
    """Return the relative standard error of a percentile of all replications together; infinite where nothing is known.

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

    Notes
    -----
    The share of requests beyond the percentile has the variance of `tradeoff.stats.batch_means`; what that means in ms
    is read off the distribution, to either side. Where replications differ by more than that, for which there is one
    chance in twenty, their difference counts.
    """
    if not len(values) or not np.isfinite(values).all() or (n < over.shape[1]).any():
        return math.inf
    tallies = together(counts)
    centre = value_at(tallies, p)
    if centre <= 0.0:
        return 0.0
    share = math.sqrt(variance_of_share(over, n) / len(values))
    if share >= 0.5 * (1.0 - p):
        return max(0.5, share / (1.0 - p))
    within = (value_at(tallies, p + share) - value_at(tallies, p - share)) / (2.0 * centre)
    if len(values) < 2:
        return within
    between = float(values.std(ddof=1)) / (math.sqrt(len(values)) * centre)
    return max(within, between / (1.0 + 1.2 / math.sqrt(len(values))))
