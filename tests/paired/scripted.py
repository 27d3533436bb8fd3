"""Two sides on one scripted machine, whose mood falls on whoever has the turn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tradeoff.paired.workload_side import WorkloadSide
from tradeoff.sweep.grid import GridPoint, Subject
from tradeoff.timing import Budget, as_budget
from tradeoff.timing.bench import Bench
from tradeoff.timing.block import make_block

CALL_NS = 100_000
DRAFT = as_budget("draft")


def steady(times_s):
    return np.ones(len(times_s))


class Machine:
    """Plays calls one by one: a call returns how many times as long it takes as the others."""

    model_clock = "host"

    def __init__(self, *, mood=steady, spread: float = 0.1, seed: int = 0, cold_calls: int = 0) -> None:
        self.now_ns = 0
        self._rng, self._mood, self._spread, self._cold = np.random.default_rng(seed), mood, spread, cold_calls
        self._last = None

    def run(self, calls, *, max_calls, duration_ns):
        factor = calls[0]()
        n = max_calls or 3 * duration_ns // CALL_NS + 16
        taken = CALL_NS * factor * np.exp(self._spread * self._rng.standard_normal(n))
        if calls[0] is not self._last:  # what the other side has left in the caches
            taken[: self._cold] *= 3.0
        self._last = calls[0]
        began = self.now_ns + np.cumsum(taken) - taken
        done = self.now_ns + np.cumsum(np.rint(taken * self._mood(began / 1e9))).astype(np.int64)
        done = done if max_calls else done[: int(np.searchsorted(done, self.now_ns + duration_ns)) + 1]
        block = make_block(
            slot=np.zeros(len(done), dtype=np.int64),
            submitted_ns=np.concatenate(([self.now_ns], done[:-1])),
            done_ns=done,
            concurrency=1,
            deadline_ns=None if max_calls else self.now_ns + duration_ns,
        )
        self.now_ns = int(done[-1])
        return block

    def floor_ns(self):
        return 0.0, 0.0

    def flags(self, call):
        return []

    def close(self):
        pass


class Takes:
    """A workload whose calls take so many times as long as others; it counts how often it was prepared."""

    backend = "python"

    def __init__(self, factor: float = 1.0, *, name: str = "scripted", raises: bool = False) -> None:
        self.factor, self.name, self.prepared, self._raises = factor, name, 0, raises

    def prepare(self, *, batch_size: int, dtype: str, device: str, seed: int) -> Callable[[], float]:
        self.prepared += 1
        return self._fail if self._raises else lambda: self.factor

    def _fail(self):
        raise RuntimeError("broken")

    def flops(self, batch_size):
        return None

    def bytes(self, batch_size, dtype="float32"):
        return None


def sides(machine: Machine, before: Takes, after: Takes, *, budget: Budget = DRAFT, batch_size: int = 1):
    made = []
    for workload, which in ((before, "before"), (after, "after")):
        point = GridPoint(Subject(workload.name, "python", "cpu", None), batch_size, 1, "float32")
        made.append(WorkloadSide(workload, point, budget=budget, seed=0, bench=Bench(runner=machine), which=which))
    return made
