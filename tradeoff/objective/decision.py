"""Answering an objective: which point, how sure, and what stands in the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from tradeoff.arguments import shown
from tradeoff.comparable import usable
from tradeoff.digits import counted, whole
from tradeoff.frames import Run
from tradeoff.frames.busy import is_busy
from tradeoff.objective.candidates import Candidates, Interval, candidates_of, intervals_of, preferred_of
from tradeoff.objective.everyone import ERRORS, MOST_LOST, Errors, everyone, is_percentile, loses_too_many
from tradeoff.objective.judging import Marks, excess, judged, met, numbers, rows_asked, rows_at
from tradeoff.objective.objective import Constraint, Objective
from tradeoff.objective.room import Room, next_room
from tradeoff.objective.selection import floor_of
from tradeoff.objective.settle import further_samples
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

    def sentence(self) -> str:
        """Say the answer in plain words."""
        metric = self.objective.metric
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


def decide(points: Run | pd.DataFrame, objective: Objective | str, *, errors: Errors = "count") -> Decision:
    """Answer an objective: filter first, then take the best.

    Parameters
    ----------
    points
        A Run or its ``points``.
    objective
        As text, ``"maximize throughput subject to p99 <= 20 ms at concurrency 32"``, or an `Objective`.

    errors
        ``"count"``: a limit on a percentile is judged over all who asked, and requests that failed, timed out or were
        turned away count as slower than any limit; where more than 1 % of them got no answer the verdict is never
        ``"feasible"``, unless the objective limits ``error_rate`` (and ``rejection_rate``) itself. ``"ignore"``: only
        those that were answered count.

    Returns
    -------
    Decision
        The point, the runner-up, the binding constraint and the verdict.

    Raises
    ------
    TypeError
        When `points` are no points, or `objective` is neither text nor an Objective.
    ObjectiveError
        When the text cannot be read, a metric is missing, nothing was measured where it asks, or the rows belong
        to several groups that must not be pooled (say which with ``at workload softmax``).

    Notes
    -----
    A constraint is met for sure when the far end of the 95 % interval meets it, moved out to allow for the choice among
    the points that this one cannot be told from (`tradeoff.objective.selection`); it is missed for sure when the near
    end does not meet it, undecided in between. An end that is missing is unknown. A percentile without any interval, as of a tool
    that prints a p99 only or of a simulation in one replication, meets no limit for sure: p99 is an extreme, and of
    few requests it may be several times as high. It may meet one by its value, and misses one by its value; the
    sentence says that nothing is known about its spread. Other columns without intervals are judged by their values,
    and the sentence says so. Rows that may not compete (`tradeoff.comparable.usable`) are left out.

    Percentiles of all who asked are read from the samples of a Run; of a frame they are bounded by its percentiles and
    counts (`tradeoff.objective.everyone`).
    """
    if errors not in ERRORS:
        raise ValueError(f"errors must be 'count' or 'ignore'; got {shown(errors)}")
    frame = points.points if isinstance(points, Run) else points
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"points must be a Run or its frame of points; got {type(points).__name__}")
    objective = Objective.of(objective, frame.columns)
    rows = rows_asked(frame, objective)
    run = points if isinstance(points, Run) else None
    limited = [one.metric for one in objective.constraints]
    # Percentiles of all who asked; the same frame where everybody was answered.
    named_columns = [objective.metric, *limited, *filter(None, [preferred_of(rows, objective)])]
    seen = everyone(rows, named_columns, errors=errors, run=run)
    found = candidates_of(seen, objective)
    allowed = np.ones(len(rows), dtype=np.bool_) if errors == "ignore" else ~loses_too_many(rows, limited)
    allowed &= np.isfinite(found.score)  # what is infinite, as the p99 of too many errors, is no answer to rely on
    sure, possible = met(found.wide, objective.constraints)[0] & allowed, met(seen, objective.constraints)[1]
    busy = is_busy(rows)
    left_out = " ".join(filter(None, [_left_out(frame, rows, objective), _in_part(rows)]))
    if not possible.any():
        return _infeasible(rows, seen, objective, busy, errors, left_out)
    verdict: Verdict = "feasible" if sure.any() else "undecided"
    marks = sure if sure.any() else possible
    winner, alike = found.choose(marks)
    best = found.score[winner]
    better = np.flatnonzero(possible & ~sure & (found.worst > best)) if verdict == "feasible" else np.empty(0, int)
    contends = found.order[np.isin(found.order, better)]
    contends = contends[np.argsort(-found.score[contends], kind="stable")]
    binding = _binding(seen if verdict == "undecided" else found.wide, objective, found, winner, allowed)
    unsettled = winner if verdict == "undecided" else contends[0] if len(contends) else -1
    settles = unsettled >= 0 and allowed[unsettled]
    among = int(found.among[winner])
    return Decision(
        objective=objective,
        verdict=verdict,
        point=rows.iloc[winner],
        runner_up=_runner_up(rows, found, marks, winner) if verdict == "feasible" else None,
        binding=binding,
        contender=rows.iloc[contends[0]] if len(contends) else None,
        room=next_room(rows, objective, found, winner, binding, allowed) if verdict == "feasible" and binding else None,
        further_samples=_further(rows.iloc[[unsettled]], objective, run, found, unsettled) if settles else None,
        others_busy=int(busy.sum() - busy[winner]),
        errors=errors,
        everyones=None if seen is rows else seen.iloc[winner],
        left_out=left_out,
        tied=int((found.score[marks] == best).sum()) - 1,
        alike=rows.iloc[alike],
        preferred=found.preferred,
        among=among,
        intervals=intervals_of(rows.iloc[[winner]], named_columns, among),
        opened=() if verdict == "feasible" else _opened(found.wide.iloc[[winner]], objective),
    )  # fmt: skip


def _runner_up(rows: pd.DataFrame, found: Candidates, marks: Marks, winner: int) -> pd.Series | None:
    """Return the best of the others by its value."""
    others = found.order[marks[found.order] & (found.order != winner)]
    return rows.iloc[others[np.argmax(found.score[others])]] if len(others) else None


def _further(row: pd.DataFrame, objective: Objective, run: Run | None, found: Candidates, place: int) -> int | None:
    """Return how many more samples settle a row, the choice allowed for."""
    among, point = int(found.among[place]), row.iloc[0].copy()
    for name, interval in intervals_of(row, [one.metric for one in objective.constraints], among).items():
        point[f"{name}_lo"], point[f"{name}_hi"] = interval.low, interval.high
    return further_samples(point, objective, run, among=among)


def _opened(row: pd.DataFrame, objective: Objective) -> tuple[Constraint, ...]:
    return tuple(one for one in objective.constraints if not judged(row, one)[0][0])


def _left_out(frame: pd.DataFrame, rows: pd.DataFrame, objective: Objective) -> str:
    """Say how many rows could not answer, and why."""
    unfit = int((~usable(frame)).sum())
    parts = [f"{counted(unfit, 'point')} that failed, ran beyond capacity or cannot be"] if unfit else []
    there = frame[usable(frame)] if unfit else frame
    for setting in objective.at:
        there = rows_at(there, setting)
    if lacking := len(there) - len(rows):
        parts.append(f"{whole(lacking)} without a {label_of(objective.metric)}")
    for name in dict.fromkeys(one.metric for one in objective.constraints):
        if lacking := int(np.isnan(numbers(rows, name)).sum()):
            parts.append(f"{whole(lacking)} without a {label_of(name)}")
    return f"Left out: {'; '.join(parts)}." if parts else ""


def _in_part(rows: pd.DataFrame) -> str:
    """Say how many rows a sweep that was stopped has measured in part only."""
    number = int((rows["status"] == PARTIAL).sum()) if "status" in rows else 0
    if not number:
        return ""
    verb = "was" if number == 1 else "were"
    return f"{whole(number)} of {counted(len(rows), 'point')} {verb} measured in part (partial): {GO_ON}."


def _infeasible(
    rows: pd.DataFrame, seen: pd.DataFrame, objective: Objective, busy: Marks, errors: Errors, left_out: str
) -> Decision:  # fmt: skip
    beyond = np.column_stack([excess(seen, constraint) for constraint in objective.constraints])
    beyond = np.where(np.isnan(beyond), np.inf, beyond)
    worst = beyond.max(axis=1)
    nearest = (
        int(np.lexsort([pd.factorize(rows["point_id"], sort=True)[0], worst])[0])
        if "point_id" in rows
        else int(worst.argmin())
    )
    return Decision(
        objective=objective,
        verdict="infeasible",
        point=rows.iloc[nearest],
        shortfall=objective.constraints[int(beyond[nearest].argmax())],
        others_busy=int(busy.sum() - busy[nearest]),
        errors=errors,
        everyones=None if seen is rows else seen.iloc[nearest],
        left_out=left_out,
    )


def _binding(
    rows: pd.DataFrame, objective: Objective, found: Candidates, winner: int, allowed: Marks
) -> Constraint | None:
    """Return the constraint without which the point would surely have been beaten, and by most."""
    best, gains = found.score[winner], []
    surely = rows is found.wide
    for constraint in objective.constraints:
        rest = tuple(other for other in objective.constraints if other != constraint)
        without = met(rows, rest)[0] & allowed if surely else met(rows, rest)[1]
        floor = floor_of(found.worst, without)
        gains.append(floor - float(best) if floor > best else 0.0)
    return objective.constraints[int(np.argmax(gains))] if gains and max(gains) > 0 else None
