"""Paired measurement: the same twice is called better or worse in at most 5 %; small shifts are found in 90 %.

Systems whose mood changes play their call times through the whole path of a pair, rounds, looks and stop rule, on one
scripted clock that both sides share: what the machine does falls on whoever has the turn. Of each system

A/A     both sides are the same: the share of verdicts over throughput, p50 and p99 that are better or worse
p50     every call after takes 2 % longer: the share in which p50 is found worse
p99     the slowest tenth of the calls after takes 5 % longer: the share in which p99 is found worse

With ``--live N`` real calls are measured beside processes that load the machine on and off at random, N times each: the
same twice, and against one with 2 % more to do.

    python benchmarks/paired.py                    # 40 pairs of the same and 20 shifted ones of each system
    python benchmarks/paired.py --trials 200
    python benchmarks/paired.py --only live --live 20
"""

from __future__ import annotations

import argparse
import math
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tradeoff
from tradeoff.paired.alternate import ALPHA, alternate
from tradeoff.paired.workload_side import WorkloadSide
from tradeoff.sweep.grid import GridPoint, Subject
from tradeoff.timing import as_budget
from tradeoff.timing.bench import Bench
from tradeoff.timing.block import Block, make_block

MOST_FALSE, FOUND = 0.05, 0.90
CALL_NS = 100_000.0
METRICS = ("throughput", "p50", "p99")
Numbers = NDArray[np.float64]
Mood = Callable[[Numbers], Numbers]
"""Times in s, ascending → how many times as long calls take."""


@dataclass(frozen=True)
class System:
    """A system: its mood over time, its calls in units of their median, and what a pair of it may take.

    Attributes
    ----------
    name
        What it is.
    mood
        Makes a mood.
    calls
        Draws so many calls.
    budget
        Of each pair.
    """

    name: str
    mood: Callable[[np.random.Generator], Mood]
    calls: Callable[[np.random.Generator, int], Numbers]
    budget: str = "standard"


def steady(rng: np.random.Generator) -> Mood:
    del rng
    return lambda at: np.ones(len(at))


def two_states(dwell_s: float, *, share: float = 0.3, factor: float = 1.5) -> Callable[[np.random.Generator], Mood]:
    """Slow for `share` of the time, in spells of `dwell_s` on average."""

    def mood(rng: np.random.Generator) -> Mood:
        first = bool(rng.random() < share)
        edges = np.zeros(1)

        def at(times: Numbers) -> Numbers:
            nonlocal edges
            while edges[-1] < times[-1]:
                slow_now = (len(edges) - 1 + first) % 2 == 1
                means = np.resize([dwell_s, dwell_s * (1 - share) / share], 65)[0 if slow_now else 1 :][:64]
                edges = np.concatenate((edges, edges[-1] + np.cumsum(rng.exponential(means))))
            is_slow = (np.searchsorted(edges, times, side="right") - 1 + first) % 2 == 1
            return np.where(is_slow, factor, 1.0)

        return at

    return mood


def drifting(rng: np.random.Generator) -> Mood:
    del rng
    return lambda at: 1.0 + 0.3 * at / 20.0


def periodic(period_s: float) -> Callable[[np.random.Generator], Mood]:
    """Slow during every other half of a period: in phase with the turns where that is two blocks, or four."""

    def mood(rng: np.random.Generator) -> Mood:
        phase = rng.random()
        return lambda at: np.where((at / period_s + phase) % 1.0 < 0.5, 1.3, 1.0)

    return mood


def autoregressive(rng: np.random.Generator) -> Mood:
    """AR(1) in steps of 5 ms with a memory of 50 ms."""
    step, rho = 0.005, 0.9
    levels = np.zeros(1)

    def at(times: Numbers) -> Numbers:
        nonlocal levels
        while len(levels) * step <= times[-1]:
            more = rng.standard_normal(4096) * math.sqrt(1 - rho**2)
            last = levels[-1]
            for i in range(len(more)):
                last = more[i] = rho * last + more[i]
            levels = np.concatenate((levels, more))
        return np.asarray(np.exp(0.1 * levels[(times / step).astype(np.int64)]))

    return at


def lognormal(sigma: float) -> Callable[[np.random.Generator, int], Numbers]:
    return lambda rng, n: np.exp(sigma * rng.standard_normal(n))


def pareto(shape: float) -> Callable[[np.random.Generator, int], Numbers]:
    return lambda rng, n: 0.6 * rng.random(n) ** (-1 / shape)


def spikes(rng: np.random.Generator, n: int) -> Numbers:
    slow = np.where(rng.random(n) < 0.02, 10.0 * np.exp(0.3 * rng.standard_normal(n)), 1.0)
    return np.asarray(slow * np.exp(0.05 * rng.standard_normal(n)))


SYSTEMS = (
    System("lognormal, 30 %", steady, lognormal(0.3)),
    System("Pareto 2.5", steady, pareto(2.5), "tail"),
    System("spikes 2 % × 10", steady, spikes, "tail"),
    System("AR(1)", autoregressive, lognormal(0.1)),
    System("drift", drifting, lognormal(0.1)),
    System("period 20 ms", periodic(0.02), lognormal(0.1)),
    System("period 40 ms", periodic(0.04), lognormal(0.1), "tail"),  # just as long as a round
    *(System(f"{dwell:g} s slow × 1.5", two_states(dwell), lognormal(0.1)) for dwell in (0.02, 0.1, 0.5, 2.0, 5.0)),
    System("0.1 s slow × 1.5, 30 %", two_states(0.1), lognormal(0.3), "tail"),
    System("0.5 s slow × 3", two_states(0.5, factor=3.0), lognormal(0.1), "tail"),
)


class Shared:
    """A runner that plays one machine for both sides; a call says how much longer it takes on its side."""

    model_clock = "host"

    def __init__(self, system: System, seed: Sequence[int]) -> None:
        self._rng = np.random.default_rng(seed)
        self._mood, self._draw = system.mood(self._rng), system.calls
        self.now_ns = 0
        self._tail = float(np.quantile(system.calls(np.random.default_rng(0), 100_000), 0.9))

    def run(self, calls: Sequence[Callable[[], Any]], *, max_calls: int | None, duration_ns: int) -> Block:
        every, tail = calls[0]()
        n = max_calls or 2 * round(duration_ns / CALL_NS) + 16
        taken = self._draw(self._rng, n)
        taken = CALL_NS * every * np.where(taken > self._tail, tail, 1.0) * taken
        began = np.cumsum(taken) - taken
        for _ in range(2):  # a call's mood is that of its beginning, which depends on the moods before it
            moody = taken * self._mood((self.now_ns + began) / 1e9)
            began = np.cumsum(moody) - moody
        done = self.now_ns + np.cumsum(np.maximum(1, np.rint(moody)).astype(np.int64))
        if max_calls is None:
            done = done[: int(np.searchsorted(done, self.now_ns + duration_ns)) + 1]
        block = make_block(
            slot=np.zeros(len(done), dtype=np.int64),
            submitted_ns=np.concatenate(([self.now_ns], done[:-1])),
            done_ns=done,
            concurrency=1,
            deadline_ns=None if max_calls is not None else self.now_ns + duration_ns,
        )
        self.now_ns = int(done[-1])
        return block

    def floor_ns(self) -> tuple[float, float]:
        return 0.0, 0.0

    def flags(self, call: Callable[[], object]) -> list[str]:
        del call
        return []

    def close(self) -> None:
        """Nothing to let go of."""


class Played:
    """A workload whose calls say how much longer they take; the runner knows how long that is."""

    name, backend = "played", "python"

    def __init__(self, every: float = 1.0, tail: float = 1.0) -> None:
        self._factors = every, tail

    def prepare(self, *, batch_size: int, dtype: str, device: str, seed: int) -> Callable[[], object]:
        return lambda: self._factors

    def flops(self, batch_size: int) -> None:
        return None

    def bytes(self, batch_size: int, dtype: str = "float32") -> None:
        return None


def signs_of(system: System, after: Played, seed: Sequence[int]) -> tuple[dict[str, int], float]:
    """Measure a pair; return 1, -1 or 0 for each metric that is surely higher, lower, or neither, and its seconds."""
    runner, budget = Shared(system, seed), as_budget(system.budget)
    point = GridPoint(Subject("played", "python", "cpu", None), 1, 1, "float32")
    sides = [
        WorkloadSide(each, point, budget=budget, seed=0, bench=Bench(runner=runner), which=which)
        for each, which in ((Played(), "before"), (after, "after"))
    ]
    taken = alternate(sides, metrics=METRICS, budget=budget, seed=seed[0], clock=lambda: runner.now_ns)
    found = {each: taken.rounds.ratio(each, ALPHA / len(METRICS)) for each in METRICS}
    return {each: int(one.lo > 0) - int(one.hi < 0) for each, one in found.items()}, taken.rounds.seconds()


def scripted(trials: int, only: str) -> bool:
    print(f"{'system':>24} {'pairs':>6} {'median':>7}   A/A     p50 + 2 %   p99 + 5 %")
    false = total = 0
    missed: list[str] = []
    shifted = max(10, trials // 2)
    for number, system in enumerate(SYSTEMS):
        if only and only not in system.name:
            continue
        same = [signs_of(system, Played(), (trial, number)) for trial in range(trials)]
        wrong = sum(any(signs.values()) for signs, _ in same)
        found = {}
        for metric, after in (("p50", Played(every=1.02)), ("p99", Played(tail=1.05))):
            runs = [signs_of(system, after, (trial, number, 1))[0][metric] for trial in range(shifted)]
            found[metric] = runs.count(1)
            if found[metric] < FOUND * shifted - 1.64 * math.sqrt(FOUND * (1 - FOUND) * shifted):
                missed.append(f"{system.name} {metric} {found[metric] / shifted:.0%}")
        seconds = float(np.median([spent for _, spent in same]))
        shown = "   ".join(f"{count / shifted:9.0%}" for count in found.values())
        print(f"{system.name:>24} {trials:6d} {seconds:6.1f}s  {wrong / trials:5.1%}  {shown}", flush=True)
        false, total = false + wrong, total + trials
        if wrong > MOST_FALSE * trials + 2.33 * math.sqrt(MOST_FALSE * (1 - MOST_FALSE) * trials):
            missed.append(f"{system.name} A/A {wrong / trials:.1%}")
    print(f"A/A over all: {false} of {total} called better or worse, {false / total:.1%} (at most {MOST_FALSE:.0%})")
    missed += [f"A/A over all {false / total:.1%}"] if false > MOST_FALSE * total else []
    print("reached" if not missed else "missed: " + "; ".join(missed))
    return not missed


LOAD = """
import random, sys, time
end, draw = time.time() + float(sys.argv[1]), random.Random(int(sys.argv[2]))
while time.time() < end:
    until = time.time() + draw.expovariate(5.0)
    while time.time() < until:
        sum(range(2000))
    time.sleep(draw.expovariate(5.0))
"""


@contextmanager
def load(processes: int, seed: int, *, seconds: float) -> Iterator[None]:
    """Run processes that compute and rest for 0.2 s on average, at random; each ends by itself after `seconds`."""
    made = [
        subprocess.Popen([sys.executable, "-c", LOAD, str(seconds), str(1000 * seed + which)])
        for which in range(processes)
    ]
    try:
        yield
    finally:
        for process in made:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
            process.wait()


def work(size: int) -> Callable[[int], Callable[[], object]]:
    def make(batch_size: int) -> Callable[[], object]:
        data = np.random.default_rng(0).standard_normal((batch_size, size))
        return lambda: np.exp(data).sum()

    return make


def live(trials: int, processes: int) -> bool:
    wrong = found = 0
    seeds = random.Random(0).sample(range(1000), trials)  # noqa: S311
    for seed in seeds:
        with load(processes, seed, seconds=120.0):
            same = tradeoff.measure_pair(work(20_000), work(20_000), batch_size=1, seed=seed, progress=False)
            slower = tradeoff.measure_pair(work(20_000), work(20_400), batch_size=1, seed=seed, progress=False)
        wrong += same.verdict != "not_separable"
        found += slower["p50"].verdict == "worse"
        print(f"  the same: {same.sentence()}\n  2 % more: {slower.sentence()}", flush=True)
    print(f"live, beside {processes} processes of load: {wrong} of {trials} A/A called better or worse, ", end="")
    print(f"2 % more work found in p50 in {found} of {trials}")
    return wrong <= max(1, MOST_FALSE * trials) and found >= FOUND * trials


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--system", default="", help="part of a name: only these")
    parser.add_argument("--live", type=int, default=0, help="live pairs of each kind")
    parser.add_argument("--load", type=int, default=2, help="processes of load beside live pairs")
    parser.add_argument("--only", choices=("scripted", "live"), default=None)
    asked = parser.parse_args()
    start = time.perf_counter()
    reached = []
    if asked.only != "live":
        reached.append(scripted(asked.trials, asked.system))
    if asked.only != "scripted" and asked.live:
        reached.append(live(asked.live, asked.load))
    print(f"{'targets reached' if all(reached) else 'targets missed'} in {time.perf_counter() - start:.0f} s")
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
