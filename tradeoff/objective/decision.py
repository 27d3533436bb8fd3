"""Answering an objective: which point, how sure, and what stands in the way."""

from __future__ import annotations

import math
import reprlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.digits import three
from tradeoff.frames import NEVER_POOLED, PERCENTILES, POINT_COLUMNS, Run
from tradeoff.objective.objective import EXAMPLE, Constraint, Objective, ObjectiveError, Setting

Verdict = Literal["feasible", "infeasible", "undecided"]
_UNUSABLE = ("failed", "oom", "saturated")


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
    """

    objective: Objective
    verdict: Verdict
    point: pd.Series
    runner_up: pd.Series | None = None
    binding: Constraint | None = None
    contender: pd.Series | None = None
    shortfall: Constraint | None = None

    def sentence(self) -> str:
        """Say the answer in plain words."""
        metric = self.objective.metric
        if self.verdict == "infeasible":
            missed = self.shortfall
            told = "" if missed is None else f": {_missed(self.point, missed)}"
            return f"No point meets the objective. The nearest is {describe(self.point)}{told}."
        seen = ", ".join(_told(self.point, name) for name in self._named())
        sure = "meets" if self.verdict == "feasible" else "may meet"
        parts = [f"{describe(self.point)} {sure} the objective: {seen}."]
        if self.verdict == "undecided":
            parts.append("Its intervals hold a limit: measure longer before relying on it.")
        if self.runner_up is not None:
            parts.append(f"Runner-up: {describe(self.runner_up)} with {_told(self.runner_up, metric)}.")
        if self.contender is not None:
            parts.append(f"Undecided but better: {describe(self.contender)} with {_told(self.contender, metric)}.")
        parts.append(f"Binding: {self.binding}." if self.binding is not None else "No constraint binds.")
        return " ".join(parts)

    def __str__(self) -> str:
        return self.sentence()

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
    if isinstance(objective, str):
        objective = Objective.parse(objective, columns=frame.columns)
    if not isinstance(objective, Objective):
        raise TypeError(f"objective must be text such as {EXAMPLE!r}, or an Objective; got {reprlib.repr(objective)}")
    rows = _rows_asked(frame, objective)
    values = _numbers(rows, objective.metric)
    score = values if objective.direction == "maximize" else -values
    sure, possible = _met(rows, objective.constraints)
    if not possible.any():
        return _infeasible(rows, objective)
    verdict: Verdict = "feasible" if sure.any() else "undecided"
    order = _best_first(rows, objective, score)
    ranked = order[(sure if sure.any() else possible)[order]]
    winner = ranked[0]
    better = order[(possible & ~sure)[order]]
    contender = better[0] if verdict == "feasible" and len(better) and score[better[0]] > score[winner] else None
    return Decision(
        objective=objective,
        verdict=verdict,
        point=rows.iloc[winner],
        runner_up=rows.iloc[ranked[1]] if verdict == "feasible" and len(ranked) > 1 else None,
        binding=_binding(rows, objective, score, score[winner], surely=verdict == "feasible"),
        contender=None if contender is None else rows.iloc[contender],
    )


def judge(rows: pd.DataFrame, constraint: Constraint) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell for every row whether it surely meets `constraint`, and whether it may meet it.

    A row without a value does neither.
    """
    value = _numbers(rows, constraint.metric)
    low, high = (
        _numbers(rows, constraint.metric + end) if constraint.metric + end in rows else np.full(len(rows), np.nan)
        for end in ("_lo", "_hi")
    )
    neither = np.isnan(low) & np.isnan(high)
    low, high = np.where(neither, value, low), np.where(neither, value, high)
    with np.errstate(invalid="ignore"):
        if constraint.comparison == "<=":
            sure, missed = high <= constraint.limit, low > constraint.limit
            missed |= np.isnan(low) & (value > constraint.limit)
        else:
            sure, missed = low >= constraint.limit, high < constraint.limit
            missed |= np.isnan(high) & (value < constraint.limit)
    known = ~np.isnan(value)
    return sure & known, ~missed & known


def describe(point: pd.Series) -> str:
    """Name a point by its place on the grid."""
    parts = [f"batch {int(point['batch_size'])}"] if pd.notna(point.get("batch_size")) else []
    if pd.notna(point.get("concurrency")):
        parts.append(f"concurrency {int(point['concurrency'])}")
    if pd.notna(point.get("request_rate_rps")):
        parts.append(f"{three(point['request_rate_rps'])} requests/s")
    name = " × ".join(parts) or f"point {point.get('point_id')}"
    return name[0].upper() + name[1:]


def rows_at(rows: pd.DataFrame, setting: Setting) -> pd.DataFrame:
    """Return the rows where a column is held at one value.

    Raises
    ------
    ObjectiveError
        When the column is absent, or nothing was measured there; the values that were are listed.
    """
    if setting.column not in rows:
        raise ObjectiveError(f"the points have no column {setting.column!r}")
    if isinstance(setting.value, str):
        held = rows[(rows[setting.column].astype("str") == setting.value).to_numpy(dtype=bool, na_value=False)]
    else:
        held = rows[_numbers(rows, setting.column) == setting.value]
    if not len(held):
        there = [value.item() if hasattr(value, "item") else value for value in rows[setting.column].dropna().unique()]
        listed = ", ".join(map(str, sorted(there)[:12])) or "no value"
        raise ObjectiveError(f"nothing was measured at {setting}: {setting.column} holds {listed}")
    return held


def _rows_asked(frame: pd.DataFrame, objective: Objective) -> pd.DataFrame:
    if not len(frame):
        raise ObjectiveError("there are no points: measure some first")
    needed = [objective.metric, *(c.metric for c in objective.constraints), *(s.column for s in objective.at)]
    for name in needed:
        if name not in frame:
            raise ObjectiveError(f"the points have no column {name!r}")
    rows = frame
    if "status" in rows:
        rows = rows[~rows["status"].isin(_UNUSABLE)]
        if not len(rows):
            raise ObjectiveError(f"all {len(frame)} points failed: see the column 'reason'")
    for setting in objective.at:
        rows = rows_at(rows, setting)
    known = ~np.isnan(_numbers(rows, objective.metric))
    if not known.any():
        raise ObjectiveError(f"no point has a {objective.metric}: it was not measured, or n is too small for it")
    rows = rows[known]
    for constraint in objective.constraints:
        if np.isnan(_numbers(rows, constraint.metric)).all():
            raise ObjectiveError(f"no point has a {constraint.metric}: it was not measured, or n is too small for it")
    _refuse_to_pool(rows)
    return rows


def _refuse_to_pool(rows: pd.DataFrame) -> None:
    for name in NEVER_POOLED:
        if name in rows and len(pd.unique(rows[name])) > 1:
            values = sorted(map(str, rows[name].dropna().unique()))
            raise ObjectiveError(
                f"the points differ in {name} ({', '.join(values)}) and must not be pooled: "
                f"say which, as in 'at {Setting(name, values[0])}'"
            )


def _met(rows: pd.DataFrame, constraints: tuple[Constraint, ...]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    sure, possible = np.ones(len(rows), dtype=np.bool_), np.ones(len(rows), dtype=np.bool_)
    for constraint in constraints:
        surely, possibly = judge(rows, constraint)
        sure &= surely
        possible &= possibly
    return sure, possible


def _best_first(rows: pd.DataFrame, objective: Objective, score: NDArray[np.float64]) -> NDArray[np.intp]:
    # Equal scores: the one with more room under the constraints, then the smaller id, whatever the order of rows.
    room = [_excess(rows, constraint) for constraint in objective.constraints]
    names = rows["point_id"].astype("str") if "point_id" in rows else pd.Series(range(len(rows)))
    ids = pd.factorize(names, sort=True)[0]
    return np.lexsort([ids, *room[::-1], -score])


def _excess(rows: pd.DataFrame, constraint: Constraint) -> NDArray[np.float64]:
    """How far a row's value lies beyond the limit, relative to it; negative inside."""
    sign = 1.0 if constraint.comparison == "<=" else -1.0
    scale = abs(constraint.limit) or 1.0
    return sign * (_numbers(rows, constraint.metric) - constraint.limit) / scale


def _infeasible(rows: pd.DataFrame, objective: Objective) -> Decision:
    excess = np.column_stack([_excess(rows, constraint) for constraint in objective.constraints])
    worst = np.where(np.isnan(excess), np.inf, excess).max(axis=1)
    nearest = (
        int(np.lexsort([pd.factorize(rows["point_id"], sort=True)[0], worst])[0])
        if "point_id" in rows
        else int(worst.argmin())
    )
    return Decision(
        objective=objective,
        verdict="infeasible",
        point=rows.iloc[nearest],
        shortfall=objective.constraints[int(np.where(np.isnan(excess), np.inf, excess)[nearest].argmax())],
    )


def _binding(
    rows: pd.DataFrame, objective: Objective, score: NDArray[np.float64], best: float, *, surely: bool
) -> Constraint | None:
    gains = []
    for constraint in objective.constraints:
        rest = tuple(other for other in objective.constraints if other != constraint)
        without = _met(rows, rest)[0 if surely else 1]
        gains.append(score[without].max() - best if without.any() else 0.0)
    return objective.constraints[int(np.argmax(gains))] if gains and max(gains) > 0 else None


def _numbers(rows: pd.DataFrame, name: str) -> NDArray[np.float64]:
    return rows[name].to_numpy(dtype="float64", na_value=np.nan)


def _missed(point: pd.Series, constraint: Constraint) -> str:
    described = POINT_COLUMNS.get(constraint.metric)
    if pd.isna(point[constraint.metric]):
        return f"its {described.label if described else constraint.metric} was not measured"
    gap = abs(float(point[constraint.metric]) - constraint.limit)
    unit = f" {described.unit}" if described and described.unit else ""
    share = gap / abs(constraint.limit) if constraint.limit else math.inf
    relative = f" ({_percent(share)})" if share < 10 else ""
    return f"its {_told(point, constraint.metric)} misses {constraint} by {three(gap)}{unit}{relative}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"


def _told(point: pd.Series, name: str) -> str:
    described = POINT_COLUMNS.get(name)
    label, unit = (described.label, f" {described.unit}") if described else (name, "")
    text = f"{label} {three(point[name])}{unit}"
    low, high = point.get(f"{name}_lo"), point.get(f"{name}_hi")
    if name.removesuffix("_ms").rpartition("_")[2] in PERCENTILES and low is not None and pd.notna(low):
        text += f" ({three(low)} to {three(high) if pd.notna(high) else 'unknown'})"
    return text
