"""Runs to draw: a full grid with a failure, an out-of-memory point, and percentiles without an upper end."""

import numpy as np
import pandas as pd

from tradeoff.frames import Run, make_points, make_samples

HOSTILE = "</script><img src=x onerror=alert(1)> $x^2$ %{x} <b>"


def identity(*, workload="softmax", batch_size=1, concurrency=1, **more):
    return {
        "workload": workload,
        "backend": "numpy",
        "device": "a CPU",
        "dtype": "float32",
        "mode": "concurrent",
        "load": "closed",
        "regime": "sustained",
        "source": "tradeoff",
        "batch_size": batch_size,
        "concurrency": concurrency,
        **more,
    }


def row(place, *, p99=None, throughput=None, n=1000, **more):
    """A point: p50 is half of p99, the stages at a percentile add up to it."""
    p99 = (0.5 + 0.1 * place["batch_size"]) * place["concurrency"] ** 0.8 if p99 is None else p99
    throughput = 1000 * place["batch_size"] / p99 if throughput is None else throughput
    values = {**place, "n": n, "status": "converged", "throughput_rps": throughput, "latency_mean_ms": 0.6 * p99}
    values |= {"throughput_rps_lo": 0.97 * throughput, "throughput_rps_hi": 1.03 * throughput}
    for name, share in (("p50", 0.5), ("p95", 0.9), ("p99", 1.0)):
        values[f"latency_{name}_ms"] = share * p99
        values[f"latency_{name}_ms_lo"] = 0.95 * share * p99
        values[f"latency_{name}_ms_hi"] = 1.1 * share * p99
    for side, total in (("mean", 0.6 * p99), ("p50", 0.5 * p99), ("p99", p99)):
        shares = {"queue_wait": 0.3, "model": 0.6, "overhead": 0.1}
        for stage in ("pre", "batch_wait", "queue_wait", "model", "post", "overhead"):
            values[f"at_{side}_{stage}_ms"] = shares.get(stage, 0.0) * total
    return values | more


def grid(*, workloads=("softmax",), sizes=(1, 2, 4, 8), concurrencies=(1, 2), **more):
    return [
        row(identity(workload=name, batch_size=b, concurrency=k, **more))
        for name in workloads
        for b in sizes
        for k in concurrencies
    ]


def run(rows=None, *, samples=True, seed=0):
    """A Run of rows, each with 1 000 log-normal latencies that some errors and a warm-up go with."""
    points = make_points(grid() if rows is None else rows)
    if not samples or not len(points):
        return Run(points)
    rng = np.random.default_rng(seed)
    parts = []
    for one in points.itertuples():
        latency = (1e6 * rng.lognormal(0, 0.4, 1000)).astype("int64")
        phase = np.where(np.arange(1000) < 20, "warmup", "measure")
        status = np.where(np.arange(1000) % 100 == 99, "error", "ok")
        parts.append(make_samples({"point_id": one.point_id, "latency_ns": latency, "phase": phase, "status": status}))
    return Run(points, pd.concat(parts, ignore_index=True))


def failed(place, status="oom", reason="tried to allocate 2 GiB"):
    return {**place, "status": status, "reason": reason}


def texts(figure):
    """Everything a figure shows as text."""

    def walk(part):
        if isinstance(part, dict):
            for key, value in part.items():
                if key in ("text", "hovertext", "name", "ticktext", "title"):
                    yield from leaves(value)
                yield from walk(value)
        elif isinstance(part, list | tuple):
            for value in part:
                yield from walk(value)

    def leaves(value):
        if isinstance(value, str):
            yield value
        elif isinstance(value, list | tuple | np.ndarray):
            for item in value:
                yield from leaves(item)

    return list(walk(figure.to_plotly_json()))
