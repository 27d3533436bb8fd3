"""Percentiles over several processes: what differs from one process to the next is part of the uncertainty.

A process keeps, for all its calls, the addresses, the clock and the neighbours it started with. Calls of one process
therefore agree with each other better than with those of the next, and an interval that takes all calls together for
one long run is too narrow (Kalibera and Jones, *Rigorous benchmarking in reasonable time*, ISMM 2013). With the
quantiles q_1 ... q_k of the k processes, the interval is the wider, at each end, of

- the pooled one: order statistics of all calls, their ranks widened by the root of tau;
- Student's: ``exp(m -+ t(k - 1) * s / sqrt(k))``, m and s being mean and standard deviation of ``log q_i``; on a log
  scale, since processes differ by factors.

It holds the quantile of a typical process, ``exp(E log q_i)``, at least as often as it says. The p99 of all processes
there could be is another number where they differ by more than a few per cent: it is made by the slowest of them, of
which a handful of processes knows nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeoff.stats.dependence import tau as tau_of
from tradeoff.stats.dependence import tau_of_parts
from tradeoff.stats.quantiles import Quantile, as_samples, quantile_of_sorted, rank_of
from tradeoff.stats.visits import widened


def pooled_quantile(series: Sequence[ArrayLike], p: float, *, alpha: float = 0.05) -> Quantile:
    """Estimate the p-quantile of what several processes measured, with an interval that holds their differences.

    Parameters
    ----------
    series
        Samples of each process, each *in the order in which they were taken*; the processes in any order. One without
        samples is left out.
    p
        The probability, between 0 and 1, both excluded.
    alpha
        What the interval may miss: 0.05 for 95 %.

    Returns
    -------
    Quantile
        `n` counts all calls, `tau` is that of all of them: the mean of the processes' own, by their number of calls.
        Of one process it is what `tradeoff.stats.quantiles.percentiles` gives. With two processes t is 12.7, with
        three 4.3, with five 2.8: five are worth having.
    """
    return pooled_percentiles(series, {"": p}, alpha=alpha)[""]


def pooled_percentiles(
    series: Sequence[ArrayLike], probabilities: Mapping[str, float], *, alpha: float = 0.05
) -> dict[str, Quantile]:
    """Estimate several percentiles; see `pooled_quantile`.

    Parameters
    ----------
    series
        Samples of each process, in the order in which they were taken.
    probabilities
        Name to probability: ``{"p50": 0.5, "p99": 0.99}``.
    alpha
        What each interval may miss.
    """
    parts = [part for part in map(as_samples, series) if part.shape[0]]
    ordered = np.sort(np.concatenate(parts)) if parts else np.empty(0)
    each = [np.sort(part) for part in parts]
    found = {}
    for name, p in probabilities.items():
        pooled = quantile_of_sorted(ordered, p, tau=_pooled_tau(parts, ordered, p), alpha=alpha)
        found[name] = widened(pooled, [float(own[rank_of(own.shape[0], p) - 1]) for own in each], alpha)
    return found


def _pooled_tau(parts: Sequence[NDArray[np.generic]], ordered: NDArray[np.generic], p: float) -> float:
    n = int(ordered.shape[0])
    if n == 0:
        return 1.0
    q = float(ordered[rank_of(n, p) - 1])
    return tau_of_parts(parts, lambda part: tau_of(part, q))
