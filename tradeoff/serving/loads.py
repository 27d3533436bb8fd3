"""Who asks, and when: open-loop loads, whose requests arrive whatever the system does."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.float64]


@runtime_checkable
class Load(Protocol):
    """A stream of requests."""

    @property
    def name(self) -> str:
        """The name of the load, as the column ``load`` has it."""
        ...

    @property
    def own_rate_rps(self) -> float | None:
        """Requests a second in the long run; None where the load has no rate of its own and is given one."""
        ...

    def arrivals_ms(self, n: int, rng: np.random.Generator) -> Times:
        """Return when the first `n` requests arrive, ascending, in ms; one a ms where the load has no rate of its own.

        The stream at another rate is this one, stretched.
        """
        ...


@dataclass(frozen=True)
class Poisson:
    """Requests that know nothing of each other."""

    name = "poisson"
    own_rate_rps = None

    def arrivals_ms(self, n: int, rng: np.random.Generator) -> Times:
        """Return arrival times in ms, one a ms."""
        times: Times = np.cumsum(rng.standard_exponential(n))
        return times


@dataclass(frozen=True)
class Gamma:
    """Requests whose distances are gamma distributed.

    Attributes
    ----------
    shape
        1 is Poisson; below 1 requests come in bursts, above 1 they are more even.
    """

    shape: float
    name = "gamma"
    own_rate_rps = None

    @property
    def detail(self) -> str:
        """What the name leaves open."""
        return f"shape {self.shape:g}"

    def __post_init__(self) -> None:
        """Check the shape."""
        _check_positive("shape", self.shape)

    def arrivals_ms(self, n: int, rng: np.random.Generator) -> Times:
        """Return arrival times in ms, one a ms."""
        times: Times = np.cumsum(rng.standard_gamma(self.shape, n)) / self.shape
        return times


@dataclass(frozen=True)
class Constant:
    """Requests at equal distances."""

    name = "constant"
    own_rate_rps = None

    def arrivals_ms(self, n: int, rng: np.random.Generator) -> Times:
        """Return arrival times in ms, one a ms; nothing is drawn."""
        del rng
        times: Times = np.arange(1, n + 1, dtype=np.float64)
        return times


@dataclass(frozen=True)
class AllAtOnce:
    """Requests that all come at the beginning."""

    name = "all_at_once"
    own_rate_rps = math.nan

    def arrivals_ms(self, n: int, rng: np.random.Generator) -> Times:
        """Return zeros."""
        del rng
        times: Times = np.zeros(n)
        return times


@dataclass(frozen=True)
class MMPP:
    """A Poisson process whose rate jumps: a Markov-modulated one, busy hours and quiet ones.

    Attributes
    ----------
    rates
        Requests a second in each state, one of them above 0.
    dwell_s
        Mean time in each state, exponentially distributed; from one state the process jumps to any other alike.
    """

    rates: tuple[float, ...]
    dwell_s: tuple[float, ...]
    name = "mmpp"

    def __init__(self, rates: Sequence[float], dwell_s: Sequence[float]) -> None:
        object.__setattr__(self, "rates", _numbers("rates", rates))
        object.__setattr__(self, "dwell_s", _numbers("dwell_s", dwell_s))
        if len(self.rates) < 2 or len(self.rates) != len(self.dwell_s):
            raise ValueError(
                f"rates has {len(self.rates)} and dwell_s {len(self.dwell_s)} values: give two or more, as many of each"
            )
        for rate in self.rates:
            if not 0.0 <= rate < math.inf:
                raise ValueError(f"rates={self.rates!r} must be 0 or more")
        if not max(self.rates) > 0:
            raise ValueError(f"rates={self.rates!r}: one of them must be above 0")
        for dwell in self.dwell_s:
            _check_positive("dwell_s", dwell)

    @property
    def detail(self) -> str:
        """What the name leaves open."""
        rates, dwell = (", ".join(f"{value:g}" for value in values) for values in (self.rates, self.dwell_s))
        return f"rates {rates} requests/s, for {dwell} s"

    @property
    def own_rate_rps(self) -> float:
        """Requests a second, in the long run: each state weighs as its mean time, for all are entered alike often."""
        return math.fsum(r * d for r, d in zip(self.rates, self.dwell_s, strict=True)) / math.fsum(self.dwell_s)

    def arrivals_ms(self, n: int, rng: np.random.Generator) -> Times:
        """Return arrival times in ms; the first state is drawn by the share of time that it has."""
        share = np.asarray(self.dwell_s) / math.fsum(self.dwell_s)
        state = int(rng.choice(len(self.rates), p=share))
        found: list[Times] = []
        count, now_s = 0, 0.0
        while count < n:
            stay_s = rng.exponential(self.dwell_s[state])
            here = np.sort(rng.uniform(now_s, now_s + stay_s, rng.poisson(self.rates[state] * stay_s)))
            found.append(here)
            count, now_s = count + len(here), now_s + stay_s
            state = (state + int(rng.integers(1, len(self.rates)))) % len(self.rates)
        times: Times = np.concatenate(found)[:n] * 1e3
        return times


def _check_positive(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0.0 < float(value) < math.inf:
        raise ValueError(f"{name}={value!r} must be a positive number")


def _numbers(name: str, values: Any) -> tuple[float, ...]:
    try:
        return tuple(float(value) for value in values)
    except (TypeError, ValueError):
        raise ValueError(f"{name}={values!r} must be a list of numbers") from None
