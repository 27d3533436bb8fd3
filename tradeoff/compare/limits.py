"""Which matched points meet the objective's limits, before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.comparable import Marks, numbers_of, usable
from tradeoff.compare.changes import Change
from tradeoff.compare.machine import Machine
from tradeoff.objective import Objective, judge

Met = NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class Crossings:
    """Matched points on either side of the limits.

    Attributes
    ----------
    before, after
        For each pair ``"yes"`` (it surely meets every limit), ``"no"`` (it surely misses one, or failed) or
        ``"open"``: an interval holds a limit, or a value is missing.
    lost, gained
        Pairs that surely met the limits and surely no longer do, and the other way round.
    by_clock
        Those of them that are explained by the clock: in clock cycles, no metric behind the miss surely changed.
    by_machine
        Those of them that a busy machine may explain.
    """

    before: Met
    after: Met
    lost: Marks
    gained: Marks
    by_clock: Marks
    by_machine: Marks

    @property
    def open_after(self) -> Marks:
        """Pairs that surely met the limits, and of which it cannot be told now."""
        unclear: Marks = (self.before == "yes") & (self.after == "open")
        return unclear


def crossings(
    before: pd.DataFrame, after: pd.DataFrame, objective: Objective, changes: Mapping[str, Change], machine: Machine
) -> Crossings:
    """Judge pairs of rows by the objective's limits."""
    met = [_met(rows, objective) for rows in (before, after)]
    lost, gained = (met[0] == "yes") & (met[1] == "no"), (met[0] == "no") & (met[1] == "yes")
    by_clock = (lost | gained) & _by_clock(before, after, objective, changes)
    by_machine = (lost & machine.worse) | (gained & machine.better)
    return Crossings(met[0], met[1], lost, gained, by_clock, by_machine)


def _met(rows: pd.DataFrame, objective: Objective) -> Met:
    there = usable(rows)
    sure, possible = np.ones(len(rows), dtype=np.bool_), np.ones(len(rows), dtype=np.bool_)
    for limit in objective.constraints:
        surely, possibly = judge(rows, limit)
        sure &= surely
        possible &= possibly | np.isnan(numbers_of(rows, limit.metric))  # what was not measured was not missed
    return np.select([~there | ~possible, sure], ["no", "yes"], "open")


def _by_clock(before: pd.DataFrame, after: pd.DataFrame, objective: Objective, changes: Mapping[str, Change]) -> Marks:
    """Tell which pairs cross a limit in time only: of those that failed on a side it cannot be said."""
    explained = usable(before) & usable(after)
    for limit in objective.constraints:
        missed = np.zeros(len(before), dtype=np.bool_)
        for rows in (before, after):
            missed |= ~judge(rows, limit)[1]
        explained &= ~missed | changes[limit.metric].vanishes()
    return explained
