"""What a batch costs: times of calls that were measured, a fitted model, or a function, as one table.

A batch's time is looked up by its size, by the batches under way, and by one uniform number: the same number for the
same batch in every system that is compared, so that curves over a policy are smooth (common random numbers). Of
measured times every one is reachable, the slowest too: a table of quantiles would lose the spike that a p99 is made
of. A size that was not measured is interpolated between its neighbours quantile by quantile; nothing is extrapolated.
"""

from __future__ import annotations

import inspect
import math
import numbers
import time
from bisect import bisect_left
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.arguments import shown
from tradeoff.frames import NEVER_POOLED, Run
from tradeoff.serving.model import ServiceModel

Times = NDArray[np.float64]
Numbers = NDArray[np.int64]
POOL = 65_536
"""Times drawn from a function for each size at once: each of as many batches has one of its own, and then as many are
drawn anew. Drawn once and for all, their mean would be off by 1 / 256 of their spread: near capacity that is much."""

_AHEAD_S = 0.002
"""Time in which a function is asked for sizes that a run has not come to yet."""

_MOST_DRAWN = 10_000
"""Sizes for which times can be drawn: each takes a pool."""


class Costs(Protocol):
    """Times of batches."""

    @property
    def levels(self) -> tuple[int, ...]:
        """Numbers of batches under way at which times are known; empty when they are not told apart."""
        ...

    def check(self, max_batch_size: int) -> None:
        """Check that batches up to this size have times."""
        ...

    def is_interpolated(self, max_batch_size: int) -> bool:
        """Say whether some batch up to this size has times between those of its neighbours."""
        ...

    def fewest(self, max_batch_size: int) -> float:
        """Return the least number of times that some batch up to this size has; infinite for a function."""
        ...

    def table(self, max_batch_size: int, workers: int, replication: int = 0) -> Table:
        """Return the times of batches up to this size, with up to so many under way."""
        ...


@dataclass(eq=False)
class Table:
    """Times of batches in arrays that a compiled loop can read.

    Row m of each array is for m + 1 batches under way (the last row for more), column k for a batch of k. The time at
    a uniform number is taken from `high_n` ascending times at `high_at`, or, where `weight` is not 1, lies between
    them and `low_n` at `low_at`. Where times are drawn a row is a page instead: the first for the first `page` batches,
    the next for as many after them, so that each batch may have a draw of its own, however long a run is.

    Attributes
    ----------
    times
        All times, one after the other; room for more behind them.
    low_at, low_n, high_at, high_n, weight
        Of shape (batches under way or pages, largest batch + 1).
    drawn
        ``(size, page) -> times``, asked for a size that has no times yet; None when all have.
    page
        Batches of a page; 0 where rows are batches under way.
    ahead
        Sizes and their times, one each, that are had for nothing, asked for once: a loop that has all does not stop.
    """

    times: Times
    low_at: Numbers
    low_n: Numbers
    high_at: Numbers
    high_n: Numbers
    weight: Times
    drawn: Callable[[int, int], Times] | None = None
    page: int = 0
    ahead: Callable[[int], Mapping[int, float]] | None = None
    _filled: int = 0

    @classmethod
    def empty(
        cls, times: Times, levels: int, max_batch_size: int, drawn: Callable[[int, int], Times] | None, page: int = 0
    ) -> Table:
        """Return a table of no entries."""
        shape = (levels, max_batch_size + 1)
        low_at, low_n, high_at, high_n = (np.zeros(shape, dtype=np.int64) for _ in range(4))
        return cls(times, low_at, low_n, high_at, high_n, np.ones(shape), drawn, page)

    def fill(self, size: int, page: int = 0) -> None:
        """Ask for the times of a size that a run has come to, and of which page."""
        if self.drawn is None:
            raise AssertionError(f"no times for a batch of {size}")
        if page < len(self.weight) and self.high_n[page, size]:
            return
        self._put(size, page, self.drawn(size, page))
        if self.ahead is not None:
            ahead, self.ahead = self.ahead, None
            found = ahead(size)
            sizes, at = np.fromiter(found, np.int64, len(found)), self._room_for(page, len(found))
            self.times[at : self._filled] = np.fromiter(found.values(), np.float64, len(found))
            self.low_at[page, sizes] = self.high_at[page, sizes] = np.arange(at, self._filled)
            self.low_n[page, sizes] = self.high_n[page, sizes] = 1

    def _put(self, size: int, page: int, found: Times) -> None:
        at = self._room_for(page, len(found))
        self.times[at : self._filled] = found
        self.low_at[page, size] = self.high_at[page, size] = at
        self.low_n[page, size] = self.high_n[page, size] = len(found)

    def _room_for(self, page: int, count: int) -> int:
        """Make room for so many times of a page, and return where they begin."""
        if page >= len(self.weight):
            more = max(page + 1, 2 * len(self.weight)) - len(self.weight)
            for name in ("low_at", "low_n", "high_at", "high_n", "weight"):
                kept = getattr(self, name)
                rows = np.full((more, kept.shape[1]), 1 if name == "weight" else 0, dtype=kept.dtype)
                setattr(self, name, np.concatenate([kept, rows]))
        at, end = self._filled, self._filled + count
        if end > len(self.times):
            grown = np.empty(max(end, 2 * len(self.times)))
            grown[:at] = self.times[:at]
            self.times = grown
        self._filled = end
        return at

    def ms(self, size: int, in_flight: int, uniform: float) -> float:
        """Return the time of one batch, of the first page where there are pages."""
        row = 0 if self.page else min(in_flight, len(self.weight)) - 1
        if not self.high_n[row, size]:
            self.fill(size)
        n = int(self.high_n[row, size])
        high = float(self.times[self.high_at[row, size] + min(n - 1, int(uniform * n))])
        weight = float(self.weight[row, size])
        if weight == 1.0:
            return high
        n = int(self.low_n[row, size])
        low = float(self.times[self.low_at[row, size] + min(n - 1, int(uniform * n))])
        return low + (high - low) * weight

    def mean_ms(self, size: int, in_flight: int) -> float:
        """Return the mean time of batches of one size, of the first page where there are pages."""
        return self.moments_ms(size, in_flight)[0]

    def moments_ms(self, size: int, in_flight: int, pages: int = 1) -> tuple[float, float, float]:
        """Return mean and standard deviation of the time of one size, and the mean's standard error: 0 unless drawn."""
        if not self.page:
            row = min(in_flight, len(self.weight)) - 1
            if not self.high_n[row, size]:
                self.fill(size)
            high, low = self._some(self.high_at, self.high_n, row, size), self._some(self.low_at, self.low_n, row, size)
            weight = float(self.weight[row, size])
            if weight == 1.0:
                return float(high.mean()), float(high.std()), 0.0
            mean = float(low.mean()) * (1.0 - weight) + float(high.mean()) * weight
            # Both at the same uniform number, so that they deviate together.
            return mean, float(low.std()) * (1.0 - weight) + float(high.std()) * weight, 0.0
        for page in range(pages):
            self.fill(size, page)
        drawn = np.concatenate([self._some(self.high_at, self.high_n, page, size) for page in range(pages)])
        deviation = float(drawn.std())
        return float(drawn.mean()), deviation, deviation / math.sqrt(len(drawn))

    def uniforms(self, n: int, rng: np.random.Generator) -> Times:
        """Return which of its times each of `n` batches takes, as numbers in [0, 1): its own, where times are drawn."""
        if self.page:
            return np.resize((np.arange(self.page) + 0.5) / self.page, n)
        return _zeros(n) if self.drawn is not None else rng.random(n)

    def _some(self, at: Numbers, n: Numbers, row: int, size: int) -> Times:
        start = int(at[row, size])
        return self.times[start : start + int(n[row, size])]


@dataclass(frozen=True, eq=False)
class MeasuredCosts:
    """Times of calls that were measured.

    Attributes
    ----------
    times_ms
        Batches under way to batch size to times, ascending. One number under way stands for all when it is the only
        one.
    pad
        Whether a batch of a size that was not measured is padded to the next that was; otherwise its time is
        interpolated between the two, quantile by quantile. A batch below the smallest that was measured is always
        padded.
    told_apart
        Whether the times are known to belong to that number under way.
    """

    times_ms: Mapping[int, Mapping[int, Times]]
    pad: bool = False
    told_apart: bool = True

    def __post_init__(self) -> None:
        """Check and sort."""
        found = {level: _ascending(times) for level, times in sorted(self.times_ms.items())}
        if not found:
            raise ValueError("service holds no times: give {batch size: times in ms}")
        object.__setattr__(self, "times_ms", found)

    @property
    def levels(self) -> tuple[int, ...]:
        """Numbers of batches under way at which calls were measured."""
        return tuple(self.times_ms) if self.told_apart else ()

    @property
    def largest(self) -> int:
        """The largest batch size with times at every number under way."""
        return min(max(times) for times in self.times_ms.values())

    @property
    def largest_count(self) -> int:
        """The largest number of times that a size has: 1 when nothing is drawn."""
        return max(len(series) for times in self.times_ms.values() for series in times.values())

    def check(self, max_batch_size: int) -> None:
        """Check that batches up to this size have times: nothing is extrapolated.

        Raises
        ------
        ValueError
            When it is larger than every size that was measured.
        """
        if max_batch_size > self.largest:
            raise ValueError(
                f"max_batch_size={max_batch_size} is larger than the largest batch in service, {self.largest}: nothing "
                "is extrapolated; measure it, or fit a model: tradeoff.service(run)"
            )

    def is_interpolated(self, max_batch_size: int) -> bool:
        """Say whether some batch up to this size was not measured."""
        sizes = range(1, max_batch_size + 1)
        return any(size not in times for times in self.times_ms.values() for size in sizes)

    def fewest(self, max_batch_size: int) -> float:
        """Return the least number of times that a size in use has."""
        used = [
            len(times[size])
            for times in self.times_ms.values()
            for size in times
            if size < max_batch_size or size == min(other for other in times if other >= max_batch_size)
        ]
        return float(min(used))

    def table(self, max_batch_size: int, workers: int, replication: int = 0) -> Table:
        """Return the times of batches up to this size; for numbers under way between two measured ones, the larger."""
        del replication
        levels = list(self.times_ms)
        chosen = [levels[min(len(levels) - 1, bisect_left(levels, m))] for m in range(1, workers + 1)]
        place: dict[tuple[int, int], int] = {}
        arrays, end = [], 0
        for level in dict.fromkeys(chosen):
            for size, times in self.times_ms[level].items():
                place[level, size] = end
                arrays.append(times)
                end += len(times)
        table = Table.empty(np.concatenate(arrays), workers, max_batch_size, None)
        for row, level in enumerate(chosen):
            sizes = list(self.times_ms[level])
            for size in range(1, max_batch_size + 1):
                at = bisect_left(sizes, size)
                above = sizes[at]
                below = above if above == size or self.pad or at == 0 else sizes[at - 1]
                for name, near in (("low", below), ("high", above)):
                    getattr(table, f"{name}_at")[row, size] = place[level, near]
                    getattr(table, f"{name}_n")[row, size] = len(self.times_ms[level][near])
                table.weight[row, size] = 1.0 if below == above else (size - below) / (above - below)
        return table


@dataclass(frozen=True, eq=False)
class FunctionCosts:
    """Times by a function: of the size alone, or drawn.

    Attributes
    ----------
    function
        ``size -> ms``, or ``(size, rng, n) -> n times in ms``.
    seed
        Of what is drawn. Every size is drawn from the same seed, so that a larger batch is slower in each draw when
        the function says so.
    """

    function: Callable[..., Any]
    seed: int = 0
    levels: tuple[int, ...] = field(init=False, default=())

    @cached_property
    def draws(self) -> bool:
        """Whether times are drawn, and not of the size alone."""
        return _parameters(self.function) >= 3

    def check(self, max_batch_size: int) -> None:
        """Check that the function gives times for the smallest and the largest batch, and that there is room for them.

        Raises
        ------
        ValueError
            When it does not, or there is not.
        """
        if self.draws and max_batch_size > _MOST_DRAWN:
            raise ValueError(
                f"max_batch_size={max_batch_size} is more than {_MOST_DRAWN}, for a service that draws times for every "
                "size: give a function of the size alone, or a mapping of measured sizes"
            )
        for size in {1, max_batch_size}:
            self.times(size)

    def is_interpolated(self, max_batch_size: int) -> bool:
        """Return False: a function has times for every size."""
        del max_batch_size
        return False

    def fewest(self, max_batch_size: int) -> float:
        """Return infinity: a function gives as many times as are asked for."""
        del max_batch_size
        return math.inf

    def table(self, max_batch_size: int, workers: int, replication: int = 0) -> Table:
        """Return times that are drawn when a run comes to their size."""
        del workers
        if self.draws:
            return Table.empty(
                np.empty(POOL), 1, max_batch_size, lambda size, page: self.times(size, replication, page), POOL
            )
        table = Table.empty(np.empty(max_batch_size), 1, max_batch_size, lambda size, _: self.times(size))
        table.ahead = lambda size: self._ahead(size, max_batch_size)
        return table

    def _ahead(self, size: int, max_batch_size: int) -> dict[int, float]:
        """Return the times of other sizes, the nearest first, as long as that takes no time to speak of.

        A size for which the function fails is left out: it does so again when a run comes to it.
        """
        ends, found = time.perf_counter() + _AHEAD_S, {}
        for other in (at for away in range(1, max_batch_size) for at in (size - away, size + away)):
            if 1 <= other <= max_batch_size:
                if time.perf_counter() > ends:
                    break
                with suppress(Exception):
                    found[other] = self._time(other)
        return found

    def _time(self, size: int) -> float:
        """Return the time of a size where it is of the size alone."""
        found = self.function(size)
        if type(found) is float and 0.0 <= found < math.inf:
            return found
        return float(_as_times(size, found, 1)[0])

    def times(self, size: int, replication: int = 0, page: int = 0) -> Times:
        """Return the times of one size: one, or a page of `POOL` that were drawn.

        Raises
        ------
        ValueError
            When the function gives anything else.
        """
        if not self.draws:
            return np.array([self._time(size)])
        found = self.function(size, np.random.default_rng([self.seed, replication, 1, page]), POOL)
        return _as_times(size, found, POOL)


def _wrong(found: Any, times: Times) -> Any:
    """Return the first of several values that is no time, or all that was given where its number is wrong."""
    bad = times[~(np.isfinite(times) & (times >= 0))]
    return found if np.ndim(found) != 1 or not len(bad) else bad[0]


def _as_times(size: int, found: Any, n: int) -> Times:
    times = np.atleast_1d(np.asarray(found, dtype=np.float64))
    if times.shape != (n,) or not np.isfinite(times).all() or (times < 0).any():
        wanted = "one time" if n == 1 else f"{n} times"
        raise ValueError(
            f"service({size}) must give {wanted} in ms, finite and 0 or more; got {shown(_wrong(found, times))}"
        )
    return times


def costs_of(service: Any, *, pad: bool = False, seed: int = 0) -> Costs:
    """Make costs of what people have.

    Parameters
    ----------
    service
        A Run of one workload, with its samples; a fitted `ServiceModel`; a mapping of batch size to times in ms; or a
        function, ``size -> ms`` or ``(size, rng, n) -> times in ms``.
    pad
        Pad batches of other sizes to the next that was measured.
    seed
        Of what a function draws.

    Raises
    ------
    TypeError, ValueError
        When it is none of these, or holds no times.
    """
    if isinstance(service, Run):
        return MeasuredCosts(times_of(service), pad)
    if isinstance(service, ServiceModel):
        if service.fit is None:
            raise ValueError("service is a model that was fitted to fewer than two batch sizes: measure more")
        return FunctionCosts(lambda size: max(0.0, service.time_ms(float(size)).item()))
    if isinstance(service, Mapping):
        return MeasuredCosts({1: service}, pad, told_apart=False)
    if callable(service):
        return FunctionCosts(service, seed)
    raise TypeError(
        f"service must be a Run, a service model, a mapping of batch size to ms, or a function; got "
        f"{type(service).__name__}"
    )


def times_of(run: Run) -> dict[int, dict[int, Times]]:
    """Return the model times of a Run's measured calls in ms, by number in flight and batch size.

    Raises
    ------
    ValueError
        When its points differ in what is never pooled (workload, dtype, mode, ...), or there are no samples.
    """
    points = run.points[~run.points["status"].isin(("failed", "oom")) & (run.points["mode"] != "serving")]
    check_one_kind(points)
    found: dict[int, dict[int, Times]] = {}
    for identity, size, level in zip(points["point_id"], points["batch_size"], points["concurrency"], strict=True):
        samples = run.samples_of(str(identity))
        samples = samples[samples["status"].isna() | (samples["status"] == "ok")]
        column = "model_ns" if samples["model_ns"].notna().any() else "latency_ns"
        times = samples[column].dropna().to_numpy(dtype="float64") / 1e6
        if len(times):
            found.setdefault(int(level), {})[int(size)] = times
    if not found:
        raise ValueError("service is a Run without samples of calls: their times are what is needed")
    return found


def check_one_kind(points: pd.DataFrame) -> None:
    """Check that the points of a service do not differ in what is never pooled.

    Raises
    ------
    ValueError
        When they do.
    """
    for name in NEVER_POOLED:
        seen = sorted(points[name].dropna().unique())
        if len(seen) > 1:
            raise ValueError(
                f"service holds points of {name} {' and '.join(map(repr, seen[:3]))}: keep the rows of one, as in "
                f"tradeoff.Run(run.points[run.points[{name!r}] == {seen[0]!r}], run.samples, run.environment)"
            )


def _ascending(times_ms: Mapping[int, Any]) -> dict[int, Times]:
    kept: dict[int, Times] = {}
    for size, times in times_ms.items():
        if isinstance(size, bool) or not isinstance(size, numbers.Real) or size < 1 or not float(size).is_integer():
            raise ValueError(f"service holds times for a batch of {shown(size)}: sizes are whole numbers, 1 or more")
        try:
            found = np.sort(np.atleast_1d(np.asarray(times, dtype=np.float64)))
        except (TypeError, ValueError):
            found = np.empty(0)
        if found.ndim != 1 or not len(found) or not np.isfinite(found).all() or found[0] < 0:
            raise ValueError(
                f"service holds no times, or impossible ones, for batch {size:g}: give finite ms, 0 or more; got "
                f"{shown(times)}"
            )
        kept[int(size)] = found
    if not kept:
        raise ValueError("service holds no times: give {batch size: times in ms}")
    return dict(sorted(kept.items()))


@lru_cache(maxsize=1)
def _zeros(n: int) -> Times:
    """Return zeros, which nobody writes to; made once, as making a million takes half a millisecond."""
    return np.zeros(n)


def _parameters(function: Callable[..., Any]) -> int:
    try:
        return len(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return 1
