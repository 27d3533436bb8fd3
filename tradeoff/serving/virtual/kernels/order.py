"""Values of ranks, exactly: a histogram says where they are, and a pick from one bucket what they are."""

from __future__ import annotations

import math

import numpy as np

from tradeoff.stats.histogram import BUCKETS, FIRST, SHIFT

PLACES = BUCKETS + 1
"""Buckets, after a place for what lies below the first."""


NOTED = 255
"""In the table of slots: a place whose values are noted, and not picked from."""


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


def place_of(bits):
    """Return where in a histogram a value is counted, from its binary form: see `tradeoff.stats.histogram`.

    The first place is for what lies below: which values do, zeros mostly, no processor can guess.
    """
    return np.uint64(max(0, min((bits >> SHIFT) - FIRST + 1, BUCKETS)))


def tally(bits, counts):
    """Count values, given as their binary forms, in a histogram."""
    for at in range(len(bits)):
        counts[place_of(bits[at])] += 1


def sum_of(values):
    """Return the sum, of four sums: one alone waits for each of its additions."""
    one, two, three, four, end = 0.0, 0.0, 0.0, 0.0, len(values) // 4 * 4
    for at in range(0, end, 4):
        one += values[at]
        two += values[at + 1]
        three += values[at + 2]
        four += values[at + 3]
    for at in range(end, len(values)):
        one += values[at]
    return (one + two) + (three + four)


def slots_of(counts, ranks):
    """Return where the values of ascending ranks, counted from 1, are.

    That is a slot for each bucket that a rank is in, by place, from 1 on; the slot of each rank, 0 for what lies below
    the histogram's range; the rank within it; where slots begin and end when their values stand in a row; and the
    place of each rank.
    """
    places = np.zeros(PLACES, dtype=np.uint8)
    slots, within, stands = (
        np.zeros(len(ranks), dtype=np.int64),
        ranks - counts[0],
        np.zeros(len(ranks), dtype=np.int64),
    )
    ends = np.zeros(len(ranks) + 1, dtype=np.int64)
    at, taken, passed = 0, 0, 0
    while at < len(ranks) and within[at] <= 0:
        at += 1
    for place in range(1, PLACES):
        here = counts[place]
        if at < len(ranks) and within[at] <= passed + here:
            taken += 1
            places[place] = taken
            ends[taken] = ends[taken - 1] + here
            while at < len(ranks) and within[at] <= passed + here:
                slots[at] = taken
                within[at] -= passed
                stands[at] = place
                at += 1
        passed += here
        if at == len(ranks):
            break
    ends[taken:] = ends[taken]
    return places, slots, within, ends, stands


def gather(values, bits, places, room, filled):
    """Put the values that are in a slot into its row; `filled` says where each goes on."""
    for at in range(len(values)):
        slot = places[place_of(bits[at])]
        if slot > 0:
            room[filled[slot - 1]] = values[at]
            filled[slot - 1] += 1


def gather_and_note(values, bits, places, room, filled, noted):
    """Do what `gather` does, and note where those are that are in a slot, or in the place `NOTED`; returns how many."""
    count = 0
    for at in range(len(values)):
        slot = places[place_of(bits[at])]
        if slot > 0:
            noted[count] = at
            count += 1
            if slot < NOTED:
                room[filled[slot - 1]] = values[at]
                filled[slot - 1] += 1
    return count


def pick_all(room, slots, within, ends, found):
    """Write the values of ranks out of their slots; what lies below the histogram's range, under a nanosecond, is 0."""
    for at in range(len(slots)):
        found[at] = pick(room[ends[slots[at] - 1] : ends[slots[at]]], within[at]) if slots[at] > 0 else 0.0
