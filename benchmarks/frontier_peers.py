"""The frontier against paretoset and pymoo: the same points, the same front, 100 000 of them on two and three axes.

Run with ``pip install pymoo paretoset`` and ``python benchmarks/frontier_peers.py``. The labels are asserted to be
pymoo's first front before times are compared; times are the least of several in turns. Ours is the whole of
`tradeoff.frontier`, from frame to labels; theirs starts from an array. Both peers run compiled code: paretoset through
numba, pymoo from 0.6.2 on through moocore (before, it compared all pairs, which at 100 000 points takes minutes and
tens of gigabytes). ``find_non_dominated``, pymoo's search of the first front alone, is told beside and is no target.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from paretoset import paretoset
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting, find_non_dominated

import tradeoff

N, ROUNDS, WANTED = 100_000, 15, 10.0
AXES = ("latency_p99_ms", "throughput_rps", "energy_j_per_item")
Costs = NDArray[np.float64]


def shapes(axes: int) -> Iterator[tuple[str, Costs]]:
    """Costs, lower is better on every axis: from a handful on the front to thousands."""
    rng = np.random.default_rng(0)
    latency = np.exp(rng.normal(0, 1, N))
    throughput = 1000 * latency**0.5 * np.exp(rng.normal(0, 0.2, N))
    yield "a noisy trade-off", np.column_stack([latency, -throughput, rng.random(N)])[:, :axes]
    yield "even", rng.random((N, axes))
    yield "a coarse grid", rng.integers(0, 64, (N, axes)).astype(float)
    shares = rng.random((N, axes))
    yield "near a plane", shares / shares.sum(axis=1, keepdims=True) + 0.05 * rng.random((N, axes))
    plane = rng.random((N, axes))
    plane[:, -1] = -plane[:, :-1].sum(axis=1)
    if axes == 3:
        yield "all on the front", plane


def frame_of(costs: Costs) -> pd.DataFrame:
    better = np.array([1.0, -1.0, 1.0])[: costs.shape[1]]  # more throughput is better
    return pd.DataFrame(costs * better, columns=AXES[: costs.shape[1]])


def least(*calls: Callable[[], object]) -> list[float]:
    """Least seconds of each call, taken in turns: what it costs when nothing else runs; slow ones fewer times."""
    times: list[list[float]] = [[] for _ in calls]
    for call in calls:
        call()  # compiled, and memory touched
    for _ in range(ROUNDS):
        for call, taken in zip(calls, times, strict=True):
            if sum(taken) < 20:
                start = time.perf_counter()
                call()
                taken.append(time.perf_counter() - start)
    return [min(taken) for taken in times]


def main() -> int:
    print(f"{'':28}{'front':>8}{'ours':>10}{'paretoset':>22}{'pymoo, sort':>22}{'pymoo, first front':>22}")
    reached = []
    for axes in (2, 3):
        for name, costs in shapes(axes):
            frame, more = frame_of(costs), AXES[2:axes]
            on = np.flatnonzero(tradeoff.frontier(frame, more=more) == "frontier")
            sort = NonDominatedSorting()
            assert np.array_equal(on, np.sort(sort.do(costs, only_non_dominated_front=True))), "pymoo"
            assert np.array_equal(on, np.flatnonzero(paretoset(costs.copy(), distinct=False))), "paretoset"
            ours, *theirs = least(
                lambda f=frame, m=more: tradeoff.frontier(f, more=m),
                lambda c=costs: paretoset(c, distinct=False),
                lambda c=costs, s=sort: s.do(c, only_non_dominated_front=True),
                lambda c=costs: find_non_dominated(c),
            )
            cells = [f"{1e3 * peer:9.1f} ms {peer / ours:5.1f} ×" for peer in theirs]
            good = [peer / ours >= WANTED for peer in theirs[:2]]
            marks = ["" if ok else " MISSED" for ok in good] + [""]
            told = "".join(f"{cell + mark:>28}" for cell, mark in zip(cells, marks, strict=True))
            print(f"{axes} axes, {name:20}{len(on):8}{1e3 * ours:7.1f} ms{told}", flush=True)
            reached += good
    print(
        f"wanted: {WANTED:g} times as fast as paretoset and as pymoo's sort; {sum(reached)} of {len(reached)} reached"
    )
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
