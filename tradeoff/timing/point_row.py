"""From a point that was measured to its row: what was seen, how steady it was, how it ended and why, what to know."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from tradeoff.digits import apart, counted
from tradeoff.environment import usable_cores
from tradeoff.frames.columns import PERCENTILES
from tradeoff.stats.quantiles import Quantile
from tradeoff.timing.block import Block
from tradeoff.timing.failure import Failure
from tradeoff.timing.host_row import host_columns, host_flags
from tradeoff.timing.measurement import Measurement
from tradeoff.timing.raised import in_words
from tradeoff.timing.settle import Settled
from tradeoff.timing.stopping import time_scale_s
from tradeoff.timing.summary import summarise
from tradeoff.timing.telemetry import health
from tradeoff.timing.threads import is_oversubscribed, threads_per_call

if TYPE_CHECKING:
    from tradeoff.timing.point import Point

_EARLY = 0.2
"""Share of the budget's seconds before which a point that has converged says so in a flag."""

_THROTTLED_SHARE = 0.5
_LABELLED_SHARE = 0.01


def measurement_of(point: Point, failure: Failure | None) -> Measurement:
    """Return all that is known of a point so far, or how it failed."""
    samples = point.log.columns()
    served = samples["status"] == "ok"
    measured = (samples["phase"] == "measure") & served
    floor_ns, floor_p99_ns = point.floor_ns
    row: dict[str, object] = {
        "floor_p50_ns": floor_ns,
        "floor_p99_ns": floor_p99_ns,
        "flops": or_nan(point.workload.flops, point.batch_size),
        "bytes": or_nan(point.workload.bytes, point.batch_size, point.dtype),
        "peak_memory_bytes": point.peak_bytes,
        "visits": point.visits,
    }
    if failure is not None:
        n_errors = max(1, len(served) - int(served.sum()))
        row |= {"n": int(measured.sum()), "n_errors": n_errors, "n_rejected": 0, "flags": []}
        return Measurement(row | {"status": failure.status, "reason": failure.reason}, samples)
    blocks, visits_of_blocks = point.log.measured_blocks()
    seen, flags = summarise(
        {name: values[measured] for name, values in samples.items()},
        blocks,
        batch_size=point.batch_size,
        concurrency=point.concurrency,
        floor_ns=floor_ns,
        required=point.required,
        visits=point.log.measured()[2],
        visits_of_blocks=visits_of_blocks,
    )
    n_errors = int(((samples["phase"] == "measure") & ~served).sum())
    row |= seen | _health(point, blocks, int(measured.sum())) | _steadiness(point) | {"n_errors": n_errors}
    row |= host_columns(point.log.stretches(), batch_size=point.batch_size)
    status, reason = _verdict(point, seen)
    if point.waited:
        reason = f"{reason}; the call returned {' and '.join(sorted(point.waited))}, waited for"
    if point.departures:
        reason = f"{reason}; not as the example: {', '.join(point.departures)}"
    if point.log.raised:
        reason = f"{reason}; {in_words(point.log.raised, calls=point.log.calls, counted_in_row=n_errors)}"
    if point.settled.first_try:
        reason = f"{reason}; {_first_try(point.settled)}"
    is_early = status == "converged" and point.measured_ns < _EARLY * point.budget.seconds * 1e9
    flags = [*flags, *point.flags, *_flags(point), *(["call_errors"] if n_errors else [])]
    flags += ["ended_early"] if is_early else []
    row |= {"status": status, "reason": reason, "flags": list(dict.fromkeys(flags))}
    return Measurement(row, samples, is_finished=point.is_finished)


def or_nan(cost: Callable[..., float | None], *arguments: object) -> float:
    """Return what a call costs; NaN where its workload does not say."""
    try:
        found = cost(*arguments)
    except Exception:  # a cost nobody can state is unknown; it must not cost the measurement
        return math.nan
    return math.nan if found is None else float(found)


def _health(point: Point, blocks: Sequence[Block], calls: int) -> dict[str, object]:
    found = health(point.readings)
    # Energy is counted over whole blocks, so over all of their calls.
    ran = sum(block.served for block in blocks) or calls
    return {
        "sm_clock_mhz": found.sm_clock_mhz,
        "power_w": found.power_w,
        "temperature_c": found.temperature_c,
        "energy_j_per_item": found.energy_j / (ran * point.batch_size) if ran else math.nan,
    }


def _steadiness(point: Point) -> dict[str, object]:
    settled = point.settled
    return {
        "drift_pct": 100.0 * settled.drift.spread if settled.drift else math.nan,
        "cold_over_hot": point.cold_over_hot,
        "time_scale_s": time_scale_s(point.measured_ns / 1e9),
        "n_start_up": sum(settled.cuts),
        "start_up_pct": 100.0 * settled.start_up if any(settled.cuts) else math.nan,
    }


def _verdict(point: Point, row: Mapping[str, object]) -> tuple[str, str]:
    """Return status and reason, the latter in the numbers of the row."""
    seconds = point.measured_ns / 1e9
    if not point.is_finished:
        seen = f"the sweep has come to it {counted(point.visits, 'time')} so far, for {seconds:.3g} s"
        return "partial", f"{seen}: go on with resume=True (--resume)"
    if point.settled.is_unstable:
        return "unstable", _how_unstable(point.settled, seconds)
    labelled = point.log.labelled()
    if sum(labelled.values()) >= _THROTTLED_SHARE:
        said = ", ".join(f"{name.replace('_', ' ')} in {100 * share:.0f} %" for name, share in labelled.items())
        return "throttled", f"the device held its clocks down: {said} of the calls"
    rarer = f"slow spells that come back less often than every {time_scale_s(seconds):.2g} s are not covered"
    missing = point.stop.missing({name: shown(row, name) for name in point.stop.tolerances})
    if not missing:
        return "converged", f"every requested percentile was known well enough after {seconds:.3g} s; {rarer}"
    spent = f"the {point.budget.name} budget was spent after {point.measured_calls} calls in {seconds:.3g} s"
    return "budget", f"{spent}: {'; '.join(missing)}; {rarer}"


def shown(row: Mapping[str, object], name: str) -> Quantile:
    """Return a percentile of the latency as a row shows it, in ms."""
    value, lo, hi, tau = (
        float(row[column])  # type: ignore[arg-type]
        for column in (*(f"latency_{name}_ms{end}" for end in ("", "_lo", "_hi")), f"tau_{name}")
    )
    return Quantile(PERCENTILES[name], value, lo, hi, n=int(row["n"]), tau=tau, flag="")  # type: ignore[call-overload]


def _first_try(settled: Settled) -> str:
    calls, times = counted(settled.first_try, "call"), f"{1.0 + settled.start_up:.3g} times as long"
    return f"a first try of {calls}, which took {times} at first and settled to what is shown, is left out as start-up"


def _how_unstable(settled: Settled, seconds: float) -> str:
    drift, shift = settled.drift, settled.shift
    if shift is not None:
        before, after = apart(100 * shift.before, 100 * shift.after)
        first = f"of the first {counted(shift.at, 'call')}{' of ' + settled.part if settled.part else ''}"
        return f"{first} {before} % took over {shift.limit / 1e6:.3g} ms, of those after them {after} %"
    assert drift is not None  # noqa: S101  # one of the two is why
    spread, threshold = apart(100 * drift.spread, 100 * drift.threshold)
    of = settled.part or f"{seconds:.3g} s"
    return f"medians of eight slices of {of} differ by {spread} %, over the {threshold} % of a steady series"


def _flags(point: Point) -> list[str]:
    flags = ["drift_unknown"] if point.settled.is_undecided else []
    flags += [label for label, share in point.log.labelled().items() if share >= _LABELLED_SHARE]
    if not point.is_on_host and not any(point.readings):
        flags.append("telemetry_unknown")
    threads = threads_per_call(point.workload.backend)
    oversubscribed = point.is_on_host and is_oversubscribed(
        concurrency=point.concurrency, threads=threads, available=usable_cores()
    )
    flags += ["oversubscribed"] if oversubscribed else []
    return flags + host_flags(point.log.stretches(), is_oversubscribed=oversubscribed)
