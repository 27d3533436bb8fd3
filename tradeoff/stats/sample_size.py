"""How many samples a percentile needs before its interval means something.

The interval of a percentile ends at two order statistics (see `tradeoff.stats.quantiles`). It has an upper end when the
upper rank u lies inside the sample, and it is a good one when some samples lie beyond that end, so that it does not
hang on the largest few:

    95 %, two-sided                p50   p90   p95    p99    p999
    u <= n        from n =           6    36    72    368   3 688
    n - u >= 10   from n =          33   180   364  1 835  18 387

Samples that follow each other count as n / tau.
"""

from __future__ import annotations

from functools import lru_cache

from tradeoff.stats.binomial import order_statistic_ranks

GOOD = 10
"""Samples above the upper end that make an interval a good one."""


@lru_cache(maxsize=256)
def samples_needed(p: float, *, above: int = 0, alpha: float = 0.05) -> int:
    """Return the smallest n at which the interval of the p-quantile leaves `above` samples beyond its upper end.

    Parameters
    ----------
    p
        The probability, between 0 and 1, both excluded.
    above
        0: the interval exists; `GOOD`: it is a good one. Read the other way round it is how many samples settle that
        the quantile meets a limit when `above` of them miss it.
    alpha
        What the interval may miss: 0.05 for 95 %.

    Raises
    ------
    ValueError
        When an argument lies outside its range.
    """
    if not 0.0 < p < 1.0:
        raise ValueError(f"p must lie between 0 and 1, both excluded, got {p}")
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha must lie between 0 and 1, both excluded, got {alpha}")
    if above < 0:
        raise ValueError(f"above must be 0 or more, got {above}")

    def is_enough(n: int) -> bool:
        lower, upper = order_statistic_ranks(n, p, alpha)
        return lower >= 1 and n - upper >= above

    # Once there is enough, more is enough too: a further sample moves the upper rank by one at most.
    few, many = 0, 1
    while not is_enough(many):
        few, many = many, 2 * many
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if is_enough(middle) else (middle, many)
    return many
