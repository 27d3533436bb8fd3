"""Runs to claim from: complete, incomplete, and with everything in them that must not be published."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tradeoff.frames import Run, make_points, make_samples

HOSTILE = (
    '"--></script><script>window.hacked=1</script><img src=x onerror="window.hacked=1">'
    " | `x` ](javascript:y) $x$ *b* @team"
)
OBJECTIVE = "maximize throughput subject to p99 <= 2 ms"
SECRETS = ("ada.lovelace", "gpu-box-17", "/srv/secret", "secret-folder", "10.1.2.3", "lovelace@example.org")

ENVIRONMENT = {
    "recorded_at": "2026-11-20T10:00:00Z",
    "machine": {"system": "Linux", "cpu": "A processor", "usable_threads": 4, "memory_bytes": 2**34},
    "gpus": None,
    "python": {"implementation": "CPython", "version": "3.12.1"},
    "packages": {"tradeoff": "0.1.0", "numpy": "2.4.6"},
}


def row(batch_size=1, concurrency=1, **more):
    """A point whose throughput and tail grow with both; complete unless told otherwise."""
    p99 = 0.2 + 0.1 * batch_size * concurrency
    throughput = 1000.0 * batch_size * concurrency**0.5
    values = {
        "workload": "softmax", "backend": "numpy", "device": "A processor", "dtype": "float32", "mode": "concurrent",
        "load": "closed", "batch_size": batch_size, "concurrency": concurrency, "cache": "hot", "regime": "sustained",
        "source": "tradeoff", "latency_basis": "send", "model_clock": "host", "n": 5000,
        "duration_s": 5.0 / concurrency**0.5,
        "throughput_rps": throughput, "throughput_rps_lo": 0.97 * throughput, "throughput_rps_hi": 1.03 * throughput,
        "status": "converged",
    }  # fmt: skip
    for name, share in (("p50", 0.5), ("p99", 1.0)):
        values[f"latency_{name}_ms"] = share * p99
        values[f"latency_{name}_ms_lo"], values[f"latency_{name}_ms_hi"] = 0.95 * share * p99, 1.05 * share * p99
    return values | more


def grid(**more):
    return [row(b, k, **more) for b in (1, 2, 4, 8) for k in (1, 2, 4)]


def run(rows=None, *, environment=ENVIRONMENT, samples=True):
    points = make_points(grid() if rows is None else rows)
    if not samples or not len(points):
        return Run(points, environment=environment)
    rng = np.random.default_rng(0)
    parts = [
        make_samples({
            "point_id": one.point_id, "phase": "measure", "status": "ok",
            "latency_ns": (1e6 * rng.lognormal(0, 0.3, 200)).astype("int64"),
        })
        for one in points.itertuples()
    ]  # fmt: skip
    return Run(points, pd.concat(parts, ignore_index=True), environment)


def hostile_run():
    """Names that act in HTML, Markdown, SVG and CSV, and a point that failed for a reason that names a folder."""
    failed = row(
        16, 1, workload=HOSTILE, throughput_rps=None, latency_p99_ms=None, status="failed", reason="/srv/secret/x"
    )
    return run([*grid(workload=HOSTILE, device="=HYPERLINK(1)", flags=["+cmd"], load_detail="-2+3"), failed])


def private_run():
    """A Run that names a person, a host and folders wherever it can."""
    environment = ENVIRONMENT | {
        "host": "gpu-box-17", "user": "ada.lovelace", "cwd": "/srv/secret/x", "command": "python /srv/secret/run.py",
        "sweeps": [{"workload": "/srv/secret/my_model.py"}], "contact": "lovelace@example.org",
        "packages": {"tradeoff": "0.1.0", "numpy": "2.4.6", "own": "/srv/secret/own"},
    }  # fmt: skip
    rows = grid(
        workload="/srv/secret/secret-folder/llama-7b",
        load_detail="to http://gpu-box-17:8000/v1 by lovelace@example.org",
        reason="raised OSError: /srv/secret/x", extra='{"host": "gpu-box-17", "user": "ada.lovelace"}',
        device="A processor at 10.1.2.3:8000",
    )  # fmt: skip
    return run(rows, environment=environment)
