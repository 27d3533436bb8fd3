"""What a sweep on the processor costs beyond the call itself, against a bare loop and against timeit.

Prints, for calls of several lengths, the time per call in a sweep (of its row's throughput: whatever happens between
two calls is in it) minus that of a bare loop over the same call, the median over rounds in which the two take turns.
Also: what all percentiles with intervals cost for 100 000 samples, which a sweep works out for each point;
that is timed as an inner step, for in a whole sweep it cannot be told from measuring.

    python benchmarks/harness_cost.py
"""

from __future__ import annotations

import statistics
import sys
import timeit
from collections.abc import Callable
from itertools import repeat
from time import perf_counter, perf_counter_ns

import numpy as np

import tradeoff
from tradeoff.frames.columns import PERCENTILES
from tradeoff.stats.quantiles import percentiles
from tradeoff.timing.host import collection_held_off

ROUNDS = 7
LIMIT_US = 0.5
PERCENTILES_LIMIT_MS = 20.0


def nothing() -> object:
    return True


def spin(microseconds: float) -> Callable[[], object]:
    """Make a call that takes about `microseconds`, by arithmetic of a fixed amount."""
    data = np.ones(64)
    root = np.sqrt
    once = min(timeit.repeat("root(data, out=data)", number=2000, repeat=9, globals=locals())) / 2000 * 1e6
    times = max(1, round(microseconds / once))

    def call() -> object:
        for _ in repeat(None, times):
            root(data, out=data)
        return data

    return call


def bare_loop(call: Callable[[], object], count: int) -> float:
    with collection_held_off():
        start = perf_counter_ns()
        for _ in repeat(None, count):
            call()
        return (perf_counter_ns() - start) / count / 1e3


def in_sweep(call: Callable[[], object]) -> float:
    run = tradeoff.sweep(lambda _batch: call, batch_size=1, device="cpu", isolate=False, progress=False)
    row = run.points.iloc[0]
    return 1e6 / float(row["throughput_rps"])


def main() -> int:
    worst = 0.0
    print(f"{'call':>12} {'bare loop':>12} {'timeit':>12} {'sweep':>12} {'beyond the call':>16} {'ratio':>8}")
    for name, call, count in (
        ("empty", nothing, 100_000),
        ("1 us", spin(1), 50_000),
        ("20 us", spin(20), 2_500),
        ("100 us", spin(100), 500),
    ):
        bare, own, standard = [], [], []
        for _ in range(ROUNDS):  # in turns: what else the machine does then touches all three alike
            bare.append(bare_loop(call, count))
            own.append(in_sweep(call))
            standard.append(timeit.timeit(call, number=count) / count * 1e6)
        beyond = statistics.median(mine - theirs for mine, theirs in zip(own, bare, strict=True))
        # A long call's own noise exceeds what is looked for: the short ones decide.
        worst = max(worst, beyond) if name in ("empty", "1 us") else worst
        middle = [statistics.median(series) for series in (bare, standard, own)]
        print(f"{name:>12} {middle[0]:9.3f} us {middle[1]:9.3f} us {middle[2]:9.3f} us", end="")
        print(f" {beyond:13.3f} us {middle[2] / middle[0]:8.3f}")
    series = np.random.default_rng(0).lognormal(13, 0.3, 100_000).astype(np.int64)
    spent = []
    for _ in range(ROUNDS):
        start = perf_counter()
        percentiles(series, PERCENTILES)
        spent.append((perf_counter() - start) * 1e3)
    took = statistics.median(spent)
    print(f"100 000 samples, all percentiles with intervals: {took:.1f} ms (at most {PERCENTILES_LIMIT_MS:g} ms)")
    print(f"beyond the call: {worst:.3f} us a sample (at most {LIMIT_US} us)")
    return 0 if worst <= LIMIT_US and took <= PERCENTILES_LIMIT_MS else 1


if __name__ == "__main__":
    sys.exit(main())
