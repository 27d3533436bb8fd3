"""Caches: how large, how to flush them, and how many copies of a call's inputs do not fit."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import psutil

MOST_COPIES = 1024
_USUAL_CACHE = 32 << 20
_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


class Memory(Protocol):
    """What timing has to know of a device's memory; device adapters are one too."""

    @property
    def cache_bytes(self) -> int:
        """Size of the last-level cache."""
        ...

    def free_bytes(self) -> int:
        """Memory that is free now."""
        ...

    def flush(self) -> None:
        """Write twice the last-level cache."""
        ...


class HostMemory:
    """The processor's.

    Parameters
    ----------
    caches
        Folder in which Linux describes the caches of a core.
    """

    def __init__(self, caches: Path = Path("/sys/devices/system/cpu/cpu0/cache")) -> None:
        self.cache_bytes = _largest_cache(caches)
        self._scratch: np.ndarray[tuple[int], np.dtype[np.float32]] | None = None

    def free_bytes(self) -> int:
        """Memory that can be had without swapping."""
        return int(psutil.virtual_memory().available)

    def flush(self) -> None:
        """Read and write twice the last-level cache; storing alone may go around it."""
        if self._scratch is None:
            self._scratch = np.ones(2 * self.cache_bytes // 4, dtype=np.float32)
        np.negative(self._scratch, out=self._scratch)


def copies_of_inputs(*, call_bytes: float, cache_bytes: int, free_bytes: int, slots: int) -> tuple[int, bool]:
    """Count the copies of its inputs that each call in flight takes turns with.

    Together they are five times the cache and one copy more, at least two, within a quarter of the free memory.

    Parameters
    ----------
    call_bytes
        What one call moves.
    cache_bytes, free_bytes
        The last-level cache, and memory that is free.
    slots
        Calls in flight, each with copies of its own.

    Returns
    -------
    tuple of int and bool
        Copies for each slot, and whether they are enough to be cold.
    """
    wanted = max(2, math.ceil(5 * cache_bytes / call_bytes) + 1)
    affordable = min(MOST_COPIES, int(free_bytes / 4 / call_bytes))
    copies = max(2, math.ceil(min(wanted, affordable) / slots))
    return copies, copies * slots >= wanted


def in_turn(calls: Sequence[Callable[[], object]]) -> Callable[[], object]:
    """Return a call that makes each of `calls` in turn."""
    following = itertools.cycle(calls).__next__

    def call() -> object:
        return following()()

    return call


def _largest_cache(caches: Path) -> int:
    sizes = [0]
    for file in caches.glob("index*/size"):
        try:
            text = file.read_text(encoding="ascii").strip()
            sizes.append(int(text.rstrip("KMG")) * _UNITS.get(text[-1:], 1))
        except (OSError, ValueError):
            continue
    return max(sizes) or _USUAL_CACHE
