"""What a comparison found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from tradeoff.comparable import Rows
from tradeoff.compare.attained import Attained
from tradeoff.compare.changes import Ratio
from tradeoff.objective import Objective

ComparedAs = Literal["better", "worse", "mixed", "not_separable"]


class Judged:
    """What is said of two sides that were held against each other."""

    verdict: ComparedAs
    headline: str
    notes: tuple[str, ...]

    def sentence(self) -> str:
        """Say in one sentence what changed."""
        return self.headline

    @property
    def exit_status(self) -> int:
        """What a command ends with: 0 when it is better or not separable, 1 when it is worse or mixed."""
        return 0 if self.verdict in ("better", "not_separable") else 1

    def __str__(self) -> str:
        return " ".join([self.headline, *self.notes])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.verdict}: {self.headline})"


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Judged):
    """Two Runs under one objective.

    Attributes
    ----------
    objective
        What was asked of both.
    verdict
        ``"better"``, ``"worse"``, ``"mixed"`` or ``"not_separable"``; `tradeoff.compare` defines them.
    table
        A row for each matched point: what tells it apart, ``point_id_before`` and ``_after``, ``status_before`` and
        ``_after``, whether it meets the limits (``met_before``, ``met_after``: ``yes``, ``no`` or ``open``), whether
        the machine was busy (``busy_before``, ``busy_after``), and for each compared column ``<name>_before``,
        ``<name>_after``, ``<name>_ratio`` with ``_lo`` and ``_hi``, ``<name>_change``: ``higher``, ``lower`` or
        ``open`` (not separable). ``clock_ratio`` where clocks are known.
    changes
        A row for each compared column: ``ratio`` (the median over the matched points), ``lo``, ``hi``, ``change``;
        the same in clock cycles (``cycles_ratio``, ...), missing where no clock is known; ``n``, and how many points
        are ``higher``, ``lower``, ``open``.
    before, after
        What each side attains under the objective.
    ratio
        What is attained after over what is attained before, with its interval.
    n_before, n_after
        Points that were compared: of the comparable group, at the objective's settings.
    lost, gained
        ``point_id`` after of matched points that surely met the limits and surely no longer do, and the other way
        round.
    differs
        Columns that are meant to differ, with their values before and after.
    notes
        What to know besides, in sentences.
    rows_before, rows_after
        The rows that were compared.
    pairs
        Numbers of the rows in `rows_before` and in `rows_after` that are the same point: one for each row of `table`.
    """

    objective: Objective
    verdict: ComparedAs
    table: pd.DataFrame
    changes: pd.DataFrame
    before: Attained
    after: Attained
    ratio: Ratio
    n_before: int
    n_after: int
    lost: tuple[str, ...]
    gained: tuple[str, ...]
    differs: Mapping[str, tuple[Any, Any]]
    headline: str
    notes: tuple[str, ...]
    rows_before: pd.DataFrame
    rows_after: pd.DataFrame
    pairs: tuple[Rows, Rows]
