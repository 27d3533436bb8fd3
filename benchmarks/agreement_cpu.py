"""Median of a call by `tradeoff.sweep`, timeit, torch.utils.benchmark and pyperf, in turns.

Each of the others is measured between two sweeps and compared with their mean, so that a machine that is busy for a
while slows both. A live workload is measured in this process (`not_isolated`), as by the others. Printed:
the median of that ratio over the
rounds, and its quartiles. timeit is asked for single calls and compared with the row's `latency_p50_ms`. torch and
pyperf report means of several calls (torch chooses their number, pyperf is asked for 20 ms of them), so the same blocks
are formed of the sweep's samples. One thread everywhere.

    python benchmarks/agreement_cpu.py [--rounds 9] [--write table.md]
"""

# ruff: noqa: E402 (the number of threads is set before NumPy is imported)
from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import os
import statistics
import sys
import timeit
from collections.abc import Callable
from pathlib import Path

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[threads] = "1"  # before NumPy and torch are imported, here and in the processes of the sweeps

import numpy as np
import pyperf
import torch
from numpy.typing import NDArray
from torch.utils.benchmark import Timer

import tradeoff
from tradeoff.timing.host import collection_held_off
from tradeoff.workloads.operations.gemm import Gemm
from tradeoff.workloads.operations.mlp import Mlp
from tradeoff.workloads.operations.softmax import Softmax
from tradeoff.workloads.protocol import Call, Workload

ROUND_S = 0.03
VALUE_S = 0.02
"""pyperf does its own work between values, after which the first call finds other things in the cache: 3 % at 1 ms."""
FEWEST_BLOCKS = 5
BUDGET = tradeoff.Budget(name="round", seconds=0.3, max_calls=100_000, min_calls=50, warm_up_seconds=0.1)
LIMIT = 0.02
WORKLOADS: tuple[tuple[str, Workload], ...] = (
    ("softmax", Softmax(backend="numpy", rows=12)),
    ("softmax, larger", Softmax(backend="numpy", rows=128)),
    ("gemm", Gemm(backend="numpy", rows=32)),
    ("torch mlp", Mlp(width=512, hidden=2048)),
)
Harness = Callable[[Call, int, float], tuple[float, int]]


def by_tradeoff(workload: Workload) -> tuple[float, NDArray[np.float64]]:
    """Return the row's median and the times of its measured calls, in microseconds."""
    run = tradeoff.sweep(workload, batch_size=4, device="cpu", budget=BUDGET, progress=False)
    samples = run.samples
    times = samples.loc[samples["phase"] == "measure", "latency_ns"]
    return 1e3 * float(run.points["latency_p50_ms"].iloc[0]), times.to_numpy(dtype="float64") / 1e3


def median_of_blocks(times: NDArray[np.float64], size: int) -> float:
    whole = times[: len(times) // size * size].reshape(-1, size)
    return float(np.median(whole.mean(axis=1)))


def by_timeit(call: Call, count: int, usual_us: float) -> tuple[float, int]:
    del usual_us
    with collection_held_off():
        return statistics.median(timeit.repeat(call, number=1, repeat=count)) * 1e6, 1


def by_torch(call: Call, count: int, usual_us: float) -> tuple[float, int]:
    del count, usual_us
    timer = Timer(stmt="call()", globals={"call": call}, num_threads=1)
    with collection_held_off():
        found = timer.blocked_autorange(min_run_time=ROUND_S)
    return found.median * 1e6, found.number_per_run


class Pyperf:
    """pyperf's own measuring, as its worker processes do it, in this one."""

    def __init__(self) -> None:
        self._runner = pyperf.Runner()
        self._runner.parse_args(["--worker", "--quiet", "-n", str(FEWEST_BLOCKS), "-w", "1", "--loops", "1"])
        self._numbers = itertools.count()

    def __call__(self, call: Call, count: int, usual_us: float) -> tuple[float, int]:
        """Measure, as the other harnesses do."""
        del count
        loops = self._runner.args.loops = max(1, round(VALUE_S * 1e6 / usual_us))
        with contextlib.redirect_stdout(io.StringIO()), collection_held_off():
            found = self._runner.bench_func(f"round {next(self._numbers)}", call)
        return float(statistics.median(found.get_values())) * 1e6, loops


def compared(workload: Workload, harnesses: dict[str, Harness], rounds: int) -> tuple[float, dict[str, list[float]]]:
    """Return our median in microseconds, and for each harness the ratios of ours to its, one a round."""
    call = workload.prepare(batch_size=4, dtype="float32", device="cpu", seed=0)
    before = by_tradeoff(workload)
    usual_us = before[0]
    count = max(21, round(ROUND_S * 1e6 / usual_us))
    medians: list[float] = []
    ratios: dict[str, list[float]] = {name: [] for name in harnesses}
    for _ in range(rounds):
        for name, harness in harnesses.items():
            theirs, size = harness(call, count, usual_us)
            after = by_tradeoff(workload)
            ours = [p50 if size == 1 else median_of_blocks(times, size) for p50, times in (before, after)]
            ratios[name].append(statistics.mean(ours) / theirs)
            medians.append(after[0])
            before = after
    return statistics.median(medians), ratios


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--write", type=Path, help="a file for the table, as Markdown")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if hasattr(os, "sched_setaffinity"):  # a sweep gives a call as many threads as there are usable cores: one
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    harnesses: dict[str, Harness] = {"timeit": by_timeit, "torch.utils.benchmark": by_torch, "pyperf": Pyperf()}
    lines = [f"| workload | tradeoff p50 | {' | '.join(f'÷ {name} (quartiles)' for name in harnesses)} |"]
    lines.append("|---" * (2 + len(harnesses)) + "|")
    print("\n".join(lines), flush=True)
    worst = 0.0
    for name, workload in WORKLOADS:
        median_us, ratios = compared(workload, harnesses, asked.rounds)
        cells = []
        for found in ratios.values():
            low, middle, high = statistics.quantiles(found, n=4)
            cells.append(f"{middle:.4f} ({low:.3f} to {high:.3f})")
            worst = max(worst, abs(middle - 1.0))
        lines.append(f"| {name} | {median_us:.1f} µs | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    print(f"largest difference of a median: {100 * worst:.2f} % (at most {100 * LIMIT:g} %)")
    if asked.write:
        asked.write.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0 if worst <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
