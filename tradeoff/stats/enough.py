"""How many samples it takes to know on which side of a limit a percentile lies.

The interval of a percentile is made of two order statistics (see `tradeoff.stats.quantiles`), so that the question is
one of counting: with `over` samples above the limit, the upper end X(u) lies at or below it as soon as u <= n - over.
For p99 at 95 %, two-sided, that takes 368 independent samples with none over the limit, 555 with one, 1835 with ten.
MLPerf's rules of early stopping count in the same way at 99 %, one-sided (``alpha=0.02``): 459, 662, 2010 (Reddi et
al., *MLPerf Inference Benchmark*, ISCA 2020).
"""

from __future__ import annotations

import math
from collections.abc import Callable

from tradeoff.stats.quantiles import quantile_ranks

MOST = 1_000_000_000
"""Samples beyond which nobody waits."""


def samples_to_meet(p: float, over: int, *, tau: float = 1.0, alpha: float = 0.05) -> int | None:
    """Return the fewest samples of which `over` lie above a limit that show the p-quantile to meet it.

    Parameters
    ----------
    p
        The probability: 0.99 for p99.
    over
        Samples above the limit, 0 or more.
    tau
        Samples that count as one.
    alpha
        What the interval may miss.

    Returns
    -------
    int or None
        None when a billion do not do it.
    """

    def is_met(n: int) -> bool:
        return quantile_ranks(n, p, alpha, tau=tau)[1] <= n - over

    return _smallest(is_met, over + 1)


def samples_to_miss(p: float, share_over: float, *, tau: float = 1.0, alpha: float = 0.05) -> int | None:
    """Return about how many samples show the p-quantile to miss a limit, when a share of them lies above it.

    Parameters
    ----------
    p
        The probability: 0.99 for p99.
    share_over
        Share of the samples above the limit; more than 1 − p, or no number of samples will do.
    tau, alpha
        As for `samples_to_meet`.

    Returns
    -------
    int or None
        None when a billion do not do it.
    """
    if not share_over > 1.0 - p:
        return None

    def is_missed(n: int) -> bool:
        return n - math.floor(share_over * n) < quantile_ranks(n, p, alpha, tau=tau)[0]

    return _smallest(is_missed, 1)


def _smallest(holds: Callable[[int], bool], start: int) -> int | None:
    """Return the smallest n from which `holds` is found, by doubling and halving."""
    high = max(1, start)
    while not holds(high):
        high *= 2
        if high > MOST:
            return None
    low = max(high // 2, start - 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
