"""The binomial distribution, as far as order statistics need it, without scipy.

The probabilities are built outwards from the mode by the ratio of neighbours,

    P(B = k + 1) / P(B = k) = (n - k) / (k + 1) * p / (1 - p),

in logarithms, inside a window so wide that what lies outside is below 1e-20, and
then scaled to sum to one. No factorial is formed, so that n = 10**9 is as exact
as n = 10.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_WINDOW_IN_STANDARD_DEVIATIONS = 10.0
"""A normal tail beyond 10 standard deviations is 1e-23."""

_WINDOW_AT_LEAST = 60
"""A Poisson-like tail (n p of order one) falls slower than a normal one: 60 terms reach 1e-60."""


def binomial_window(n: int, p: float) -> tuple[int, NDArray[np.float64]]:
    """Probabilities of Bin(n, p) around its mode.

    Returns
    -------
    tuple of int and ndarray
        The first k of the window, and P(B = k), P(B = k + 1), ...
    """
    mode = min(n, int((n + 1) * p))
    reach = _WINDOW_AT_LEAST + math.ceil(_WINDOW_IN_STANDARD_DEVIATIONS * math.sqrt(n * p * (1.0 - p)))
    first, last = max(0, mode - reach), min(n, mode + reach)
    k = np.arange(first, last, dtype=np.float64)
    step = np.log(n - k) - np.log(k + 1.0) + math.log(p) - math.log1p(-p)
    log_pmf = np.concatenate(([0.0], np.cumsum(step)))
    pmf = np.exp(log_pmf - log_pmf[mode - first])
    return first, pmf / pmf.sum()


@lru_cache(maxsize=4096)
def order_statistic_ranks(n: int, p: float, alpha: float) -> tuple[int, int]:
    """Ranks l and u such that [X(l), X(u)] holds the p-quantile with probability 1 - alpha at least.

    With B ~ Bin(n, p): ``l = max{l : P(B <= l-1) <= alpha/2}`` and ``u = min{u : P(B <= u-1) >= 1 - alpha/2}``.

    Returns
    -------
    tuple of int
        Ranks counted from 1. ``l = 0`` means that no sample bounds the quantile from below,
        ``u = n + 1`` that none bounds it from above.
    """
    first, pmf = binomial_window(n, p)
    below = np.cumsum(pmf)  # below[i] = P(B <= first + i)
    above = np.cumsum(pmf[::-1])[::-1]  # above[i] = P(B >= first + i), added from the small end: no cancellation
    lower = first + int(np.searchsorted(below, alpha / 2.0, side="right"))
    beyond = np.append(above[1:], 0.0)  # beyond[i] = P(B > first + i)
    upper = first + int(np.argmax(beyond <= alpha / 2.0)) + 1
    return lower, upper
