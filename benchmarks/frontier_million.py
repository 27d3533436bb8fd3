"""Frontier of a million points: seconds, without and with intervals, on two axes and (fewer points) on three.

Run with ``python benchmarks/frontier_million.py``. Target: a million points in at most one second.
Exit status 1 when missed.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd

import tradeoff

LIMIT_S = 1.0


def frame_of(n: int, *, intervals: bool, seed: int = 0) -> pd.DataFrame:
    """Random points along a noisy trade-off: many on or near the frontier."""
    rng = np.random.default_rng(seed)
    latency = np.exp(rng.normal(0, 1, n))
    throughput = 1000 * latency**0.5 * np.exp(rng.normal(0, 0.2, n))
    frame = pd.DataFrame({"latency_p99_ms": latency, "throughput_rps": throughput})
    frame["energy_j_per_item"] = rng.random(n)
    if intervals:
        for axis in ("latency_p99_ms", "throughput_rps"):
            frame[axis + "_lo"] = frame[axis] * 0.98
            frame[axis + "_hi"] = frame[axis] * 1.03
    return frame


def seconds(frame: pd.DataFrame, **options: object) -> tuple[float, pd.Series]:
    """Median of five runs."""
    times = []
    for _ in range(5):
        start = time.perf_counter()
        labels = tradeoff.frontier(frame, **options)
        times.append(time.perf_counter() - start)
    return float(np.median(times)), labels


def main() -> int:
    slowest = 0.0
    for n, intervals, more in (
        (1_000_000, False, ()),
        (1_000_000, True, ()),
        (100_000, False, ("energy_j_per_item",)),
    ):
        took, labels = seconds(frame_of(n, intervals=intervals), more=more)
        slowest = max(slowest, took)
        counts = labels.value_counts().to_dict()
        print(
            f"{n:>9,} points, {2 + len(more)} axes, intervals {'yes' if intervals else 'no ':3}: {took:.3f} s  {counts}"
        )
    print(f"target {'met' if slowest <= LIMIT_S else 'missed'}: at most {LIMIT_S:g} s")
    return int(slowest > LIMIT_S)


if __name__ == "__main__":
    sys.exit(main())
