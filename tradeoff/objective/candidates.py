"""The rows among which an objective chooses: what is known of them once the choice is allowed for, and who wins."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.comparable import bounds_of, corners_of
from tradeoff.frames import PERCENTILES, POINT_COLUMNS
from tradeoff.objective.everyone import is_percentile
from tradeoff.objective.judging import Marks, Numbers, excess, numbers
from tradeoff.objective.objective import Objective
from tradeoff.objective.selection import Column, Counts, bounded_up_to, floor_of, moved_out, rivals


class Interval(NamedTuple):
    """A value with the ends of an interval that allows for the choice among several points; NaN where unknown."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Candidates:
    """Rows that an objective chooses among.

    Attributes
    ----------
    wide
        The columns that decide, with their ends moved out as far as the choice asks for.
    among
        For each row: how many rows it cannot be told from, itself among them.
    score, worst
        What is maximised, and its pessimistic end.
    preferred
        The column that decides between rows that cannot be told apart; None when there is none.
    order
        Places of the rows: those first that are preferred where the score does not tell them apart.
    """

    wide: pd.DataFrame
    among: Counts
    score: Numbers
    worst: Numbers
    preferred: str | None
    order: NDArray[np.intp]

    def choose(self, marks: Marks) -> tuple[int, NDArray[np.intp]]:
        """Return the row that wins among those marked, and the others that it cannot be told from, best first."""
        alike = marks & (self.score >= floor_of(self.worst, marks))
        winner = int(self.order[alike[self.order]][0])
        others = np.flatnonzero(alike)
        others = others[others != winner]
        return winner, others[np.argsort(-self.score[others], kind="stable")]


def candidates_of(rows: pd.DataFrame, objective: Objective) -> Candidates:
    """Look at rows as candidates.

    Parameters
    ----------
    rows
        The rows asked about, percentiles being those of all who asked.
    objective
        What is asked.
    """
    up = 1.0 if objective.direction == "maximize" else -1.0
    preferred = preferred_of(rows, objective)
    signs = [(objective.metric, up), *((one.metric, -1.0 if one.comparison == "<=" else 1.0) for one in
             objective.constraints)]  # fmt: skip
    if preferred is not None:
        signs.append((preferred, _better(preferred)))
    columns = {pair: column_of(rows, *pair) for pair in dict.fromkeys(signs)}
    among = rivals(list(columns.values()))
    wide = pd.DataFrame(index=rows.index) if "point_id" not in rows else rows[["point_id"]].copy()
    for (name, _), column in columns.items():
        wide[name] = column.known.value
        if not column.known.bare.all():
            wide[f"{name}_lo"], wide[f"{name}_hi"] = _ends(column, among)
    score, worst, _ = corners_of(wide, objective.metric, up)
    return Candidates(wide, among, score, worst, preferred, _order(wide, objective, score, preferred))


def column_of(rows: pd.DataFrame, name: str, sign: float) -> Column:
    """Return what is known of a column, and what its intervals rest on."""
    which = name.removesuffix("_ms").rpartition("_")[2]
    bound = bounds_by_samples(rows, which) if is_percentile(name) else np.full(len(rows), np.inf)
    # As numbers, however the frame holds them.
    held = pd.DataFrame({one: numbers(rows, one) for one in (name, f"{name}_lo", f"{name}_hi") if one in rows})
    return Column(bounds_of(held, name), sign, degrees_of(rows), bound)


def degrees_of(rows: pd.DataFrame) -> NDArray[np.int64]:
    """Return the degrees of freedom of Student's t behind intervals; 0 where processes were not compared."""
    if "replicates" not in rows:
        return np.zeros(len(rows), dtype=np.int64)
    return np.maximum(np.nan_to_num(numbers(rows, "replicates")) - 1, 0).astype(np.int64)


def bounds_by_samples(rows: pd.DataFrame, percentile: str) -> Numbers:
    """Return, for each row, among how many points its samples still bound a percentile from above."""
    if "n" not in rows:
        return np.full(len(rows), np.inf)
    n, tau = numbers(rows, "n"), np.ones(len(rows))
    if f"tau_{percentile}" in rows:
        tau = np.fmax(numbers(rows, f"tau_{percentile}"), 1.0)
    return bounded_up_to(PERCENTILES[percentile], n / tau)


def preferred_of(rows: pd.DataFrame, objective: Objective) -> str | None:
    """Name the column that decides between points that cannot be told apart.

    The latency that the objective limits first, or else p99; where it optimises a latency itself, throughput.
    """
    if _is_latency(objective.metric):
        wanted: Iterable[str] = ("throughput_rps",)
    else:
        wanted = (*(one.metric for one in objective.constraints if _is_latency(one.metric)), "latency_p99_ms")
    for name in wanted:
        if name in rows and name != objective.metric and not np.isnan(numbers(rows, name)).all():
            return name
    return None


def intervals_of(rows: pd.DataFrame, names: Iterable[str], among: int) -> dict[str, Interval]:
    """Return the intervals of a row that allow for the choice among m points, by column; none where it has none.

    Parameters
    ----------
    rows
        One row.
    names
        Columns; those that are not there are left out.
    among
        m.
    """
    found = {}
    for name in dict.fromkeys(name for name in names if name in rows):
        column = column_of(rows, name, 1.0)
        if not column.known.bare[0] and not np.isnan(column.known.value[0]):
            (low,), (high,) = moved_out(column, np.array([among]))
            ends = (float(end) if math.isfinite(end) else math.nan for end in (low, high))
            found[name] = Interval(float(column.known.value[0]), *ends)
    return found


def _ends(column: Column, among: Counts) -> tuple[Numbers, Numbers]:
    low, high = moved_out(column, among)
    bare = column.known.bare
    return np.where(bare, np.nan, low), np.where(bare, np.nan, high)


def _order(wide: pd.DataFrame, objective: Objective, score: Numbers, preferred: str | None) -> NDArray[np.intp]:
    # By the pessimistic end of the preferred column; then the score, more room under the constraints, the smaller id.
    keys = []
    if preferred is not None:
        value, worst, _ = corners_of(wide, preferred, _better(preferred))
        keys = [-np.where(np.isnan(worst), -np.inf, worst), -np.where(np.isnan(value), -np.inf, value)]
    room = [excess(wide, constraint) for constraint in objective.constraints]
    names = wide["point_id"].astype("str") if "point_id" in wide else pd.Series(range(len(wide)))
    ids = pd.factorize(names, sort=True)[0]
    return np.lexsort([ids, *room[::-1], -score, *keys[::-1]])


def _is_latency(name: str) -> bool:
    column = POINT_COLUMNS.get(name)
    return column is not None and (column.unit, column.better) == ("ms", "lower")


def _better(name: str) -> float:
    return 1.0 if POINT_COLUMNS[name].better == "higher" else -1.0
