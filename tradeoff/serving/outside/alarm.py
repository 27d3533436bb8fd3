"""Wakes an event loop in time: its own timers are a millisecond coarse, as ``epoll`` counts in whole ones.

A thread sleeps instead and calls the loop; a tenth of a millisecond late is usual, and no core spins for it.
"""

from __future__ import annotations

import asyncio
import heapq
import threading
from collections.abc import Callable
from itertools import count

_LONGEST_S = 3600.0

Entry = tuple[int, int, "asyncio.Future[None]"]


class Alarm:
    """Makes futures that are done at given times.

    Parameters
    ----------
    loop
        Whose futures they are.
    clock
        In ns.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, *, clock: Callable[[], int]) -> None:
        self._loop, self._clock = loop, clock
        self._heap: list[Entry] = []
        self._number = count()
        self._changed = threading.Condition()
        self._is_open = True
        self._thread = threading.Thread(target=self._watch, name="tradeoff-alarm", daemon=True)
        self._thread.start()

    def at(self, time: int) -> asyncio.Future[None]:
        """Return a future that is done when the clock has come to `time`."""
        future: asyncio.Future[None] = self._loop.create_future()
        with self._changed:
            heapq.heappush(self._heap, (time, next(self._number), future))
            if self._heap[0][2] is future:
                self._changed.notify()
        return future

    def ring(self) -> None:
        """Make all futures done at once; to be called in the loop."""
        with self._changed:
            waiting, self._heap = self._heap, []
        _end(waiting)

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._is_open = False
            self._changed.notify()
        self._thread.join()

    def _watch(self) -> None:
        with self._changed:
            while self._is_open:
                due = []
                while self._heap and self._heap[0][0] <= self._clock():
                    due.append(heapq.heappop(self._heap))
                if due:
                    self._loop.call_soon_threadsafe(_end, due)
                left = (self._heap[0][0] - self._clock()) / 1e9 if self._heap else _LONGEST_S
                self._changed.wait(min(max(0.0, left), _LONGEST_S))


def _end(entries: list[Entry]) -> None:
    for _, _, future in entries:
        if not future.done():
            future.set_result(None)
