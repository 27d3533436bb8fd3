"""From a service to what the browser simulates with: its times in one table, and the steps of the sliders."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeoff.arguments import ArgumentError, seed, shown, text
from tradeoff.digits import three
from tradeoff.explorer.measured import measured
from tradeoff.explorer.metrics import rounded
from tradeoff.explorer.preferred import preferred_numbers, with_asked
from tradeoff.frames import PERCENTILES, STAGES, Run
from tradeoff.serving.costs import Costs, FunctionCosts, MeasuredCosts, Table, costs_of
from tradeoff.serving.model import ServiceModel
from tradeoff.serving.policy import FORMATIONS
from tradeoff.serving.simulate import whole

FORMAT = "tradeoff.whatif"
VERSION = 1

_MOST_WORKERS = 64
_SIZES_OF_A_FUNCTION = 32
_EVERY_SIZE = 64
"""Largest batch up to which the slider stops at every size."""

_MOST_MEASURED, _MOST_DRAWN = 400_000, 200_000
"""Times that travel to the browser, in all sizes together: 4 MB of text at most."""

_EXACT = 4096
"""Times, in all sizes together, that travel to the last digit: where nothing is drawn a last digit decides on ties, and
with them on which requests of a closed loop wait."""

_MOST_OF_ONE, _MOST_OF_A_POOL, _FEWEST_OF_ONE = 20_000, 4096, 512


@dataclass(frozen=True, eq=False)
class Service:
    """What a batch costs, and within which bounds one may ask.

    Attributes
    ----------
    costs
        Times of batches.
    largest_batch_size, most_workers
        Where the sliders end.
    formation, network_ms
        As `tradeoff.simulate` takes them; they do not slide.
    pad_to
        ``"measured"`` or None.
    seed
        Of everything that is drawn.
    given
        What `tradeoff.simulate` is given as its service.
    """

    costs: Costs
    largest_batch_size: int
    most_workers: int
    formation: str
    network_ms: float
    pad_to: str | None
    seed: int
    given: Any

    @classmethod
    def of(
        cls,
        service: Any,
        *,
        largest_batch_size: int | None,
        most_workers: int,
        formation: str,
        network_ms: float,
        pad_to: str | None,
        seed_of_draws: int,
    ) -> Service:
        """Check everything.

        Raises
        ------
        ValueError, TypeError
            When an argument cannot be used.
        """
        if pad_to not in (None, "measured"):
            raise ArgumentError(f"pad_to must be 'measured' or None; got {shown(pad_to)}")
        if formation not in FORMATIONS:
            raise ArgumentError(f"formation must be one of {', '.join(FORMATIONS)}; got {shown(formation)}")
        network = number("network_ms", network_ms)
        chosen = seed(seed_of_draws)
        costs = costs_of(service, pad=pad_to is not None, seed=chosen)
        if largest_batch_size is None:
            largest = costs.largest if isinstance(costs, MeasuredCosts) else _SIZES_OF_A_FUNCTION
        else:
            largest = whole("largest_batch_size", largest_batch_size)
        workers = whole("most_workers", most_workers)
        if workers > _MOST_WORKERS:
            raise ArgumentError(f"most_workers must be {_MOST_WORKERS} at most; got {workers}")
        costs.check(largest)
        return cls(costs, largest, workers, formation, network, pad_to, chosen, service)

    def payload(self, title: str | None) -> dict[str, Any]:
        """Return what the browser needs: JSON-able, without NaN, numbers of six significant digits."""
        table = light(self.costs, self.largest_batch_size).table(self.largest_batch_size, self.most_workers)
        small, large = (table.mean_ms(size, 1) for size in (1, self.largest_batch_size))
        if not small > 0 or not large > 0:
            raise ArgumentError("service takes no time at all: there is nothing to trade; give times above 0 ms")
        return {
            "format": FORMAT,
            "version": VERSION,
            "title": text("title", title) or _title(self.given),
            "percentiles": list(PERCENTILES),
            "stages": [stage for stage in STAGES if stage != "post" and (stage != "overhead" or self.network_ms > 0)],
            "steps": self._steps(table, small, large),
            "formation": self.formation,
            "network_ms": self.network_ms,
            "seed": self.seed,
            "table": _for_browser(table),
            "rests_on": [list(line) for line in self._rests_on()],
            "warnings": list(self._warnings()),
        }

    def capacity_rps(self, table: Table, size: int, workers: int) -> float:
        """Return the requests a second that all workers complete in full batches, without the host."""
        return 1e3 * workers * size / table.mean_ms(size, workers)

    def _steps(self, table: Table, small: float, large: float) -> dict[str, list[float]]:
        least = self.capacity_rps(table, 1, 1)
        sizes = range(1, self.largest_batch_size + 1)
        most = max(self.capacity_rps(table, size, workers) for size in sizes for workers in (1, self.most_workers))
        short, long = min(small, large), max(small, large)
        clients = min(4096, max(64, 4 * self.most_workers * self.largest_batch_size))
        found = {
            "request_rate": preferred_numbers(least / 50, 1.3 * most),
            "clients": preferred_numbers(1, clients, whole=True),
            "think_ms": [0.0, *preferred_numbers(short / 2, 100 * long)],
            "max_batch_size": self._sizes(),
            "max_wait_ms": [0.0, *preferred_numbers(short / 20, 10 * long)],
            "workers": range(1, self.most_workers + 1),
            "host_ms": [0.0, *preferred_numbers(short / 50, 3 * long)],
            "limit_ms": preferred_numbers(short / 2 + self.network_ms, 100 * long + self.network_ms),
            "needed": preferred_numbers(least / 10, 300 * most),
        }
        return {name: [rounded(step) for step in steps] for name, steps in found.items()}  # type: ignore[misc]

    def _sizes(self) -> Iterable[float]:
        largest = self.largest_batch_size
        if largest <= _EVERY_SIZE:
            return range(1, largest + 1)
        known = {largest}
        if isinstance(self.costs, MeasuredCosts):
            known |= {size for times in self.costs.times_ms.values() for size in times if size <= largest}
        return with_asked((step for step in preferred_numbers(1, largest, whole=True) if step <= largest), known)

    def _warnings(self) -> Iterable[str]:
        costs, largest = self.costs, self.largest_batch_size
        if self.most_workers > 1 and (not costs.levels or costs.levels[-1] < self.most_workers):
            level = costs.levels[-1] if costs.levels else 1
            yield (
                f"Times are known with up to {level} under way: beyond that, workers are counted as devices of their "
                "own, and not as streams of one device, which would slow each other down."
            )
        if isinstance(costs, MeasuredCosts) and costs.is_interpolated(largest):
            how = "padded to the next that was" if self.pad_to else "interpolated, quantile by quantile"
            yield f"Batches of sizes that were not measured are {how}."
        if costs.fewest(largest) < 100:
            yield f"Some batch size has {costs.fewest(largest):.0f} times only: a p99 made of them is a guess."

    def _rests_on(self) -> Iterable[tuple[str, str]]:
        costs = self.costs
        if isinstance(costs, MeasuredCosts):
            counts = [len(times) for sizes in costs.times_ms.values() for times in sizes.values()]
            sizes = sorted({size for times in costs.times_ms.values() for size in times})
            yield (
                "service times",
                (
                    f"{sum(counts)} measured batches of size {_listed(sizes)}, {min(counts)} to {max(counts)} of each"
                    + (f"; {_listed(costs.levels)} under way at once" if len(costs.levels) > 1 else "")
                ),
            )
        elif isinstance(self.given, ServiceModel):
            yield "service times", f"a fitted model: {self.given.sentence()}"
        else:
            draws = isinstance(costs, FunctionCosts) and costs.draws
            yield "service times", "a function, its times drawn" if draws else "a function of the size alone"
        yield "load", "Poisson arrivals, or clients that ask, wait, think for a constant time, and ask again"
        yield (
            "batches",
            (
                "the head of the queue waits for others at most the wait limit; "
                + ("one batch forms at a time" if self.formation == "shared" else "each worker forms its own batch")
                + "; the host's time occupies the worker; the queue has no limit"
            ),
        )
        if self.network_ms > 0:
            yield "network", f"{three(self.network_ms)} ms for each request, on top of everything"
        yield (
            "bands",
            (
                "order statistics of the requests of all replications, at ranks as far apart as the shares of slower "
                "requests differ between replications (Student's t, what slow batches explain taken out): 99.9 % of 12 "
                "replications at rest, so that those of a whole curve hold together with 95 %; 95 % of 4 while a "
                "slider moves. They say how well the simulation knows the number, not how well it knows your server"
            ),
        )
        yield (
            "turns up",
            (
                "the load with the most throughput per p99 (Kleinrock's power): from there to any higher load the tail "
                "grows by a larger factor than the throughput; in brackets where the replications one by one have it"
            ),
        )
        yield (
            "the limit",
            (
                "a load keeps it where the whole band does, and breaks it where none of the band does; between, it is "
                "too close to call. Loads between two that were simulated count as they do; nothing is said of loads "
                "beyond those that were simulated"
            ),
        )
        yield (
            "devices",
            (
                "the fewest whose equal share of the needed load keeps the limit, simulated at that share; in brackets "
                "the fewest that are not ruled out"
            ),
        )
        if isinstance(self.given, Run):
            lines = measured(self.given.points, self.given.environment, besides={"batch_size", "concurrency"})
            yield from ((name, told) for name, told in lines if name != "intervals")


def number(name: str, value: Any, *, least: float = 0.0, above: bool = False) -> float:
    """Return a finite number that is at least `least`, or above it.

    Raises
    ------
    ArgumentError
        For anything else.
    """
    said = f"a number {'above' if above else 'of at least'} {three(least) if least else '0'}"
    if isinstance(value, bool | str | bytes):
        raise ArgumentError(f"{name} must be {said}; got {shown(value)}")
    try:
        found = float(value)
    except (TypeError, ValueError):
        raise ArgumentError(f"{name} must be {said}; got {shown(value)}") from None
    if not math.isfinite(found) or found < least or (above and found == least):
        raise ArgumentError(f"{name} must be {said}; got {shown(value)}")
    return found


def light(costs: Costs, largest_batch_size: int) -> MeasuredCosts:
    """Return the times as series that are short enough to travel, each by the means of its ordered parts.

    The mean survives exactly and every percentile to a part of a series; up to 20 000 measured times of one size are
    kept as they are.
    """
    if isinstance(costs, FunctionCosts):
        every = {1: {size: costs.times(size) for size in range(1, largest_batch_size + 1)}}
        most = min(_MOST_OF_A_POOL, _MOST_DRAWN // largest_batch_size)
        told_apart, pad = False, False
    elif isinstance(costs, MeasuredCosts):
        every = {level: dict(times) for level, times in costs.times_ms.items()}
        most = min(_MOST_OF_ONE, _MOST_MEASURED // sum(map(len, every.values())))
        told_apart, pad = costs.told_apart, costs.pad
    else:
        raise TypeError(f"costs of {type(costs).__name__}")
    most = max(_FEWEST_OF_ONE, most)
    short = {
        level: {size: _compressed(np.sort(series), most) for size, series in times.items()}
        for level, times in every.items()
    }
    return MeasuredCosts(short, pad, told_apart)


def _for_browser(table: Table) -> dict[str, Any]:
    arrays = {"lowAt": table.low_at, "lowN": table.low_n, "highAt": table.high_at, "highN": table.high_n}
    return {
        "rows": table.weight.shape[0],
        "columns": table.weight.shape[1],
        **{name: array.ravel().tolist() for name, array in arrays.items()},
        "weight": table.weight.ravel().tolist(),
        "times": table.times.tolist() if len(table.times) <= _EXACT else [rounded(time) for time in table.times],
    }


def _compressed(ascending: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    if len(ascending) <= most:
        return ascending
    cuts = np.linspace(0, len(ascending), most + 1).round().astype(int)
    return np.add.reduceat(ascending, cuts[:-1]) / np.diff(cuts)


def _title(service: Any) -> str:
    if isinstance(service, Run):
        names = [str(name) for name in service.points["workload"].dropna().unique()]
        return ", ".join(names[:3])
    if isinstance(service, ServiceModel):
        return str(service.group.get("workload", "service"))
    name = getattr(service, "__name__", "")
    return name if name.isidentifier() else "service"


def _listed(values: Iterable[int]) -> str:
    found = list(values)
    if len(found) > 8:
        return f"{found[0]} to {found[-1]} ({len(found)} sizes)"
    return ", ".join(map(str, found))
