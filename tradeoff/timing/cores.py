"""Cores for threads: each call in flight on its own, where nothing moves it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


def cores_for(slots: int, *, available: frozenset[int] | None = None) -> list[frozenset[int] | None]:
    """Deal the cores out.

    Parameters
    ----------
    slots
        Calls in flight.
    available
        The cores there are; those this thread may use unless given.

    Returns
    -------
    list of frozenset of int, or None
        For each slot its cores, as many as every other slot, neighbours by number. None where there are fewer cores
        than slots, or the system cannot say: the scheduler then does better.
    """
    if available is None:
        available = frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else frozenset()
    each = len(available) // slots
    if each == 0:
        return [None] * slots
    ordered = sorted(available)
    return [frozenset(ordered[slot * each : (slot + 1) * each]) for slot in range(slots)]


@contextmanager
def held_to(cores: frozenset[int] | None) -> Iterator[None]:
    """Keep this thread on `cores` for the time of the block; None leaves it alone."""
    before = _moved_to(cores)
    try:
        yield
    finally:
        _moved_to(before)


def _moved_to(cores: frozenset[int] | None) -> frozenset[int] | None:
    """Move this thread, and return where it was; None when it was not moved."""
    if cores is None:
        return None
    before = frozenset(os.sched_getaffinity(0))
    try:
        os.sched_setaffinity(0, cores)
    except OSError:  # cores were taken away meanwhile: measured where the scheduler likes
        return None
    return before
