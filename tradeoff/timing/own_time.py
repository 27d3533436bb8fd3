"""Processor time of this process as Linux counts it: all its threads, those of libraries too, and its children."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

if sys.platform != "win32":
    from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

_MOST_THREADS = 64
"""Threads whose waiting is read one by one, at 6 µs each; of more it is unknown."""

_LOOK_EVERY_NS = 500_000_000
"""How often children are looked for."""

_TICK_S = 1 / os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 0.01


@dataclass(frozen=True)
class Own:
    """Cumulative seconds of processor time and of waiting for a core, how often a core was lost and given up."""

    cpu_s: float
    wait_s: float
    involuntary: float
    voluntary: float


@dataclass
class OwnTime:
    """Reads it, and keeps what threads and children that have ended had used until they were last seen.

    Parameters
    ----------
    proc
        Where the kernel's files are.
    """

    proc: str = "/proc"
    _waits: dict[str, float] = field(default_factory=dict)
    _waited_s: float = 0.0
    _pids: tuple[int, ...] = ()
    _look_ns: int = 0

    def read(self, at_ns: int) -> Own:
        """Read now; `at_ns` is the time."""
        ours, ended = getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN)
        threads = _names(f"{self.proc}/self/task")
        if at_ns >= self._look_ns:
            self._look_ns = at_ns + _LOOK_EVERY_NS
            self._pids = tuple(self._descendants("self", depth=0))
        # A child that has ended leaves the second sum for the first once it is waited for.
        cpu_s = ours.ru_utime + ours.ru_stime + ended.ru_utime + ended.ru_stime + sum(map(self._spent_by, self._pids))
        return Own(cpu_s, self._waited_by(threads), float(ours.ru_nivcsw), float(ours.ru_nvcsw))

    def _waited_by(self, threads: list[str]) -> float:
        """Seconds that threads were ready and had no core, those that have ended included; NaN when it is unknown."""
        if len(threads) > _MOST_THREADS:
            return math.nan
        now = {tid: waited for tid in threads if (waited := self._waited(tid)) is not None}
        self._waited_s += sum(max(0.0, waited - self._waits.get(tid, 0.0)) for tid, waited in now.items())
        self._waits = now
        return self._waited_s if now else math.nan

    def _waited(self, tid: str) -> float | None:
        try:
            return int(_read(f"{self.proc}/self/task/{tid}/schedstat").split()[1]) * 1e-9
        except (OSError, ValueError, IndexError):
            return None

    def _spent_by(self, pid: int) -> float:
        """Seconds that a child has used, with those of its own that it has waited for."""
        try:
            text = _read(f"{self.proc}/{pid}/stat")
            fields = text[text.rindex(b")") + 2 :].split()  # a name may hold anything, also parentheses
            return sum(map(int, fields[11:15])) * _TICK_S
        except (OSError, ValueError):
            return 0.0

    def _descendants(self, pid: str, *, depth: int) -> Iterator[int]:
        if depth > 5:
            return
        for tid in _names(f"{self.proc}/{pid}/task")[:_MOST_THREADS]:
            try:
                children = _read(f"{self.proc}/{pid}/task/{tid}/children").split()
            except OSError:
                continue
            for child in map(int, children):
                yield child
                yield from self._descendants(str(child), depth=depth + 1)


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208  # paths would take as long as all the rest
    except OSError:
        return []


def _read(path: str) -> bytes:
    """Read a small file; a reading is taken between blocks, and ``open`` would take three times as long."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, 4096)
    finally:
        os.close(descriptor)
