"""How often a steady run is called unstable, how often a late step of 15 % is caught, and a tail that grows.

Each row is a kind of run: n calls of which sigma is the coefficient of variation, without memory or AR(1), judged as a
point of a sweep is (`tradeoff.timing.settle`: medians of slices and the share of slow calls).

alarms     steady runs called unstable: at most 1 % in every row
undecided  steady runs of which the test says that it could not see such a step
caught     runs with a step called unstable, at the worst of several positions of the step: at least 99 % in every row
           of which most steady runs are decided
silent     runs with a step called neither unstable nor undecided, at the worst position: at most 1 % in every row
best       what a test that knew the shape, sigma and where the step is would catch at 1 % of false alarms (Neyman and
           Pearson, for a normal mean): noise of 20 % hides the step in a short run whatever one does

Below: steady runs of two modes and AR(1) 0.9, and runs whose slowest 5 % take three times as long from half-time on.

    python benchmarks/drift_power.py
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from statistics import NormalDist
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from tradeoff.stats.drift import STEP
from tradeoff.timing.settle import settle

LENGTHS = (400, 1000, 2000, 5000, 20_000)
SIGMAS = (0.01, 0.05, 0.20)
SHAPES = ("normal", "lognormal")
CORRELATIONS = (0.0, 0.5)
POSITIONS = (0.5, 0.6, 0.75, 0.8, 0.875)
STEADY_RUNS, STEPPED_RUNS = 1000, 300
MOST_ALARMS, LEAST_CAUGHT, MOST_SILENT = 0.01, 0.99, 0.01
SPEED_SAMPLES, SPEED_LIMIT_MS = 100_000, 60.0
TAIL_FROM = 4000
"""A thousand calls hold fifty slow ones: half of the runs are caught; of two thousand 98 %."""
Runs = NDArray[np.float64]


@dataclass(frozen=True)
class Verdicts:
    """Shares of runs."""

    unstable: float
    undecided: float

    @property
    def steady(self) -> float:
        """Neither unstable nor undecided."""
        return 1.0 - self.unstable - self.undecided


def judge(runs: Runs) -> Verdicts:
    found = [settle(run.astype(np.int64), np.cumsum(run).astype(np.int64), [0], truncate=True) for run in runs]
    return Verdicts(
        float(np.mean([each.is_unstable for each in found])), float(np.mean([each.is_undecided for each in found]))
    )


def draw(*, n: int, sigma: float, shape: str, rho: float, runs: int) -> Runs:
    noise = np.random.default_rng([n, round(100 * sigma), round(10 * rho)]).standard_normal((n, runs))
    for i in range(1, n if rho else 0):
        noise[i] = rho * noise[i - 1] + math.sqrt(1 - rho**2) * noise[i]
    if shape == "lognormal":
        return 1e6 * np.exp(math.sqrt(math.log1p(sigma**2)) * np.ascontiguousarray(noise.T))
    return 1e6 * np.maximum(1 + sigma * np.ascontiguousarray(noise.T), 0.01)


def with_step(runs: Runs, at: float) -> Runs:
    stepped = runs.copy()
    stepped[:, int(at * runs.shape[1]) :] *= 1 + STEP
    return stepped


def best(*, n: int, sigma: float, rho: float) -> float:
    """Power against a step at the last of `POSITIONS`, by the difference of two means of an AR(1) series."""
    after = 1 - POSITIONS[-1]
    error = sigma * math.sqrt((1 + rho) / (1 - rho) / (n * after * (1 - after)))
    normal = NormalDist()
    return normal.cdf(STEP / error - normal.inv_cdf(1 - MOST_ALARMS))


def two_modes(*, n: int, runs: int) -> Runs:
    random = np.random.default_rng(n)
    slow = np.where(random.random((runs, n)) < 0.05, 5.0, 1.0)
    return 1e6 * slow * np.exp(0.02 * random.standard_normal((runs, n)))


def with_slower_tail(runs: Runs) -> Runs:
    half = runs.shape[1] // 2
    late = runs[:, half:]
    slow = late > np.quantile(runs, 0.95, axis=1, keepdims=True)
    return np.hstack((runs[:, :half], np.where(slow, 3 * late, late)))


def judge_tails() -> list[str]:
    """Print the rows of tails; return what missed its target."""
    missed = []
    print(f"{'calls':>7} {'kind':>18}{'alarms':>10}{'tail caught':>13}")
    for n in LENGTHS[1:]:
        kinds = {
            "lognormal": draw(n=n, sigma=0.3, shape="lognormal", rho=0.0, runs=STEADY_RUNS),
            "AR(1) 0.9": draw(n=n, sigma=0.3, shape="lognormal", rho=0.9, runs=STEADY_RUNS),
            "two modes": two_modes(n=n, runs=STEADY_RUNS),
        }
        for kind, runs in kinds.items():
            alarms = judge(runs).unstable
            caught = judge(with_slower_tail(runs[:STEPPED_RUNS])).unstable if kind == "lognormal" else math.nan
            print(f"{n:7d} {kind:>18}{alarms:10.2%}{'-' if math.isnan(caught) else f'{caught:.2%}':>13}", flush=True)
            if alarms > MOST_ALARMS or (n >= TAIL_FROM and caught < LEAST_CAUGHT):
                missed.append(f"{kind}, {n} calls")
    return missed


def speed_ms() -> float:
    series = np.random.default_rng(0).lognormal(13, 0.3, SPEED_SAMPLES).astype(np.int64)
    times = np.cumsum(series)
    spent = []
    for _ in range(21):
        start = perf_counter()
        settle(series, times, [0], truncate=True)
        spent.append((perf_counter() - start) * 1e3)
    return float(np.median(spent))


def main() -> int:
    start = perf_counter()
    missed = []
    names = ("alarms", "undecided", "caught", "silent", "best")
    print(f"{'calls':>7} {'sigma':>6} {'shape':>10} {'AR(1)':>6}" + "".join(f"{name:>10}" for name in names))
    for n in LENGTHS:
        for sigma in SIGMAS:
            for shape in SHAPES:
                for rho in CORRELATIONS:
                    runs = draw(n=n, sigma=sigma, shape=shape, rho=rho, runs=STEADY_RUNS)
                    steady = judge(runs)
                    stepped = [judge(with_step(runs[:STEPPED_RUNS], at)) for at in POSITIONS]
                    caught = min(each.unstable for each in stepped)
                    silent = max(each.steady for each in stepped)
                    kind = f"{n:7d} {sigma:6.0%} {shape:>10} {rho:6.1f}"
                    shown = (steady.unstable, steady.undecided, caught, silent, best(n=n, sigma=sigma, rho=rho))
                    print(kind + "".join(f"{share:10.2%}" for share in shown), flush=True)
                    is_decided = steady.undecided < 0.5
                    if steady.unstable > MOST_ALARMS or silent > MOST_SILENT or (is_decided and caught < LEAST_CAUGHT):
                        missed.append(" ".join(kind.split()))
    missed += judge_tails()
    took = speed_ms()
    print(f"start-up, drift and shifts of {SPEED_SAMPLES} samples: {took:.1f} ms (at most {SPEED_LIMIT_MS:g} ms)")
    if took > SPEED_LIMIT_MS:
        missed.append("speed")
    print(f"{STEADY_RUNS} steady runs and {STEPPED_RUNS} with each step, in {perf_counter() - start:.0f} s")
    print("targets met" if not missed else "missed: " + "; ".join(missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
