"""Deciding: filter first, then take the best; which point, how sure, and what binds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from tradeoff.arguments import shown
from tradeoff.comparable import usable
from tradeoff.digits import counted, whole
from tradeoff.frames import Run
from tradeoff.frames.busy import is_busy
from tradeoff.objective.candidates import Candidates, candidates_of, intervals_of, preferred_of
from tradeoff.objective.confirming import Confirm, confirmed, measured_anew
from tradeoff.objective.decision import Decision, Verdict
from tradeoff.objective.everyone import ERRORS, Errors, everyone, loses_too_many
from tradeoff.objective.judging import Marks, excess, judged, met, numbers, rows_asked, rows_at
from tradeoff.objective.objective import Constraint, Objective, ObjectiveError
from tradeoff.objective.room import next_room
from tradeoff.objective.selection import floor_of
from tradeoff.objective.settle import further_samples
from tradeoff.objective.words import GO_ON, PARTIAL, label_of

_USUAL = ("throughput_rps", "latency_p50_ms", "latency_p99_ms")
"""Columns of which a planner wants intervals beside those that decide."""


def decide(
    points: Run | pd.DataFrame,
    objective: Objective | str,
    *,
    errors: Errors = "count",
    confirm: bool | Confirm = False,
) -> Decision:
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
    confirm
        Measure the point anew once it is chosen: the verdict is that of the fresh measurement alone, and its plain
        intervals are right. True for points of `tradeoff.sweep` whose workload is known by name or path; for others, of
        `tradeoff.simulate` for one, a function that takes the row of ``points`` and returns a Run of that point.

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
        to several groups that must not be pooled (say which with ``at workload softmax``); with `confirm` also when the
        point cannot be measured anew, or what came back is another one.

    Notes
    -----
    A constraint is met for sure when the far end of the 95 % interval meets it, moved out to allow for the choice among
    the points that this one cannot be told from (`tradeoff.objective.selection`); it is missed for sure when the near
    end does not meet it, undecided in between. Of points that cannot be told apart in what is optimised the one with
    the lower latency is taken. An end that is missing is unknown. A percentile without any interval, as of a tool
    that prints a p99 only or of a simulation in one replication, meets no limit for sure: p99 is an extreme, and of
    few requests it may be several times as high. It may meet one by its value, and misses one by its value; the
    sentence says that nothing is known about its spread. Other columns without intervals are judged by their values,
    and the sentence says so. Rows that may not compete (`tradeoff.comparable.usable`) are left out.

    Percentiles of all who asked are read from the samples of a Run; of a frame they are bounded by its percentiles and
    counts (`tradeoff.objective.everyone`).
    """
    if errors not in ERRORS:
        raise ValueError(f"errors must be 'count' or 'ignore'; got {shown(errors)}")
    if not isinstance(confirm, bool) and not callable(confirm):
        raise TypeError(f"confirm must be True, False or a function of a row of points; got {shown(confirm)}")
    decision = _decided(points, objective, errors)
    if confirm is False or decision.verdict == "infeasible":
        return decision
    fresh = measured_anew(decision, points if isinstance(points, Run) else None, confirm)
    asked = replace(decision.objective, at=())  # it is the point that was asked for
    try:
        again = _decided(fresh, asked, errors)
    except ObjectiveError as error:
        raise ObjectiveError(f"the point was chosen, and could not be measured anew: {error}") from error
    return confirmed(decision, replace(again, objective=decision.objective))


def _decided(points: Run | pd.DataFrame, objective: Objective | str, errors: Errors) -> Decision:
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
        intervals=intervals_of(rows.iloc[[winner]], [*named_columns, *_USUAL], among),
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
