"""Made-up Runs to compare: a grid, and what a change makes of it."""

from __future__ import annotations

import pandas as pd

from tradeoff.frames import make_points

METRICS = ("throughput_rps", "latency_p50_ms", "latency_p99_ms")
LIMIT = "maximize throughput subject to p99 <= 10 ms"


def grid(
    *, throughput=1.0, p99=1.0, width=0.04, sizes=(1, 2, 4, 8, 16), concurrencies=(1, 2, 4), **place
) -> pd.DataFrame:
    """Points whose p99 runs from 2 to 22 ms; `throughput` and `p99` scale them, `width` is that of the intervals."""
    identity = {"workload": "mlp", "device": "a GPU", "mode": "concurrent", "load": "closed", "regime": "sustained"}
    rows = []
    for size in sizes:
        for concurrency in concurrencies:
            values = {
                "throughput_rps": throughput * 1000 * size**0.8 * concurrency**0.5,
                "latency_p50_ms": 0.5 * p99 * (1 + 0.3 * size) * concurrency**0.5,
                "latency_p99_ms": p99 * (1 + 0.6 * size) * concurrency**0.5,
            }
            row = {**identity, "batch_size": size, "concurrency": concurrency, **place}
            row |= {"status": "converged", "n": 4000}
            for name, value in values.items():
                row[name] = value
                if width is not None:
                    row |= {f"{name}_lo": (1 - width) * value, f"{name}_hi": (1 + width) * value}
            rows.append(row)
    return make_points(rows)


def scaled(points: pd.DataFrame, **factors: float) -> pd.DataFrame:
    """Points with columns, and their ends, that are so many times as high."""
    columns = {
        name + end: factor * points[name + end]
        for name, factor in factors.items()
        for end in ("", "_lo", "_hi")
        if name + end in points
    }
    return points.assign(**columns)


def slower(points: pd.DataFrame, factor: float) -> pd.DataFrame:
    """Points where everything takes so many times as long."""
    return scaled(points, throughput_rps=1 / factor, latency_p50_ms=factor, latency_p99_ms=factor)


def failed(points: pd.DataFrame, rows: list[int], status="oom", reason="tried to allocate 2 GiB") -> pd.DataFrame:
    """Points of which some failed; their numbers stay, for nobody may read them."""
    told = points.copy()
    told.loc[told.index[rows], "status"] = status
    told.loc[told.index[rows], "reason"] = reason
    return told
