"""From what happened under the virtual clock to rows of ``samples``: whole nanoseconds that add up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.frames import make_samples
from tradeoff.serving.virtual.grid import Numbers, Point, Served
from tradeoff.serving.virtual.kernels import DISPATCH, DONE, FREE, HOST
from tradeoff.serving.virtual.summary import measured, rejected_inside


def samples_of(served: Served, point: Point, point_id: str, replicate: int = 0) -> pd.DataFrame:
    """Return a row for each request that was served or rejected, in the order in which they came.

    Stamps are rounded, and parts are differences of stamps, so that they add up to the latency.
    """
    first, end, before = measured(served, point)
    sizes = served.sizes
    batch = np.repeat(np.arange(len(sizes), dtype=np.int64), sizes)
    scheduled = _ns(served.arrivals)
    free, dispatched, done = (_ns(served.batches[:, at])[batch] for at in (FREE, DISPATCH, DONE))
    started = np.minimum(done, dispatched + _ns(served.batches[:, HOST])[batch])
    network = int(_ns(np.array([point.network_ms]))[0])
    inside = (np.arange(len(batch)) >= before) & (batch < end)
    phase = np.where(inside, "measure", np.where(batch < first, "warmup", "drain"))
    columns: dict[str, Any] = {
        "seq": served.numbers,
        "batch_id": batch,
        "phase": phase,
        "scheduled_ns": scheduled,
        "submitted_ns": scheduled,
        "dispatched_ns": dispatched,
        "device_start_ns": started,
        "device_end_ns": done,
        "done_ns": done + network,
        "pre_ns": started - dispatched,
        "batch_wait_ns": dispatched - np.maximum(scheduled, free),
        "queue_wait_ns": np.maximum(0, free - scheduled),
        "model_ns": done - started,
        "post_ns": np.zeros_like(done),
        "overhead_ns": np.full_like(done, network),
        "latency_ns": done + network - scheduled,
        "batch_size": sizes[batch],
        "in_flight": served.in_flight[batch],
        "status": "ok",
    }
    frame = make_samples({"point_id": point_id, "replicate": replicate, **columns})
    if len(served.rejected):
        came = _ns(served.rejected)
        n = int(inside.sum())
        counts = rejected_inside(served, before, n)
        early = served.rejected < served.arrivals[before] if before else np.zeros(len(came), dtype=np.bool_)
        rejected: dict[str, Any] = {
            "phase": np.where(counts, "measure", np.where(early, "warmup", "drain")),
            "scheduled_ns": came,
            "submitted_ns": came,
            "status": "rejected",
        }
        others = make_samples({"point_id": point_id, "replicate": replicate, **rejected})
        frame = pd.concat([frame, others], ignore_index=True)
    return frame.sort_values(["scheduled_ns", "seq"], kind="stable", ignore_index=True)


def _ns(times_ms: Numbers) -> NDArray[np.int64]:
    return np.rint(times_ms * 1e6).astype(np.int64)
