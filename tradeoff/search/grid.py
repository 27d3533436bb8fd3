"""A grid of a workload as a system that is measured bit by bit, and a sweep's loop that races its points."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from tradeoff.frames import make_points
from tradeoff.objective.judging import rows_at
from tradeoff.objective.objective import Objective
from tradeoff.search.race import BEATEN, FIRST_LOOK, OPEN, Race, Racing
from tradeoff.search.system import Seen
from tradeoff.sweep.grid import GridPoint
from tradeoff.sweep.loop import UnderWay
from tradeoff.timing import Budget, Measurement
from tradeoff.timing.point import AGAIN_NS

_SETUP_S = 0.35
"""What a first visit takes before it measures: warm-up, and the machine's own checks."""


@dataclass
class GridSystem:
    """The points of a sweep that an objective asks about."""

    under_way: UnderWay
    points: list[GridPoint]
    known: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    spent: dict[int, float] = field(default_factory=dict)
    measured: dict[int, Measurement] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.points)

    def look(self, place: int, share: float) -> Seen:
        """Visit a point for as long as its share grows; of one that a resumed search knows nothing more is asked."""
        point = self.points[place]
        if point.point_id in self.known:
            row = self.known[point.point_id]
            calls = 0 if pd.isna(row.get("n")) else int(row["n"])
            return Seen(row, calls, float(calls), is_finished=True)
        budget = self.under_way.budget
        before = self.spent.get(place, 0.0)
        for_ns = max(1, round((share - before) * budget.seconds * 1e9))
        measured = self.under_way.visit(point, is_last=share >= 1.0, for_ns=for_ns)
        if before == 0.0:
            self.under_way.bar.update(1)
        self.spent[place] = share
        self.measured[place] = measured
        return self._seen(place, measured)

    def _seen(self, place: int, measured: Measurement) -> Seen:
        row = {**self.points[place].identity(), **measured.point}
        calls = int(measured.point.get("n") or 0)  # type: ignore[call-overload]
        if measured.is_finished:
            return Seen(row, calls, float(calls), is_finished=True)
        return Seen(row, calls, self._full_calls(row, calls))

    def _full_calls(self, row: Mapping[str, Any], calls: int) -> float:
        """Tell how many calls a sweep would take: as many as fit the budget, as a sweep would spend it."""
        budget, rate = self.under_way.budget, row.get("calls_per_s")
        if not isinstance(rate, float) or not rate > 0:
            return float(calls)
        wanted = max(float(budget.min_calls), rate * budget.seconds)
        return min(wanted, rate * budget.max_seconds, max(float(budget.max_calls), rate * budget.min_seconds))


class RaceLoop:
    """Races the points that an objective asks about.

    Parameters
    ----------
    objective, effort, tolerance
        As for `tradeoff.search.race.Racing`.
    """

    def __init__(self, objective: Objective, *, effort: float, tolerance: float) -> None:
        self._objective, self._effort, self._tolerance = objective, effort, tolerance
        self.race: Race | None = None
        self.points: list[GridPoint] = []

    def cost(self, points: int, budget: Budget) -> str:
        """Say how long it will take."""
        looks = points * (_SETUP_S + FIRST_LOOK * budget.seconds)
        most = looks + self._effort * points * (budget.seconds + AGAIN_NS / 1e9)
        return f"a search among {points} points, about {math.ceil(looks)} to {math.ceil(most)} s"

    def run(self, under_way: UnderWay) -> None:
        """Race them, in random order at first; of those that lost the row says why they were measured briefly."""
        self.points = asked_about(under_way.points, self._objective)
        left = {point.point_id for point in under_way.left}
        known = under_way.store.known()
        rows = {str(row["point_id"]): row for row in known.to_dict("records") if row["point_id"] not in left}
        system = GridSystem(under_way, self.points, known=rows)  # type: ignore[arg-type]
        order = list(range(len(self.points)))
        random.Random(under_way.seed).shuffle(order)  # noqa: S311  # an order, not a secret
        racing = Racing(system, self._objective, effort=self._effort, tolerance=self._tolerance)
        self.race = racing.run(order)
        for place, measured in system.measured.items():
            if not measured.is_finished:
                said = why_brief(self.race.fate[place], self.race.shares[place], self._objective)
                under_way.store.keep(self.points[place], _explained(measured, said))


def asked_about(points: list[GridPoint], objective: Objective) -> list[GridPoint]:
    """Return the points of a grid that an objective asks about, as it may with ``at concurrency 2``.

    Raises
    ------
    ObjectiveError
        When it asks where nothing is to be measured.
    """
    rows = make_points(point.identity() for point in points)
    for setting in objective.at:
        rows = rows_at(rows, setting)
    wanted = set(rows["point_id"])
    return [point for point in points if point.point_id in wanted]


def why_brief(fate: str, share: float, objective: Objective) -> str:
    """Say why a point was not measured in full."""
    found = "it could still be the answer" if fate == OPEN else f"it {_SAID.get(fate, fate)}"
    return (
        f"a search for {str(objective)!r} gave it {100 * share:.2g} % of its budget, for {found}: "
        "tradeoff.sweep with resume=True (--resume) measures it in full"
    )


_SAID = {BEATEN: "is beaten"}


def _explained(measured: Measurement, said: str) -> Measurement:
    return replace(measured, point={**measured.point, "reason": said})
