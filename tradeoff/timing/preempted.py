"""Which calls lost their core: asked after every long call, for the scheduler's slices are long.

The kernel counts for each thread how long it was ready to run and had no core. To ask takes 1 µs, too much after a
call of 5. But whoever loses a core gets it back after a slice of the scheduler, a millisecond or several: a call that
lost one is long, whatever it is otherwise, and only long calls need to be asked.
"""

from __future__ import annotations

import os
import sys

LONG_NS = 1_000_000
"""Calls from this length on are asked: at most 0.2 % of their time."""

_SHARE = 0.1
"""Of a call's time: what it waited from here on is a lost core; a moment for the kernel's own threads is not."""


class CoreWait:
    """Watches the thread that makes it; knows nothing where the system does not tell (Linux does).

    Parameters
    ----------
    path
        Where the kernel counts the thread's times.
    """

    def __init__(self, path: str = "/proc/thread-self/schedstat") -> None:
        try:
            self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC) if sys.platform == "linux" else -1
        except OSError:
            self._file = -1
        self._waited_ns = self._read()

    def has_lost(self, call_ns: int) -> bool:
        """Say whether a call of that length, the last one of this thread, waited for a core for a tenth of it."""
        before, self._waited_ns = self._waited_ns, self._read()
        return self._waited_ns - before >= _SHARE * call_ns

    def close(self) -> None:
        """Close the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _read(self) -> int:
        if self._file < 0:
            return 0
        try:
            return int(os.pread(self._file, 64, 0).split()[1])
        except (OSError, ValueError, IndexError):
            return 0
