"""What the operating system counts about cores: who used them, who waited for one, what was taken away.

A reading is cumulative; the difference of two says what became of the cores in between (`tradeoff.timing.host_load`).
What a system does not count is NaN: unknown, which is not the same as zero.
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psutil

from tradeoff.timing.cgroup import throttled_s, throttling_files
from tradeoff.timing.own_time import OwnTime

if sys.platform != "win32":
    from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

_US, _NS = 1e-6, 1e-9
_TICK_S = 1 / os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 0.01
_CLOCK_EVERY_NS = 500_000_000
"""Older kernels wait 10 ms for a core's clock: not more often than twice a second."""


@dataclass(frozen=True, kw_only=True)
class HostReading:
    """What the system had counted at one moment, in seconds of one core unless said otherwise.

    Attributes
    ----------
    at_ns
        When, by ``time.perf_counter_ns``.
    cores
        Cores that are watched: those this process may use, and their SMT siblings.
    idle_s, steal_s
        Time in which those cores had nothing to do; time that a hypervisor gave to others.
    free_s
        Time in which those that this process may use had nothing to do.
    counted_s
        All time that the system accounts for on them: about their number times the wall time, or it counts nothing.
    own_s
        Processor time of this process, all its threads and the processes it started.
    wait_s
        Time that its threads were ready to run and had no core.
    involuntary
        How often they lost a core though they had work to do.
    voluntary
        How often they gave a core up, to wait.
    pressure_s
        Wall time in which some thread of the machine waited for a core (Linux: pressure stall information).
    throttled_s
        Time that the control group's quota held its threads back.
    clock_mhz
        Clock of the core that was read on.
    """

    at_ns: int
    cores: int
    idle_s: float = math.nan
    free_s: float = math.nan
    steal_s: float = math.nan
    counted_s: float = math.nan
    own_s: float = math.nan
    wait_s: float = math.nan
    involuntary: float = math.nan
    voluntary: float = math.nan
    pressure_s: float = math.nan
    throttled_s: float = math.nan
    clock_mhz: float = math.nan


class HostCounters(Protocol):
    """Whoever can read what the system counts."""

    def read(self) -> HostReading:
        """Read now."""
        ...

    def close(self) -> None:
        """Let go of open files."""
        ...


def host_counters() -> HostCounters:
    """Return what reads this machine."""
    return LinuxCounters() if sys.platform == "linux" else PsutilCounters()


class LinuxCounters:
    """Reads ``/proc`` and the control group: about 50 µs a reading.

    Parameters
    ----------
    proc, sys_folder
        Where the kernel's files are.
    clock
        In ns.
    cores
        Numbers of the cores this process may use; asked for unless given.
    """

    def __init__(
        self,
        *,
        proc: Path = Path("/proc"),
        sys_folder: Path = Path("/sys"),
        clock: Callable[[], int] = time.perf_counter_ns,
        cores: frozenset[int] | None = None,
    ) -> None:
        allowed = frozenset(os.sched_getaffinity(0)) if cores is None else cores
        self._allowed, self._cores = allowed, with_siblings(allowed, sys_folder / "devices/system/cpu")
        self._clock = clock
        self._stat = _File(proc / "stat", size=1 << 16)
        self._pressure = _File(proc / "pressure/cpu", size=256)
        quotas = throttling_files(proc / "self/cgroup", sys_folder)
        self._knows_quota = quotas is not None
        self._quota = [_File(file, size=1024) for file in quotas or ()]
        self._own = OwnTime(str(proc))
        self._clock_file = sys_folder / f"devices/system/cpu/cpu{min(allowed, default=0)}/cpufreq/scaling_cur_freq"
        self._clock_mhz = math.nan
        self._clock_due_ns = 0 if self._clock_file.exists() else 1 << 62

    def read(self) -> HostReading:
        """Read everything; a file that cannot be read leaves its values unknown."""
        at_ns = self._clock()
        stat = self._stat.read()
        cores, idle_s, steal_s, counted_s = cores_in(stat, self._cores)
        free_s = idle_s if self._cores == self._allowed else cores_in(stat, self._allowed)[1]
        own = self._own.read(at_ns)
        return HostReading(
            at_ns=at_ns,
            cores=cores,
            idle_s=idle_s,
            free_s=free_s,
            steal_s=steal_s,
            counted_s=counted_s,
            own_s=own.cpu_s,
            wait_s=own.wait_s,
            involuntary=own.involuntary,
            voluntary=own.voluntary,
            pressure_s=pressure_s(self._pressure.read()),
            throttled_s=sum(throttled_s(file.read()) for file in self._quota) if self._knows_quota else math.nan,
            clock_mhz=self._read_clock(at_ns),
        )

    def close(self) -> None:
        """Close the files."""
        for file in (self._stat, self._pressure, *self._quota):
            file.close()

    def _read_clock(self, at_ns: int) -> float:
        if at_ns >= self._clock_due_ns:
            self._clock_due_ns = at_ns + _CLOCK_EVERY_NS
            try:
                self._clock_mhz = int(self._clock_file.read_bytes()) / 1000.0
            except (OSError, ValueError):
                self._clock_mhz = math.nan
        return self._clock_mhz


class PsutilCounters:
    """Reads what ``psutil`` knows of macOS, Windows and others: use of the cores, not who waited for one."""

    def read(self) -> HostReading:
        """Read everything."""
        at_ns = time.perf_counter_ns()
        try:
            times = psutil.cpu_times()
            cores, idle_s, counted_s = psutil.cpu_count() or 0, float(times.idle), float(sum(times))
        except Exception:  # an odd system: each raises its own
            cores, idle_s, counted_s = 0, math.nan, math.nan
        own_s, involuntary, voluntary = time.process_time(), math.nan, math.nan
        if sys.platform != "win32":
            ours, theirs = getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN)
            own_s += theirs.ru_utime + theirs.ru_stime
            involuntary, voluntary = float(ours.ru_nivcsw), float(ours.ru_nvcsw)
        return HostReading(
            at_ns=at_ns,
            cores=cores,
            idle_s=idle_s,
            free_s=idle_s,
            counted_s=counted_s,
            own_s=own_s,
            involuntary=involuntary,
            voluntary=voluntary,
        )

    def close(self) -> None:
        """Nothing to let go of."""


def cores_in(stat: bytes, cores: frozenset[int]) -> tuple[int, float, float, float]:
    """Sum up some cores of ``/proc/stat``.

    Returns
    -------
    tuple
        How many of `cores` it has, and their seconds idle, stolen and accounted for; NaN when it has none.
    """
    seen, idle, steal, counted = 0, 0, 0, 0
    for line in stat.split(b"\n"):
        if not line.startswith(b"cpu"):
            if seen:
                break  # interrupts follow, a long line
            continue
        name, *fields = line.split()
        if not name[3:].isdigit() or int(name[3:]) not in cores:
            continue
        try:
            user, nice, system, idle_, iowait, irq, softirq, *rest = map(int, fields)
        except ValueError:
            continue
        seen += 1
        stolen = rest[0] if rest else 0
        idle, steal = idle + idle_ + iowait, steal + stolen
        counted += user + nice + system + idle_ + iowait + irq + softirq + stolen
    if not seen:
        return 0, math.nan, math.nan, math.nan
    return seen, idle * _TICK_S, steal * _TICK_S, counted * _TICK_S


def pressure_s(text: bytes) -> float:
    """Return the seconds of ``some`` in ``/proc/pressure/cpu``; NaN when it does not say."""
    for line in text.split(b"\n"):
        if line.startswith(b"some"):
            total = line.rpartition(b"total=")[2]
            return int(total) * _US if total.strip().isdigit() else math.nan
    return math.nan


def with_siblings(cores: frozenset[int], folder: Path) -> frozenset[int]:
    """Add the SMT siblings of some cores: what runs there takes half of the core away."""
    siblings = set(cores)
    for core in cores:
        try:
            text = (folder / f"cpu{core}/topology/thread_siblings_list").read_text(encoding="ascii")
            siblings |= _numbers(text)
        except (OSError, ValueError):
            continue
    return frozenset(siblings)


def _numbers(text: str) -> set[int]:
    """Read ``0,64`` or ``0-1``."""
    found: set[int] = set()
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


class _File:
    """A file of the kernel's, kept open: each read gives its state anew."""

    def __init__(self, path: Path, *, size: int) -> None:
        self._size = size
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._descriptor = -1

    def read(self) -> bytes:
        """Read it from its beginning; nothing when it cannot be read."""
        try:
            return os.pread(self._descriptor, self._size, 0) if self._descriptor >= 0 else b""
        except OSError:
            return b""

    def close(self) -> None:
        """Close it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
