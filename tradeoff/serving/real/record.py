"""From what a loop recorded to rows of ``samples`` and of ``points``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.digits import three, whole
from tradeoff.frames import PERCENTILES, STAGES, make_samples
from tradeoff.serving.real.disturbances import labels_of
from tradeoff.serving.real.loop import BatchRecord, Record, grows_without_end
from tradeoff.serving.systems import System
from tradeoff.stats.quantiles import TOO_FEW_SAMPLES, UPPER_UNBOUNDED, Quantile, percentiles
from tradeoff.timing.breakdown import breakdown

SOURCE = "tradeoff.serve"
_WARM_UP = 0.1
"""Share of the time of which the requests are not counted."""

_ENOUGH = 10
"""Full batches whose mean time says what a server can serve at most."""

_IDLE = 0.5
"""Share of the time below which workers have little to do, whatever waits."""


def window_of(system: System, until: int, arrivals: list[int], *, is_short: bool) -> tuple[int, int]:
    """Return from when to when requests count, in ns: all of a finite load, else not the first tenth.

    `is_short` says that requests may have ended before `until`.
    """
    if system.is_finite or is_short:
        until = max(arrivals, default=0) + 1
    return 0 if system.is_finite else round(_WARM_UP * until), until


def samples_of(record: Record, point_id: str, start: int, until: int) -> pd.DataFrame:
    """Return a row for each request, in the order in which they came; parts add up to the latency.

    Requests that came before `start`, in ns, are ``warmup``; those after `until` ``drain``.
    """
    rows: list[tuple[Any, ...]] = []
    labels = labels_of(
        (batch.dispatch for batch in record.batches), (batch.done for batch in record.batches), record.pauses,
        (batch.preempted for batch in record.batches),
    )  # fmt: skip
    for batch, label in zip(record.batches, labels, strict=True):
        for time, number in batch.requests:
            queue_wait, batch_wait = max(0, batch.free - time), batch.dispatch - max(time, batch.free)
            parts = queue_wait + batch_wait + batch.pre + batch.model + batch.post
            rows.append(
                (
                    number, batch.number, time, batch.handed, batch.dispatch, batch.started + batch.pre,
                    batch.started + batch.pre + batch.model, batch.done, batch.pre, batch_wait, queue_wait,
                    batch.model, batch.post, batch.done - time - parts, batch.done - time, len(batch.requests),
                    batch.in_flight, "ok" if batch.error is None else "error", label,
                )
            )  # fmt: skip
    names = (
        "seq", "batch_id", "scheduled_ns", "submitted_ns", "dispatched_ns", "device_start_ns", "device_end_ns",
        "done_ns", "pre_ns", "batch_wait_ns", "queue_wait_ns", "model_ns", "post_ns", "overhead_ns", "latency_ns",
        "batch_size", "in_flight", "status", "label",
    )  # fmt: skip
    abandoned = [
        (number, batch.number, time, batch.handed, batch.dispatch, len(batch.requests), batch.in_flight)
        for batch in record.abandoned
        for time, number in batch.requests
    ]
    begun = ["seq", "batch_id", "scheduled_ns", "submitted_ns", "dispatched_ns", "batch_size", "in_flight"]
    frames = [
        pd.DataFrame(rows, columns=list(names)),
        pd.DataFrame(abandoned, columns=begun).assign(status="unfinished"),
        *(_not_begun(requests, status) for status, requests in
          (("rejected", record.rejected), ("unfinished", record.waiting))),
    ]  # fmt: skip
    there = [one for one in frames if len(one)]
    frame = pd.concat(there, ignore_index=True) if there else frames[0]
    frame = frame.sort_values(["scheduled_ns", "seq"], kind="stable", ignore_index=True)
    came = frame["scheduled_ns"].to_numpy(dtype=float)
    frame["phase"] = np.where(came < start, "warmup", np.where(came > until, "drain", "measure"))
    frame["point_id"], frame["replicate"] = point_id, 0
    return make_samples({name: frame[name].to_numpy() for name in frame.columns})


def _not_begun(requests: list[tuple[int, int]], status: str) -> pd.DataFrame:
    """Return rows of requests that got into no batch."""
    frame = pd.DataFrame(requests, columns=["scheduled_ns", "seq"])
    return frame.assign(submitted_ns=frame["scheduled_ns"], status=status)


def row_of(record: Record, samples: pd.DataFrame, system: System, start: int, until: int) -> dict[str, Any]:
    """Return the columns of ``points`` that say what was seen."""
    measured = samples[samples["phase"] == "measure"]
    done, failed = (measured[measured["status"] == status] for status in ("ok", "error"))
    rejected = int((measured["status"] == "rejected").sum())
    end = until
    if system.is_finite and len(done):
        end = max(end, int(done["done_ns"].max()))
    finished = samples[samples["status"] == "ok"]
    ended = finished[(finished["done_ns"] > start) & (finished["done_ns"] <= end)]
    duration_s = (end - start) / 1e9
    batches = [batch for batch in record.batches if start <= batch.dispatch <= end]
    row: dict[str, Any] = {
        "n": len(done),
        "n_errors": len(failed),
        "n_rejected": rejected,
        "n_in_system": record.in_system,
        "rejection_rate": rejected / len(measured) if len(measured) else math.nan,
        "duration_s": duration_s,
        "throughput_rps": len(ended) / duration_s,
        "calls_per_s": len(batches) / duration_s,
        "utilisation": sum(min(b.done, end) - b.dispatch for b in batches) / ((end - start) * system.policy.workers),
        "batch_size_mean": float(np.mean([len(b.requests) for b in batches])) if batches else math.nan,
        "status": "budget",
        "flags": [],
    }
    late = np.array([batch.handed - batch.dispatch for batch in record.batches], dtype=float) / 1e6
    if len(late):
        row |= {f"wakeup_{name}_ms": float(np.quantile(late, p)) for name, p in (("p50", 0.5), ("p99", 0.99))}
    is_endless = system.load is not None and not system.is_finite
    backlog = int((samples["done_ns"] > until).sum()) + record.in_system
    came = f"{three(system.request_rate_rps)} requests/s came"
    if record.overwhelmed or (
        is_endless
        and len(done)
        and grows_without_end(system.policy, waiting=backlog, came=len(samples), busy=row["utilisation"])
    ):
        row["status"] = "saturated"
        row["reason"] = (
            f"{came}, {three(row['throughput_rps'])} were served, and {whole(backlog)} waited at the end: the queue "
            f"grows, and no percentile has a value{_whose_fault(batches, system, end - start)}"
        )
        return row
    if not len(done):
        row["status"] = "failed"
        row["reason"] = _why_nobody(record, samples, measured, system)
        return row
    capacity = _capacity_rps(record, system)
    if is_endless and rejected and system.request_rate_rps >= capacity:
        row["status"] = "saturated"
        row["reason"] = (
            f"{came}, and full batches serve {three(capacity)} at most: the rest is rejected, and percentiles are "
            "those of requests that were served"
        )
    return row | times_of(done, row)


def _whose_fault(batches: list[BatchRecord], system: System, window_ns: int) -> str:
    """Say that the loop could not hand out work as fast as requests came, where workers had little to do."""
    worked = sum(b.pre + b.model + b.post for b in batches) / (window_ns * system.policy.workers)
    if worked >= _IDLE:
        return ""
    return (
        f". Its workers worked {100 * worked:.0f} % of the time: the loop itself could not take in so many, and this "
        "is not what the workload can bear"
    )


def _why_nobody(record: Record, samples: pd.DataFrame, measured: pd.DataFrame, system: System) -> str:
    """Say why no request was served."""
    errors = [batch.error for batch in record.batches if batch.error]
    if errors:
        return f"no request was served: {errors[0]}"
    if not len(measured):
        rate = f" at {three(system.request_rate_rps)} requests/s" if math.isfinite(system.request_rate_rps) else ""
        when = "after warm-up" if len(samples) else "in time"
        return f"no request came {when}{rate}: ask for more of them, or longer"
    return "no request was served"


def _capacity_rps(record: Record, system: System) -> float:
    """Return what all workers serve in full batches, one after the other; infinite where few batches were full."""
    size = system.policy.max_batch_size
    taken = [batch.done - batch.dispatch for batch in record.batches if len(batch.requests) == size]
    if len(taken) < _ENOUGH:
        return math.inf
    return 1e9 * system.policy.workers * size / float(np.mean(taken))


def times_of(done: pd.DataFrame, row: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of times of requests that were served, and the flags of `row` with theirs."""
    columns = {f"{name}_ns": done[f"{name}_ns"].to_numpy(dtype=np.int64) for name in (*STAGES, "latency")}
    latency = percentiles(columns["latency_ns"], PERCENTILES)
    found: dict[str, Any] = {**_statistics("latency", columns["latency_ns"], latency)}
    found |= _statistics("model", columns["model_ns"], percentiles(columns["model_ns"], PERCENTILES))
    for wait in ("queue_wait", "batch_wait"):
        values = percentiles(columns[f"{wait}_ns"], {name: PERCENTILES[name] for name in ("p50", "p99")})
        found |= {f"{wait}_{name}_ms": quantile.value / 1e6 for name, quantile in values.items()}
        found[f"{wait}_mean_ms"] = float(columns[f"{wait}_ns"].mean()) / 1e6
    found |= {f"tau_{name}": quantile.tau for name, quantile in latency.items()}
    found |= breakdown(columns, {name: found[f"latency_{name}_ms"] for name in ("mean", "p50", "p99")})
    flags = {latency[name].flag for name in ("p50", "p90", "p95", "p99")}
    found["flags"] = [*row["flags"], *(flag for flag in (TOO_FEW_SAMPLES, UPPER_UNBOUNDED) if flag in flags)]
    return found


def _statistics(stem: str, values: NDArray[np.int64], found: dict[str, Quantile]) -> dict[str, float]:
    row = {f"{stem}_mean_ms": float(values.mean()) / 1e6}
    for name, quantile in found.items():
        for suffix, value in (("", quantile.value), ("_lo", quantile.lo), ("_hi", quantile.hi)):
            row[f"{stem}_{name}_ms{suffix}"] = value / 1e6
    return row
