"""What became of the cores while calls ran: ours, idle, taken by others, stolen, throttled, waited for.

Pure functions of two readings (`tradeoff.timing.host_counters`). Nothing is dropped because of it: calls of a stretch
whose cores were lost are labelled, the point is flagged.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from tradeoff.timing.host_counters import HostReading

BUSY, STOLEN, THROTTLED = "machine_busy", "cpu_stolen", "quota_throttled"
"""What calls are labelled with, and points flagged: other processes, the hypervisor, the control group's quota."""

SHARE_OF_A_BLOCK = 0.10
"""Of the cores' time in one block: what others take from here on is no housekeeping."""

SHARE_OF_A_POINT = 0.05
"""The same over all blocks of a point, where rounding no longer matters."""

LOST_CORES = 0.05
"""Threads of ours that waited, on average, while others ran: a twentieth of a core lost."""

_TICK_S = 0.010
"""The idle time of a core is counted in steps of 10 ms: a difference is off by up to one, over cores by their root."""

_WAKE_S = 25e-6
"""A core that wakes: 5 µs on bare metal, 16 on a virtual machine, where two threads that took turns at the
interpreter's lock 18 000 times a second made a quiet machine look 15 % busy."""

_ACCOUNTED = 0.5
"""A system that accounts for less than half of the cores' time counts nothing at all (as gVisor does)."""


@dataclass(frozen=True, kw_only=True)
class HostLoad:
    """Seconds of the cores between two readings, or of several such stretches; NaN where it is not known.

    Attributes
    ----------
    wall_s
        Length.
    capacity_s
        Cores times length.
    idle_s, free_s, steal_s, counted_s, own_s, wait_s, involuntary, voluntary, pressure_s, throttled_s
        As in `HostReading`, during the stretch.
    clock_mhz
        Clock of a core at its end.
    callers
        Threads of ours that made calls.
    """

    wall_s: float
    capacity_s: float
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
    callers: int = 1

    @property
    def is_accounted(self) -> bool:
        """Whether the system says what the cores did."""
        return self.counted_s >= _ACCOUNTED * self.capacity_s > 0

    @property
    def foreign_s(self) -> float:
        """Time that other processes took, and the kernel for them: what was neither idle, nor stolen, nor ours.

        A core that our threads put to sleep and wake takes time for it that is charged to nobody; so much of it as
        that could be is not called others', unless `waited_for_others`.
        """
        if not self.is_accounted:
            return math.nan
        stolen = 0.0 if math.isnan(self.steal_s) else self.steal_s
        is_waking = not (math.isnan(self.voluntary) or self.waited_for_others)
        waking_s = self.voluntary * _WAKE_S if is_waking else 0.0
        foreign_s = self.capacity_s - self.idle_s - stolen - self.own_s - waking_s
        return 0.0 if foreign_s < 0 else foreign_s  # NaN stays NaN

    @property
    def waited_for_others(self) -> bool:
        """Whether our threads waited for a core for a twentieth of one, though there was one for each of them.

        Where more threads than cores make calls they wait for each other.
        """
        fit = max(self.callers * self.wall_s, self.own_s + self.wait_s) <= self.capacity_s
        return fit and self.wait_s >= LOST_CORES * self.wall_s

    @property
    def foreign_share(self) -> float:
        """Share of the cores' time that others took."""
        return self.foreign_s / self.capacity_s if self.capacity_s > 0 else math.nan

    @property
    def steal_share(self) -> float:
        """Share of the cores' time that a hypervisor gave to others."""
        return self.steal_s / self.capacity_s if self.is_accounted else math.nan

    @property
    def idle_cores(self) -> float:
        """Cores that this process may use and that had nothing to do, on average."""
        return self.free_s / self.wall_s if self.is_accounted else math.nan

    @property
    def is_unknown(self) -> bool:
        """Whether nobody says what others took."""
        return math.isnan(self.foreign_s)

    def per_s(self, name: str) -> float:
        """Return a count for each second of the stretch."""
        return float(getattr(self, name)) / self.wall_s if self.wall_s > 0 else math.nan


def between(before: HostReading, after: HostReading, *, callers: int = 1) -> HostLoad:
    """Return what happened between two readings, while so many threads of ours made calls."""
    wall_s = (after.at_ns - before.at_ns) * 1e-9
    same = before.cores == after.cores

    def passed(name: str) -> float:
        return float(getattr(after, name)) - float(getattr(before, name))

    return HostLoad(
        wall_s=wall_s,
        capacity_s=after.cores * wall_s,
        idle_s=passed("idle_s") if same else math.nan,
        free_s=passed("free_s") if same else math.nan,
        steal_s=passed("steal_s") if same else math.nan,
        counted_s=passed("counted_s") if same else math.nan,
        own_s=passed("own_s"),
        wait_s=passed("wait_s"),
        involuntary=passed("involuntary"),
        voluntary=passed("voluntary"),
        pressure_s=passed("pressure_s"),
        throttled_s=passed("throttled_s"),
        clock_mhz=after.clock_mhz,
        callers=callers,
    )


def together(loads: Iterable[HostLoad]) -> HostLoad | None:
    """Sum stretches up; the clock is their mean, weighted by length. None when there are none."""
    loads = list(loads)
    if not loads:
        return None
    names = [name for name in HostLoad.__dataclass_fields__ if name not in ("clock_mhz", "callers")]
    sums = {name: math.fsum(getattr(load, name) for load in loads) for name in names}
    clocked = [load for load in loads if load.clock_mhz == load.clock_mhz]
    length_s = math.fsum(load.wall_s for load in clocked)
    clock = math.fsum(load.clock_mhz * load.wall_s for load in clocked) / length_s if length_s > 0 else math.nan
    return HostLoad(**sums, clock_mhz=clock, callers=max(load.callers for load in loads))


def disturbances(load: HostLoad, *, share: float = SHARE_OF_A_BLOCK) -> tuple[str, ...]:
    """Say what took cores away during a stretch: some of `BUSY`, `STOLEN` and `THROTTLED`.

    Others count when they took `share` of the cores' time. They also count when our threads waited for a core while
    they ran, for a twentieth of a core's time: one process more does not matter to a call on 64 cores, unless it sits
    where the call wants to be. Threads of ours that wait for each other do not count.

    Parameters
    ----------
    load
        A stretch.
    share
        Share of the cores' time from which on it counts.
    """
    if not load.wall_s > 0:
        return ()
    # What cannot be told from rounding is nothing.
    rounding_s = _TICK_S * math.sqrt(load.capacity_s / load.wall_s)
    foreign_s, steal_s = load.foreign_s - rounding_s, load.steal_s - rounding_s
    is_foreign = foreign_s >= share * load.capacity_s or (
        foreign_s >= LOST_CORES * load.wall_s and load.wait_s >= LOST_CORES * load.wall_s
    )
    found = {
        BUSY: is_foreign,
        STOLEN: load.is_accounted and steal_s >= share * load.capacity_s,
        THROTTLED: load.throttled_s >= share * load.wall_s,
    }
    return tuple(name for name, is_so in found.items() if is_so)
