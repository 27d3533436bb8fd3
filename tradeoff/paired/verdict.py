"""From ratios to a verdict, and to sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from tradeoff.compare.changes import Ratio
from tradeoff.compare.comparison import ComparedAs
from tradeoff.compare.text import capital, change_text, joined, with_interval
from tradeoff.digits import counted, three, whole
from tradeoff.frames.busy import is_busy, why_busy
from tradeoff.frames.columns import POINT_COLUMNS
from tradeoff.objective import Objective, judge
from tradeoff.paired.alternate import ALPHA, Alternated
from tradeoff.paired.comparison import PairedMetric

if TYPE_CHECKING:
    from tradeoff.stats.paired import LogRatio

_UNKNOWN = -math.inf, math.inf


def metric_of(metric: str, column: str, found: LogRatio, pairs: int, direction: int) -> PairedMetric:
    """Make a metric of the logarithm of its ratio; `direction` is 1 where higher values are better, else -1."""
    ratio = Ratio(*(math.exp(end) if math.isfinite(end) else math.nan if end != end else 0.0 if end < 0 else math.inf
                    for end in (found.value, found.lo, found.hi)))  # fmt: skip
    sign = ratio.sign * direction
    return PairedMetric(
        metric, column, ratio, pairs, "better" if sign > 0 else "worse" if sign < 0 else "not_separable"
    )


def direction_of(column: str, objective: Objective | None) -> int:
    """Return 1 where higher values of a column are better under the objective, or else by themselves, and -1."""
    if objective is not None and column == objective.metric:
        return 1 if objective.direction == "maximize" else -1
    for limit in objective.constraints if objective is not None else ():
        if limit.metric == column:
            return -1 if limit.comparison == "<=" else 1
    return 1 if POINT_COLUMNS[column].better == "higher" else -1


def verdict_of(metrics: Sequence[PairedMetric], objective: Objective | None, points: pd.DataFrame) -> ComparedAs:
    """Weigh gains against losses, as `tradeoff.measure_pair` defines them."""
    failed = [status in ("failed", "oom") for status in points["status"]]
    if any(failed):
        return "not_separable" if all(failed) else "worse" if failed[1] else "better"
    if objective is None:
        return _weighed([each.sign for each in metrics])
    of = {each.column: each.sign for each in metrics}
    verdict = _weighed([of[objective.metric], *crossings(objective, points)])
    limited = [of[limit.metric] for limit in objective.constraints if limit.metric != objective.metric]
    return _weighed(limited) if verdict == "not_separable" else verdict


def crossings(objective: Objective, points: pd.DataFrame) -> list[int]:
    """Return for each limit 1 where it was surely missed before and is surely met after, -1 for the reverse, else 0."""
    found = []
    for limit in objective.constraints:
        sure, possible = judge(points, limit)
        found.append(int(sure[1] and not possible[0]) - int(sure[0] and not possible[1]))
    return found


def headline(
    metrics: Sequence[PairedMetric], objective: Objective | None, taken: Alternated, points: pd.DataFrame
) -> str:
    """Say in one sentence what changed."""
    failed = [
        f"{side} failed: {row['reason']}"
        for side, (_, row) in zip(("before", "after"), points.iterrows(), strict=True)
        if row["status"] in ("failed", "oom")
    ]
    if failed:
        return f"{capital('; '.join(failed))}."
    sure = [each for each in metrics if each.sign]
    unclear = [f"{each.metric} {_said(each.ratio)}" for each in metrics if not each.sign]
    told, turn = "", 0
    for each in sure:
        size = f"{change_text(each.ratio)} ({_interval(each.ratio)})"
        told += ("" if not told else " and " if each.sign == turn else ", but ") + f"{each.metric} {size}"
        turn = each.sign
    if not sure:
        told = f"not separable: {joined(unclear)}"
    elif unclear:
        told += f"; not separable: {joined(unclear)}"
    limits = _limits(objective, points)
    return f"{told}{limits}; {_how_many(taken)}."


def notes(metrics: Sequence[PairedMetric], taken: Alternated, points: pd.DataFrame) -> tuple[str, ...]:
    """Say what to know besides, a sentence each."""
    return tuple(_notes(metrics, taken, points))


def how(taken: Alternated, other: str) -> str:
    """Say how a row of a pair was measured."""
    if taken.plan is None:
        return taken.ended
    return (
        f"measured in turns with {other}, in blocks of {three(taken.plan.block_ns / 1e6)} ms of which the first "
        f"{three(taken.plan.start_up_ns / 1e6)} ms do not count; {taken.ended}"
    )


def _notes(metrics: Sequence[PairedMetric], taken: Alternated, points: pd.DataFrame) -> Iterator[str]:
    if taken.plan is not None:
        yield (
            f"Measured in turns, in random order, in blocks of {three(taken.plan.block_ns / 1e6)} ms of which the "
            f"first {three(taken.plan.start_up_ns / 1e6)} ms do not count; {taken.ended}."
        )
    if len(metrics) > 1:
        each = 100.0 * (1.0 - ALPHA / len(metrics))
        yield (
            f"The {whole(len(metrics))} intervals hold together with 95 % ({each:.1f} % each), so that looking at "
            "several metrics does not invent a difference."
        )
    unknown = [each.metric for each in metrics if (each.ratio.lo, each.ratio.hi) == (0.0, math.inf)]
    if unknown and taken.plan is not None:
        yield f"Too few calls or rounds for an interval of {joined(unknown)}: ask for a longer budget."
    busy = points[is_busy(points)]
    if len(busy):
        yield f"The machine was busy ({why_busy(busy.iloc[-1])}): both sides met it alike, and the intervals are wider."
    if not points["status"].isin(["failed", "oom"]).any():
        yield (
            "One process measured both: what differs from one process to the next, such as where memory lies, is not "
            "in the intervals."
        )


def _limits(objective: Objective | None, points: pd.DataFrame) -> str:
    """Say which limits are newly met, or no longer."""
    if objective is None:
        return ""
    told = [
        f"{limit} {'is newly met' if sign > 0 else 'is no longer met'}"
        for limit, sign in zip(objective.constraints, crossings(objective, points), strict=True)
        if sign
    ]
    return f": {joined(told)}" if told else ""


def _how_many(taken: Alternated) -> str:
    return f"{counted(taken.pairs, 'pair')} of blocks in turns"


def _said(ratio: Ratio) -> str:
    return with_interval(ratio) if (ratio.lo, ratio.hi) != (0.0, math.inf) else "unknown"


def _interval(ratio: Ratio) -> str:
    from tradeoff.compare.text import interval_text

    return interval_text(ratio)


def _weighed(signs: Sequence[int]) -> ComparedAs:
    if 1 in signs:
        return "mixed" if -1 in signs else "better"
    return "worse" if -1 in signs else "not_separable"
