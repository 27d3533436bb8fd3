"""A load that was: requests at the times of a log."""

from __future__ import annotations

import hashlib
import math
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.arguments import shown
from tradeoff.callers import level_of_caller
from tradeoff.digits import counted, three

Times = NDArray[np.float64]

_FAR_FUTURE_S = 1e11
"""In seconds since 1970 the year 5138; milliseconds, which logs often have, are 1.7e12 these days."""

_UNITS = ((86400.0, "days"), (3600.0, "hours"), (60.0, "minutes"))


@dataclass(frozen=True, eq=False)
class Trace:
    """Requests at given times, such as those of a log.

    Only the distances count: the first request comes at once, whatever its time is, and so seconds since 1970 and
    negative times are fine.

    Parameters
    ----------
    times_s
        In seconds, ascending; the same time may come several times. Points in time will do as well: numpy's
        ``datetime64``, pandas' timestamps, Python's ``datetime``.

    Attributes
    ----------
    times_s
        In seconds since the first, which is 0.

    Raises
    ------
    ValueError
        When there is none, one is missing or infinite, or they do not ascend; which is said.

    Examples
    --------
    >>> import tradeoff
    >>> tradeoff.Trace([1.7e9, 1.7e9 + 0.25, 1.7e9 + 0.25, 1.7e9 + 2]).times_s.tolist()
    [0.0, 0.25, 0.25, 2.0]
    """

    times_s: Times
    name = "trace"

    def __init__(self, times_s: Any) -> None:
        times = _since_the_first(times_s)
        times.setflags(write=False)
        object.__setattr__(self, "times_s", times)
        # Once, and not at every simulation: each takes longer than serving the requests does.
        object.__setattr__(self, "_ms", times * 1e3)
        object.__setattr__(self, "_digest", hashlib.sha256(times.data).hexdigest()[:8])

    @property
    def detail(self) -> str:
        """What the name leaves open: length and a digest of the times."""
        return f"{len(self.times_s)} requests, {self._digest}"  # type: ignore[attr-defined]

    @property
    def own_rate_rps(self) -> float:
        """Requests a second between the first and the last; NaN for one, or all at once."""
        span = float(self.times_s[-1])
        return (len(self.times_s) - 1) / span if span > 0 else math.nan

    def arrivals_ms(self, n: int, rng: np.random.Generator) -> Times:
        """Return the first `n` of its times, in ms; they are not to be written to.

        Raises
        ------
        ValueError
            When it has fewer.
        """
        del rng
        if n > len(self.times_s):
            raise ValueError(f"n={n}: the trace has {len(self.times_s)} requests")
        times: Times = self._ms[:n]  # type: ignore[attr-defined]
        return times

    def lasts(self, n: int | None = None) -> str:
        """Say how many requests come, `n` at most, and when: ``3 requests in 2.00 s``, ``3 requests at once``."""
        times = self.times_s[:n]
        within = f"in {_long(float(times[-1]))}" if times[-1] > 0 else "at once"
        return f"{counted(len(times), 'request')} {within}"


def _since_the_first(given: Any) -> Times:
    """Return times in seconds, the first of which is 0."""
    array = _as_array(given)
    if array.ndim != 1 or not len(array):
        raise ValueError(f"times_s must be one or more finite times in seconds, in one row; got {shown(given)}")
    if array.dtype.kind == "O" and isinstance(array[0], datetime | timedelta):
        array = _as_points_in_time(list(array))
    if array.dtype.kind in "mM":
        return _checked(*_of_points_in_time(array))
    try:
        if array.dtype.kind not in "iufO" or any(isinstance(one, str | bytes) for one in array):
            raise TypeError
        times = np.array(array, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(
            f"times_s must be times in seconds, or points in time; got {shown(given)}: turn text into numbers, or into "
            "points in time with pandas.to_datetime"
        ) from None
    found = _checked(times, list(array))
    if times[0] > _FAR_FUTURE_S:
        warnings.warn(
            f"times_s begins at {shown(times[0])}: in seconds since 1970 that is after the year 5000. The trace lasts "
            f"{_long(float(found[-1]))}; if its times are milliseconds, divide them by 1000 (microseconds by 1e6, ...)",
            stacklevel=level_of_caller(),
        )
    return found


def _as_array(given: Any) -> Any:
    """Return what was given as an array, or as pandas' own, which knows of time zones."""
    if isinstance(given, pd.Series | pd.Index):
        return given.array if given.dtype != object else given.to_numpy()
    if isinstance(given, Iterable) and not hasattr(given, "__len__"):
        given = list(given)
    try:
        return np.asarray(given)
    except ValueError:  # rows of several lengths
        return np.empty((0, 0))


def _as_points_in_time(points: list[Any]) -> Any:
    try:
        index = pd.Index(points)
    except (TypeError, ValueError) as error:
        raise ValueError(f"times_s holds points in time that do not go together: {error}") from None
    if index.dtype.kind not in "mM":
        raise ValueError("times_s holds points in time that do not go together: give all with a time zone, or none")
    return index


def _of_points_in_time(array: Any) -> tuple[Times, list[Any]]:
    """Return seconds since the first of points in time, exact to their own resolution, and the points themselves."""
    index = pd.Index(array)
    missing = index.isna()
    away = (index - index[0]) if not missing[0] else pd.TimedeltaIndex([pd.NaT] * len(index))
    return np.where(missing, np.nan, away.as_unit("ns").asi8 / 1e9), list(index)


def _checked(times: Times, as_given: list[Any]) -> Times:
    wrong = np.flatnonzero(~np.isfinite(times))
    if len(wrong):
        raise ValueError(f"times_s must be finite; times_s[{wrong[0]}] is {as_given[wrong[0]]}")
    back = np.flatnonzero(np.diff(times) < 0)
    if len(back):
        at = int(back[0])
        raise ValueError(
            f"times_s must be ascending; times_s[{at + 1}]={as_given[at + 1]} comes after times_s[{at}]="
            f"{as_given[at]}: a log in the order of its answers is to be sorted by arrival first, as by numpy.sort"
        )
    shifted: Times = times - times[0]
    return shifted


def _long(seconds: float) -> str:
    for size, unit in _UNITS:
        if seconds >= 2 * size:
            return f"{three(seconds / size)} {unit}"
    return f"{three(seconds)} s"
