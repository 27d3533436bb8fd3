"""What a busy machine may explain of a change: then it says nothing about the code."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tradeoff.comparable import Marks, Numbers, numbers_of
from tradeoff.compare.changes import Change
from tradeoff.frames import POINT_COLUMNS
from tradeoff.frames.busy import is_busy
from tradeoff.objective.units import is_rate

CPU = "cpu_us_per_request"
_RATE = "throughput_rps"

_MOST = 0.5
"""Of a change: when more than this is not in the processor time per request, processor time contradicts it."""


@dataclass(frozen=True, eq=False)
class Machine:
    """Which pairs were measured on a busy machine.

    Attributes
    ----------
    before, after
        Pairs that were beside other load on that side.
    worse, better
        Pairs of which a change for the worse, or for the better, may be the machine's doing.
    lost_before, lost_after
        Natural logarithm of how many times a rate might be higher, had the disturbed part of the time not been lost
        altogether: infinite where all of it was disturbed, or nobody knows how much.
    """

    before: Marks
    after: Marks
    worse: Marks
    better: Marks
    lost_before: Numbers
    lost_after: Numbers

    def explains(self, sign: int, change: Change | None = None) -> Marks:
        """Return the pairs of which a change for the better (1) or the worse (-1) may be the machine's doing.

        Parameters
        ----------
        sign
            Which way it goes.
        change
            What changed. A rate that changed by more than all of the disturbed time could have cost is not explained.
        """
        marks = self.better if sign > 0 else self.worse
        if change is None or not is_rate(POINT_COLUMNS.get(change.metric)):
            return marks
        with np.errstate(invalid="ignore"):
            beyond = change.log_lo > self.lost_before if sign > 0 else change.log_hi < -self.lost_after
        return marks & ~beyond


def machine_of(before: pd.DataFrame, after: pd.DataFrame) -> Machine:
    """Find out which pairs of rows the machine had a hand in.

    A side that ran beside other load was slower than it could be: that the side after is worse may be its doing when
    it was busy after, that it is better when it was busy before. What goes the other way goes so in spite of it.

    Where nobody knows what others did, processor time has a say: when the throughput changed and most of the change is
    not in the processor time per request, the calls waited, and whether for a core or by themselves nobody knows.
    Where it is known that cores were free, they waited by themselves, and that is the code's.
    """
    busy = is_busy(before), is_busy(after)
    waited = _contradicted(before, after)
    return Machine(
        before=busy[0],
        after=busy[1],
        worse=busy[1] | (waited & _is_unknown(after)),
        better=busy[0] | (waited & _is_unknown(before)),
        lost_before=_lost(before),
        lost_after=_lost(after),
    )


def cpu_ratio(before: pd.DataFrame, after: pd.DataFrame) -> float:
    """Return the median ratio of processor time per request, after over before; NaN where it is not known."""
    logs = _log_ratio(before, after, CPU)
    known = logs[np.isfinite(logs)]
    return float(np.exp(np.median(known))) if len(known) else np.nan


def _lost(rows: pd.DataFrame) -> Numbers:
    disturbed = numbers_of(rows, "disturbed") if "disturbed" in rows else np.full(len(rows), np.nan)
    # A little in every block, and in none of them much: all of the time may have been slower.
    disturbed = np.where(disturbed > 0, np.minimum(disturbed, 1.0), 1.0)
    with np.errstate(divide="ignore"):
        lost: Numbers = -np.log1p(-disturbed)
    return lost


def _contradicted(before: pd.DataFrame, after: pd.DataFrame) -> Marks:
    """Tell of which pairs most of the change of the throughput is not in the processor time per request."""
    rate, cpu = _log_ratio(before, after, _RATE), _log_ratio(before, after, CPU)
    with np.errstate(invalid="ignore"):
        marks: Marks = np.abs(rate + cpu) > _MOST * np.abs(rate)
    return marks


def _is_unknown(rows: pd.DataFrame) -> Marks:
    """Tell which rows know their processor time, and not what others did."""
    if CPU not in rows or "foreign_load" not in rows:
        return np.zeros(len(rows), dtype=np.bool_)
    marks: Marks = ~np.isnan(numbers_of(rows, CPU)) & np.isnan(numbers_of(rows, "foreign_load"))
    return marks


def _log_ratio(before: pd.DataFrame, after: pd.DataFrame, name: str) -> Numbers:
    if name not in before or name not in after:
        return np.full(len(before), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs: Numbers = np.log(numbers_of(after, name) / numbers_of(before, name))
    return logs
