"""How many samples a percentile needs before its interval means something.

The interval of a percentile ends at two order statistics (see `tradeoff.stats.quantiles`). It has an upper end when the
upper rank u lies inside the sample, and it is a good one when some samples lie beyond that end, so that it does not
hang on the largest few:

    95 %, two-sided                p50   p90   p95    p99    p999
    u <= n        from n =           6    36    72    368   3 688
    n - u >= 10   from n =          33   180   364  1 835  18 387

Samples that follow each other count as n / tau. MLPerf's rules of early stopping count in the same way at 99 %,
one-sided (``alpha=0.02``): 459 with none over the limit, 662 with one, 2010 with ten (Reddi et al., *MLPerf Inference
Benchmark*, ISCA 2020).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

from tradeoff.stats.quantiles import quantile_ranks

GOOD = 10
"""Samples above the upper end that make an interval a good one."""

MOST = 1_000_000_000
"""Samples beyond which nobody waits."""


@lru_cache(maxsize=256)
def samples_needed(p: float, *, above: int = 0, tau: float = 1.0, alpha: float = 0.05) -> int:
    """Return the smallest n at which the interval of the p-quantile leaves `above` samples beyond its upper end.

    Parameters
    ----------
    p
        The probability, between 0 and 1, both excluded.
    above
        0: the interval exists; `GOOD`: it is a good one. Read the other way round it is how many samples settle that
        the quantile meets a limit when `above` of them miss it.
    tau
        Samples that count as one.
    alpha
        What the interval may miss: 0.05 for 95 %.

    Raises
    ------
    ValueError
        When an argument lies outside its range.
    """
    if above < 0:
        raise ValueError(f"above must be 0 or more, got {above}")

    def is_enough(n: int) -> bool:
        lower, upper = quantile_ranks(n, p, alpha, tau=tau)
        return lower >= 1 and n - upper >= above

    # Once there is enough, more is enough too: a further sample moves the upper rank by one at most.
    found = _smallest(is_enough)
    assert found is not None  # noqa: S101
    return found


def samples_to_miss(p: float, share_over: float, *, tau: float = 1.0, alpha: float = 0.05) -> int | None:
    """Return about how many samples show the p-quantile to miss a limit, when a share of them lies above it.

    Parameters
    ----------
    p
        The probability: 0.99 for p99.
    share_over
        Share of the samples above the limit; more than 1 − p, or no number of samples will do.
    tau, alpha
        As for `samples_needed`.

    Returns
    -------
    int or None
        None when a billion do not do it.
    """
    if not share_over > 1.0 - p:
        return None

    def is_missed(n: int) -> bool:
        return n - math.floor(share_over * n) < quantile_ranks(n, p, alpha, tau=tau)[0]

    return _smallest(is_missed, most=MOST)


def _smallest(holds: Callable[[int], bool], *, most: float = math.inf) -> int | None:
    """Return the smallest n from which `holds` is found by doubling and halving; None beyond `most`."""
    few, many = 0, 1
    while not holds(many):
        few, many = many, 2 * many
        if many > most:
            return None
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if holds(middle) else (middle, many)
    return many
