"""Points and what they reached, in words."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pandas as pd

from tradeoff.digits import counted, percent_of, three
from tradeoff.frames import IDENTITY_COLUMNS, PERCENTILES, POINT_COLUMNS
from tradeoff.frames.busy import flags_of, why_busy
from tradeoff.frames.columns import OF_AN_SLO, SHARES
from tradeoff.frames.numbers import number_in
from tradeoff.objective.everyone import is_counted, lost_of
from tradeoff.objective.objective import Constraint, short_of

PARTIAL = "partial"
GO_ON = "go on with the sweep (resume=True, --resume)"

RESTLESS = ("unstable", "throttled", PARTIAL)
"""Statuses of points that did not hold still while they were measured, or were measured in part only."""


def describe(point: pd.Series) -> str:
    """Name a point by its place on the grid."""
    parts = [f"batch {int(point['batch_size'])}"] if pd.notna(point.get("batch_size")) else []
    if pd.notna(point.get("concurrency")):
        parts.append(f"concurrency {int(point['concurrency'])}")
    if pd.notna(point.get("request_rate_rps")):
        parts.append(f"{three(point['request_rate_rps'])} requests/s")
    if pd.notna(wait := point.get("max_wait_ms")):
        parts.append(f"wait {three(wait)} ms" if math.isfinite(float(wait)) else "full batches")
    if pd.notna(workers := point.get("workers")) and int(workers) > 1:
        parts.append(f"{int(workers)} workers")
    name = " × ".join(parts) or f"point {point.get('point_id')}"
    return name[0].upper() + name[1:]


def named(point: pd.Series) -> str:
    """Name a point, and say what there is to mind about it: ``Batch 8 (unstable)``."""
    marks = marks_of(point)
    return f"{describe(point)} ({marks})" if marks else describe(point)


def marks_of(point: pd.Series) -> str:
    """Say what there is to mind wherever a point is named: ``unstable, on a busy machine``; or nothing."""
    marks = [str(point.get("status"))] if point.get("status") in RESTLESS else []
    return ", ".join([*marks, *(["on a busy machine"] if why_busy(point) else [])])


def reached(point: pd.Series, name: str, interval: tuple[float, float, float] | None = None, among: int = 1) -> str:
    """Say what a point reached in one column, with its interval where it is a percentile, and whose it is.

    `interval` holds value and ends that allow for the choice among so many points; with more than one every interval
    is said.
    """
    written = percent_of if name in SHARES else three
    text = f"{label_of(name)} {written(point[name])}{unit_of(name)}"
    low, high = interval[1:] if interval is not None else (point.get(f"{name}_lo"), point.get(f"{name}_hi"))
    has_interval = name in OF_AN_SLO or name.removesuffix("_ms").rpartition("_")[2] in PERCENTILES
    if (has_interval or (interval is not None and among > 1)) and low is not None and pd.notna(low):
        text += f" ({written(low)} to {written(high) if pd.notna(high) else 'unknown'})"
    slo = point.get("slo")
    text += f" of {slo}" if name == "attainment" and isinstance(slo, str) else ""
    return text + (" of those that were answered" if is_counted(name) and turned_away(point) else "")


def not_told_apart(others: pd.DataFrame, metric: str, preferred: str | None, *, is_runner_up: bool) -> str:
    """Say from which others a point cannot be told in what is optimised, and why it is taken.

    Parameters
    ----------
    others
        Rows, the best first.
    metric
        What is optimised.
    preferred
        The column that decides between them; None when there is none.
    is_runner_up
        Whether the first of them was named as the runner-up just before.
    """
    first = others.iloc[0]
    named_before = "the runner-up" if is_runner_up else f"{named(first)} ({reached(first, metric)})"
    more = f" and {counted(len(others) - 1, 'other point')}" if len(others) > 1 else ""
    told = f"It cannot be told from {named_before}{more} in {label_of(metric)}"
    if preferred is None:
        return f"{told}: measure longer to tell them apart."
    known = POINT_COLUMNS[preferred]
    end = "upper" if known.better == "lower" else "lower"
    has_ends = f"{preferred}_hi" in others and bool(others[f"{preferred}_hi"].notna().any())
    by = f", by the {end} end of its interval," if has_ends else ""
    extreme = known.better if len(others) == 1 else known.better.removesuffix("er") + "est"
    return f"{told}: the one with the {extreme} {known.label}{by} is taken."


def missed(point: pd.Series, constraint: Constraint, everyones: pd.Series | None = None) -> str:
    """Say by how much a point misses a constraint; `everyones` holds the percentiles of all who asked."""
    if pd.isna(point[constraint.metric]):
        return f"its {label_of(constraint.metric)} was not measured"
    if everyones is not None and math.isinf(everyones[constraint.metric]):
        return (
            f"its {reached(point, constraint.metric)}, and of all who asked so many got no answer that it has no "
            f"{short_of(constraint.metric)}: {constraint} is missed"
        )
    if (
        everyones is not None
        and is_counted(constraint.metric)
        and everyones[constraint.metric] != point[constraint.metric]
    ):
        point = point.copy()
        point[constraint.metric] = everyones[constraint.metric]
        gap = abs(float(point[constraint.metric]) - constraint.limit)
        return (
            f"its {label_of(constraint.metric)} of all who asked is up to "
            f"{three(point[constraint.metric])}{unit_of(constraint.metric)} and misses {constraint} by "
            f"{three(gap)}{unit_of(constraint.metric)}"
        )
    gap = abs(float(point[constraint.metric]) - constraint.limit)
    share = gap / abs(constraint.limit) if constraint.limit else math.inf
    relative = f" ({_percent(share)})" if share < 10 else ""
    by = percent_of(gap) if constraint.metric in SHARES else f"{three(gap)}{unit_of(constraint.metric)}{relative}"
    return f"its {reached(point, constraint.metric)} misses {constraint} by {by}"


def trust(point: pd.Series) -> str:
    """Say that a point did not hold still while it was measured, or was measured in part; or nothing."""
    status, drift = point.get("status"), number_in(point, "drift_pct")
    if "service_times_doubtful" in flags_of(point.get("flags")):
        return "Mind: the service times that it was simulated from are in doubt: measure them again."
    if status not in RESTLESS:
        return ""
    if status == PARTIAL:
        return f"Mind: this point was measured only in part (partial): {GO_ON}."
    why = f", drifting by {three(drift)} %" if drift > 0 else ""
    return f"Mind: it was {status} while it was measured{why}: measure it again before relying on it."


def on_busy_machine(point: pd.Series) -> str:
    """Say that a point was measured on a busy machine, and what took its cores; or nothing."""
    why = why_busy(point)
    return f"Mind: it was measured on a busy machine ({why}): measure it again on a quiet one." if why else ""


def turned_away(point: pd.Series) -> str:
    """Say which share of the requests were rejected or failed, so that no percentile tells of them; or nothing."""
    lost = lost_of(point.to_frame().T)
    (failed,), (rejected,), (gone,) = lost.failed, lost.rejected, lost.gone
    parts = [f"{_percent(rejected)} rejected"] if rejected > 0 else []
    if failed > 0:
        parts.append(f"{_percent(failed)} failed")
    elif math.isnan(failed):
        parts.append(f"{three(gone)} failed (of how many is not stated)")
    return f"Of its requests {' and '.join(parts)}: they are in no percentile." if parts else ""


def without_spread(point: pd.Series, names: Iterable[str]) -> str:
    """Name the columns of which nothing but a value is known; nothing where each has an interval, or counts exactly."""
    bare = []
    for name in dict.fromkeys(names):
        described = POINT_COLUMNS.get(name)
        exact = name in IDENTITY_COLUMNS or (described is not None and described.dtype != "float64")
        if not exact and all(math.isnan(number_in(point, name + end)) for end in ("_lo", "_hi")):
            bare.append(label_of(name))
    told = " and ".join(filter(None, [", ".join(bare[:-1]), bare[-1]])) if bare else ""
    return f"Nothing is known about the spread of its {told}: there is no interval, only the value." if bare else ""


def label_of(name: str) -> str:
    """Return the human name of a column."""
    described = POINT_COLUMNS.get(name)
    return described.label if described else name


def unit_of(name: str) -> str:
    """Return the unit of a column, as it stands behind a number."""
    described = POINT_COLUMNS.get(name)
    return f" {described.unit}" if described and described.unit else ""


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"
