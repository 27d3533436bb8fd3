"""What a paired measurement found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from tradeoff.compare.changes import Ratio
from tradeoff.compare.comparison import ComparedAs, Judged
from tradeoff.frames import Run
from tradeoff.objective import Objective


@dataclass(frozen=True)
class PairedMetric:
    """One metric of a pair.

    Attributes
    ----------
    metric, column
        Its short name, and its column of ``points``.
    ratio
        After over before: ``value``, ``lo`` and ``hi``. The intervals of all metrics hold together with 95 %.
    pairs
        Pairs of blocks that it rests on.
    verdict
        ``"better"``, ``"worse"`` or ``"not_separable"``, by the metric alone.
    """

    metric: str
    column: str
    ratio: Ratio
    pairs: int
    verdict: Literal["better", "worse", "not_separable"]

    @property
    def sign(self) -> int:
        """1 for better, -1 for worse, 0 where it cannot be told."""
        return {"better": 1, "worse": -1, "not_separable": 0}[self.verdict]


@dataclass(frozen=True, eq=False, repr=False)
class PairedComparison(Judged):
    """Two sides that were measured in turns.

    Attributes
    ----------
    metrics
        What became of each metric.
    verdict
        ``"better"``, ``"worse"``, ``"mixed"`` or ``"not_separable"``; `tradeoff.measure_pair` defines them.
    objective
        What was asked of both; None when nothing was.
    blocks
        A row for each block: its ``round``, its ``place`` in it (0 to 3), its ``side``, when it began (``at_s``), how
        long it was without its start-up (``duration_s``), ``n`` calls, throughput, median and longest latency.
    run
        A Run of two rows, before and after, with all calls: ``source`` tells them apart.
    pairs
        Pairs of blocks that were measured.
    block_ms, start_up_ms
        Length of a block, and of the part at its beginning that does not count.
    ended
        Why it ended.
    headline, notes
        What changed, and what to know besides, in sentences.
    """

    metrics: tuple[PairedMetric, ...]
    verdict: ComparedAs
    objective: Objective | None
    blocks: pd.DataFrame
    run: Run
    pairs: int
    block_ms: float
    start_up_ms: float
    ended: str
    headline: str
    notes: tuple[str, ...]

    def __getitem__(self, metric: str) -> PairedMetric:
        """Return one metric by its name, as in ``found["p99"]``."""
        for each in self.metrics:
            if metric in (each.metric, each.column):
                return each
        raise KeyError(f"{metric!r} was not measured; there are {', '.join(each.metric for each in self.metrics)}")

    @property
    def table(self) -> pd.DataFrame:
        """A row for each metric: ``metric``, ``ratio``, ``lo``, ``hi``, ``pairs``, ``verdict``."""
        return pd.DataFrame(
            [(each.metric, *each.ratio, each.pairs, each.verdict) for each in self.metrics],
            columns=["metric", "ratio", "lo", "hi", "pairs", "verdict"],
        )

    @property
    def before(self) -> pd.Series:
        """The row of ``run.points`` before."""
        return self.run.points.iloc[0]

    @property
    def after(self) -> pd.Series:
        """The row of ``run.points`` after."""
        return self.run.points.iloc[1]
