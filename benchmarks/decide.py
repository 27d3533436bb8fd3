"""An objective answered on 10 000 points: milliseconds, for questions that have an answer and for one that has none.

Run with ``python benchmarks/decide.py``. Target: at most 50 ms each, text parsed anew.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd

import tradeoff
from tradeoff.frames import make_points

N, WANTED_MS, ROUNDS = 10_000, 50.0, 15

QUESTIONS = (
    "maximize throughput subject to p99 <= 20 ms",
    "maximize throughput subject to p99 <= 20 ms and p50 <= 2 ms and energy_j_per_item <= 0.5 at concurrency 32",
    "minimize p99 subject to throughput >= 500/s",
    "maximize throughput subject to p99 <= 0.001 ms",
)


def points(seed: int = 0) -> pd.DataFrame:
    """Make a grid of 100 batch sizes and 100 concurrencies with intervals on everything that is asked for."""
    rng = np.random.default_rng(seed)
    place = {"workload": "mlp", "backend": "torch", "device": "a GPU", "dtype": "float16", "mode": "concurrent"}
    place |= {"load": "closed", "regime": "sustained", "cache": "hot", "status": "converged", "n": 2000}
    numbers = {
        "throughput_rps": rng.lognormal(6, 1, N),
        "latency_p50_ms": rng.lognormal(1, 1, N),
        "latency_p99_ms": rng.lognormal(2, 1, N),
        "energy_j_per_item": rng.random(N),
    }
    columns = {f"{name}{end}": factor * values for name, values in numbers.items()
               for end, factor in (("", 1.0), ("_lo", 0.97), ("_hi", 1.04))}  # fmt: skip
    rows = pd.DataFrame({"batch_size": 1 + np.arange(N) % 100, "concurrency": 1 + np.arange(N) // 100, **columns})
    return make_points(place | row for row in rows.to_dict("records"))


def main() -> int:
    frame = points()
    reached = []
    for question in QUESTIONS:
        times = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            decision = tradeoff.decide(frame, question)
            times.append(1e3 * (time.perf_counter() - start))
        took = float(np.median(times))
        reached.append(took <= WANTED_MS)
        print(f"{took:6.1f} ms  wanted {WANTED_MS:g} ms  {decision.verdict:10}  {question}")
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
