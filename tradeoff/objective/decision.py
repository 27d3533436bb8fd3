"""Answering an objective: which point, how sure, and what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.digits import whole
from tradeoff.frames import Run
from tradeoff.frames.busy import is_busy
from tradeoff.objective.judging import Marks, Numbers, excess, met, numbers, rows_asked
from tradeoff.objective.objective import Constraint, Objective
from tradeoff.objective.room import Room, next_room
from tradeoff.objective.settle import further_samples
from tradeoff.objective.words import describe, label_of, missed, on_busy_machine, reached, trust, turned_away

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

    def sentence(self) -> str:
        """Say the answer in plain words."""
        metric = self.objective.metric
        if self.verdict == "infeasible":
            told = "" if self.shortfall is None else f": {missed(self.point, self.shortfall)}"
            nearest = f"No point meets the objective. The nearest is {describe(self.point)}{told}."
            return " ".join([nearest, *filter(None, [on_busy_machine(self.point), self._others_busy()])])
        seen = ", ".join(reached(self.point, name) for name in self._named())
        sure = "meets" if self.verdict == "feasible" else "may meet"
        parts = [f"{describe(self.point)} {sure} the objective: {seen}."]
        parts += [said for said in (trust(self.point), on_busy_machine(self.point), turned_away(self.point)) if said]
        if self.verdict == "undecided":
            parts.append(f"Its intervals hold a limit: measure longer before relying on it{self._more()}.")
        if self.runner_up is not None:
            parts.append(f"Runner-up: {describe(self.runner_up)} with {reached(self.runner_up, metric)}.")
        if self.contender is not None:
            told = f"{describe(self.contender)} with {reached(self.contender, metric)}"
            parts.append(f"Undecided but better: {told}{self._more()}.")
        if others := self._others_busy():
            parts.append(others)
        if self.objective.asks_for_the_worse:
            parts.append(f"Mind: a {label_of(metric)} is better the other way round.")
        parts.append(f"Binding: {self.binding}." if self.binding is not None else "No constraint binds.")
        if self.room is not None:
            parts.append(self.room.sentence(self.objective))
        return " ".join(parts)

    def __repr__(self) -> str:
        return f"Decision({self.verdict}: {self.sentence()})"

    def _more(self) -> str:
        count = self.further_samples
        return "" if count is None else f" (at least {whole(count)} more samples settle it)"

    def __str__(self) -> str:
        return self.sentence()

    def _others_busy(self) -> str:
        """Say how many of the other points may be better than they look."""
        if not self.others_busy:
            return ""
        verb = "was" if self.others_busy == 1 else "were"
        return f"Of the other points {whole(self.others_busy)} {verb} measured on a busy machine, and may be better."

    def _named(self) -> list[str]:
        return list(dict.fromkeys([self.objective.metric, *(c.metric for c in self.objective.constraints)]))


def decide(points: Run | pd.DataFrame, objective: Objective | str) -> Decision:
    """Answer an objective: filter first, then take the best.

    Parameters
    ----------
    points
        A Run or its ``points``.
    objective
        As text, ``"maximize throughput subject to p99 <= 20 ms at concurrency 32"``, or an `Objective`.

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
    A constraint is met for sure when the far end of the 95 % interval meets it, missed for sure when the near end
    does not, undecided in between. A percentile whose upper end is unknown while its lower end is known is never
    sure. Rows without any interval are judged by their value.
    """
    frame = points.points if isinstance(points, Run) else points
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"points must be a Run or its frame of points; got {type(points).__name__}")
    objective = Objective.of(objective, frame.columns)
    rows = rows_asked(frame, objective)
    values = numbers(rows, objective.metric)
    score = values if objective.direction == "maximize" else -values
    sure, possible = met(rows, objective.constraints)
    busy = is_busy(rows)
    if not possible.any():
        return _infeasible(rows, objective, busy)
    verdict: Verdict = "feasible" if sure.any() else "undecided"
    order = _best_first(rows, objective, score)
    ranked = order[(sure if sure.any() else possible)[order]]
    winner = ranked[0]
    better = order[(possible & ~sure)[order]]
    contends = verdict == "feasible" and len(better) > 0 and score[better[0]] > score[winner]
    contender = rows.iloc[better[0]] if contends else None
    binding = _binding(rows, objective, score, score[winner], surely=verdict == "feasible")
    bound = verdict == "feasible" and binding is not None
    unsettled = rows.iloc[winner] if verdict == "undecided" else contender
    run = points if isinstance(points, Run) else None
    return Decision(
        objective=objective,
        verdict=verdict,
        point=rows.iloc[winner],
        runner_up=rows.iloc[ranked[1]] if verdict == "feasible" and len(ranked) > 1 else None,
        binding=binding,
        contender=contender,
        room=next_room(rows, objective, score, score[winner], binding) if bound and binding else None,
        further_samples=None if unsettled is None else further_samples(unsettled, objective, run),
        others_busy=int(busy.sum() - busy[winner]),
    )


def _best_first(rows: pd.DataFrame, objective: Objective, score: Numbers) -> NDArray[np.intp]:
    # Equal scores: the one with more room under the constraints, then the smaller id, whatever the order of rows.
    room = [excess(rows, constraint) for constraint in objective.constraints]
    names = rows["point_id"].astype("str") if "point_id" in rows else pd.Series(range(len(rows)))
    ids = pd.factorize(names, sort=True)[0]
    return np.lexsort([ids, *room[::-1], -score])


def _infeasible(rows: pd.DataFrame, objective: Objective, busy: Marks) -> Decision:
    beyond = np.column_stack([excess(rows, constraint) for constraint in objective.constraints])
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
    )


def _binding(
    rows: pd.DataFrame, objective: Objective, score: Numbers, best: float, *, surely: bool
) -> Constraint | None:
    gains = []
    for constraint in objective.constraints:
        rest = tuple(other for other in objective.constraints if other != constraint)
        without = met(rows, rest)[0 if surely else 1]
        gains.append(score[without].max() - best if without.any() else 0.0)
    return objective.constraints[int(np.argmax(gains))] if gains and max(gains) > 0 else None
