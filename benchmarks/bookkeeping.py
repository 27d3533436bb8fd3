"""What a sweep costs beside measuring: time to keep a point on disk, and memory over the number of points.

Points of 2 500 samples each, as a draft budget gives at a millisecond a call, are kept one after another
in a Run folder as a sweep does it. This times an inner step: in `tradeoff.sweep` a point is measured for a second or
more, so that the few milliseconds of keeping it are lost in the noise of a difference of sweeps.

    python benchmarks/bookkeeping.py
"""

from __future__ import annotations

import gc
import statistics
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
import psutil

from tradeoff.frames import RunFolder
from tradeoff.sweep.grid import GridPoint, Subject
from tradeoff.sweep.store import Folder
from tradeoff.timing import Measurement, measure
from tradeoff.timing.fake import FakeRunner
from tradeoff.workloads import as_workload

LIMIT_S = 0.005
POINTS = 400
LIMIT_BYTES = 1000 * 24  # of the samples of a point alone there are 2 500 times 8 times 22


def measured() -> Measurement:
    random = np.random.default_rng(0)

    def takes(slot: int, call: int) -> int:
        del slot, call
        return int(1e6 * random.lognormal(0.0, 0.5))

    runner = FakeRunner(duration_ns=takes)
    return measure(as_workload(lambda batch: lambda: batch), batch_size=4, runner=runner)


def main() -> int:
    found = measured()
    subject = Subject("made_up", "python", "cpu", "A processor")
    process = psutil.Process()
    times, memory = [], []
    with tempfile.TemporaryDirectory() as folder:
        store = Folder(RunFolder(Path(folder) / "run"), resume=False)
        store.begin({})
        for batch_size in range(1, POINTS + 1):
            began = perf_counter()
            store.keep(GridPoint(subject, batch_size, 1, "float32"), found)
            times.append(perf_counter() - began)
            if batch_size in (POINTS // 2, POINTS):
                gc.collect()
                memory.append(process.memory_info().rss)
        began = perf_counter()
        run = store.end()
        end_s = perf_counter() - began
    median = statistics.median(times)
    growth = (memory[1] - memory[0]) / (POINTS / 2)
    print(f"samples a point {found.point['n']}, points {len(run.points)}")
    print(f"to keep a point: median {1000 * median:.1f} ms (at most {1000 * LIMIT_S:g} ms), slowest {max(times):.3f} s")
    print(f"memory a further point: {growth / 1000:.1f} kB (at most {LIMIT_BYTES / 1000:g} kB)")
    print(f"to gather {POINTS} points in one file: {1000 * end_s:.0f} ms")
    met = median <= LIMIT_S and growth <= LIMIT_BYTES
    print("targets met" if met else "targets missed")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
