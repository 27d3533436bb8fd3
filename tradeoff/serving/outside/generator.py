"""Whether the generator kept up: what the machine it runs on let it do, and how late it sent.

Cores that other processes took are no news here: they may be the server itself, when it runs on this machine, and
nobody can say. What is known is what the generator lost: time in which its threads were ready and had no core.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tradeoff.digits import three
from tradeoff.frames.busy import percent
from tradeoff.timing.host_load import BUSY, LOST_CORES, HostLoad, disturbances
from tradeoff.timing.host_row import Stretch

BOUND = "generator_bound"
"""The flag."""

_LATE = 0.05
"""Share of the median latency that the generator's own lateness may reach."""


def took_cores(load: HostLoad) -> tuple[str, ...]:
    """Say what took cores away that is certainly not the server: a hypervisor, a quota."""
    return tuple(name for name in disturbances(load) if name != BUSY)


def disturbed(stretches: Sequence[Stretch]) -> float:
    """Return the share of the time in which a core was taken from the generator; NaN where nobody tells."""
    known = [stretch.load for stretch in stretches if not math.isnan(stretch.load.wait_s)]
    all_s = math.fsum(load.wall_s for load in known)
    hit = [load for load in known if _has_lost(load) or took_cores(load)]
    return math.fsum(load.wall_s for load in hit) / all_s if all_s > 0 else math.nan


def why_bound(row: Mapping[str, Any], median_ms: float) -> str:
    """Say why the generator did not keep up; nothing where it did.

    Parameters
    ----------
    row
        Columns of ``points``: ``wakeup_p99_ms``, and those about the cores.
    median_ms
        Of the latency.
    """
    late_ms, waited = float(row.get("wakeup_p99_ms", math.nan)), float(row.get("core_wait", math.nan))
    is_late, has_lost = late_ms > _LATE * median_ms, waited >= LOST_CORES
    if not (is_late or has_lost):
        return ""
    said = [f"one request in a hundred was sent {three(late_ms)} ms late or more"] if is_late else []
    if not has_lost:
        used = float(row.get("cores_used", math.nan))
        busy = f", which used {three(used)} cores" if used >= 0.0 else ""
        return (
            f"{said[0]}, by the generator itself{busy}: send with less work for each request, ask for less, or divide "
            "the load among several processes"
        )
    foreign = float(row.get("foreign_load", math.nan))
    others = f", while other processes took {percent(foreign)} of the cores' time" if foreign >= 0.0 else ""
    said.append(f"the generator waited for a core for {percent(waited)} of the time{others}")
    return (
        f"{' and '.join(said)}: drive from another machine, or give the generator a core of its own (a server that "
        "runs on this machine is one of those processes)"
    )


def _has_lost(load: HostLoad) -> bool:
    return load.wait_s >= LOST_CORES * load.wall_s
