"""Better, worse, mixed or not separable: what is found, and what follows from it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tradeoff.compare.attained import Attained, attained_under
from tradeoff.compare.changes import Change, Ratio, ratio_of
from tradeoff.compare.comparison import ComparedAs
from tradeoff.compare.limits import Crossings
from tradeoff.compare.machine import Machine
from tradeoff.compare.matching import Matching
from tradeoff.frames import POINT_COLUMNS
from tradeoff.frames.busy import is_busy
from tradeoff.objective import Objective


@dataclass(frozen=True, eq=False)
class Found:
    """All that a verdict and its sentences rest on.

    Attributes
    ----------
    objective, before, after, matching, changes, crossed, left_out
        What was asked, the rows of both sides, which are pairs, and what became of those.
    attained, like_for_like
        What each side attains with all its points, and with those that both sides have.
    at_one_clock
        The latter as if both sides had run at the clock of one of them; empty where no clock is known.
    machine
        Which pairs were measured beside other load.
    """

    objective: Objective
    before: pd.DataFrame
    after: pd.DataFrame
    matching: Matching
    changes: Mapping[str, Change]
    crossed: Crossings
    attained: tuple[Attained, Attained]
    like_for_like: tuple[Attained, Attained]
    at_one_clock: tuple[tuple[Attained, Attained], ...]
    machine: Machine
    left_out: tuple[str, ...]

    def sides(self) -> tuple[tuple[str, pd.DataFrame], tuple[str, pd.DataFrame]]:
        """Return the rows of both sides, with what the sides are called."""
        return ("before", self.before), ("after", self.after)

    def pairs(self) -> tuple[tuple[str, pd.DataFrame], tuple[str, pd.DataFrame]]:
        """Return the rows that are pairs, those at the same place being the same point."""
        one, other = self.matching.pairs
        return ("before", self.before.iloc[one]), ("after", self.after.iloc[other])

    @property
    def limited(self) -> tuple[str, ...]:
        """The constrained metrics, each once, but for the one that is optimised."""
        names = dict.fromkeys(limit.metric for limit in self.objective.constraints)
        return tuple(name for name in names if name != self.objective.metric)

    def direction(self, metric: str) -> int:
        """Return 1 where higher values of a metric are better under the objective, -1 where lower are, else 0."""
        if metric == self.objective.metric:
            return 1 if self.objective.direction == "maximize" else -1
        for limit in self.objective.constraints:
            if metric == limit.metric:
                return -1 if limit.comparison == "<=" else 1
        return {"higher": 1, "lower": -1}.get(POINT_COLUMNS[metric].better if metric in POINT_COLUMNS else "", 0)

    def good_sign(self, metric: str) -> int:
        """Return 1 when the median change of a metric is surely for the better, -1 for the worse, else 0.

        What a busy machine may explain does not count: it must be so among the other pairs, too.
        """
        change, direction = self.changes[metric], self.direction(metric)
        sign = change.agreed_sign * direction
        kept = ~self.machine.explains(sign, change)
        return sign if kept.all() or change.at(kept).agreed_sign * direction == sign else 0

    def is_machines(self, metric: str) -> bool:
        """Say whether a change that is sure in clock cycles, too, may be a busy machine's doing."""
        sign = self.changes[metric].agreed_sign * self.direction(metric)
        return sign != 0 and self.good_sign(metric) == 0

    def attained_sign(self) -> int:
        """Return 1 when what is attained is surely better after, -1 when it is surely worse, else 0.

        To attain nothing is worse than to attain anything. Points that only one side has say nothing about a change,
        unless there are no others. Where clocks are known, it must be so at the clock of either side, too. What a busy
        machine may explain does not count: it must be so among the other pairs, too.
        """
        if not len(self.matching.pairs[0]):
            sign = self.sign_of(self.attained)
            return 0 if is_busy(self.before if sign > 0 else self.after).any() else sign
        signs = {self.sign_of(sides) for sides in (self.like_for_like, *self.at_one_clock)}
        sign = signs.pop() if len(signs) == 1 else 0
        kept = ~self.machine.explains(sign)
        if not sign or kept.all():
            return sign
        one, other = (attained_under(rows[kept], self.objective) for _, rows in self.pairs())
        return sign if kept.any() and self.sign_of((one, other)) == sign else 0

    def sign_of(self, sides: tuple[Attained, Attained]) -> int:
        """Return 1 when the second side surely attains more of what is asked, -1 when surely less, else 0."""
        (worst, best), (later_worst, later_best) = (self._scores(side) for side in sides)
        return int(_above(later_worst, best)) - int(_above(worst, later_best))

    def _scores(self, side: Attained) -> tuple[float, float]:
        """Return the pessimistic and the optimistic end, higher is better; minus infinity for nothing."""
        up = self.objective.direction == "maximize"
        pessimistic, optimistic = (side.lo, side.hi) if up else (-side.hi, -side.lo)
        return (pessimistic if side.sure else -np.inf), (optimistic if side.possible else -np.inf)


def _above(one: float, other: float) -> bool:
    """Say whether a number is above another by more than the rounding of floats."""
    return one > other and not math.isclose(one, other, rel_tol=1e-9)


def ratio_between(sides: tuple[Attained, Attained]) -> Ratio:
    """Return what the second side attains over what the first does."""
    before, after = ((side.value, side.lo, side.hi) for side in sides)
    return ratio_of(before, after)


def verdict_of(found: Found) -> ComparedAs:
    """Weigh gains against losses, as `tradeoff.compare` defines them."""
    counts = ~(found.crossed.by_clock | found.crossed.by_machine)
    signs = [found.attained_sign(), found.good_sign(found.objective.metric)]
    signs += [int((found.crossed.gained & counts).any()), -int((found.crossed.lost & counts).any())]
    verdict = _weighed(signs)
    return _weighed([found.good_sign(metric) for metric in found.limited]) if verdict == "not_separable" else verdict


def _weighed(signs: list[int]) -> ComparedAs:
    if 1 in signs:
        return "mixed" if -1 in signs else "better"
    return "worse" if -1 in signs else "not_separable"
