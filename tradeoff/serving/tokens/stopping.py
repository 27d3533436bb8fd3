"""Ctrl-C without an exception in the middle of a step: it is counted, and the loop stops between two."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_HEARD = 2
"""Ctrl-C is counted so often; once more ends everything, should a step hang."""


@contextmanager
def interrupts_counted() -> Iterator[Callable[[], int]]:
    """Count Ctrl-C until the end of the block; gives a function that says how often it came.

    In another thread than the main one, which alone hears it, it stays 0.
    """
    count = 0

    def hear(number: int, frame: object) -> None:
        nonlocal count
        del number, frame
        count += 1
        if count > _HEARD:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield lambda: 0
        return
    before = signal.signal(signal.SIGINT, hear)
    try:
        yield lambda: count
    finally:
        # None: it was not set from Python.
        signal.signal(signal.SIGINT, signal.default_int_handler if before is None else before)
