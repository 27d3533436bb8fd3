"""Time until a point is known: stopping when it is, against a fixed count and against looking at widths alone.

Calls until the p99 of every point of the demo is known to 5 %, against a fixed count:

Every point of `data/demo_cpu` is played again from its own recorded calls: blocks of 200 calls drawn with replacement,
so that calls that follow each other stay alike. The stop rule looks after pieces of 200 ms, as a measurement does. The
fixed count is the smallest that does for the worst point with the plain 95 % interval, so with nothing to spend on
looks: a count that knew the answer beforehand. Deterministic; one point takes twenty million calls to stop
at, and with them 1 GB of memory.

Measured time until steady systems have converged, against the rule that stops at narrow intervals whatever the parts
of the run say (alpha / (j (j + 1)) at look j, from 250 ms on, single lags only), which quiet windows deceive: asking
whether the parts agree may cost half as much again.

    python benchmarks/time_to_answer.py
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from silent_misses import Played, Plays, System, lognormal

from tradeoff.stats.dependence import tau
from tradeoff.stats.quantiles import percentiles, quantile_with_interval
from tradeoff.timing import BUDGETS, measure
from tradeoff.timing.stopping import FIRST_LOOK, GROWTH, RECURRENCES, StopRule

DEMO = Path(__file__).resolve().parent.parent / "data" / "demo_cpu"
TOLERANCE = 0.05
BLOCK_CALLS = 200
PIECE_NS = 200_000_000
WARM_UP_NS = 250_000_000
FIRST_CALLS, MOST_CALLS = 500_000, 64_000_000
FINER = 1.05
LEAST_RATIO = 2.0
STEADY = (lognormal(0.02), lognormal(0.1), lognormal(0.3))
STEADY_RUNS, MOST_TIMES = 40, 1.5


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


def narrow_after_s(system: System, seed: int) -> float:
    """Play the rule that looks at widths alone, after blocks of 200 ms."""
    calls = Plays(system, (seed, 0))
    calls.run([lambda: True], max_calls=None, duration_ns=WARM_UP_NS)
    taken, looks, due, spent_ns = [], 0, float(FIRST_LOOK), 0
    budget = BUDGETS["standard"]
    while spent_ns < budget.seconds * 1e9:
        block = calls.run([lambda: True], max_calls=None, duration_ns=PIECE_NS)
        taken.append(block.done_ns - block.submitted_ns)
        spent_ns += block.elapsed_ns
        series = np.concatenate(taken)
        if len(series) < due or spent_ns < WARM_UP_NS:
            continue
        looks += 1
        due = max(due, len(series)) * GROWTH
        alpha = 0.05 / (looks * (looks + 1))
        ordered = np.sort(series)
        widths = {}
        for name in budget.tolerances:
            p = float(name[1:]) / 100
            memory = tau(series[:1023], float(ordered[int(len(series) * p)]))
            widths[name] = quantile_with_interval(series, p, tau=memory, alpha=alpha).relative_half_width
        if all(widths[name] <= width for name, width in budget.tolerances.items()):
            break
    return spent_ns / 1e9


def steady_systems() -> float:
    """Print how long steady systems take to converge; return the largest ratio of medians."""
    print(f"{'steady system':>24} {'converged':>10} {'widths':>10}")
    ratios = []
    for system in STEADY:
        runs = [
            measure(Played(), batch_size=1, budget="standard", runner=Plays(system, (n, 0))) for n in range(STEADY_RUNS)
        ]
        here = float(np.median([float(run.point["time_scale_s"]) * RECURRENCES for run in runs]))
        alone = float(np.median([narrow_after_s(system, seed) for seed in range(STEADY_RUNS)]))
        ratios.append(here / alone)
        print(f"{system.name:>24} {here:9.2f}s {alone:9.2f}s", flush=True)
    print(f"{max(ratios):.2f} times as long at most (at most {MOST_TIMES:g})")
    return max(ratios)


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
    reached = round(steady_systems(), 2) <= MOST_TIMES and ratio >= LEAST_RATIO
    print("targets met" if reached else "missed")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
