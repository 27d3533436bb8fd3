"""Where throughput is highest, read off the throughputs themselves: no law, but a rise up to the peak and a fall after.

The highest is that of the largest mean. All that are not surely below it could be the highest; the peak lies between
the neighbours of the first and of the last of these. Where the largest number in flight is one of them, nothing fell.
Throughput that falls from the first on, each time, needs no interval.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tradeoff.serving.fit import UNKNOWN, Estimate, Z
from tradeoff.stats.student import t_quantile

Numbers = NDArray[np.float64]

_IN_ORDER = 4
"""One order of 4! = 24."""


def fall(n: Numbers, x: Numbers, own: Numbers) -> Estimate:
    """Return the place of the highest throughput, and what it surely lies between; all NaN where nothing surely falls.

    Parameters
    ----------
    n, x
        What was in flight, and throughputs; the same number in flight may come several times.
    own
        Standard errors of the throughputs; NaN where not known. What rows of one number in flight differ by counts too.
    """
    places, of = np.unique(n, return_inverse=True)
    many = np.bincount(of)
    mean = np.bincount(of, x) / many
    stated = np.sqrt(np.bincount(of, np.square(own)) / many**2)
    degrees = len(n) - len(places)
    spread = math.sqrt(float(np.sum(((x - mean[of]) / mean[of]) ** 2)) / degrees) if degrees else math.nan
    # Halves of 95 % intervals: those that are stated, and those that repetitions give, whichever is wider.
    repeated = spread * mean / np.sqrt(many) * (t_quantile(0.975, degrees) if degrees else math.nan)
    half = np.fmax(Z * stated, repeated)
    best = int(np.argmax(mean))
    if best == 0 and descends(n, x):
        return Estimate(float(places[0]), float(places[0]), float(places[1]))
    could = ~(mean + half < mean[best] - half[best])
    could &= ~np.isnan(half)
    if not could[best] or np.isnan(half[best:]).any() or could[-1]:
        return UNKNOWN
    candidates = np.flatnonzero(could)
    first, last = max(0, candidates[0] - 1), candidates[-1] + 1
    return Estimate(float(places[best]), float(places[first]), float(places[last]))


def descends(n: Numbers, x: Numbers) -> bool:
    """Tell whether throughput falls from the highest on, from each number in flight to the next, four of them or more.

    Where it levels off, four or more equal throughputs with their noise are in such an order in 4 % of all cases.
    """
    _, of = np.unique(n, return_inverse=True)
    mean = np.bincount(of, x) / np.bincount(of)
    after = mean[int(np.argmax(mean)) :]
    return len(after) >= _IN_ORDER and bool((np.diff(after) < 0).all())
