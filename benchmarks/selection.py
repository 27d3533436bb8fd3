"""What `decide` says of the point it has chosen, over grids of fifty noisy points of which the truth is known.

Run with ``python benchmarks/selection.py [grids]``. Intervals of throughput and p99 of the chosen point hold the truth
in 90 % at least; `feasible` of a point that misses its limit in 5 % at most; both also where throughput and p99 share
their noise, where noise differs from point to point, with Student's intervals of a few processes, and with exact
intervals of samples. A point that is measured anew after it was chosen is covered in 95 %. Beside them, what intervals
that do not allow for the choice would hold.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import tradeoff
from tradeoff.frames import Run
from tradeoff.stats.quantiles import percentiles
from tradeoff.stats.student import t_quantile

POINTS, LIMIT, Z = 50, 20.0, 1.959964
ASKED = f"maximize throughput subject to p99 <= {LIMIT:g} ms"
COVERED, CONFIRMED, FALSE = 0.90, 0.945, 0.05

Numbers = NDArray[np.float64]
Measured = dict[str, Numbers]


class Grid(NamedTuple):
    """True throughput and p99 of points, and how they are measured: a frame's columns, anew at each call."""

    throughput: Numbers
    p99: Numbers
    measure: Callable[[], Measured]


def lognormal(rng: np.random.Generator, x: Numbers, p: Numbers, sx: Numbers, sp: Numbers, shared: float) -> Grid:
    """Noise of known size, of which p99 shares some with throughput: a slow run is slow in both."""

    def measure() -> Measured:
        a, b = rng.standard_normal((2, len(x)))
        b = -shared * a + math.sqrt(1 - shared**2) * b
        return _columns("throughput_rps", x * np.exp(sx * a), Z * sx) | _columns(
            "latency_p99_ms", p * np.exp(sp * b), Z * sp
        )

    return Grid(x, p, measure)


def _columns(name: str, value: Numbers, half: Numbers) -> Measured:
    return {name: value, f"{name}_lo": value * np.exp(-half), f"{name}_hi": value * np.exp(half)}


def processes(rng: np.random.Generator, count: int, miss: float) -> Grid:
    """Student's intervals over a few processes, on a log scale for p99 as `sweep` makes them."""
    x, p = np.full(POINTS, 1e5), np.full(POINTS, LIMIT * miss)

    def measure() -> Measured:
        mood = 0.05 * rng.standard_normal((POINTS, count))
        t, root = t_quantile(0.975, count - 1), math.sqrt(count)
        rates = 1e5 * (1 - mood)
        half = t * rates.std(1, ddof=1) / root
        middle = rates.mean(1)
        row = {"throughput_rps": middle, "throughput_rps_lo": middle - half, "throughput_rps_hi": middle + half}
        return (
            row
            | _columns("latency_p99_ms", p * np.exp(mood.mean(1)), t * mood.std(1, ddof=1) / root)
            | {"replicates": np.full(POINTS, float(count))}
        )

    return Grid(x, p, measure)


def samples(rng: np.random.Generator, n: int, tail: str, miss: float) -> Grid:
    """Exact intervals of p99 between order statistics of n calls."""
    draw, true = {
        "exponential": (lambda size: rng.exponential(1.0, size), math.log(100)),
        "Pareto 2.5": (lambda size: rng.pareto(2.5, size) + 1, 100 ** (1 / 2.5)),
        "lognormal": (lambda size: np.exp(0.8 * rng.standard_normal(size)), math.exp(0.8 * 2.3263479)),
    }[tail]
    x, p = np.full(POINTS, 1e5), np.full(POINTS, LIMIT * miss)

    def measure() -> Measured:
        found = [percentiles(one, {"p99": 0.99})["p99"] for one in draw((POINTS, n)) / true * LIMIT * miss]
        ends = {"": [one.value for one in found], "_lo": [one.lo for one in found], "_hi": [one.hi for one in found]}
        row = _columns("throughput_rps", x * np.exp(0.05 * rng.standard_normal(POINTS)), np.full(POINTS, 0.05 * Z))
        row |= {f"latency_p99_ms{end}": np.array(values) for end, values in ends.items()}
        return row | {"n": np.full(POINTS, float(n)), "tau_p99": np.array([max(1.0, one.tau) for one in found])}

    return Grid(x, p, measure)


def grids(rng: np.random.Generator) -> Iterator[tuple[str, Callable[[], Grid]]]:
    """Yield names of kinds of grids, and what makes one."""
    one = np.ones(POINTS)
    normal, uniform = rng.standard_normal, rng.uniform

    def noise(low: float, high: float) -> Numbers:
        return np.exp(uniform(math.log(low), math.log(high), POINTS))

    for shared, word in ((0.0, ""), (0.9, ", shared noise")):
        kinds: dict[str, Callable[[], tuple[Numbers, Numbers, Numbers, Numbers]]] = {
            "equal, all miss by 0.1 %": lambda: (1e5 * one, 1.001 * LIMIT * one, 0.08 * one, 0.05 * one),
            "equal, all meet by 10 %": lambda: (1e5 * one, 0.9 * LIMIT * one, 0.08 * one, 0.05 * one),
            "equal, far below the limit": lambda: (1e5 * one, 0.1 * LIMIT * one, 0.08 * one, 0.05 * one),
            "unequal by 5 %": lambda: (
                1e5 * np.exp(0.05 * normal(POINTS)), LIMIT * np.exp(0.05 * normal(POINTS)), 0.08 * one, 0.05 * one
            ),
            "unequal by 50 %": lambda: (
                1e5 * np.exp(0.5 * normal(POINTS)), LIMIT * np.exp(0.5 * normal(POINTS)), 0.08 * one, 0.05 * one
            ),
            "a trade-off": lambda: (
                1e4 * np.exp(2 * np.linspace(0, 1, POINTS)),
                LIMIT * np.exp(3 * np.linspace(0, 1, POINTS) - uniform(1, 2)), 0.04 * one, 0.06 * one
            ),
            "unequal noise, all miss by 0.1 %": lambda: (
                1e5 * one, 1.001 * LIMIT * one, noise(0.01, 0.3), noise(0.003, 0.3)
            ),
        }  # fmt: skip
        for name, make in kinds.items():
            yield name + word, lambda make=make, shared=shared: lognormal(rng, *make(), shared)
    for count in (3, 5, 8):
        for miss in (1.001, 0.8):
            yield f"{count} processes, p99 {miss:g} of the limit", lambda c=count, m=miss: processes(rng, c, m)
    for n in (400, 800, 2000):
        for tail in ("exponential", "Pareto 2.5", "lognormal"):
            for miss in (1.001, 0.7):
                yield (
                    f"{n} calls, {tail}, p99 {miss:g} of the limit",
                    lambda n=n, tail=tail, m=miss: samples(rng, n, tail, m),
                )


def framed(measured: Measured) -> pd.DataFrame:
    """Write what was measured as points."""
    return pd.DataFrame(measured).assign(point_id=[f"{at:02d}" for at in range(POINTS)])


class Told(NamedTuple):
    """Of one grid: whether what was said held; NaN where nothing was."""

    throughput: float
    p99: float
    plain: float
    false: float
    feasible: float
    anew_throughput: float
    anew_p99: float


def one_grid(grid: Grid) -> Told:
    """Decide on one grid, and look at what was said."""
    frame = framed(grid.measure())
    decision = tradeoff.decide(frame, ASKED)
    at = int(decision.point["point_id"])
    true = {"throughput_rps": float(grid.throughput[at]), "latency_p99_ms": float(grid.p99[at])}
    is_feasible = decision.verdict == "feasible"
    false = float(is_feasible and true["latency_p99_ms"] > LIMIT)
    if decision.verdict == "infeasible":
        return Told(math.nan, math.nan, math.nan, 0.0, 0.0, math.nan, math.nan)
    held = {name: _holds(*decision.intervals[name][1:], true[name]) for name in true}
    point = decision.point
    plain = _holds(point["throughput_rps_lo"], point["throughput_rps_hi"], true["throughput_rps"])
    again = tradeoff.decide(frame, ASKED, confirm=lambda _: Run(framed(grid.measure()).iloc[[at]]))
    after = [_holds(again.point[f"{name}_lo"], again.point[f"{name}_hi"], true[name]) for name in true]
    return Told(held["throughput_rps"], held["latency_p99_ms"], plain, false, float(is_feasible), *after)


def _holds(low: float, high: float, true: float) -> float:
    return float((math.isnan(low) or low <= true) and (math.isnan(high) or true <= high))


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    rng = np.random.default_rng(0)
    reached: list[bool] = []
    anew: list[float] = []
    print("wanted: throughput, p99 >= 90 %; false <= 5 % within the luck of so many grids; measured anew 95 % over all")
    print(f"{'grids of 50 points':46} throughput   p99  false  (plain throughput) feasible  anew: throughput  p99")
    for name, make in grids(rng):
        told = np.array([one_grid(make()) for _ in range(count)])
        known = ~np.isnan(told[:, 0])
        mean = Told(*(float(told[known, at].mean()) if known.any() else math.nan for at in range(len(Told._fields))))
        false = float(told[:, 3].mean())
        luck = 2 * math.sqrt(FALSE * (1 - FALSE) / count)
        fine = mean.throughput >= COVERED and mean.p99 >= COVERED and false <= FALSE + luck
        anew += told[known, -2:].ravel().tolist()
        reached.append(fine)
        print(
            f"{name:46} {mean.throughput:9.1%} {mean.p99:6.1%} {false:6.1%} {mean.plain:12.1%} {mean.feasible:16.1%}"
            f" {mean.anew_throughput:14.1%} {mean.anew_p99:7.1%}  {'reached' if fine else 'MISSED'}"
        )
    reached.append(bool(np.mean(anew) >= CONFIRMED))
    print(f"measured anew after they were chosen: {np.mean(anew):.1%} of {len(anew)} intervals hold the truth")
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
