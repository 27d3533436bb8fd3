"""Calls until the p99 of every point of the demo is known to 5 %: stopping when it is, against a fixed count.

Every point of `data/demo_cpu` is played again from its own recorded calls: blocks of 200 calls drawn with replacement,
so that calls that follow each other stay alike. The stop rule looks after pieces of 200 ms, as a measurement does. The
fixed count is the smallest that does for the worst point with the plain 95 % interval, so with nothing to spend on
looks: a count that knew the answer beforehand. Deterministic; one point takes twenty million calls to stop
at, and with them 1 GB of memory.

    python benchmarks/time_to_answer.py
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.stats.quantiles import percentiles
from tradeoff.timing.stopping import StopRule

DEMO = Path(__file__).resolve().parent.parent / "data" / "demo_cpu"
TOLERANCE = 0.05
BLOCK_CALLS = 200
PIECE_NS = 200_000_000
FIRST_CALLS, MOST_CALLS = 500_000, 64_000_000
FINER = 1.05
LEAST_RATIO = 2.0


@dataclass(frozen=True)
class Point:
    """A recorded point, and as many calls as one may ask for."""

    name: str
    concurrency: int
    recorded_ns: NDArray[np.int32]
    seed: int

    def calls(self, n: int) -> NDArray[np.int32]:
        """Return the first n calls of a series: the same ones however many are asked for."""
        size = min(BLOCK_CALLS, self.recorded_ns.shape[0])
        random = np.random.default_rng(self.seed)
        starts = random.integers(0, self.recorded_ns.shape[0] - size + 1, size=MOST_CALLS // size + 1)
        return self.recorded_ns[(starts[: n // size + 1, None] + np.arange(size)).ravel()[:n]]


def recorded_points() -> list[Point]:
    points = pd.read_parquet(DEMO / "points.parquet").sort_values(["batch_size", "concurrency"])
    found = []
    for row in points.itertuples():
        samples = pd.read_parquet(DEMO / "samples" / f"{row.point_id}.parquet", columns=["phase", "latency_ns"])
        latency = samples.loc[samples["phase"] == "measure", "latency_ns"].to_numpy(dtype=np.int32)
        name = f"batch {row.batch_size}, {row.concurrency} in flight"
        found.append(Point(name, int(row.concurrency), latency, seed=len(found)))
    return found


def calls_when_stopped(point: Point) -> int:
    """Play a measurement that stops when the rule says so."""
    rule = StopRule({"p99": TOLERANCE})
    drawn, n = FIRST_CALLS, 0
    while drawn <= MOST_CALLS:
        series = point.calls(drawn)
        ended_ns = np.cumsum(series, dtype=np.int64)
        ended_ns //= point.concurrency  # that many are under way at a time
        while n < drawn:
            begun_ns = int(ended_ns[n - 1]) if n else 0
            until = int(np.searchsorted(ended_ns, begun_ns + PIECE_NS)) + 1
            if until > drawn:
                break
            n = until
            if rule.is_due(n=n, measured_ns=int(ended_ns[n - 1])) and rule.look(series[:n]):
                return n
        drawn *= 2
    raise RuntimeError(f"{point.name}: not known after {MOST_CALLS} calls")


def calls_that_do(point: Point, *, most: int) -> int:
    """Find the smallest fixed count, to 5 %, from which on the plain interval stays narrow: a first one may be luck."""
    series, found = point.calls(most), most
    while percentiles(series[:found], {"p99": 0.99})["p99"].relative_half_width <= TOLERANCE and found > 1:
        found = int(found / FINER)
    return int(found * FINER)


def main() -> int:
    print(f"{'point':>24} {'stopped':>10} {'would do':>10}")
    stopped, enough = [], []
    for point in recorded_points():
        stopped.append(calls_when_stopped(point))
        enough.append(calls_that_do(point, most=stopped[-1]))
        print(f"{point.name:>24} {stopped[-1]:10d} {enough[-1]:10d}", flush=True)
    fixed = max(enough) * len(enough)
    ratio = fixed / sum(stopped)
    print(
        f"p99 to {TOLERANCE:.0%} at {len(stopped)} points: {sum(stopped)} calls when stopped, {fixed} by a fixed count"
    )
    print(f"{sum(enough)} by counts that knew what each point needs")
    print(f"{ratio:.1f} times fewer (at least {LEAST_RATIO:g})")
    print("targets met" if ratio >= LEAST_RATIO else "missed")
    return 0 if ratio >= LEAST_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
