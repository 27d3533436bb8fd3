"""Whether the machine is quiet now: looked at while this process does next to nothing."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from tradeoff.frames.busy import percent
from tradeoff.timing.host_counters import HostCounters, host_counters
from tradeoff.timing.host_load import (
    BUSY,
    SHARE_OF_A_POINT,
    STOLEN,
    THROTTLED,
    HostLoad,
    between,
    disturbances,
)

LOOK_S = 0.3
"""Long enough for idle time that is counted in steps of 10 ms, short enough to wait for."""


@dataclass(frozen=True)
class State:
    """How busy the machine is with other work.

    Attributes
    ----------
    load
        What became of the cores while somebody looked.
    load_average
        Threads that ran or waited, over the last minute, own ones included; NaN where the system does not say.
    """

    load: HostLoad
    load_average: float = math.nan

    @property
    def is_unknown(self) -> bool:
        """Whether the system does not say what other processes do."""
        return self.load.is_unknown

    def not_quiet(self) -> str:
        """Say what other work there is; nothing where the machine is quiet, or nobody knows."""
        found = disturbances(self.load, share=SHARE_OF_A_POINT)
        said = {
            BUSY: f"other processes take {percent(self.load.foreign_share)} of the cores' time",
            STOLEN: f"the hypervisor takes {percent(self.load.steal_share)} of the cores' time",
            THROTTLED: "the control group's quota holds threads back",
        }
        parts = [text for name, text in said.items() if name in found]
        if not parts:
            return ""
        average = "" if math.isnan(self.load_average) else f" (load average {self.load_average:.2g})"
        return " and ".join(parts) + average

    def quiet(self) -> str:
        """Say how quiet it is."""
        if self.is_unknown:
            return "unknown: the system does not say what other processes do"
        return f"quiet: other processes take {percent(self.load.foreign_share)} of the cores' time"


def look(counters: HostCounters | None = None, *, sleep: Callable[[float], object] = time.sleep) -> State:
    """Look for a third of a second at what others do.

    Parameters
    ----------
    counters
        Who reads; this machine's unless given.
    sleep
        Lets time pass, in seconds.
    """
    counters = counters or host_counters()
    try:
        before = counters.read()
        sleep(LOOK_S)
        load = between(before, counters.read())
    finally:
        counters.close()
    try:
        average = os.getloadavg()[0]
    except (AttributeError, OSError):  # Windows has none
        average = math.nan
    return State(load, average)
