"""What a sweep costs beside measuring: time to keep a point on disk, and memory over the number of points.

A sweep whose points have 2 500 calls each, as a draft budget gives at a millisecond a call, is asked for without a
path and into a Run folder, in turns: what the second takes longer is what keeping a point costs. Memory is looked at
when the workload is made for a point in the middle and for the last one.

    python benchmarks/bookkeeping.py
"""

from __future__ import annotations

import gc
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import psutil

import tradeoff
from tradeoff import Budget

LIMIT_S = 0.005
POINTS, ROUNDS = 40, 3
LIMIT_BYTES = 1000 * 24  # of the samples of a point alone there are 2 500 times 8 times 22
BUDGET = Budget(name="2500 calls", seconds=0.01, max_calls=2500, min_calls=2500, max_seconds=10.0, warm_up_seconds=0.01)


def swept(path: Path | None) -> tuple[float, float, tradeoff.Run]:
    """Return the seconds a point that a sweep takes, how many bytes memory grew a point, and the Run."""
    process, memory = psutil.Process(), {}

    def made_up(batch_size: int) -> Callable[[], int]:
        if batch_size in (POINTS // 2, POINTS) and batch_size not in memory:
            gc.collect()
            memory[batch_size] = process.memory_info().rss
        return lambda: batch_size

    began = perf_counter()
    run = tradeoff.sweep(
        made_up, batch_size=range(1, POINTS + 1), budget=BUDGET, device="cpu", path=path, isolate=False, progress=False
    )
    took = (perf_counter() - began) / POINTS
    return took, (memory[POINTS] - memory[POINTS // 2]) / (POINTS / 2), run


def main() -> int:
    extra, growth = [], []
    with tempfile.TemporaryDirectory() as folder:
        swept(None)
        for number in range(ROUNDS):
            kept_s, grown, run = swept(Path(folder) / str(number))
            plain_s, _, _ = swept(None)
            extra.append(kept_s - plain_s)
            growth.append(grown)
    median, grown = statistics.median(extra), statistics.median(growth)
    print(f"samples a point {run.points['n'].median():.0f}, points {len(run.points)}; a point takes {plain_s:.3f} s")
    print(
        f"to keep a point: median {1000 * median:.1f} ms (at most {1000 * LIMIT_S:g} ms), most {1000 * max(extra):.1f}"
    )
    print(f"memory a further point: {grown / 1000:.1f} kB (at most {LIMIT_BYTES / 1000:g} kB)")
    met = median <= LIMIT_S and grown <= LIMIT_BYTES
    print("targets met" if met else "targets missed")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
