"""What batches took, and which of them took far longer than others like them.

A batch is *slow* when the device took far longer for it than for others of its size, and *held up* when the host did.
Far is Tukey's word (*Exploratory Data Analysis*, 1977, section 2D): more than three quartile ranges above the upper
quartile is "far out". Here it takes five: beyond them lies a thousandth of exponential times, whose tail is what times
that vary without any cause may have, and nothing of normal ones.

      times of one size, over their median
      |####|
      |#####|##  #                 o    o        o       slow: what exceeds the ordinary is its excess
      Q1   Q3       fence = Q3 + 5 (Q3 - Q1)

Quartiles do not move when up to a quarter of the batches are slow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tradeoff.tail.requests import Numbers, Places, Requests, Truths

FENCE = 5.0
"""Quartile ranges above the upper quartile from which on a value is far out."""

_LEAST_SLOW = 1.5
"""What a slow batch takes at least, as a multiple of the ordinary: where times hardly vary, 1 % more is far out too."""

_LEAST_PAUSE = 0.25
"""What the host takes too long at least when it holds a batch up, as a share of an ordinary batch."""

_ENOUGH = 8
"""Batches of a size whose median is worth more than what lies between its neighbours."""

_MORE_OFTEN = 2.0
"""How much more often slow batches carry a label before it is what made them slow."""

PAUSES = ("gc", "preempted")
"""Labels of calls during which the host did something else."""


@dataclass(frozen=True, eq=False)
class Curve:
    """What the device ordinarily takes for a batch, by its size.

    Attributes
    ----------
    sizes, times
        Ascending sizes, and the median time of each in ms; a size of which nothing is known is NaN.
    """

    sizes: Numbers
    times: Numbers

    @classmethod
    def through(cls, size: Numbers, times: Numbers) -> Curve:
        """Return the curve through the medians of sizes that came often enough."""
        if not len(size) or np.isnan(size).all():
            middle = float(np.median(times)) if len(times) else 0.0
            return cls(np.array([np.nan]), np.array([middle]))
        if (size == size[0]).all():
            return cls(size[:1], np.array([float(np.median(times))]))
        known = ~np.isnan(size)
        order = np.lexsort((times[known], size[known]))
        sizes, begin, counts = np.unique(size[known][order], return_index=True, return_counts=True)
        medians = times[known][order][begin + (counts - 1) // 2]
        enough = counts >= min(_ENOUGH, counts.max())
        return cls(sizes[enough], medians[enough])

    def at(self, size: Numbers) -> Numbers:
        """Return the time at sizes.

        A size that hardly came is judged by its neighbours, on a line between their medians; beyond them on the line
        through the smallest and the largest.
        """
        first, last = self.sizes[0], self.sizes[-1]
        if np.isnan(first):
            return np.full(len(size), self.times[0])
        at = np.nan_to_num(size, nan=float(first))
        found = np.interp(at, self.sizes, self.times)
        if last > first:
            slope = max(0.0, float((self.times[-1] - self.times[0]) / (last - first)))
            found += slope * (np.maximum(at - last, 0.0) - np.maximum(first - at, 0.0))
        return np.maximum(found, 0.0)


@dataclass(frozen=True, eq=False)
class Batches:
    """The batches of one point, in the order in which they began; times in ms.

    Attributes
    ----------
    measured
        Those with requests that count.
    start, took, end
        When it left, how long it kept its worker, and when that was free again.
    curve, ordinary
        What the device ordinarily takes for a batch, and for each of these.
    slow, held_up
        By how much device and host took longer than ordinary; 0 where that was not far out.
    paused
        Whether a label says that the host did something else, where such labels go with slow batches.
    fence
        The multiple of the ordinary from which on a batch is slow; infinite where times say nothing about batches.
    longer
        What the device takes on average, over the ordinary.
    host, host_fence
        What the host ordinarily takes, and the time from which on that is far out; the same for all sizes.
    """

    measured: Truths
    start: Numbers
    took: Numbers
    end: Numbers
    curve: Curve
    ordinary: Numbers
    slow: Numbers
    held_up: Numbers
    paused: Truths
    fence: float
    longer: float
    host: float
    host_fence: float


def batches_of(requests: Requests, *, network_ms: float = 0.0) -> Batches:
    """Return the batches, and what was out of the ordinary about them.

    Parameters
    ----------
    requests
        Of one point, at least one that counts.
    network_ms
        Part of the overhead that no worker waits for.
    """
    number = requests.batch
    count = int(number.max()) + 1
    first = np.zeros(count, dtype=np.intp)
    first[number[::-1]] = np.arange(len(number))[::-1]
    # What one request alone had, such as a network's hiccup, is not the batch's: all of its requests share that.
    model, host = (_shared(values, number, count) for values in (requests.stage("model"), requests.host))
    measured = np.zeros(count, dtype=np.bool_)
    measured[number[requests.counts]] = True
    size, start = requests.size[first], requests.start[first]
    curve = Curve.through(size[measured], model[measured])
    ordinary = curve.at(size)
    fence = np.inf if _differ_in_length(requests) else _fence(model[measured], ordinary[measured])
    slow = excess(model, ordinary, fence)
    usual_host, host_fence = _host_fence(host[measured], float(np.median(ordinary[measured])))
    held_up = np.where(host > host_fence, host - usual_host, 0.0)
    # A pause of the host while the device works looks like a slow batch; its label tells.
    paused = _paused(requests, count)
    paused &= _is_more_often(paused, slow > 0)
    took = np.maximum(0.0, model + host - network_ms)
    return Batches(
        measured=measured,
        start=start,
        took=took,
        end=start + took,
        curve=curve,
        ordinary=ordinary,
        slow=np.where(paused, 0.0, slow),
        held_up=held_up + np.where(paused, slow, 0.0),
        paused=paused,
        fence=fence,
        longer=float(model[measured].sum() / ordinary[measured].sum()) if ordinary[measured].any() else 1.0,
        host=usual_host,
        host_fence=host_fence,
    )


def excess(model: Numbers, ordinary: Numbers, fence: float) -> Numbers:
    """Return by how much times are longer than ordinary; 0 where they are not beyond the fence."""
    if math.isinf(fence):
        return np.zeros(len(model))
    return np.where((ordinary > 0) & (model > fence * ordinary), model - ordinary, 0.0)


def far_out(values: Numbers) -> float:
    """Return the value from which on others are far out of these."""
    low, high = np.quantile(values, (0.25, 0.75))
    return float(high + FENCE * (high - low))


def _shared(values: Numbers, number: Places, count: int) -> Numbers:
    """Return the least of each batch's requests."""
    if (number[1:] >= number[:-1]).all():  # as they mostly lie
        found: Numbers = np.minimum.reduceat(values, np.flatnonzero(np.diff(number, prepend=-1)))
        return found
    found = np.full(count, np.inf)
    np.minimum.at(found, number, values)
    return found


def _differ_in_length(requests: Requests) -> bool:
    """Say whether these are answers of a token model: how long one takes is a matter of its length."""
    tokens = requests.output_tokens[~np.isnan(requests.output_tokens)]
    return len(tokens) > 0 and bool(tokens.max() > tokens.min())


def _fence(model: Numbers, ordinary: Numbers) -> float:
    used = ordinary > 0
    return max(far_out(model[used] / ordinary[used]), _LEAST_SLOW) if used.any() else np.inf


def _host_fence(host: Numbers, ordinary_ms: float) -> tuple[float, float]:
    """Return what the host ordinarily takes, and what is far out."""
    middle = float(np.median(host))
    return middle, max(far_out(host), middle + _LEAST_PAUSE * ordinary_ms)


def _paused(requests: Requests, count: int) -> Truths:
    found = np.zeros(count, dtype=np.bool_)
    for name in PAUSES:
        if name in requests.labels:
            found[requests.batch[requests.labels[name]]] = True
    return found


def _is_more_often(labelled: Truths, slow: Truths) -> bool:
    if not slow.any() or slow.all():
        return False
    return bool(labelled[slow].mean() > _MORE_OFTEN * labelled[~slow].mean())
