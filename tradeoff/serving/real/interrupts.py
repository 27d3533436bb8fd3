"""Ctrl-C while something is measured: counted, not raised, so that it never tears a request in two."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

AT_ONCE, _ENOUGH = 2, 3
"""Ctrl-C once: ask no more, and wait for what is under way. Twice: do not wait for it either. Three times:
`KeyboardInterrupt`, as ever."""

RETURNED = "in the Run that was returned"
"""Where what was measured is, in the words of a warning; a command has other words for it."""


class Interrupted(UserWarning):
    """Something was stopped by Ctrl-C; what was measured until then is kept."""


class Interrupts:
    """Counts how often Ctrl-C was pressed, while it is entered; only the main thread ever hears it.

    Attributes
    ----------
    count
        How often.
    """

    def __init__(self) -> None:
        self.count = 0
        self._wake: Callable[[], object] | None = None
        self._before: Any = None

    def __enter__(self) -> Interrupts:
        """Begin to count; a process that ignores Ctrl-C, as one in the background, goes on to ignore it."""
        if threading.current_thread() is threading.main_thread() and callable(signal.getsignal(signal.SIGINT)):
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *raised: object) -> None:
        """Give Ctrl-C its meaning back."""
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    @contextmanager
    def waking(self, wake: Callable[[], object]) -> Iterator[None]:
        """Call `wake` at each Ctrl-C: for something that waits, and would not look at the count."""
        self._wake = wake
        try:
            yield
        finally:
            self._wake = None

    def _note(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.count += 1
        if self.count >= _ENOUGH:
            raise KeyboardInterrupt
        if self._wake is not None:
            self._wake()
