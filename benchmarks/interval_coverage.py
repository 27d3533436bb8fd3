"""How often the 95 % interval of a percentile holds the true percentile, over series whose truth is known.

Each row is a kind of series and a number of calls, each figure the share of runs whose interval holds the truth, of
those that have an interval; "-" where too few do, since n carries none. Ties (a coarse clock) can only raise it.

    python benchmarks/interval_coverage.py
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from tradeoff.stats.quantiles import percentiles

RUNS = 600
LENGTHS = (1000, 4000, 20_000)
PROBABILITIES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p999": 0.999}
LOWEST, HIGHEST = 0.93, 0.99
SIGMA = 0.3
SPIKES, SPIKE = 0.02, 10.0
TICK = 0.05
Runs = NDArray[np.float64]


@dataclass(frozen=True)
class Series:
    """A kind of series: how to draw runs of n calls, and its true quantiles."""

    name: str
    draw: Callable[[np.random.Generator, int], Runs]
    truth: Callable[[float], float]


def lognormal(random: np.random.Generator, n: int) -> Runs:
    return np.exp(SIGMA * random.standard_normal((RUNS, n)))


def lognormal_quantile(p: float) -> float:
    return math.exp(SIGMA * NormalDist().inv_cdf(p))


def with_spikes(random: np.random.Generator, n: int) -> Runs:
    return lognormal(random, n) * np.where(random.random((RUNS, n)) < SPIKES, SPIKE, 1.0)


def with_spikes_quantile(p: float) -> float:
    def share_below(x: float) -> float:
        normal = NormalDist(0.0, SIGMA)
        return (1 - SPIKES) * normal.cdf(math.log(x)) + SPIKES * normal.cdf(math.log(x / SPIKE))

    low, high = 1e-3, 1e4
    for _ in range(100):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if share_below(middle) < p else (low, middle)
    return low


def dependent(rho: float) -> Callable[[np.random.Generator, int], Runs]:
    def draw(random: np.random.Generator, n: int) -> Runs:
        noise = random.standard_normal((n, RUNS))
        for i in range(1, n):
            noise[i] = rho * noise[i - 1] + math.sqrt(1 - rho**2) * noise[i]
        return np.exp(SIGMA * noise.T)

    return draw


def pareto(random: np.random.Generator, n: int) -> Runs:
    return random.random((RUNS, n)) ** (-1 / 1.5)


def ticks(random: np.random.Generator, n: int) -> Runs:
    """Lognormal, as a clock of 5 % of the median shows them: rounded up."""
    return np.ceil(lognormal(random, n) / TICK) * TICK


SERIES = (
    Series("lognormal", lognormal, lognormal_quantile),
    Series("2 % spikes", with_spikes, with_spikes_quantile),
    Series("AR(1) 0.5", dependent(0.5), lognormal_quantile),
    Series("AR(1) 0.8", dependent(0.8), lognormal_quantile),
    Series("Pareto 1.5", pareto, lambda p: (1 - p) ** (-1 / 1.5)),
    Series("ties", ticks, lambda p: math.ceil(lognormal_quantile(p) / TICK) * TICK),
)


def coverage(series: Series, n: int) -> dict[str, float]:
    """Return the share of intervals that hold the truth; NaN where fewer than 9 runs in 10 have an interval."""
    truth = {name: series.truth(p) for name, p in PROBABILITIES.items()}
    given, held = dict.fromkeys(truth, 0), dict.fromkeys(truth, 0)
    for run in series.draw(np.random.default_rng(n), n):
        for name, found in percentiles(np.ascontiguousarray(run), PROBABILITIES).items():
            given[name] += math.isfinite(found.hi)
            held[name] += found.lo <= truth[name] <= found.hi
    return {name: held[name] / given[name] if given[name] >= 0.9 * RUNS else math.nan for name in truth}


def main() -> int:
    start = perf_counter()
    print(f"{'series':>12} {'calls':>7}" + "".join(f"{name:>8}" for name in PROBABILITIES))
    missed = []
    for series in SERIES:
        for n in LENGTHS:
            found = coverage(series, n)
            shown = ("-" if math.isnan(share) else f"{share:.3f}" for share in found.values())
            print(f"{series.name:>12} {n:7d}" + "".join(f"{each:>8}" for each in shown), flush=True)
            missed += [
                f"{name} of {n} calls, {series.name}: {share:.3f}"
                for name, share in found.items()
                if not math.isnan(share) and not LOWEST <= share <= (1.0 if series.draw is ticks else HIGHEST)
            ]
    print(f"{RUNS} runs each in {perf_counter() - start:.0f} s; wanted {LOWEST} to {HIGHEST}")
    print("targets met" if not missed else "missed: " + "; ".join(missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
