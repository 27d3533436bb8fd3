"""How often a row is surer than it may be: its interval misses the truth, and neither status, flag nor reason says why.

Systems whose truth is known play their call times through the whole measuring path of a point, in one go (as a sweep of
a single point does), in visits with other points in between, and in five processes. Each figure is a share of rows:

missed   the interval excludes the true p95, p99 or throughput
silent   and the row is neither unstable nor flagged for a heavy tail, and it speaks for the time scale on which the
         system's slow spells come back (`time_scale_s`, which its reason says too): at most 7 %

Slow spells that come back every few seconds cannot be seen in a run of half a second; such rows are missed, not silent.

    python benchmarks/silent_misses.py            # a quick round: 60 rows of each kind, 20 of budget 'tail'
    python benchmarks/silent_misses.py --rows 400
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from tradeoff.sweep.pooling import pool
from tradeoff.timing import Measurement, as_budget, measure
from tradeoff.timing.bench import Bench
from tradeoff.timing.block import Block, make_block
from tradeoff.timing.conditions import Conditions
from tradeoff.timing.point import Point

MOST_SILENT = 0.07
MEDIAN_NS = 100_000.0
BETWEEN_VISITS_S = 3.0
Draw = Callable[[np.random.Generator], Iterator[NDArray[np.float64]]]
NORMAL = NormalDist()


@dataclass(frozen=True)
class System:
    """A system with its true percentiles and rate.

    Attributes
    ----------
    name, draw
        What it is, and stretches of call times in ns, one after another.
    truth
        ``p95``, ``p99`` in ms and ``rate`` in calls a second.
    recurrence_s
        Time in which its slow spells come back.
    """

    name: str
    draw: Draw
    truth: dict[str, float]
    recurrence_s: float = 0.0


def quantile(below: Callable[[float], float], p: float) -> float:
    low, high = MEDIAN_NS / 100, MEDIAN_NS * 1e5
    for _ in range(120):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if below(middle) < p else (low, middle)
    return low


def truth_of(below: Callable[[float], float], mean_ns: float) -> dict[str, float]:
    return {"p95": quantile(below, 0.95) / 1e6, "p99": quantile(below, 0.99) / 1e6, "rate": 1e9 / mean_ns}


def mixed(shares: Sequence[float], factors: Sequence[float], sigmas: Sequence[float]) -> dict[str, float]:
    """Truth of a mixture of lognormal calls."""
    parts = list(zip(shares, factors, sigmas, strict=True))

    def below(x: float) -> float:
        return sum(share * NORMAL.cdf(math.log(x / MEDIAN_NS / factor) / sigma) for share, factor, sigma in parts)

    return truth_of(below, MEDIAN_NS * sum(share * factor * math.exp(sigma**2 / 2) for share, factor, sigma in parts))


def lognormal(sigma: float, rho: float = 0.0) -> System:
    def draw(random: np.random.Generator) -> Iterator[NDArray[np.float64]]:
        last = float(random.standard_normal())
        while True:
            noise = random.standard_normal(20_000)
            if rho:
                noise *= math.sqrt(1 - rho**2)
                for i in range(len(noise)):
                    last = noise[i] = rho * last + noise[i]
            yield MEDIAN_NS * np.exp(sigma * noise)

    return System(f"AR(1) {rho:g}, {sigma:.0%}" if rho else f"lognormal, {sigma:.0%}", draw, mixed([1], [1], [sigma]))


def pareto(shape: float) -> System:
    def draw(random: np.random.Generator) -> Iterator[NDArray[np.float64]]:
        while True:
            yield 0.6 * MEDIAN_NS * random.random(20_000) ** (-1 / shape)

    scale = 0.6 * MEDIAN_NS
    return System(
        f"Pareto {shape:g}",
        draw,
        truth_of(lambda x: 1 - (max(x, scale) / scale) ** -shape, scale * shape / (shape - 1)),
    )


def spikes(share: float, factor: float) -> System:
    def draw(random: np.random.Generator) -> Iterator[NDArray[np.float64]]:
        while True:
            slow = np.where(random.random(20_000) < share, factor * np.exp(0.3 * random.standard_normal(20_000)), 1.0)
            yield MEDIAN_NS * slow * np.exp(0.05 * random.standard_normal(20_000))

    return System(
        f"spikes {share:.1%} × {factor:g}", draw, mixed([1 - share, share], [1, factor], [0.05, math.hypot(0.05, 0.3)])
    )


def dwells(random: np.random.Generator, fast: float, slow: float) -> Iterator[NDArray[np.bool_]]:
    """Whether calls are of the slow state, in stretches; dwell times in calls, without memory."""
    is_slow = bool(random.random() < slow / (fast + slow))
    while True:
        lengths = random.geometric(np.resize([1 / slow, 1 / fast] if is_slow else [1 / fast, 1 / slow], 64))
        yield np.repeat(np.resize([is_slow, not is_slow], 64), lengths)


def two_states(dwell_s: float, share: float, factor: float) -> System:
    """Slow for `share` of the time, in spells of `dwell_s` seconds on average."""
    slow = dwell_s * 1e9 / MEDIAN_NS / factor
    fast = dwell_s * 1e9 * (1 - share) / share / MEDIAN_NS

    def draw(random: np.random.Generator) -> Iterator[NDArray[np.float64]]:
        for is_slow in dwells(random, fast, slow):
            yield MEDIAN_NS * np.where(is_slow, factor, 1.0) * np.exp(0.1 * random.standard_normal(len(is_slow)))

    part = slow / (slow + fast)
    return System(
        f"{dwell_s:g} s slow × {factor:g}, {share:.0%}",
        draw,
        mixed([1 - part, part], [1, factor], [0.1, 0.1]),
        dwell_s / share,
    )


def spiky_spells(dwell_calls: float, rare: float, often: float, share: float) -> System:
    """Only the share of spikes changes between the states: rho is small at every lag and long."""
    mean = rare * (1 - share) + often * share

    def draw(random: np.random.Generator) -> Iterator[NDArray[np.float64]]:
        for is_slow in dwells(random, dwell_calls * (1 - share) / share, dwell_calls):
            n = len(is_slow)
            spike = random.random(n) < np.where(is_slow, often, rare)
            factor = np.where(spike, 3.0 * np.exp(0.3 * random.standard_normal(n)), 1.0)
            yield MEDIAN_NS * factor * np.exp(0.05 * random.standard_normal(n))

    return System(
        f"spikes {rare:.1%} or {often:.0%}, in spells",
        draw,
        mixed([1 - mean, mean], [1, 3], [0.05, math.hypot(0.05, 0.3)]),
        dwell_calls / share * MEDIAN_NS / 1e9,
    )


SYSTEMS = (
    lognormal(0.05),
    lognormal(0.3),
    lognormal(0.3, rho=0.5),
    lognormal(0.3, rho=0.9),
    pareto(1.5),
    pareto(2.5),
    spikes(0.001, 20.0),
    spikes(0.02, 10.0),
    spiky_spells(1000, 0.002, 0.04, 0.2),
    two_states(0.002, 0.05, 2.0),
    two_states(0.02, 0.05, 2.0),
    two_states(0.02, 0.2, 1.5),
    two_states(0.1, 0.05, 2.0),
    two_states(0.1, 0.2, 1.5),
    two_states(0.5, 0.05, 2.0),
    two_states(2.0, 0.2, 1.5),
)


class Plays:
    """A runner that plays a system's call times, one call in flight."""

    model_clock = "host"

    def __init__(self, system: System, seed: Sequence[int]) -> None:
        self._stretches = system.draw(np.random.default_rng(seed))
        self._left = np.zeros(0)
        self.now_ns = 0

    def run(self, calls: Sequence[Callable[[], object]], *, max_calls: int | None, duration_ns: int) -> Block:
        calls[0]()
        taken = self._take(duration_ns, max_calls)
        done = self.now_ns + np.cumsum(taken)
        block = make_block(
            slot=np.zeros(len(taken), dtype=np.int64),
            submitted_ns=done - taken,
            done_ns=done,
            concurrency=1,
            deadline_ns=None if max_calls is not None else self.now_ns + duration_ns,
        )
        self.now_ns = int(done[-1])
        return block

    def pass_by(self, seconds: float) -> None:
        """Let the system go on without being measured."""
        self.now_ns += int(self._take(int(seconds * 1e9), None).sum())

    def _take(self, duration_ns: int, calls: int | None) -> NDArray[np.int64]:
        while (len(self._left) < (calls or 1)) or (calls is None and self._left.sum() <= duration_ns):
            self._left = np.concatenate((self._left, np.floor(next(self._stretches))))
        count = calls or int(np.searchsorted(np.cumsum(self._left), duration_ns)) + 1
        taken, self._left = self._left[:count], self._left[count:]
        return taken.astype(np.int64)

    def floor_ns(self) -> tuple[float, float]:
        return 0.0, 0.0

    def flags(self, call: Callable[[], object]) -> list[str]:
        del call
        return []

    def close(self) -> None:
        """Nothing to let go of."""


class Played:
    """A workload whose calls return something; the runner knows how long they take."""

    name, backend = "played", "python"

    def prepare(self, *, batch_size: int, dtype: str, device: str, seed: int) -> Callable[[], object]:
        return lambda: True

    def flops(self, batch_size: int) -> None:
        return None

    def bytes(self, batch_size: int, dtype: str = "float32") -> None:
        return None


def in_one_go(system: System, budget: str, seed: int) -> Measurement:
    return measure(Played(), batch_size=1, budget=budget, runner=Plays(system, (seed, 0)))


def in_visits(system: System, budget: str, seed: int) -> Measurement:
    runner = Plays(system, (seed, 1))
    bench = Bench(runner=runner)
    point = Point(Played(), 1, 1, "float32", "cpu", 0, as_budget(budget), Conditions(), bench)
    while True:
        measured = point.visit(bench)
        if point.is_finished:
            return measured
        runner.pass_by(BETWEEN_VISITS_S)


def in_five_processes(system: System, budget: str, seed: int) -> Measurement:
    runs = [Plays(system, (seed, 2, process)) for process in range(5)]
    return pool([measure(Played(), batch_size=1, budget=budget, runner=run) for run in runs])


WAYS: dict[str, Callable[[System, str, int], Measurement]] = {
    "one go": in_one_go,
    "visits": in_visits,
    "5 processes": in_five_processes,
}


def is_missed(row: dict[str, float], what: str, truth: float) -> bool:
    column = "throughput_rps" if what == "rate" else f"latency_{what}_ms"
    slack = 1e-6 if what != "rate" else 0.0  # call times are whole nanoseconds
    return bool(row[f"{column}_lo"] > truth + slack or row[f"{column}_hi"] < truth - slack)


def is_said(row: dict[str, object], system: System) -> bool:
    """Whether the row says that it does not hold still, or that it does not speak for the system's time scale."""
    uncovered = system.recurrence_s > float(row["time_scale_s"])  # type: ignore[arg-type]
    return row["status"] == "unstable" or "heavy_tail" in row["flags"] or uncovered  # type: ignore[operator]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=60, help="rows of each kind; a third of it for budget 'tail'")
    parser.add_argument("--budgets", default="draft,standard,tail")
    chosen = parser.parse_args()
    start, failed = perf_counter(), []
    print(
        f"{'system':>28} {'budget':>9} {'way':>12} {'rows':>5} {'time':>7}  missed p95/p99/rate     silent p95/p99/rate"
    )
    totals = dict.fromkeys(("p95", "p99", "rate"), 0)
    total = 0
    for budget in chosen.budgets.split(","):
        rows = max(10, chosen.rows // 3) if budget == "tail" else chosen.rows
        for way, run in WAYS.items():
            for system in SYSTEMS:
                found = [dict(run(system, budget, seed).point) for seed in range(rows)]
                missed = {w: [r for r in found if is_missed(r, w, t)] for w, t in system.truth.items()}
                silent = {w: sum(not is_said(r, system) for r in some) for w, some in missed.items()}
                spent = np.median([float(row["duration_s"]) for row in found])
                shown = "/".join(f"{len(some) / rows:4.0%}" for some in missed.values())
                quiet = "/".join(f"{count / rows:4.0%}" for count in silent.values())
                kind = f"{system.name:>28} {budget:>9} {way:>12}"
                print(f"{kind} {rows:5d} {spent:6.2f}s  {shown:>20}    {quiet:>20}", flush=True)
                total += rows
                for what, count in silent.items():
                    totals[what] += count
                    # So few rows have shares of their own; what no share of 7 % gives in one of a hundred is a miss.
                    if count > MOST_SILENT * rows + 2.33 * math.sqrt(MOST_SILENT * (1 - MOST_SILENT) * rows):
                        failed.append(f"{' '.join(kind.split())} {what} {count / rows:.0%}")
    shares = {what: count / total for what, count in totals.items()}
    print("silent, over all: " + ", ".join(f"{what} {share:.1%}" for what, share in shares.items()))
    print(f"{total} rows in {perf_counter() - start:.0f} s; at most {MOST_SILENT:.0%} silent")
    failed += [f"{what} {share:.1%} over all" for what, share in shares.items() if share > MOST_SILENT]
    print("targets met" if not failed else "missed: " + "; ".join(failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
