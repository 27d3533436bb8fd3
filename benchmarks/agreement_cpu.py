"""Median of a call by tradeoff, timeit and torch.utils.benchmark, of the same calls in the same run.

The three take turns within each round and the ratio of a round is kept: a machine that is
busy for a while then slows all three. Printed: the median ratio over rounds, and its quartiles.

    python benchmarks/agreement_cpu.py
"""

from __future__ import annotations

import statistics
import sys
import timeit

import numpy as np

from tradeoff.timing import HostRunner
from tradeoff.timing.host import collection_held_off
from tradeoff.workloads.gemm import Gemm
from tradeoff.workloads.protocol import Workload
from tradeoff.workloads.softmax import NumpySoftmax

ROUNDS = 31
ROUND_S = 0.12
LIMIT = 0.02


def median_by_tradeoff(runner: HostRunner, call: object, count: int) -> float:
    block = runner.run([call], max_calls=count, duration_ns=3_600_000_000_000)  # type: ignore[list-item]
    return float(np.median(block.done_ns - block.submitted_ns)) / 1e3


def median_by_timeit(call: object, count: int) -> float:
    with collection_held_off():
        return statistics.median(timeit.repeat(call, number=1, repeat=count)) * 1e6  # type: ignore[arg-type]


def median_by_torch(call: object, count: int) -> float:
    from torch.utils.benchmark import Timer

    del count
    # Its blocks come to one call each from about 100 us on, so that all three report the median of single calls.
    timer = Timer(stmt="call()", globals={"call": call}, num_threads=1)
    return float(timer.blocked_autorange(min_run_time=ROUND_S).median) * 1e6


def main() -> int:
    import torch

    torch.set_num_threads(1)
    workloads: list[tuple[str, Workload]] = [
        ("softmax", NumpySoftmax(rows=64)),
        ("softmax, larger", NumpySoftmax(rows=256)),
        ("gemm", Gemm(rows=128)),
    ]
    from tradeoff.workloads.torch_mlp import TorchMlp

    workloads.append(("torch mlp", TorchMlp(width=512, hidden=2048)))
    runner = HostRunner()
    worst = 0.0
    print(f"{'workload':>16} {'tradeoff':>12} {'/ timeit':>9} {'quartiles':>16} {'/ torch':>9} {'quartiles':>16}")
    for name, workload in workloads:
        call = workload.prepare(batch_size=4, dtype="float32", device="cpu", seed=0)
        median_by_tradeoff(runner, call, 50)
        count = max(11, round(ROUND_S * 1e6 / median_by_tradeoff(runner, call, 51)))
        own, by_timeit, by_torch = [], [], []
        for turn in range(ROUNDS):
            # Each is measured between two of ours, whose mean it is compared with: a drift cancels.
            before = median_by_tradeoff(runner, call, count)
            order = (median_by_timeit, median_by_torch) if turn % 2 else (median_by_torch, median_by_timeit)
            for by in order:
                theirs = by(call, count)
                after = median_by_tradeoff(runner, call, count)
                (by_timeit if by is median_by_timeit else by_torch).append((before + after) / 2 / theirs)
                own.append(after)
                before = after
        said = f"{name:>16} {statistics.median(own):9.1f} us"
        for ratios in (by_timeit, by_torch):
            low, middle, high = statistics.quantiles(ratios, n=4)
            said += f" {middle:9.4f} {f'{low:.3f} … {high:.3f}':>16}"
            worst = max(worst, abs(middle - 1.0))
        print(said)
    print(f"largest difference of a median: {100 * worst:.2f} % (at most {100 * LIMIT:g} %)")
    return 0 if worst <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
