"""When requests are due under a real clock, in whole nanoseconds: made beforehand, so that nothing is late."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tradeoff.serving.systems import System

_ALL_AT_ONCE = 1_000


def arrivals_of(system: System, rng: np.random.Generator, *, until: int, most: int | None) -> list[int]:
    """Return when the requests of an open loop arrive, in ns: up to `until`, and `most` of them; one at least."""
    load = system.load
    if load is None:
        raise AssertionError("a closed loop has no arrivals of its own")
    if system.is_finite:
        there = len(load.times_s) if hasattr(load, "times_s") else _ALL_AT_ONCE if most is None else most
        return _ns(load.arrivals_ms(there if most is None else min(there, most), rng))
    rate = system.request_rate_rps
    expected = rate * until / 1e9
    n = int(expected * 1.2 + 10 * expected**0.5) + 20
    while True:
        start = rng.bit_generator.state
        times = load.arrivals_ms(n, rng) * (1.0 if load.own_rate_rps is not None else 1e3 / rate)
        if times[-1] * 1e6 >= until or (most is not None and n > most):
            break
        rng.bit_generator.state = start  # a bursty load may need more to fill the time
        n *= 2
    due = _ns(times[times * 1e6 < until])
    return due[:most] or _ns(times[:1])


def thinker(system: System, rng: np.random.Generator) -> Callable[[], int]:
    """Return what gives the next time to think of a closed loop, in ns."""
    if callable(system.think):
        function = system.think
        return lambda: max(0, round(float(np.asarray(function(rng, 1)).ravel()[0]) * 1e6))
    if system.think == "constant":
        return lambda: round(system.think_ms * 1e6)
    return lambda: round(rng.standard_exponential() * system.think_ms * 1e6)


def _ns(times_ms: Any) -> list[int]:
    found: list[int] = np.rint(times_ms * 1e6).astype(np.int64).tolist()
    return found
