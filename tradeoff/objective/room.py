"""What a little more room under the binding limit would buy: its shadow price, step by step.

Points are measured on a grid, so that more room buys nothing until the limit reaches the next point that is better.
The price is that of this step: what the next better point gains, over how far the limit has to move for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from tradeoff.comparable import bounds_of
from tradeoff.digits import three
from tradeoff.objective.candidates import Candidates
from tradeoff.objective.everyone import is_percentile
from tradeoff.objective.judging import Marks, met
from tradeoff.objective.objective import Constraint, Objective, short_of
from tradeoff.objective.words import describe, unit_of


@dataclass(frozen=True, eq=False)
class Room:
    """The next step: how far the limit has to move, and what that buys.

    Attributes
    ----------
    constraint
        The binding constraint with the limit at which the next better point surely meets it.
    point
        That point, a row of ``points``.
    gain
        What the metric gains, in its unit; positive.
    more
        How far the limit moves, in its unit; positive.
    """

    constraint: Constraint
    point: pd.Series
    gain: float
    more: float

    @property
    def price(self) -> float:
        """Gain of the metric for each unit of the limit: the shadow price."""
        return self.gain / self.more

    def sentence(self, objective: Objective) -> str:
        """Say it in plain words."""
        sign = "+" if objective.direction == "maximize" else "−"
        unit, limit_unit = unit_of(objective.metric), unit_of(self.constraint.metric).strip()
        per = f"for each {limit_unit} of the limit" if limit_unit else "for each unit of the limit"
        shown = replace(self.constraint, limit=_outward(self.constraint))
        return (
            f"With {shown} it would be {describe(self.point)}: {sign}{three(self.gain)}{unit} of "
            f"{short_of(objective.metric)}, {three(self.price)}{unit} {per}."
        )


def _outward(constraint: Constraint) -> float:
    """Round a limit to three digits, never to one that the point misses."""
    step = 10.0 ** (math.floor(math.log10(abs(constraint.limit))) - 2) if constraint.limit else 1.0
    outward = 1 if constraint.comparison == "<=" else -1
    steps = round(constraint.limit / step) - outward
    while (rounded := float(f"{steps * step:.3g}")) * outward < constraint.limit * outward:
        steps += outward
    return rounded


def next_room(
    rows: pd.DataFrame, objective: Objective, found: Candidates, winner: int, binding: Constraint, allowed: Marks
) -> Room | None:
    """Return the nearest step of the binding limit at which the winner is surely beaten; None when there is none.

    Parameters
    ----------
    rows
        The rows asked about.
    found
        The same as candidates.
    winner
        Which of them wins now.
    binding
        The constraint whose limit moves; the others stay.
    allowed
        Marks of the rows that may win at all.
    """
    known = bounds_of(found.wide, binding.metric)
    far, sign = (known.high, 1.0) if binding.comparison == "<=" else (known.low, -1.0)
    if is_percentile(binding.metric):  # without an interval it meets no limit for sure
        far = np.where(known.bare, np.nan, far)
    rest = tuple(other for other in objective.constraints if other != binding)
    others = met(found.wide, rest)[0] & allowed & ~np.isnan(known.value)
    with np.errstate(invalid="ignore"):
        more = sign * (far - binding.limit)
        beats = others & (found.worst > found.score[winner]) & (more > 0) & np.isfinite(more)
    if not beats.any():
        return None
    limit = float(far[beats].min() if sign > 0 else far[beats].max())
    with np.errstate(invalid="ignore"):
        then, _ = found.choose(others & (sign * (limit - far) >= 0))
    return Room(
        constraint=replace(binding, limit=limit),
        point=rows.iloc[then],
        gain=float(found.score[then] - found.score[winner]),
        more=abs(limit - binding.limit),
    )
