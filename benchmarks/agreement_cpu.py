"""Median of a call by tradeoff, timeit and torch.utils.benchmark, of the same calls in the same run.

The harnesses take turns: each of the others is measured between two of ours and compared with their
mean, so that a machine that is busy for a while slows both. Printed: the median of that ratio over
the rounds, and its quartiles. torch reports the median of blocks of several calls (their number is
its own choice), so the same blocks are formed of our samples; timeit is asked for single calls.

    python benchmarks/agreement_cpu.py
"""

from __future__ import annotations

import statistics
import sys
import timeit

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.benchmark import Timer

from tradeoff.timing import HostRunner
from tradeoff.timing.host import collection_held_off
from tradeoff.workloads.operations.gemm import Gemm
from tradeoff.workloads.operations.mlp import Mlp
from tradeoff.workloads.operations.softmax import Softmax
from tradeoff.workloads.protocol import Call, Workload

ROUNDS = 151
ROUND_S = 0.03
FEWEST_BLOCKS = 5
LIMIT = 0.02
WORKLOADS: tuple[tuple[str, Workload], ...] = (
    ("softmax", Softmax(backend="numpy", rows=12)),
    ("softmax, larger", Softmax(backend="numpy", rows=128)),
    ("gemm", Gemm(backend="numpy", rows=32)),
    ("torch mlp", Mlp(width=512, hidden=2048)),
)


def by_tradeoff(runner: HostRunner, call: Call, count: int) -> NDArray[np.float64]:
    block = runner.run([call], max_calls=count, duration_ns=3_600_000_000_000)
    return (block.done_ns - block.submitted_ns) / 1e3


def median_of_blocks(times: NDArray[np.float64], size: int) -> float:
    whole = times[: len(times) // size * size].reshape(-1, size)
    return float(np.median(whole.mean(axis=1)))


def by_timeit(call: Call, count: int) -> tuple[float, int]:
    with collection_held_off():
        return statistics.median(timeit.repeat(call, number=1, repeat=count)) * 1e6, 1


def by_torch(call: Call, count: int) -> tuple[float, int]:
    del count
    timer = Timer(stmt="call()", globals={"call": call}, num_threads=1)
    with collection_held_off():
        found = timer.blocked_autorange(min_run_time=ROUND_S)
    return found.median * 1e6, found.number_per_run


def main() -> int:
    torch.set_num_threads(1)
    runner = HostRunner()
    worst = 0.0
    print(f"{'workload':>16} {'tradeoff p50':>14} {'/ timeit':>9} {'quartiles':>15} {'/ torch':>9} {'quartiles':>15}")
    for name, workload in WORKLOADS:
        call = workload.prepare(batch_size=4, dtype="float32", device="cpu", seed=0)
        by_tradeoff(runner, call, 50)
        count = max(21, round(ROUND_S * 1e6 / float(np.median(by_tradeoff(runner, call, 51)))))
        medians: list[float] = []
        ratios: dict[object, list[float]] = {by_timeit: [], by_torch: []}
        for _ in range(ROUNDS):
            before = by_tradeoff(runner, call, count)
            for harness in (by_timeit, by_torch):
                theirs, size = harness(call, count)
                while size > 1 and count < FEWEST_BLOCKS * size:  # from now on ours are as many as theirs
                    count = FEWEST_BLOCKS * size
                    before = by_tradeoff(runner, call, count)
                    theirs, size = harness(call, count)
                after = by_tradeoff(runner, call, count)
                ours = (median_of_blocks(before, size) + median_of_blocks(after, size)) / 2
                ratios[harness].append(ours / theirs)
                before = after
            medians.append(float(np.median(before)))
        said = f"{name:>16} {statistics.median(medians):11.1f} us"
        for found in ratios.values():
            low, middle, high = statistics.quantiles(found, n=4)
            said += f" {middle:9.4f} {f'{low:.3f} - {high:.3f}':>15}"
            worst = max(worst, abs(middle - 1.0))
        print(said)
    print(f"largest difference of a median: {100 * worst:.2f} % (at most {100 * LIMIT:g} %)")
    return 0 if worst <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
