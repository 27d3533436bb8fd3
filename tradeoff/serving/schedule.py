"""When requests are due under a real clock, in whole nanoseconds: made beforehand, so that nothing is late."""

from __future__ import annotations

import math
import numbers
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tradeoff.arguments import ArgumentError, shown
from tradeoff.callers import level_of_caller
from tradeoff.digits import three
from tradeoff.serving.systems import System
from tradeoff.serving.trace import Trace

MOST_REQUESTS = 1_000_000
"""At one point: each leaves a row in memory, and a percentile needs no more."""

_LONG_TRACE_S, _LONGEST_TRACE_S = 3 * 3600.0, 1e6
"""Seconds from which on somebody is told how long a trace lasts, and seconds that nobody waits for."""

_ALL_AT_ONCE = 1_000
_CHUNK = 10_000


def check_length(asked: tuple[System, ...], *, duration_s: Any, n_requests: Any) -> None:
    """Check for how long requests come, and how many.

    Raises
    ------
    ArgumentError
        When `duration_s` or `n_requests` cannot be used, or there would be more requests than memory is kept for.
    """
    if isinstance(duration_s, bool) or not isinstance(duration_s, numbers.Real) or not 0.0 < float(duration_s) < 1e6:
        raise ArgumentError(f"duration_s must be seconds, above 0 and below a million; got {shown(duration_s)}")
    is_whole = isinstance(n_requests, numbers.Integral) and not isinstance(n_requests, bool)
    if n_requests is not None and not (is_whole and 1 <= int(n_requests) <= MOST_REQUESTS):
        raise ArgumentError(
            f"n_requests must be a whole number from 1 to {three(MOST_REQUESTS)}, or None; got {shown(n_requests)}"
        )
    for system in asked:
        expected = 0.0 if system.is_finite else system.request_rate_rps * float(duration_s)
        if n_requests is None and expected > MOST_REQUESTS:
            raise ArgumentError(
                f"request_rate={three(system.request_rate_rps)} for duration_s={duration_s:g} is "
                f"{three(expected)} requests, and memory is kept for {three(MOST_REQUESTS)}: ask for less, or give "
                "n_requests"
            )
        if isinstance(system.load, Trace):
            _check_trace(system.load, n_requests)


def _check_trace(trace: Trace, n_requests: int | None) -> None:
    times = trace.times_s[:n_requests]
    if len(times) > MOST_REQUESTS:
        raise ArgumentError(
            f"load has {three(len(times))} requests, and memory is kept for {three(MOST_REQUESTS)}: give n_requests, "
            "or a part of it"
        )
    if times[-1] < _LONG_TRACE_S:
        return
    said = f"the trace is {trace.lasts(n_requests)}, and that is how long it takes"
    if times[-1] >= _LONGEST_TRACE_S:
        raise ArgumentError(
            f"load={trace.name!r}: {said}. Times are in seconds: divide milliseconds by 1000, or give a part of it"
        )
    warnings.warn(f"{said}; if its times are not in seconds, stop, and give seconds", stacklevel=level_of_caller())


def arrivals_of(system: System, rng: np.random.Generator, *, until: int, most: int | None) -> Iterator[int]:
    """Return when the requests of an open loop arrive, in ns: up to `until`, and `most` of them; perhaps none."""
    load = system.load
    if load is None:
        raise AssertionError("a closed loop has no arrivals of its own")
    if system.is_finite:
        there = len(load.times_s) if isinstance(load, Trace) else _ALL_AT_ONCE if most is None else most
        return _ns(load.arrivals_ms(there if most is None else min(there, most), rng))
    rate = system.request_rate_rps
    expected = min(rate * until / 1e9, MOST_REQUESTS if most is None else most)
    n = int(expected * 1.2 + 10 * expected**0.5) + 20
    while True:
        start = rng.bit_generator.state
        times = load.arrivals_ms(n, rng) * (1.0 if load.own_rate_rps is not None else 1e3 / rate)
        if times[-1] * 1e6 >= until or (most is not None and n > most):
            break
        rng.bit_generator.state = start  # a bursty load may need more to fill the time
        n *= 2
        if n > 4 * MOST_REQUESTS:
            raise ArgumentError(
                f"load={load.name!r} has {three(n / 2)} requests in {three(float(times[-1]) / 1e3)} s, and memory is "
                f"kept for {three(MOST_REQUESTS)}: give n_requests"
            )
    return _ns(times[times * 1e6 < until][:most])


def thinker(system: System, rng: np.random.Generator) -> Callable[[], int]:
    """Return what gives the next time to think of a closed loop, in ns."""
    if callable(system.think):
        function = system.think

        def think() -> int:
            found = np.asarray(function(rng, 1), dtype=np.float64).ravel()
            if len(found) != 1 or not 0.0 <= found[0] < math.inf:
                raise ArgumentError(f"think(rng, 1) must give one time in ms, finite and 0 or more; got {shown(found)}")
            return round(float(found[0]) * 1e6)

        return think
    if system.think == "constant":
        return lambda: round(system.think_ms * 1e6)
    return lambda: round(rng.standard_exponential() * system.think_ms * 1e6)


def _ns(times_ms: Any) -> Iterator[int]:
    times = np.rint(times_ms * 1e6).astype(np.int64)
    for start in range(0, len(times), _CHUNK):
        yield from times[start : start + _CHUNK].tolist()
