"""``measure_limits``: the copy bandwidth and the matrix rates of a device."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tradeoff.environment import packages, usable_cores
from tradeoff.limits.cache import remember as keep
from tradeoff.limits.limits import COPY, Limits, LimitsError
from tradeoff.limits.machine import Machine, machine_for
from tradeoff.stats.quantiles import percentiles
from tradeoff.timing.runner import Runner
from tradeoff.workloads.dtypes import SIZES, itemsize
from tradeoff.workloads.protocol import Call

SIZES_TRIED = tuple(2**power for power in range(7, 15))
"""Matrices from 128 × 128, which any device multiplies at once, to 16 384 × 16 384: larger ones gain nothing more."""

_LARGE_ENOUGH = 512
"""Sizes up to this are tried whatever they take: a busy moment must not make the smallest look like the best."""

_CALLS = 9
"""Calls that a rate takes at least: the median of nine has an interval within the second and the eighth."""

_WARM_UP = 0.25
"""Share of the seconds in which nothing counts: libraries choose, clocks rise."""

_TRIAL, _TRIAL_CALLS = 0.1, 5
"""Share of the seconds, and calls, that it takes to see whether a size does better than the one before."""

_SHORTEST_S = 100e-6
"""A product that takes less is no evidence: events of a GPU count half microseconds, and a launch takes some."""


def measure_limits(
    device: str | None = None,
    *,
    backend: str | None = None,
    dtypes: Sequence[str] | None = None,
    seconds: float = 1.0,
    remember: bool = True,
    machine: Machine | None = None,
    now: Callable[[], datetime] | None = None,
) -> Limits:
    """Measure how fast a device copies and multiplies.

    The bandwidth is that of copies far larger than the last-level cache, bytes read plus bytes written over the median
    time. A matrix rate is 2 n³ over the median time of a product of two n × n matrices of random numbers, at the n
    that does best: sizes double until a product takes a ninth of `seconds` or a quarter of the free memory. These are
    the two limits of the roofline (Williams, Waterman and Patterson, Communications of the ACM 52(4), 2009), as plain
    calls reach them: lower than a data sheet says.

    Parameters
    ----------
    device
        ``"cpu"``, ``"cuda"`` or ``"cuda:1"``; the GPU where there is one unless given.
    backend
        ``"numpy"``, ``"cupy"`` or ``"torch"``; unless given NumPy for the processor, for a GPU torch, or else CuPy.
    dtypes
        Number types; those that the backend leaves to a fast library unless given.
    seconds
        How long each rate is measured, after a quarter of it as warm-up.
    remember
        Keep the result for `known_limits`.
    machine
        Goes instead of `device` and `backend`: for devices of your own, and tests.
    now
        The clock; the system's, in UTC, unless given.

    Returns
    -------
    Limits
        Number types that were not asked for and failed are left out, and `how` says why.

    Raises
    ------
    LimitsError
        When an argument cannot be used, or the device fails.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0.0 < seconds < math.inf:
        raise LimitsError(f"seconds={seconds!r} must be a number above 0")
    asked = None if dtypes is None else _checked(dtypes)
    machine = machine_for(device, backend) if machine is None else machine
    try:
        copy, copied = _copy_rate(machine, seconds)
        rates, circumstances, skipped = {COPY: copy}, {COPY: copied}, {}
        for dtype in machine.dtypes if asked is None else asked:
            try:
                rates[dtype], circumstances[dtype] = _matrix_rate(machine, dtype, seconds)
            except ValueError as error:  # the library does not know the type here, or has no room
                if asked is not None:
                    raise
                skipped[dtype] = str(error)
        clock = machine.bench.runner.model_clock
    finally:
        machine.close()
    limits = Limits(
        device=machine.device,
        backend=machine.backend,
        copy_bytes_per_s=copy.value,
        matrix_flops_per_s={name: rate.value for name, rate in rates.items() if name != COPY},
        measured_at=(now or _now)().strftime("%Y-%m-%dT%H:%M:%SZ"),
        how={
            "clock": clock,
            "seconds": seconds,
            "cores": usable_cores(),
            "packages": packages(("numpy", "torch", "cupy-cuda12x", "cupy-cuda13x", "cupy")),
            **circumstances,
            **({"skipped": skipped} if skipped else {}),
        },
        intervals={name: (rate.lo, rate.hi) for name, rate in rates.items() if rate.lo == rate.lo},
    )
    if remember:
        keep(limits)
    return limits


class _Rate(NamedTuple):
    """Work a second, with the interval of its median; NaN where there were too few calls for one."""

    value: float
    lo: float
    hi: float
    n: int


def _copy_rate(machine: Machine, seconds: float) -> tuple[_Rate, dict[str, Any]]:
    memory = machine.bench.memory
    wanted = max(machine.copy_bytes, 8 * memory.cache_bytes)
    size = int(min(wanted, memory.free_bytes() // 8))
    if size < 2 * memory.cache_bytes:
        raise LimitsError(
            f"{machine.device} has {memory.free_bytes():,} bytes free, and a copy that no cache holds takes "
            f"{16 * memory.cache_bytes:,}: free some memory"
        )
    calls = _made(machine.copies, size)
    rate = _rate(machine.bench.runner, calls, work=2.0 * size, seconds=seconds)
    return rate, {"bytes_copied_at_once": size, "calls_at_once": len(calls), "n": rate.n}


def _matrix_rate(machine: Machine, dtype: str, seconds: float) -> tuple[_Rate, dict[str, Any]]:
    runner, best, best_flops = machine.bench.runner, 0, 0.0
    calls: list[Call] = []
    for size in SIZES_TRIED:
        if best and 3 * itemsize(dtype) * size**2 > machine.bench.memory.free_bytes() // 4:
            break
        calls = _made(machine.products, size, dtype)
        _durations_s(runner, calls, at_least=1, seconds=0.0)  # the first call of a size chooses how to do it
        usual_s = float(np.median(_durations_s(runner, calls, at_least=_TRIAL_CALLS, seconds=0.0)))
        if usual_s < _SHORTEST_S:
            best = size  # for want of a longer one
            continue
        usual_s = float(np.median(_durations_s(runner, calls, at_least=_TRIAL_CALLS, seconds=_TRIAL * seconds)))
        flops = _work(size, calls) / usual_s
        if flops > best_flops:
            best, best_flops = size, flops
        if size >= _LARGE_ENOUGH and 8 * usual_s > seconds / _CALLS:  # twice the size is eight times the work
            break
    calls = _made(machine.products, best, dtype)
    rate = _rate(runner, calls, work=_work(best, calls), seconds=seconds)
    return rate, {"size": best, "calls_at_once": len(calls), "n": rate.n}


def _made(make: Callable[..., list[Call]], *arguments: Any) -> list[Call]:
    try:
        return make(*arguments)
    except ValueError:
        raise  # a sentence already
    except Exception as error:  # each library has its own for memory that ran out
        raise LimitsError(f"the device failed: {type(error).__name__}: {error}") from error


def _work(size: int, calls: Sequence[Call]) -> float:
    return 2.0 * size**3 * len(calls)


def _rate(runner: Runner, calls: Sequence[Call], *, work: float, seconds: float) -> _Rate:
    """Return `work`, which all calls in flight do together once, over the median time of a call."""
    _durations_s(runner, calls, at_least=1, seconds=_WARM_UP * seconds)
    durations = _durations_s(runner, calls, at_least=_CALLS, seconds=seconds)
    middle = percentiles(durations, {"p50": 0.5})["p50"]
    return _Rate(work / float(np.median(durations)), work / middle.hi, work / middle.lo, len(durations))


def _durations_s(runner: Runner, calls: Sequence[Call], *, at_least: int, seconds: float) -> NDArray[np.float64]:
    """Run calls for some seconds, and at least so many; return the device's time of each, all in flight."""
    found: list[NDArray[np.float64]] = []
    done, left_s = 0, seconds
    while done < at_least or left_s > 0.0:
        most = None if left_s > 0.0 else (at_least - done) * len(calls)
        block = runner.run(calls, max_calls=most, duration_ns=max(1, round(left_s * 1e9)))
        if block.error is not None:
            raise LimitsError(f"the device failed: {type(block.error).__name__}: {block.error}") from block.error
        if block.raised:
            raise LimitsError(f"the device failed: {block.raised[0]}")
        times = block.device_end_ns - block.device_start_ns
        loaded = block.in_window
        times = times[loaded] if len(calls) > 1 and loaded.any() else times
        found.append(np.maximum(times, 1) / 1e9)
        done, left_s = done + len(times), 0.0
    return np.concatenate(found)


def _checked(dtypes: Sequence[str]) -> tuple[str, ...]:
    asked = (dtypes,) if isinstance(dtypes, str) else tuple(dtypes)
    for dtype in asked:
        if dtype not in SIZES:
            raise LimitsError(f"dtypes={dtype!r} is not known: use some of {', '.join(SIZES)}")
    return tuple(dict.fromkeys(asked))


def _now() -> datetime:
    return datetime.now(UTC)
