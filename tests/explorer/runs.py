"""Made-up Runs for the tests of the explorer: the shape of a real one, exact and small."""

from __future__ import annotations

import numpy as np

from tradeoff.frames import Run, make_points, make_samples


def grid_run(*, sizes: int = 4, samples: int = 200) -> Run:
    """A Run on a `sizes` × `sizes` grid of powers of two, whose throughput saturates and whose tail grows."""
    rng = np.random.default_rng(0)
    rows, columns = [], []
    for batch_size in 2 ** np.arange(sizes):
        for concurrency in 2 ** np.arange(sizes):
            p50 = 0.2 + 0.05 * batch_size * max(1.0, concurrency / 4)
            p99 = p50 * (1.2 + 0.1 * concurrency)
            rows.append(
                {
                    "workload": "softmax",
                    "backend": "numpy",
                    "device": "A processor",
                    "dtype": "float32",
                    "mode": "concurrent",
                    "load": "closed",
                    "batch_size": int(batch_size),
                    "concurrency": int(concurrency),
                    "regime": "sustained",
                    "n": 2000,
                    "throughput_rps": 1e3 * batch_size * concurrency / p50,
                    "throughput_rps_lo": 0.98e3 * batch_size * concurrency / p50,
                    "throughput_rps_hi": 1.02e3 * batch_size * concurrency / p50,
                    **{f"latency_{p}_ms": v for p, v in (("mean", p50 * 1.05), ("p50", p50), ("p90", p50 * 1.1))},
                    "latency_p95_ms": (p50 * 1.1 + p99) / 2,
                    "latency_p99_ms": p99,
                    "latency_p90_ms_lo": p50 * 1.09,
                    "latency_p90_ms_hi": p50 * 1.11,
                    "latency_p95_ms_lo": 0.99 * (p50 * 1.1 + p99) / 2,
                    "latency_p95_ms_hi": 1.01 * (p50 * 1.1 + p99) / 2,
                    "latency_p50_ms_lo": p50 * 0.99,
                    "latency_p50_ms_hi": p50 * 1.01,
                    "latency_p99_ms_lo": p99 * 0.95,
                    "latency_p99_ms_hi": p99 * 1.06,
                    "at_p50_model_ms": p50 * 0.9,
                    "at_p50_overhead_ms": p50 * 0.1,
                    "at_p99_model_ms": p99 * 0.6,
                    "at_p99_overhead_ms": p99 * 0.4,
                    "status": "converged",
                }
            )
            columns.append((p50 * rng.lognormal(0, 0.1, samples) * 1e6).astype(np.int64))
    points = make_points(rows)
    frame = make_samples(
        {
            "point_id": np.repeat(points["point_id"].to_numpy(dtype=object), samples),
            "phase": "measure",
            "status": "ok",
            "latency_ns": np.concatenate(columns),
        }
    )
    return Run(points, frame, {"recorded_at": "2026-01-01T00:00:00Z"})
