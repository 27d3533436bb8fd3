"""What a side attains under an objective: the best that its constraints leave, with its interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tradeoff.comparable import Marks, bounds_of, corners_of, ids_of, numbers_of, usable
from tradeoff.objective import Constraint, Objective, judge


@dataclass(frozen=True, eq=False)
class Attained:
    """The best of the objective's metric among the points that meet its constraints.

    Attributes
    ----------
    value
        By the values themselves; NaN when no point meets them.
    lo, hi
        The ends of its interval: the best pessimistic end among points that surely meet the constraints, the best
        optimistic end among those that may. NaN when there are none.
    point
        The row that attains `value`; None when there is none.
    sure, possible
        Whether some point surely meets the constraints, and whether one may.
    """

    value: float
    lo: float
    hi: float
    point: pd.Series | None
    sure: bool
    possible: bool


def attained_under(rows: pd.DataFrame, objective: Objective) -> Attained:
    """Find what rows attain under an objective; its settings must have chosen the rows already.

    With one constraint this is `tradeoff.attained_at` its limit.
    """
    sign = 1.0 if objective.direction == "maximize" else -1.0
    value, worst, best = corners_of(rows, objective.metric, sign)
    there = usable(rows) & ~np.isnan(value)
    meets, sure, possible = there.copy(), there & ~np.isneginf(worst), there.copy()
    for constraint in objective.constraints:
        surely, possibly = judge(rows, constraint)
        if bounds_of(rows, constraint.metric).bare.all():  # then values are all there is, as in `tradeoff.attained_at`
            surely = possibly & _by_value(rows, constraint)
        meets &= _by_value(rows, constraint)
        sure &= surely
        possible &= possibly
    ends = [sign * part[marks].max() if marks.any() else np.nan for part, marks in ((worst, sure), (best, possible))]
    order = np.lexsort((pd.factorize(ids_of(rows), sort=True)[0], np.where(meets, -value, np.inf)))
    return Attained(
        value=float(sign * value[meets].max()) if meets.any() else np.nan,
        lo=float(ends[0] if sign > 0 else ends[1]),
        hi=float(ends[1] if sign > 0 else ends[0]),
        point=rows.iloc[order[0]] if meets.any() else None,
        sure=bool(sure.any()),
        possible=bool(possible.any()),
    )


def _by_value(rows: pd.DataFrame, constraint: Constraint) -> Marks:
    values = numbers_of(rows, constraint.metric)
    meets: Marks = values <= constraint.limit if constraint.comparison == "<=" else values >= constraint.limit
    return meets
