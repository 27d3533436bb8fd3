"""Answering an objective: which point, how sure, and what stands in the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from tradeoff.digits import counted, whole
from tradeoff.objective.candidates import Interval
from tradeoff.objective.everyone import MOST_LOST, Errors, is_percentile, loses_too_many
from tradeoff.objective.judging import judged, numbers
from tradeoff.objective.objective import Constraint, Objective
from tradeoff.objective.room import Room
from tradeoff.objective.words import (
    GO_ON,
    PARTIAL,
    describe,
    label_of,
    missed,
    named,
    not_told_apart,
    on_busy_machine,
    reached,
    trust,
    turned_away,
    without_spread,
)

Verdict = Literal["feasible", "infeasible", "undecided"]


@dataclass(frozen=True, eq=False)
class Decision:
    """The answer to an objective.

    Attributes
    ----------
    objective
        What was asked.
    verdict
        ``"feasible"`` when the point surely meets every constraint, ``"undecided"`` when its intervals hold a
        limit, ``"infeasible"`` when no point may meet them.
    point
        The row of ``points`` that answers; when infeasible, the nearest one.
    runner_up
        The next best row that surely meets every constraint; None when there is none.
    binding
        The constraint without which a better point would have won; None when nothing binds.
    contender
        An undecided row that would beat a feasible `point`; None when there is none.
    shortfall
        When infeasible: the constraint that the nearest point misses by most, relative to its limit.
    room
        When feasible: how far the binding limit has to move for a better point to win, and what that buys; None when
        nothing binds, or no point surely gains by it.
    further_samples
        Samples that the undecided point (`point`, or else `contender`) lacks for a verdict: the fewest that will do;
        None when nothing is undecided, or it cannot be told.
    others_busy
        Other points that were asked about and measured on a busy machine: they may be better than they look.
    errors
        ``"count"``: limits on percentiles were judged over all who asked; ``"ignore"``: over those who were answered.
    everyones
        `point` with the percentiles of all who asked, as they were judged; None when it is the same.
    left_out
        A sentence about the rows that could not answer; empty when all could.
    tied
        Other points that would do and reach exactly the same in what is optimised.
    alike
        Rows that would do as well and cannot be told from `point` in what is optimised, the best value first. Among
        them and `point` the one with the lower latency is taken (`preferred`).
    preferred
        The column by which `point` was taken among rows that cannot be told apart: the latency that the objective
        limits, or p99; throughput where a latency is minimised. None when there is none.
    among
        The number m of points that `point` cannot be told from in some column that decides, itself among them.
    intervals
        By column: the value of `point` and its interval, which allows for the choice among m points
        (`tradeoff.objective.selection`); of a point chosen from one it is the measured one.
    opened
        When undecided: the constraints that `point` may meet and does not surely meet.
    chosen
        The row by which the point was chosen, when it was measured anew afterwards (``confirm=``): `point` is the fresh
        row then, and the verdict is that of `point` alone. None when it was not.
    """

    objective: Objective
    verdict: Verdict
    point: pd.Series
    runner_up: pd.Series | None = None
    binding: Constraint | None = None
    contender: pd.Series | None = None
    shortfall: Constraint | None = None
    room: Room | None = None
    further_samples: int | None = None
    others_busy: int = 0
    errors: Errors = "count"
    everyones: pd.Series | None = None
    left_out: str = ""
    tied: int = 0
    alike: pd.DataFrame = field(default_factory=pd.DataFrame)
    preferred: str | None = None
    among: int = 1
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    opened: tuple[Constraint, ...] = ()
    chosen: pd.Series | None = None

    def sentence(self) -> str:
        """Say the answer in plain words."""
        metric = self.objective.metric
        if self.verdict == "infeasible" and self.chosen is not None:
            missing = "" if self.shortfall is None else f": {missed(self.point, self.shortfall, self.everyones)}"
            missing = f"{describe(self.point)} does not meet the objective{missing}. {self._measured_anew()}"
            return " ".join([missing, *filter(None, [trust(self.point), on_busy_machine(self.point), self._lost()])])
        if self.verdict == "infeasible":
            told = "" if self.shortfall is None else f": {missed(self.point, self.shortfall, self.everyones)}"
            nearest = f"No point meets the objective. The nearest is {describe(self.point)}{told}."
            besides = [trust(self.point), on_busy_machine(self.point), self._lost(), self._without_spread()]
            return " ".join([nearest, *filter(None, [*besides, self._others_busy(), self.left_out])])
        seen = ", ".join(reached(self.point, name, self.intervals.get(name), self.among) for name in self._named())
        sure = "meets" if self.verdict == "feasible" else "may meet"
        parts = [f"{describe(self.point)} {sure} the objective: {seen}."]
        besides = [trust(self.point), on_busy_machine(self.point), self._lost(), self._without_spread()]
        parts += [said for said in besides if said]
        if allowed := self.allowed_for():
            parts.append(f"{allowed}.")
        if self.chosen is not None:
            parts.append(self._measured_anew())
        if self.verdict == "undecided":
            parts += self._why_open()
        if self.tied:
            verb = "reaches" if self.tied == 1 else "reach"
            parts.append(f"{counted(self.tied, 'other point')} {verb} the same {label_of(metric)}.")
        if self.runner_up is not None:
            parts.append(f"Runner-up: {named(self.runner_up)} with {reached(self.runner_up, metric)}.")
        if told := self._not_told_apart():
            parts.append(told)
        if self.contender is not None:
            told = f"{named(self.contender)} with {reached(self.contender, metric)}"
            parts.append(f"Undecided but better: {told}{self._more()}.")
        if others := self._others_busy():
            parts.append(others)
        if self.objective.asks_for_the_worse:
            parts.append(f"Mind: a {label_of(metric)} is better the other way round.")
        parts.append(f"Binding: {self.binding}." if self.binding is not None else "No constraint binds.")
        if self.room is not None:
            parts.append(self.room.sentence(self.objective))
        return " ".join([*parts, *filter(None, [self.left_out])])

    def allowed_for(self) -> str:
        """Say for which choice the intervals allow; nothing where there was none, or no interval."""
        if self.among <= 1 or not self.intervals:
            return ""
        return f"Intervals allow for the choice among {whole(self.among)} points"

    def _measured_anew(self) -> str:
        """Say that the point was measured anew after it was chosen, and what it was chosen for."""
        if self.chosen is None:
            return ""
        then = ", ".join(reached(self.chosen, name) for name in self._named())
        return f"It was measured anew after it was chosen, so that its intervals are plain; chosen it was for {then}."

    def reported(self) -> pd.Series:
        """Return `point` with intervals that allow for the choice: what may be published."""
        if self.among <= 1:
            return self.point
        point = self.point.copy()
        for name, interval in self.intervals.items():
            point[f"{name}_lo"], point[f"{name}_hi"] = interval.low, interval.high
        return point

    def _not_told_apart(self) -> str:
        """Say from which other points the point cannot be told, and why it is taken."""
        metric = self.objective.metric
        others = self.alike[~(self.alike[metric] == self.point[metric]).to_numpy(bool, na_value=False)]
        if not len(others):
            return ""
        return not_told_apart(others, metric, self.preferred, is_runner_up=self.runner_up is not None)

    def __repr__(self) -> str:
        return f"Decision({self.verdict}: {self.sentence()})"

    def _more(self) -> str:
        count = self.further_samples
        return "" if count is None else f" (at least {whole(count)} more samples settle it)"

    def __str__(self) -> str:
        return self.sentence()

    def _lost(self) -> str:
        """Say which requests got no answer, and how limits counted them."""
        said = turned_away(self.point)
        if not said:
            return ""
        if self.errors == "ignore":
            return f"{said} Limits are judged without them (errors='ignore')."
        return f"{said} Limits on percentiles count them as slower than any limit."

    def _without_spread(self) -> str:
        """Say of which columns nothing but a value is known: those that are limited, and a percentile in any case."""
        limited = [one.metric for one in self.objective.constraints]
        metric = self.objective.metric
        return without_spread(self.point, [*limited, *([metric] if is_percentile(metric) else [])])

    def _why_open(self) -> list[str]:
        """Say why it cannot be told whether the point meets the objective."""
        row = (self.point if self.everyones is None else self.everyones).to_frame().T.infer_objects()
        limited = [one.metric for one in self.objective.constraints]
        said = []
        if self.errors == "count" and loses_too_many(row, limited)[0]:
            said.append(
                f"More than {100 * MOST_LOST:g} % of those who asked got no answer, or nobody knows how many did: that "
                "is never simply feasible. Declare what may fail (error_rate <= 5 %), or say errors='ignore'."
            )
        if not np.isfinite(numbers(row, self.objective.metric))[0]:
            said.append(
                f"Its {label_of(self.objective.metric)} is infinite: too many got no answer, or it is not known."
            )
        opened = [one.metric for one in self.opened]
        bare = [name for name in opened if is_percentile(name) and without_spread(self.point, [name])]
        if bare:
            said.append("By its value it meets what is asked, which is not enough: measure or state an interval.")
        if set(opened) - set(bare):
            plainly = self.among > 1 and all(judged(row, one)[0][0] for one in self.opened)
            which = "As measured they meet the limits, and with the choice allowed for they hold one"
            which = which if plainly else "Its intervals hold a limit"
            how = GO_ON if self.point.get("status") == PARTIAL else "measure longer before relying on it"
            said.append(f"{which}: {how}{self._more()}.")
        return said

    def _others_busy(self) -> str:
        """Say how many of the other points may be better than they look."""
        if not self.others_busy:
            return ""
        verb = "was" if self.others_busy == 1 else "were"
        return f"Of the other points {whole(self.others_busy)} {verb} measured on a busy machine, and may be better."

    def _named(self) -> list[str]:
        return list(dict.fromkeys([self.objective.metric, *(c.metric for c in self.objective.constraints)]))
