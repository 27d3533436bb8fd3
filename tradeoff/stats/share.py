r"""A share of a series with an interval that allows for dependence: how many of all requests met a limit.

The number of n independent samples at or below a limit is binomial, and the share's interval is the exact one of
Clopper and Pearson (*The use of confidence or fiducial limits illustrated in the case of the binomial*, Biometrika 26,
1934): the ends are the shares at which a count as high, or as low, as the one seen has a chance of alpha / 2. Samples
that follow each other are alike: `tau` of them count as one (`tradeoff.stats.dependence`), and n / tau takes the place
of n.

Of a limit that a handful of samples exceed, or none, dependence cannot be read: it is that of the nearest level with
twenty samples beyond it, when that is larger.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from tradeoff.stats.binomial import binomial_window
from tradeoff.stats.dependence import tau as tau_of
from tradeoff.stats.quantiles import as_samples
from tradeoff.stats.visits import tau_over_visits

_TELLING = 20
"""Samples on the rarer side of a level from which on its dependence can be read."""

_STEPS = 40
"""Halvings of an interval that is at most 1 long: to 1e-12."""


@dataclass(frozen=True)
class Share:
    """A share with its interval.

    Attributes
    ----------
    value, lo, hi
        The share and the ends of its interval, 0 to 1; NaN where there are no samples.
    n
        Samples seen.
    tau
        Samples that count as one.
    """

    value: float
    lo: float
    hi: float
    n: int
    tau: float


def share_at_most(values: ArrayLike, limit: float, *, alpha: float = 0.05, visits: Sequence[int] = ()) -> Share:
    """Estimate the share of a series that does not exceed a limit, with an interval.

    Parameters
    ----------
    values
        One-dimensional samples *in the order in which they were taken*, without NaN; infinite where nothing came.
    limit
        In the unit of `values`.
    alpha
        What the interval may miss: 0.05 for 95 %.
    visits
        Where each visit begins, when the samples come from several with time between them (`tradeoff.stats.visits`).

    Examples
    --------
    >>> found = share_at_most([1.0, 2.0, 3.0, 9.0] * 25, 5.0)
    >>> f"{found.value:.2f}, {found.lo:.2f} to {found.hi:.2f}"
    '0.75, 0.65 to 0.83'
    """
    series = as_samples(values).astype(np.float64, copy=False)
    n = series.shape[0]
    if not n:
        return Share(math.nan, math.nan, math.nan, 0, 1.0)
    above = series > limit
    misses = int(np.count_nonzero(above))
    levels = [above]
    if n > 2 * _TELLING and min(misses, n - misses) < _TELLING:
        rank = n - _TELLING - 1 if misses < _TELLING else _TELLING
        levels.append(series > np.partition(series, rank)[rank])
    tau = max(
        tau_over_visits(lambda slow: tau_of(slow, 0.5), level, visits, alpha=alpha)[0] for level in levels
    )  # fmt: skip
    value = 1.0 - misses / n
    lo, hi = share_interval(n, n - misses, tau=tau, alpha=alpha)
    return Share(value, lo, hi, n, tau)


def share_interval(n: int, hits: int, *, tau: float = 1.0, alpha: float = 0.05) -> tuple[float, float]:
    """Return the ends of the interval of a share, of `hits` out of `n` samples of which `tau` count as one.

    Raises
    ------
    ValueError
        When `hits` is not between 0 and `n`, or `n` is 0.
    """
    if not 0 <= hits <= n or n < 1:
        raise ValueError(f"hits must lie between 0 and n, and n be 1 or more; got hits={hits}, n={n}")
    independent = max(1, math.floor(n / tau))
    count = hits * independent / n
    return _lower(independent, math.floor(count + 1e-9), alpha), 1.0 - _lower(
        independent, independent - math.ceil(count - 1e-9), alpha
    )


@lru_cache(maxsize=4096)
def _lower(n: int, hits: int, alpha: float) -> float:
    """Return the share at which `hits` or more of `n` have a chance of alpha / 2."""
    if hits == 0:
        return 0.0
    low, high = 0.0, hits / n
    for _ in range(_STEPS):
        middle = 0.5 * (low + high)
        if _at_least(n, hits, middle) < 0.5 * alpha:
            low = middle
        else:
            high = middle
    return low


def _at_least(n: int, hits: int, p: float) -> float:
    first, chances = binomial_window(n, p)
    return float(chances[max(0, hits - first) :].sum())
