r"""The mean of a series with an interval that holds for skewed values too.

The plain interval, mean -+ 1.96 s / sqrt(n), is right for values that nearly agree. It is too short where a few values
make the mean: of a call in a thousand that takes twenty times as long, four thousand calls hold four, and their number
is Poisson, not normal. So the values are parted at their 5 % and 95 % quantiles,

    value  =  body, clipped to the two  +  what reaches above  -  what lies below

and each part has an interval of its own: the body Student's, each tail that of a weighted sum of Poisson counts (Fay
and Feuer, *Confidence intervals for directly standardized rates*, Statistics in Medicine 16, 1997: a gamma
distribution with the sum's mean and variance, the upper end as if one more of the largest had come). The ends are put
together by the method of variance estimates recovery (Zou and Donner, *Construction of confidence limits about effect
measures*, Statistics in Medicine 27, 2008), with the correlation that body and tails have in the sample.
Samples that follow each other count as n / tau.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeoff.stats.dependence import tau_of_mean
from tradeoff.stats.quantiles import as_samples
from tradeoff.stats.student import t_quantile
from tradeoff.stats.visits import tau_over_visits

FEWEST = 4
"""Fewer samples that count as independent give no interval."""

_LONG = 1 << 18
"""Samples from which on means of a few of them are looked at."""

_TAIL = 0.05
_FEW = 0.05
"""One value with a twentieth of the variance of all: fewer than about twenty values make the spread."""

_MATTERS = 0.001
"""One more value of that kind must move the mean by a thousandth, or nobody need know."""


@dataclass(frozen=True)
class Mean:
    """A mean with its interval.

    Attributes
    ----------
    value, lo, hi
        The mean and the ends of its interval; NaN where there are too few samples.
    tau
        Samples that count as one.
    rests_on_few
        Whether a handful of values make most of its spread: the interval is then a guess at what the next of their
        kind would do, and may be too short however it is made.
    """

    value: float
    lo: float
    hi: float
    tau: float
    rests_on_few: bool


def mean_with_interval(values: ArrayLike, *, alpha: float = 0.05, visits: Sequence[int] = ()) -> Mean:
    """Estimate the mean of a series, with an interval.

    Parameters
    ----------
    values
        One-dimensional samples *in the order in which they were taken*, without NaN.
    alpha
        What the interval may miss: 0.05 for 95 %.
    visits
        Where each visit begins, when the samples come from several with time between them (`tradeoff.stats.visits`).

    Examples
    --------
    >>> found = mean_with_interval([2.0, 2.1, 1.9, 2.0, 2.0, 2.2, 1.8, 2.0, 2.1, 1.9, 2.0, 2.0])
    >>> f"{found.value:.2f}, {found.lo:.2f} to {found.hi:.2f}"
    '2.00, 1.93 to 2.07'
    """
    series = as_samples(values).astype(np.float64, copy=False)
    value = float(series.mean()) if series.shape[0] else math.nan
    if series.shape[0] >= _LONG:
        bins, begin = _in_bins(series, visits)
        found = _estimate(bins, value, begin, alpha)
        variance, alike = float(series.var()), series.shape[0] / bins.shape[0] * float(bins.var())
        return replace(found, tau=max(1.0, found.tau * alike / variance) if variance > 0.0 else 1.0)
    return _estimate(series, value, visits, alpha)


def _in_bins(series: NDArray[np.float64], visits: Sequence[int]) -> tuple[NDArray[np.float64], list[int]]:
    """Return means of samples that follow each other, and where visits begin among them.

    The mean of a long series is known as well from bins of a few samples, in a fraction of the time.
    """
    n = series.shape[0]
    edges = np.unique(np.concatenate([np.linspace(0, n, _LONG // 4, endpoint=False).astype(np.int64), visits]))
    edges = edges[edges < n].astype(np.int64)
    sizes = np.diff(np.append(edges, n))
    return np.add.reduceat(series, edges) / sizes, np.searchsorted(edges, visits).tolist()


def _estimate(series: NDArray[np.float64], value: float, visits: Sequence[int], alpha: float) -> Mean:
    n = series.shape[0]
    tau, _ = tau_over_visits(tau_of_mean, series, visits, alpha=alpha)
    independent = n / tau
    if independent < FEWEST:
        return Mean(value, math.nan, math.nan, tau, False)
    low, high = np.quantile(series, (_TAIL, 1.0 - _TAIL), method="inverted_cdf")
    body = np.clip(series, low, high)
    above, below = series - np.minimum(series, high), np.maximum(series, low) - series
    half = t_quantile(1.0 - alpha / 2.0, math.floor(independent) - 1) * float(body.std(ddof=1)) / math.sqrt(independent)
    up, down = _tail(above, tau, alpha), _tail(below, tau, alpha)
    with_above, with_below, across = _correlation(body, above), -_correlation(body, below), -_correlation(above, below)
    lower = _together((half, up[0], down[1]), (with_above, with_below, across))
    upper = _together((half, up[1], down[0]), (with_above, with_below, across))
    return Mean(value, value - lower, value + upper, tau, _rests_on_few(np.abs(series - value), value))


def _tail(excess: NDArray[np.float64], tau: float, alpha: float) -> tuple[float, float]:
    """Return how far the interval of the mean excess reaches to either side of it."""
    n = excess.shape[0]
    total, squares, largest = float(excess.sum()), tau * float((excess**2).sum()), tau * float(excess.max())
    if not total > 0.0:
        return 0.0, 0.0
    lower = squares / (2.0 * total) * _chi_square(alpha / 2.0, 2.0 * total**2 / squares)
    one_more, spread = total + largest, squares + largest**2
    upper = spread / (2.0 * one_more) * _chi_square(1.0 - alpha / 2.0, 2.0 * one_more**2 / spread)
    return (total - lower) / n, (upper - total) / n


def _rests_on_few(away: NDArray[np.float64], mean: float) -> bool:
    furthest = float(away.max())
    matters = furthest > _MATTERS * abs(mean) * away.shape[0]
    return matters and furthest**2 > _FEW * float((away**2).sum())


def _chi_square(p: float, degrees: float) -> float:
    """Quantile of chi-square (Wilson and Hilferty, PNAS 17, 1931): within 1 % at three degrees and 0.975."""
    step = 2.0 / (9.0 * degrees)
    return degrees * max(0.0, 1.0 - step + NormalDist().inv_cdf(p) * math.sqrt(step)) ** 3


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    spread = float(one.std()) * float(other.std())
    return float(np.mean((one - one.mean()) * (other - other.mean()))) / spread if spread > 0.0 else 0.0


def _together(reaches: tuple[float, float, float], correlations: tuple[float, float, float]) -> float:
    body, one, other = reaches
    with_one, with_other, across = correlations
    squares = body**2 + one**2 + other**2
    return math.sqrt(max(0.0, squares + 2 * (with_one * body * one + with_other * body * other + across * one * other)))
