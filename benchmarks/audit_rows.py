"""Audit of 100 000 rows: seconds, when nothing is wrong with them, when some are wrong, and when every one is.

Run with ``python benchmarks/audit_rows.py``. Target: at most one second, whatever is found. Exit status 1 when missed.
"""

from __future__ import annotations

import sys
from time import perf_counter, process_time

import numpy as np
import pandas as pd

import tradeoff
from tradeoff.frames import POINT_COLUMNS, validate_points
from tradeoff.frames.tables import conform

ROWS = 100_000
LIMIT_S = 1.0


def frame_of(n: int, *, wrong: float, seed: int = 0) -> pd.DataFrame:
    """Rows of a closed loop with every column of the table; a share of them is wrong in several ways at once."""
    rng = np.random.default_rng(seed)
    clients = rng.integers(1, 65, n)
    p50 = rng.lognormal(2, 1, n)
    is_wrong = rng.random(n) < wrong
    mean = 1.1 * p50
    frame = pd.DataFrame({"point_id": [f"{number:012x}" for number in range(n)]})
    frame["workload"], frame["device"] = "mlp", np.where(is_wrong, None, "a GPU")
    frame["mode"], frame["load"], frame["latency_basis"] = "serving", "closed", "scheduled"
    frame["concurrency"], frame["batch_size"], frame["max_wait_ms"], frame["workers"] = clients, 8, 2.0, 1
    frame["n"] = np.where(is_wrong, rng.integers(20, 3000, n), 20_000)
    frame["n_errors"] = np.where(is_wrong, rng.integers(0, 500, n), 0)
    frame["throughput_rps"] = clients / mean * 1e3 * np.where(is_wrong, rng.uniform(0.2, 2, n), 1.0)
    frame["latency_mean_ms"] = np.where(is_wrong, rng.uniform(0.5, 3) * mean, mean)
    for name, factor in (("p50", 1.0), ("p90", 1.5), ("p95", 2.0), ("p99", 3.0), ("p999", 5.0)):
        frame[f"latency_{name}_ms"] = factor * p50
        if name != "p999":
            frame[f"latency_{name}_ms_lo"] = np.where(is_wrong, np.nan, 0.9 * factor * p50)
            frame[f"latency_{name}_ms_hi"] = np.where(is_wrong, np.nan, 1.2 * factor * p50)
    frame["flags"] = [["not_isolated", "gil_bound"] if bad else [] for bad in is_wrong]
    return conform(frame, POINT_COLUMNS)


def main() -> int:
    missed = False
    print(f"{'rows wrong':>10}  {'findings':>9}  {'seconds':>7}  {'of the processor':>16}  (at most {LIMIT_S:g})")
    for wrong in (0.0, 0.1, 1.0):
        points = frame_of(ROWS, wrong=wrong)
        validate_points(points)
        times, busy = [], []
        for _ in range(5):
            began, worked = perf_counter(), process_time()
            findings = tradeoff.audit(points)
            times.append(perf_counter() - began)
            busy.append(process_time() - worked)
        # The quickest: whatever else the machine does adds to the others.
        took = min(times)
        missed |= took > LIMIT_S
        print(f"{100 * wrong:>8.0f} %  {len(findings):>9,}  {took:>7.3f}  {min(busy):>16.3f}")
    print("target missed" if missed else "target met")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
