"""Percentiles with exact intervals: order statistics, no bootstrap, no shape assumed.

The number of samples at or below the p-quantile is binomial. Two ranks l < u cut its
tails, and the samples of these ranks are the interval (David and Nagaraja, *Order
Statistics*, 3rd ed., section 7.1):

      X(1) ... X(l) ... X(n p) ... X(u) ... X(n)
               [------- 95 % --------]

Samples that follow each other are alike. `tau` says how many count as one: the ranks
are widened by its root, and whether n carries an interval is judged at n / tau.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeoff.stats.binomial import order_statistic_ranks
from tradeoff.stats.dependence import tau as tau_of
from tradeoff.stats.visits import tau_over_visits, widened

TOO_FEW_SAMPLES = "too_few_samples"
UPPER_UNBOUNDED = "upper_unbounded"
ROUNDING = 1e-9
"""n * (1 - p) and n * p are whole numbers up to this: 100 * (1 - 0.99) is 1.0000000000000009."""


@dataclass(frozen=True)
class Quantile:
    """A percentile with its interval.

    Attributes
    ----------
    p
        The probability: 0.99 for p99.
    value
        The estimate (``inverted_cdf``: a value that was observed), NaN where n does not carry it.
    lo, hi
        The ends of the interval; NaN where no sample bounds it.
    n
        Samples seen.
    tau
        Samples that count as one.
    flag
        ``""``, ``"too_few_samples"`` (everything is NaN) or ``"upper_unbounded"`` (only `hi` is).
    """

    p: float
    value: float
    lo: float
    hi: float
    n: int
    tau: float
    flag: str

    @property
    def relative_half_width(self) -> float:
        """Half the interval over the estimate; infinite where there is no interval."""
        half = (self.hi - self.lo) / 2.0
        if not math.isfinite(half):
            return math.inf
        return half / self.value if self.value > 0 else (0.0 if half == 0 else math.inf)


def quantile_ranks(n: int, p: float, alpha: float = 0.05, *, tau: float = 1.0) -> tuple[int, int]:
    """Ranks of the interval of the p-quantile of `n` samples of which `tau` count as one.

    Returns
    -------
    tuple of int
        Ranks l and u counted from 1; ``l = 0`` or ``u = n + 1`` where the sample does not bound the quantile.

    Raises
    ------
    ValueError
        When an argument lies outside its range.
    """
    _check(n=n, p=p, alpha=alpha, tau=tau)
    if tau == 1.0:
        return order_statistic_ranks(n, p, alpha)
    independent = max(1, math.floor(n / tau))
    exists_lower, exists_upper = order_statistic_ranks(independent, p, alpha)
    lower, upper = order_statistic_ranks(n, p, alpha)
    centre, widening = n * p, math.sqrt(tau)
    # Whether there is a bound is decided at n / tau alone: where it says so, the outermost sample is the bound.
    lower = max(1, math.floor(centre - (centre - lower) * widening)) if exists_lower > 0 else 0
    upper = min(n, math.ceil(centre + (upper - centre) * widening)) if exists_upper <= independent else n + 1
    return lower, upper


def carries_estimate(n: int, p: float, *, tau: float = 1.0) -> bool:
    """Say whether one sample, at least, is expected above the p-quantile: p99 needs 100 that are independent."""
    return n / tau * (1.0 - p) >= 1.0 - ROUNDING


def rank_of(n: int, p: float) -> int:
    """Rank (counted from 1) of the ``inverted_cdf`` estimate: the smallest k with k / n >= p."""
    return min(n, max(1, math.ceil(n * p - ROUNDING)))


def quantile_of_sorted(ordered: NDArray[np.generic], p: float, *, tau: float = 1.0, alpha: float = 0.05) -> Quantile:
    """Estimate the p-quantile, with its interval, from samples in ascending order."""
    n = int(ordered.shape[0])
    if n == 0:
        return Quantile(p, math.nan, math.nan, math.nan, 0, tau, TOO_FEW_SAMPLES)
    lower, upper = quantile_ranks(n, p, alpha, tau=tau)
    if lower < 1 or not carries_estimate(n, p, tau=tau):
        return Quantile(p, math.nan, math.nan, math.nan, n, tau, TOO_FEW_SAMPLES)
    value, lo = float(ordered[rank_of(n, p) - 1]), float(ordered[lower - 1])
    if upper > n:
        return Quantile(p, value, lo, math.nan, n, tau, UPPER_UNBOUNDED)
    return Quantile(p, value, lo, float(ordered[upper - 1]), n, tau, "")


def quantile_with_interval(values: ArrayLike, p: float, *, tau: float = 1.0, alpha: float = 0.05) -> Quantile:
    """Estimate the p-quantile of `values`, with its exact interval.

    Parameters
    ----------
    values
        One-dimensional samples, in any order, without NaN.
    p
        The probability, between 0 and 1, both excluded.
    tau
        Samples that count as one (`tradeoff.stats.dependence.tau`); 1 for independent samples.
    alpha
        What the interval may miss: 0.05 for 95 %.
    """
    return quantile_of_sorted(np.sort(as_samples(values)), p, tau=tau, alpha=alpha)


def percentiles(
    values: ArrayLike, probabilities: Mapping[str, float], *, alpha: float = 0.05, visits: Sequence[int] = ()
) -> dict[str, Quantile]:
    """Estimate several percentiles of a series, each with its interval and its own dependence.

    Parameters
    ----------
    values
        Samples *in the order in which they were taken*: their dependence is read from it.
    probabilities
        Name to probability: ``{"p50": 0.5, "p99": 0.99}``.
    alpha
        What each interval may miss.
    visits
        Where each visit begins, when the samples come from several with time between them (`tradeoff.stats.visits`).
    """
    series = as_samples(values)
    ordered = np.sort(series)
    found = {}
    for name, p in probabilities.items():
        if series.shape[0] == 0:
            found[name] = quantile_of_sorted(ordered, p, alpha=alpha)
            continue
        cut = ordered[rank_of(series.shape[0], p) - 1]
        tau, differ = tau_over_visits(lambda slow: tau_of(slow, 0.5), series > cut, visits, alpha=alpha)
        found[name] = quantile_of_sorted(ordered, p, tau=tau, alpha=alpha)
        if differ:
            own = [
                float(np.sort(part)[rank_of(part.shape[0], p) - 1])
                for part in np.split(series, visits[1:])
                if part.size
            ]
            found[name] = widened(found[name], own, alpha)
    return found


def as_samples(values: ArrayLike, *, name: str = "values") -> NDArray[np.generic]:
    """Return `values` as a one-dimensional array, or say why they cannot be samples."""
    series = np.asarray(values)
    if series.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got shape {series.shape}")
    if series.dtype.kind == "f" and bool(np.isnan(series).any()):
        raise ValueError(f"{name} hold NaN: leave failed calls out")
    return series


def _check(*, n: int, p: float, alpha: float, tau: float) -> None:
    if n < 1:
        raise ValueError(f"n must be 1 or more, got {n}")
    if not 0.0 < p < 1.0:
        raise ValueError(f"p must lie between 0 and 1, both excluded, got {p}")
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha must lie between 0 and 1, both excluded, got {alpha}")
    if not tau >= 1.0:
        raise ValueError(f"tau must be 1 or more, got {tau}")
