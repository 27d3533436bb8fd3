"""Values of ranks, exactly: a histogram says where they are, and a pick from one bucket what they are."""

from __future__ import annotations

import math

import numpy as np

from tradeoff.stats.histogram import BUCKETS, FIRST, SHIFT

PLACES = BUCKETS + 1
"""Buckets, after a place for what lies below the first."""


def rank_of(n, p):
    """Return the rank of a percentile: the smallest k with k / n >= p."""
    return min(n, max(1, math.ceil(n * p - 1e-9)))


def pick(values, rank):
    """Return the value of a rank, counted from 1; changes the order of the values (Hoare's selection)."""
    low, high, at = 0, len(values) - 1, rank - 1
    while low < high:
        pivot = values[(low + high) >> 1]
        left, right = low, high
        while left <= right:
            while values[left] < pivot:
                left += 1
            while values[right] > pivot:
                right -= 1
            if left <= right:
                values[left], values[right] = values[right], values[left]
                left += 1
                right -= 1
        if at <= right:
            high = right
        elif at >= left:
            low = left
        else:
            break
    return values[at]


def order_statistics(values, weights, ranks, counts, room, found):
    """Write the values of ascending ranks, counted from 1; each value counts `weights` times, once without them.

    A histogram says in which bucket a rank is (see `tradeoff.stats.histogram`), a pick from it which value it is. What
    lies below the histogram's range, under a nanosecond, is 0. `counts` holds `PLACES` zeros, before and after; `room`
    is scratch.
    """
    bits = values.view(np.int64)
    weighted = len(weights) > 0
    first, last = PLACES, 0
    for at in range(len(values)):
        # The first place is for what lies below: which values do, zeros mostly, no processor can guess.
        place = max(0, min((bits[at] >> SHIFT) - FIRST + 1, BUCKETS))
        counts[place] += weights[at] if weighted else 1
        first, last = min(first, place), max(last, place)
    slots, within = np.zeros(len(ranks), dtype=np.int64), ranks - counts[0]
    ends = np.zeros(len(ranks) + 1, dtype=np.int64)
    at, taken, passed = 0, 0, 0
    while at < len(ranks) and within[at] <= 0:
        at += 1
    counts[0] = 0
    for place in range(max(1, first), last + 1):
        here = counts[place]
        counts[place] = 0  # from here on: the slot of those that are picked from
        if at < len(ranks) and within[at] <= passed + here:
            taken += 1
            counts[place] = taken
            ends[taken] = ends[taken - 1] + here
            while at < len(ranks) and within[at] <= passed + here:
                slots[at] = taken
                within[at] -= passed
                at += 1
        passed += here
    filled = ends.copy()
    if taken > 0:
        for at in range(len(values)):
            slot = counts[max(0, min((bits[at] >> SHIFT) - FIRST + 1, BUCKETS))]
            if slot > 0:
                for _ in range(weights[at] if weighted else 1):
                    room[filled[slot - 1]] = values[at]
                    filled[slot - 1] += 1
    for at in range(len(ranks)):
        found[at] = pick(room[ends[slots[at] - 1] : ends[slots[at]]], within[at]) if slots[at] > 0 else 0.0
    counts[first : last + 1] = 0
