"""What a busy machine may explain of a change: then it says nothing about the code."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tradeoff.comparable import Marks, Numbers, numbers_of
from tradeoff.frames.busy import is_busy

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
    """

    before: Marks
    after: Marks
    worse: Marks
    better: Marks

    def explains(self, sign: int) -> Marks:
        """Return the pairs of which a change for the better (1) or the worse (-1) may be the machine's doing."""
        return self.better if sign > 0 else self.worse


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
    )


def cpu_ratio(before: pd.DataFrame, after: pd.DataFrame) -> float:
    """Return the median ratio of processor time per request, after over before; NaN where it is not known."""
    logs = _log_ratio(before, after, CPU)
    known = logs[np.isfinite(logs)]
    return float(np.exp(np.median(known))) if len(known) else np.nan


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
