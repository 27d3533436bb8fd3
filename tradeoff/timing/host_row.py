"""What a row of ``points`` says about the machine's cores while it was measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tradeoff.timing.host_load import BUSY, SHARE_OF_A_POINT, STOLEN, THROTTLED, HostLoad, disturbances, together

_FLAGGED_SHARE = 0.01
"""Of the measured time or calls: a p99 feels what one call in a hundred meets."""


HOST_COLUMNS = (
    "cpu_us_per_request", "cores_used", "cores_idle", "foreign_load", "steal", "core_wait", "involuntary_per_s",
    "cpu_pressure", "throttled", "disturbed", "host_clock_mhz",
)  # fmt: skip
"""The columns of ``points`` about the cores."""


@dataclass(frozen=True)
class Stretch:
    """One block of measured calls, as the machine saw it.

    Attributes
    ----------
    load
        What became of the cores.
    calls, measured, preempted
        Calls in it that were served, those of all that count, and those of these that waited for a core.
    """

    load: HostLoad
    calls: int
    measured: int
    preempted: int = 0


def host_columns(stretches: Sequence[Stretch], *, batch_size: int) -> dict[str, float]:
    """Return the columns of ``points`` about the cores; empty when nobody looked, NaN where the system does not say."""
    load = together(stretch.load for stretch in stretches)
    if load is None:
        return {}
    requests = batch_size * sum(stretch.calls for stretch in stretches)
    values = (
        1e6 * load.own_s / requests if requests else math.nan,
        load.per_s("own_s"),
        load.idle_cores,
        load.foreign_share,
        load.steal_share,
        load.per_s("wait_s"),
        load.per_s("involuntary"),
        load.per_s("pressure_s"),
        load.per_s("throttled_s"),
        _disturbed(stretches),
        load.clock_mhz,
    )
    return dict(zip(HOST_COLUMNS, values, strict=True))


def host_flags(stretches: Sequence[Stretch], *, is_oversubscribed: bool) -> list[str]:
    """Return the flags of a point: what took its cores, whether its calls felt it, or that nobody can say.

    Parameters
    ----------
    stretches
        Its blocks; none when nobody looked, which is no flag.
    is_oversubscribed
        Whether its own threads take turns: they take cores from each other then, and `preempted_calls` says nothing.
    """
    load = together(stretch.load for stretch in stretches)
    if load is None:
        return []
    flags = ["host_load_unknown"] if load.is_unknown else []
    overall = disturbances(load, share=SHARE_OF_A_POINT)
    flags += [name for name in (BUSY, STOLEN, THROTTLED) if name in overall or _share(stretches, name)]
    measured, preempted = (sum(getattr(stretch, name) for stretch in stretches) for name in ("measured", "preempted"))
    if not is_oversubscribed and preempted >= _FLAGGED_SHARE * measured > 0:
        flags.append("preempted_calls")
    return flags


def _share(stretches: Sequence[Stretch], name: str) -> bool:
    """Say whether blocks in which `name` took cores make up a share that counts, of the time or of the calls."""
    hit = [stretch for stretch in stretches if name in disturbances(stretch.load)]
    time_s, all_s = (math.fsum(stretch.load.wall_s for stretch in part) for part in (hit, stretches))
    calls, everything = (sum(stretch.measured for stretch in part) for part in (hit, stretches))
    return bool(hit) and max(time_s / all_s, calls / everything) >= _FLAGGED_SHARE


def _disturbed(stretches: Sequence[Stretch]) -> float:
    """Share of the time in blocks in which something took cores; NaN when that is not known of any."""
    known = [stretch.load for stretch in stretches if not stretch.load.is_unknown]
    all_s = math.fsum(load.wall_s for load in known)
    return math.fsum(load.wall_s for load in known if disturbances(load)) / all_s if all_s > 0 else math.nan
