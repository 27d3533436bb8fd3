"""How much the matched points changed: ratios with intervals, in time and in clock cycles."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.comparable import Bounds, Marks, Numbers, bounds_of, numbers_of, usable
from tradeoff.frames import POINT_COLUMNS
from tradeoff.objective.objective import TIME_UNITS
from tradeoff.objective.units import is_rate

CLOCK = "sm_clock_mhz"

Signs = NDArray[np.int8]


class Ratio(NamedTuple):
    """After over before, with its interval; NaN where it has no value or an end is not known."""

    value: float
    lo: float
    hi: float

    @property
    def sign(self) -> int:
        """1 when it surely rose, -1 when it surely fell, 0 when it cannot be told."""
        return int(self.lo > 1) - int(self.hi < 1)


@dataclass(frozen=True, eq=False)
class Change:
    """What became of one column at the matched points.

    Attributes
    ----------
    metric
        The column.
    before, after
        Its values, a number for each pair.
    log, log_lo, log_hi
        Natural logarithms of after over before and of the ends of its interval, a number for each pair; an end that
        is not known is infinite, a pair without both values is NaN, and all are where a value is below 0.
    sign
        1, -1 or 0 for each pair: surely higher, surely lower, or not separable, for the intervals overlap.
    cycles
        What is to be added to the logarithms to count in clock cycles; 0 where a clock is not known.
    """

    metric: str
    before: Numbers
    after: Numbers
    log: Numbers
    log_lo: Numbers
    log_hi: Numbers
    sign: Signs
    cycles: Numbers

    def ratio(self, *, in_cycles: bool = False) -> Ratio:
        """Return the median ratio over the pairs, with its interval.

        The median of the ends holds the median of the ratios whenever every interval holds its ratio: no pair needs
        to be independent of another.
        """
        parts = self._in_cycles() if in_cycles else (self.log, self.log_lo, self.log_hi)
        known = ~np.isnan(self.log)
        if not known.any():
            return Ratio(math.nan, math.nan, math.nan)
        return _ratio(*(_median(part[known]) for part in parts))

    @property
    def n(self) -> int:
        """How many pairs have a value on both sides."""
        return int((~np.isnan(self.before) & ~np.isnan(self.after)).sum())

    @property
    def has_no_ratio(self) -> bool:
        """Whether values below 0 leave it without one."""
        return bool(self.n and np.isnan(self.log).all())

    @property
    def is_clocked(self) -> bool:
        """Whether it counts time, and the clock is known on both sides of a pair and differs."""
        return bool((self.cycles[~np.isnan(self.log)] != 0).any())

    @property
    def agreed_sign(self) -> int:
        """The sign of the median ratio where time and clock cycles agree about it, else 0.

        Where there is no ratio, for values below 0, it is the sign that more than half of the pairs have.
        """
        if self.has_no_ratio:
            signs = self.agreed_signs()
            return next((sign for sign in (1, -1) if 2 * (signs == sign).sum() > self.n), 0)
        sign = self.ratio().sign
        return sign if sign == self.ratio(in_cycles=True).sign else 0

    def at(self, pairs: Marks) -> Change:
        """Return the change of some pairs only."""
        parts = ("before", "after", "log", "log_lo", "log_hi", "sign", "cycles")
        return replace(self, **{name: getattr(self, name)[pairs] for name in parts})

    def agreed_signs(self) -> Signs:
        """Return `sign` for each pair where time and clock cycles agree about it, else 0."""
        _, low, high = self._in_cycles()
        with np.errstate(invalid="ignore"):
            in_cycles = (low > 0).astype(np.int8) - (high < 0).astype(np.int8)
        return np.where((self.cycles == 0) | (in_cycles == self.sign), self.sign, 0).astype(np.int8)

    def vanishes(self) -> Marks:
        """Tell which pairs surely changed in time, and did not in clock cycles, or the other way."""
        gone: Marks = (self.sign != 0) & (self.agreed_signs() == 0)
        return gone

    def _in_cycles(self) -> tuple[Numbers, Numbers, Numbers]:
        """Return `log` and its ends in clock cycles; what only the rounding of floats makes is nothing."""
        parts = (part + self.cycles for part in (self.log, self.log_lo, self.log_hi))
        middle, low, high = (np.where(np.abs(part) < 1e-12, 0.0, part) for part in parts)
        return middle, low, high


def changes_of(before: pd.DataFrame, after: pd.DataFrame, metrics: Sequence[str]) -> dict[str, Change]:
    """Work out the changes of some columns between rows that are pairs.

    Parameters
    ----------
    before, after
        Rows of equal number; those at the same place are the same point. What failed counts as without values.
    metrics
        Columns that both have.
    """
    clocks = clock_ratios(before, after)
    return {metric: _change(before, after, metric, clocks) for metric in metrics}


def clock_ratios(before: pd.DataFrame, after: pd.DataFrame) -> Numbers:
    """Return the clock after over the clock before, for each pair; NaN where one is not known."""
    if CLOCK not in before or CLOCK not in after:
        return np.full(len(before), np.nan)
    one, other = numbers_of(before, CLOCK), numbers_of(after, CLOCK)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((one > 0) & (other > 0), other / one, np.nan)


def in_cycles(metric: str, clocks: Numbers) -> Numbers:
    """Return the logarithm of what turns a ratio of a metric in time into one in clock cycles; 0 where unknown."""
    described = POINT_COLUMNS.get(metric)
    power = 1.0 if described and described.unit in TIME_UNITS else -1.0 if is_rate(described) else 0.0
    with np.errstate(divide="ignore"):
        return np.where(np.isnan(clocks), 0.0, power * np.log(clocks)) + 0.0


def at_clock(rows: pd.DataFrame, metrics: Iterable[str], clocks: Numbers) -> pd.DataFrame:
    """Return rows whose times and rates are as they would be at another clock, were all work a matter of cycles.

    Parameters
    ----------
    rows
        Rows of points.
    metrics
        The columns to count anew, with their ends.
    clocks
        The clock of each row over the other; NaN where it is not known.
    """
    factors = {metric: np.exp(in_cycles(metric, clocks)) for metric in metrics}
    anew = {
        metric + end: _rounded(numbers_of(rows, metric + end) * factor)
        for metric, factor in factors.items()
        for end in ("", "_lo", "_hi")
        if metric + end in rows
    }
    return rows.assign(**anew)


def _rounded(values: Numbers) -> Numbers:
    """Round to 12 digits: a value that a clock brings back to a limit must meet it."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        size = 10.0 ** (11 - np.floor(np.log10(np.abs(values))))
        rounded = np.round(values * size) / size
    return np.where(np.isfinite(rounded), rounded, values)


def ratio_of(before: tuple[float, float, float], after: tuple[float, float, float]) -> Ratio:
    """Return after over before of two values with their ends; NaN ends are unknown."""
    logs = [_logs(*(np.array([part]) for part in side)) for side in (before, after)]
    return _ratio(*(float(part[0]) for part in _differences(*logs)))


def _change(before: pd.DataFrame, after: pd.DataFrame, metric: str, clocks: Numbers) -> Change:
    one, other = (_with_ends(rows, metric) for rows in (before, after))
    sides = [_unknown_beside(one, other)[:3], _unknown_beside(other, one)[:3]]
    (_, low, high), (_, later_low, later_high) = sides
    with np.errstate(invalid="ignore"):
        sign = (later_low > high).astype(np.int8) - (later_high < low).astype(np.int8)
    if any((side[0] < 0).any() for side in sides):  # nothing is so many times as much as a debt
        log = log_lo = log_hi = np.full(len(before), np.nan)
    else:
        log, log_lo, log_hi = _differences(*(_logs(*side) for side in sides))
    return Change(
        metric, sides[0][0], sides[1][0], log, log_lo, log_hi, sign.astype(np.int8), in_cycles(metric, clocks)
    )


def _with_ends(rows: pd.DataFrame, metric: str) -> Bounds:
    """Return values and ends as `tradeoff.comparable.bounds_of`; of rows that may not compete nothing is known."""
    found, there = bounds_of(rows, metric), usable(rows)
    value, low, high = (np.where(there & ~np.isnan(found.value), part, np.nan) for part in found[:3])
    return Bounds(value, low, high, found.bare)


def _unknown_beside(side: Bounds, other: Bounds) -> Bounds:
    """Where the other row of a pair has an interval and this one has none, its ends are unknown and not the value."""
    alone = side.bare & ~other.bare & ~np.isnan(side.value)
    return side._replace(low=np.where(alone, -np.inf, side.low), high=np.where(alone, np.inf, side.high))


def _logs(value: Numbers, low: Numbers, high: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Return logarithms; of values below 0 there are none, and an end below 0 says nothing: minus infinity."""
    with np.errstate(divide="ignore", invalid="ignore"):
        log, log_low, log_high = (np.log(part) for part in (value, low, high))
    return log, np.where(low < 0, np.where(np.isnan(log), np.nan, -np.inf), log_low), log_high


def _differences(
    before: tuple[Numbers, Numbers, Numbers], after: tuple[Numbers, Numbers, Numbers]
) -> tuple[Numbers, Numbers, Numbers]:
    with np.errstate(invalid="ignore"):
        middle, low, high = after[0] - before[0], after[1] - before[2], after[2] - before[1]
    middle = np.where(before[0] == after[0], 0.0, middle)  # two zeros are equal
    low = np.where(np.isnan(low) & ~np.isnan(middle), -np.inf, low)
    high = np.where(np.isnan(high) & ~np.isnan(middle), np.inf, high)
    return middle, low, high


def _ratio(*logs: float) -> Ratio:
    with np.errstate(over="ignore"):
        return Ratio(*map(float, np.exp(logs)))


def _median(logs: Numbers) -> float:
    ordered = np.sort(logs)
    below, above = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return float(below if below == above else (below + above) / 2)
