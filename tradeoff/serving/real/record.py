"""From what a loop recorded to rows of ``samples`` and of ``points``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.digits import counted, three, whole
from tradeoff.frames import STAGES, make_samples
from tradeoff.frames.busy import percent
from tradeoff.serving.known import how_known
from tradeoff.serving.real.disturbances import labels_of
from tradeoff.serving.real.loop import Record, grows_without_end
from tradeoff.serving.systems import System
from tradeoff.serving.window import WHOLE_RUN, Window, ends_of, growing_window, in_phases, window_of
from tradeoff.stats.quantiles import TOO_FEW_SAMPLES, UPPER_UNBOUNDED
from tradeoff.timing.breakdown import breakdown
from tradeoff.timing.summary import statistics, time_columns, wait_columns

SOURCE = "tradeoff.serve"
_ENOUGH = 10
"""Full batches whose mean time says what a server can serve at most."""

_SEEN = 0.1
"""Share of the served requests that must have ended while others came, for that time to speak for the server."""

_IDLE = 0.5
"""Share of the time below which workers have little to do, whatever waits."""


def samples_of(record: Record, point_id: str, window: Window) -> pd.DataFrame:
    """Return a row for each request, in the order in which they came; parts add up to the latency."""
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
    frame["point_id"], frame["replicate"] = point_id, 0
    return in_phases(make_samples({name: frame[name].to_numpy() for name in frame.columns}), window)


def _not_begun(requests: list[tuple[int, int]], status: str) -> pd.DataFrame:
    """Return rows of requests that got into no batch."""
    frame = pd.DataFrame(requests, columns=["scheduled_ns", "seq"])
    return frame.assign(submitted_ns=frame["scheduled_ns"], status=status)


def window_and_growth(record: Record, system: System, until: int | None) -> tuple[Window, bool]:
    """Return the window of a run, and whether its queue grew without end.

    Parameters
    ----------
    record
        What happened.
    system
        What was served.
    until
        When requests ceased to come, in ns; None where they did with the last of them.
    """
    due, ended, served = _ends_of(record)
    if system.load is not None and not system.is_finite and len(due):
        growing = growing_window(due, until=until)
        backlog = int((ended > growing.end).sum()) + record.in_system
        busy = _busy_ns(record, growing) / (1e9 * growing.duration_s * system.policy.workers)
        if record.overwhelmed or (
            served.any() and grows_without_end(system.policy, waiting=backlog, came=len(due), busy=busy)
        ):
            inside = served & (ended >= growing.start) & (ended < growing.end)
            if inside.sum() >= _SEEN * served.sum():
                return growing, True
            # Nearly all were served after the last had come: only the whole run says how fast.
            return Window(0, round(float(np.nanmax(ended))), is_whole=True, by_end=True), True
    found = window_of(due, ended, served, until=until, clients=system.clients, is_finite=system.is_finite)
    return found, False


def _ends_of(record: Record) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return of each request when it was due, when it ended (NaN for those that did not), and if it was served."""
    rows = [
        *((time, batch.done, batch.error is None) for batch in record.batches for time, _ in batch.requests),
        *((time, time, False) for time, _ in record.rejected),
        *((time, math.nan, False) for time, _ in record.waiting),
        *((time, math.nan, False) for batch in record.abandoned for time, _ in batch.requests),
    ]
    table = np.array(rows, dtype=np.float64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2] > 0


def _busy_ns(record: Record, window: Window) -> float:
    began, done = (np.array([getattr(b, name) for b in record.batches], dtype=float) for name in ("dispatch", "done"))
    return window.shared(began, done)


def _worked_ns(record: Record, window: Window) -> float:
    """Return how long workers worked: that they wait for the loop to hand them a batch it has formed is no work."""
    began = np.array([b.started for b in record.batches], dtype=float)
    return window.shared(began, began + np.array([b.pre + b.model + b.post for b in record.batches], dtype=float))


def row_of(
    record: Record, samples: pd.DataFrame, system: System, window: Window, *, grows: bool, is_short: bool = False
) -> dict[str, Any]:
    """Return the columns of ``points`` that say what was seen in a window; see `window_and_growth`.

    `is_short` says whether the number of requests ended the run, and not the time in which they come.
    """
    measured = samples[samples["phase"] == "measure"]
    done, failed = (measured[measured["status"] == status] for status in ("ok", "error"))
    rejected = int((measured["status"] == "rejected").sum())
    duration_s = window.duration_s
    batches = [b for b in record.batches if window.start <= b.dispatch and (window.is_whole or b.dispatch < window.end)]
    row: dict[str, Any] = {
        "n": len(done),
        "n_errors": len(failed),
        "n_rejected": rejected,
        "n_in_system": record.in_system,
        "rejection_rate": rejected / len(measured) if len(measured) else math.nan,
        "duration_s": duration_s,
        **throughput_of(done, window),
        "calls_per_s": len(batches) / duration_s,
        "utilisation": _worked_ns(record, window) / (1e9 * duration_s * system.policy.workers),
        "batch_size_mean": float(np.mean([len(b.requests) for b in batches])) if batches else math.nan,
        "status": "budget",
        "flags": [WHOLE_RUN] if window.is_whole and not system.is_finite else [],
    }
    late = np.array([batch.handed - batch.dispatch for batch in batches], dtype=float) / 1e6
    if len(late):
        row |= {f"wakeup_{name}_ms": float(np.quantile(late, p)) for name, p in (("p50", 0.5), ("p99", 0.99))}
    if grows:
        row["status"] = "saturated"
        row["reason"] = (
            f"{_how_it_grew(record, samples, system, window, row['throughput_rps'])}, and no percentile has a value"
            f"{_whose_fault(row['utilisation'])}"
        )
        return row
    if not len(done):
        row["status"] = "failed"
        row["reason"] = _why_nobody(record, samples, measured, system)
        return row
    capacity = _capacity_rps(record, system)
    is_endless = system.load is not None and not system.is_finite
    if is_endless and rejected and system.request_rate_rps >= capacity:
        row["status"] = "saturated"
        row["reason"] = (
            f"requests come at {three(system.request_rate_rps)}/s, and full batches serve {three(capacity)}/s at most: "
            "the rest is rejected, and percentiles are "
            "those of requests that were served"
        )
    found = row | times_of(done, row)
    return found if row["status"] == "saturated" else found | {"reason": how_known(found, is_short=is_short)}


def _how_it_grew(record: Record, samples: pd.DataFrame, system: System, window: Window, served_rps: float) -> str:
    """Say how much faster requests came than they were served."""
    came, served = f"{three(system.request_rate_rps)}/s", f"{three(served_rps)}/s"
    if window.is_whole:
        took = float(samples["scheduled_ns"].max() - samples["scheduled_ns"].min())
        return (
            f"{counted(len(samples), 'request')} came within {three(took / 1e6)} ms ({came}), and serving them took "
            f"{three(window.duration_s)} s ({served}): the queue grew as long as they came"
        )
    waiting = int((samples["done_ns"] > window.end).sum()) + record.in_system
    return f"requests came at {came} and were served at {served}; {whole(waiting)} waited at the end: the queue grows"


def _whose_fault(utilisation: float) -> str:
    """Say that the loop could not hand out work as fast as requests came, where workers had little to do."""
    if utilisation >= _IDLE:
        return ""
    return (
        f". Its workers were busy for {percent(utilisation)} of the time only: the loop that forms batches could not "
        "take in requests so fast; this is its limit, not that of the workload"
    )


def _why_nobody(record: Record, samples: pd.DataFrame, measured: pd.DataFrame, system: System) -> str:
    """Say why no request was served."""
    errors = [batch.error for batch in record.batches if batch.error]
    if errors:
        return f"no request was served: {errors[0]}"
    if not len(measured):
        rate = f" at {three(system.request_rate_rps)} requests/s" if math.isfinite(system.request_rate_rps) else ""
        if len(samples):
            return f"no request{rate} had ended when the run did"
        return f"no request came in time{rate}: ask for more of them, or longer"
    rejected = int((measured["status"] == "rejected").sum())
    if rejected:
        return f"no request was served: {counted(rejected, 'request')} came, and found no place (queue_limit)"
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
    latency, mean = statistics(columns["latency_ns"])
    found: dict[str, Any] = {**time_columns("latency", latency, mean)}
    found |= time_columns("model", *statistics(columns["model_ns"]))
    for wait in ("queue_wait", "batch_wait"):
        found |= wait_columns(wait, columns[f"{wait}_ns"])
    found |= {f"tau_{name}": quantile.tau for name, quantile in latency.items()}
    found |= breakdown(columns, {name: found[f"latency_{name}_ms"] for name in ("mean", "p50", "p99")})
    flags = {latency[name].flag for name in ("p50", "p90", "p95", "p99")}
    found["flags"] = [*row["flags"], *(flag for flag in (TOO_FEW_SAMPLES, UPPER_UNBOUNDED) if flag in flags)]
    found["flags"] += ["heavy_tail"] * mean.rests_on_few
    return found


def throughput_of(done: pd.DataFrame, window: Window) -> dict[str, float]:
    """Return the throughput of requests of a window that were served, with its interval."""
    due, ended, _ = ends_of(done)
    found = window.rate(due, ended)
    ends = {"throughput_rps_lo": found.lo, "throughput_rps_hi": found.hi}
    return {"throughput_rps": len(done) / window.duration_s, **ends}
