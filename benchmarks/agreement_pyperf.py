"""Median of a call by tradeoff and by pyperf, of the same calls in the same run, each in processes of its own.

pyperf is measured between two of ours and compared with their mean. Its values are means of calls that take 30 ms
together, so the same blocks are formed of our samples. Printed: the median of that ratio over the rounds, and its
quartiles. The table goes to a file as Markdown with ``--write``. pyperf is among the developers' tools.

    python benchmarks/agreement_pyperf.py [--rounds 15] [--write table.md]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

LIMIT = 0.02
VALUE_S = 0.03
"""pyperf does its own work between values, after which the first call finds other things in the cache: 3 % at 1 ms."""
SECONDS = 1.0
MAKE = ".prepare(batch_size=4, dtype='float32', device='cpu', seed=0)"
WORKLOADS = {
    "softmax": ("softmax", "Softmax(backend='numpy', rows=12)"),
    "softmax, larger": ("softmax", "Softmax(backend='numpy', rows=128)"),
    "gemm": ("gemm", "Gemm(backend='numpy', rows=32)"),
    "torch mlp": ("mlp", "Mlp(width=512, hidden=2048)"),
}
OURS = """
import numpy as np
{setup}
from tradeoff.timing import HostRunner
runner = HostRunner()
runner.run([call], max_calls=None, duration_ns={warm_up})
block = runner.run([call], max_calls=None, duration_ns={duration})
times = (block.done_ns - block.submitted_ns)
times = times[: len(times) // {loops} * {loops}].reshape(-1, {loops}).mean(axis=1)
print(float(np.median(times)) / 1e9)
"""
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def setup_of(name: str) -> str:
    module, made = WORKLOADS[name]
    kind = made.partition("(")[0]
    return f"from tradeoff.workloads.operations.{module} import {kind}; call = {made}{MAKE}"


def by_tradeoff(name: str, loops: int) -> float:
    """Median seconds of a call, of blocks of `loops`, by us."""
    nanoseconds = {"warm_up": round(SECONDS * 0.3e9), "duration": round(SECONDS * 1e9)}
    code = OURS.format(setup=setup_of(name), loops=loops, **nanoseconds)
    said = subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    return float(said.stdout)


def by_pyperf(name: str, loops: int) -> float:
    """Median seconds of a call, by pyperf: values of `loops` calls each, after some to warm up."""
    count = round(SECONDS / VALUE_S)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "values.json"
        command = [
            sys.executable,
            "-m",
            "pyperf",
            "timeit",
            "-q",
            "-p",
            "1",
            "-n",
            str(count),
            "-w",
            str(count // 3 + 1),
        ]
        command += ["--loops", str(loops), "--inherit-environ", "OMP_NUM_THREADS,MKL_NUM_THREADS,OPENBLAS_NUM_THREADS"]
        command += ["-s", setup_of(name), "call()", "-o", os.fspath(file)]
        subprocess.run(command, env=ENVIRONMENT, capture_output=True, check=True)
        (benchmark,) = json.loads(file.read_text())["benchmarks"]
    return statistics.median(value for run in benchmark["runs"] for value in run.get("values", ()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--write", type=Path)
    asked = parser.parse_args()
    lines = ["| workload | tradeoff p50 | tradeoff / pyperf | quartiles |", "|---|---|---|---|"]
    print("\n".join(lines), flush=True)
    worst = 0.0
    for name in WORKLOADS:
        loops = max(1, round(VALUE_S / by_tradeoff(name, 1)))
        before = by_tradeoff(name, loops)
        ratios, ours = [], [before]
        for _ in range(asked.rounds):
            theirs = by_pyperf(name, loops)
            after = by_tradeoff(name, loops)
            ratios.append((before + after) / 2 / theirs)
            ours.append(after)
            before = after
        low, middle, high = statistics.quantiles(ratios, n=4)
        worst = max(worst, abs(middle - 1.0))
        median_us = statistics.median(ours) * 1e6
        lines.append(f"| {name} | {median_us:.1f} µs | {middle:.4f} | {low:.3f} to {high:.3f} |")
        print(lines[-1], flush=True)
    print(f"largest difference of a median: {100 * worst:.2f} % (at most {100 * LIMIT:g} %)")
    if asked.write:
        asked.write.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0 if worst <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
