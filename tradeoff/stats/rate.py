"""Events a second in a window of time, with an interval: batch means over equal slices of the window."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeoff.stats.mean import mean_with_interval

_SLICES = 256
"""Enough slices that what lasts longer than one shows as their dependence."""

_EVENTS_A_SLICE = 4


class EventRate(NamedTuple):
    """Events a second: the rate, and the ends of its interval, NaN where there are too few events."""

    value: float
    lo: float
    hi: float


def event_rate(
    times_s: NDArray[np.float64], start_s: float, end_s: float, *, weights: ArrayLike | None = None, alpha: float = 0.05
) -> EventRate:
    """Return events a second in a window, with an interval that allows for bursts and for dependence.

    Parameters
    ----------
    times_s
        When each event was, in any order; those outside the window are left out.
    start_s, end_s
        The window.
    weights
        What each event counts: tokens of an answer, for one. Unless given 1.
    alpha
        What the interval may miss: 0.05 for 95 %.

    Examples
    --------
    >>> found = event_rate(np.arange(0.5, 1000.0), 0.0, 1000.0)
    >>> f"{found.value:.2f}, {found.lo:.2f} to {found.hi:.2f}"
    '1.00, 1.00 to 1.00'
    """
    length = end_s - start_s
    if not length > 0 or not math.isfinite(length):
        return EventRate(math.nan, math.nan, math.nan)
    weight = np.ones(len(times_s)) if weights is None else np.asarray(weights, dtype=np.float64)
    inside = (times_s >= start_s) & (times_s <= end_s)
    value = float(weight[inside].sum()) / length
    slices = min(_SLICES, int(np.count_nonzero(inside)) // _EVENTS_A_SLICE)
    if slices < 2:
        return EventRate(value, math.nan, math.nan)
    at = np.minimum(((times_s[inside] - start_s) / length * slices).astype(np.int64), slices - 1)
    found = mean_with_interval(np.bincount(at, weights=weight[inside], minlength=slices) * slices / length, alpha=alpha)
    # Where a window begins and ends among events that come like clockwork decides on one of them.
    one = float(weight[inside].mean()) / length
    lo, hi = min(found.lo, value - one), max(found.hi, value + one)
    return EventRate(value, max(0.0, lo), hi) if math.isfinite(found.lo) else EventRate(value, math.nan, math.nan)
