"""Columns of what the inner loops write."""

from __future__ import annotations

FREE, DISPATCH, DONE, HOST, MODEL = range(5)
"""Columns of the table of batches."""

P50, P90, P95, P99, P999 = 0.50, 0.90, 0.95, 0.99, 0.999

SEEN = (
    "n", "batches", "duration", "busy", "latency_mean", "model_mean", "pre_mean", "queue_wait_mean", "batch_wait_mean",
    "latency_p50", "latency_p90", "latency_p95", "latency_p99", "latency_p999",
    "model_p50", "model_p90", "model_p95", "model_p99", "model_p999",
    "queue_wait_p50", "queue_wait_p99", "batch_wait_p50", "batch_wait_p99",
    "at_p50_pre", "at_p50_model", "at_p50_queue_wait", "at_p50_batch_wait",
    "at_p99_pre", "at_p99_model", "at_p99_queue_wait", "at_p99_batch_wait", "rejected",
)  # fmt: skip
"""What is seen of a point, in order; times in ms."""

AROUND = 0.0025
"""Requests around a percentile: ranks to either side, as a share of all."""

ROUNDING = 1e-9
"""Relative difference of a latency and a window that are the same, but for the order of a sum."""

OPEN, CLOSED, EVENTS = range(3)
"""Which loop a point needs: see `open_path`, `closed_path`, `event_path`."""

MARKS = 10
"""Numbers in which a loop keeps how far it has come."""

BLOCKS = 64
"""Equal parts of the requests that count: how many of each are beyond p99 says how alike those are that follow each
other."""

FORMED, QUEUED, MODELLED, WHOLE = range(4)
"""Histograms of a summary: of how long batches formed, requests queued and batches took, and of latency."""
