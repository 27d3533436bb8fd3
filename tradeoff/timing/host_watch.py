"""Reads what the system counts again and again while something runs that has no blocks of its own, such as a server."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tradeoff.timing.host_counters import HostCounters, HostReading, host_counters
from tradeoff.timing.host_load import HostLoad, between

EVERY_S = 0.2
"""How often it reads: 0.1 ms of one core each time, a two-thousandth of it."""


@dataclass(frozen=True)
class Slice:
    """What became of the cores between two readings.

    Attributes
    ----------
    start, end
        In ns, after the origin that was asked for.
    load
        What became of them.
    """

    start: int
    end: int
    load: HostLoad


class HostWatch:
    """Reads at the beginning, at the end, and five times a second between them, in a thread, while it is entered.

    Parameters
    ----------
    counters
        Who reads; this machine's unless given.
    every_s
        How often.

    Attributes
    ----------
    readings
        In the order of their time.
    """

    def __init__(self, counters: HostCounters | None = None, *, every_s: float = EVERY_S) -> None:
        self._counters, self._every_s = counters or host_counters(), every_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="tradeoff-watch", daemon=True)
        self.readings: list[HostReading] = []

    def __enter__(self) -> HostWatch:
        """Begin to read."""
        self._read()
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        """Read once more, and let go of the counters' files."""
        self._over.set()
        self._thread.join()
        self._read()
        self._counters.close()

    def slices(self, *, origin: int = 0, callers: int = 1) -> list[Slice]:
        """Return what became of the cores from each reading to the next.

        Parameters
        ----------
        origin
            What times count from, on the clock of the readings.
        callers
            Threads of ours that had work to do.
        """
        return slices_of(self.readings, origin=origin, callers=callers)

    def _watch(self) -> None:
        while not self._over.wait(self._every_s):
            self._read()

    def _read(self) -> None:
        self.readings.append(self._counters.read())


def slices_of(readings: Sequence[HostReading], *, origin: int = 0, callers: int = 1) -> list[Slice]:
    """Return what became of the cores from each reading to the next; see `HostWatch.slices`."""
    return [
        Slice(before.at_ns - origin, after.at_ns - origin, between(before, after, callers=callers))
        for before, after in pairwise(readings)
        if after.at_ns > before.at_ns
    ]
