"""What a batch costs: times of calls of measured sizes, a fitted model, or a function, behind one look-up.

A batch's time is looked up by its size and by one uniform number: the same number for the same batch in every system
that is compared, so that curves over a policy are smooth (common random numbers). Of measured times every one is
reachable, the slowest too: a table of quantiles would lose the spike that a p99 is made of.
"""

from __future__ import annotations

import inspect
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeoff.frames import Run
from tradeoff.serving.model import ServiceModel

Times = NDArray[np.float64]
POOL = 65_536
"""Times drawn from a function for each size: fewer would repeat themselves within one run."""


class Costs(Protocol):
    """Times of batches."""

    def ms(self, size: int, uniform: float) -> float:
        """Return the time of a batch in ms; `uniform`, in [0, 1), chooses among the possible ones."""
        ...


@dataclass(frozen=True, eq=False)
class MeasuredCosts:
    """Times of calls that were measured, by batch size.

    Attributes
    ----------
    times_ms
        Batch size to times, ascending.
    pad
        Whether a batch of a size that was not measured is padded to the next that was; otherwise its time is
        interpolated between the two, quantile by quantile.
    """

    times_ms: Mapping[int, Times]
    pad: bool = False
    _sizes: tuple[int, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check and sort."""
        kept: dict[int, Times] = {}
        for size, times in sorted(self.times_ms.items()):
            found = np.sort(np.asarray(times, dtype=np.float64))
            if isinstance(size, bool) or int(size) != size or size < 1:
                raise ValueError(f"service holds times for a batch of {size!r}: sizes are whole numbers, 1 or more")
            if not len(found) or not np.isfinite(found).all() or found[0] < 0:
                raise ValueError(
                    f"service holds no times, or impossible ones, for batch {size}: give finite ms, 0 or more"
                )
            kept[int(size)] = found
        if not kept:
            raise ValueError("service holds no times: give {batch size: times in ms}")
        object.__setattr__(self, "times_ms", kept)
        object.__setattr__(self, "_sizes", tuple(kept))

    @property
    def largest(self) -> int:
        """The largest batch size that was measured."""
        return self._sizes[-1]

    def is_measured(self, size: int) -> bool:
        """Say whether calls of this size were measured."""
        return size in self.times_ms

    def ms(self, size: int, uniform: float) -> float:
        """Return the time of a batch.

        Raises
        ------
        ValueError
            When it is larger than every size that was measured: nothing is extrapolated.
        """
        place = bisect_left(self._sizes, size)
        if place == len(self._sizes):
            raise ValueError(f"a batch of {size} is larger than the largest that was measured, {self.largest}")
        above = self._sizes[place]
        high = _quantile(self.times_ms[above], uniform)
        if above == size or self.pad or place == 0:
            return high
        below = self._sizes[place - 1]
        low = _quantile(self.times_ms[below], uniform)
        return low + (high - low) * (size - below) / (above - below)


@dataclass(frozen=True, eq=False)
class FunctionCosts:
    """Times by a function: of the size alone, or drawn.

    Attributes
    ----------
    function
        ``size -> ms``, or ``(size, rng, n) -> n times in ms``.
    seed
        Of what is drawn.
    """

    function: Callable[..., Any]
    seed: int = 0
    _pools: dict[int, Times] = field(init=False, repr=False, default_factory=dict)

    def ms(self, size: int, uniform: float) -> float:
        """Return the time of a batch.

        Raises
        ------
        ValueError
            When the function gives something else than times.
        """
        if size not in self._pools:
            self._pools[size] = self._drawn(size)
        return _quantile(self._pools[size], uniform)

    def _drawn(self, size: int) -> Times:
        draws = _parameters(self.function) >= 3
        found = self.function(size, np.random.default_rng([self.seed, size]), POOL) if draws else self.function(size)
        times = np.atleast_1d(np.asarray(found, dtype=np.float64))
        if times.shape != ((POOL,) if draws else (1,)) or not np.isfinite(times).all() or (times < 0).any():
            wanted = f"{POOL} times" if draws else "one time"
            raise ValueError(
                f"service({size}) must give {wanted} in ms, finite and 0 or more; got {type(found).__name__}"
            )
        return np.sort(times)


def costs_of(service: Any, *, pad: bool = False, seed: int = 0) -> Costs:
    """Make costs of what people have.

    Parameters
    ----------
    service
        A Run of one workload at one concurrency, with its samples; a fitted `ServiceModel`; a mapping of batch size to
        times in ms; or a function, ``size -> ms`` or ``(size, rng, n) -> times in ms``.
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
        return MeasuredCosts(service, pad)
    if callable(service):
        return FunctionCosts(service, seed)
    raise TypeError(
        f"service must be a Run, a service model, a mapping of batch size to ms, or a function; got "
        f"{type(service).__name__}"
    )


def times_of(run: Run) -> dict[int, Times]:
    """Return the model times of a Run's measured calls in ms, by batch size.

    Raises
    ------
    ValueError
        When several points have the same batch size (say which by choosing rows of the Run), or there are no samples.
    """
    points = run.points[~run.points["status"].isin(("failed", "oom"))]
    twice = points["batch_size"][points["batch_size"].duplicated()]
    if len(twice):
        raise ValueError(
            f"service holds {int((points['batch_size'] == twice.iloc[0]).sum())} points of batch {twice.iloc[0]}: keep "
            "those of one workload at one concurrency"
        )
    found: dict[int, Times] = {}
    for identity, size in zip(points["point_id"], points["batch_size"], strict=True):
        samples = run.samples_of(str(identity))
        samples = samples[samples["status"].isna() | (samples["status"] == "ok")]
        column = "model_ns" if samples["model_ns"].notna().any() else "latency_ns"
        times = samples[column].dropna().to_numpy(dtype="float64") / 1e6
        if len(times):
            found[int(size)] = times
    if not found:
        raise ValueError("service is a Run without samples: its calls' times are what is needed")
    return found


def _quantile(ascending: ArrayLike, uniform: float) -> float:
    times: Times = np.asarray(ascending)
    return float(times[min(len(times) - 1, int(uniform * len(times)))])


def _parameters(function: Callable[..., Any]) -> int:
    try:
        return len(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return 1
