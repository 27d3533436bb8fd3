"""Rows with which nothing is wrong, to be broken in one way at a time."""

import numpy as np
import pandas as pd

from tradeoff.audit import audit
from tradeoff.frames import make_points

CLOSED = {
    "workload": "mlp",
    "backend": "torch",
    "device": "a GPU",
    "dtype": "float32",
    "mode": "serving",
    "load": "closed",
    "batch_size": 8,
    "concurrency": 16,
    "max_wait_ms": 2.0,
    "workers": 1,
    "think_ms": 0.0,
    "regime": "sustained",
    "latency_basis": "scheduled",
    "source": "tradeoff.serve",
    "n": 20_000,
    "n_errors": 0,
    "n_rejected": 0,
    "duration_s": 20.0,
    "throughput_rps": 1000.0,
    "latency_mean_ms": 16.0,
    "latency_p50_ms": 15.0,
    "latency_p90_ms": 20.0,
    "latency_p95_ms": 22.0,
    "latency_p99_ms": 30.0,
    "status": "budget",
}
"""A closed loop: 1 000 requests/s of 16 ms are 16 in flight."""

OPEN = CLOSED | {"load": "poisson", "concurrency": None, "think_ms": None, "request_rate_rps": 1000.0}
"""An open loop that keeps up."""

DEVICE = {name: value for name, value in CLOSED.items() if name not in ("max_wait_ms", "workers", "think_ms")} | {
    "mode": "concurrent",
    "source": "tradeoff",
    "concurrency": 2,
    "latency_basis": "send",
    "calls_per_s": 125.0,
    "n": 2_500,
}
"""Two calls of 16 ms in flight, eight requests each."""


def findings(row=None, **changes) -> pd.DataFrame:
    """What the audit says of a row with some changes."""
    return audit(make_points([{**(CLOSED if row is None else row), **changes}]))


def of(found: pd.DataFrame, check: str) -> pd.DataFrame:
    return found[found["check"] == check].reset_index(drop=True)


def one(found: pd.DataFrame, check: str) -> pd.Series:
    """The only finding of a check."""
    mine = of(found, check)
    assert len(mine) == 1, found["sentence"].tolist()
    return mine.iloc[0]


def sampled(row, **columns):
    """A Run of one row with samples; `columns` as `make_samples` takes them."""
    from tradeoff.frames import Run, make_samples

    points = make_points([row])
    return Run(points, make_samples({"point_id": points["point_id"][0], "status": "ok", **columns}))


def ns(values_ms) -> np.ndarray:
    return (np.asarray(values_ms) * 1e6).astype("int64")
