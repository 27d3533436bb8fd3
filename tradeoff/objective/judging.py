"""Which rows an objective asks about, and whether they meet its limits: surely, possibly or not."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.comparable import bounds_of, usable
from tradeoff.frames import NEVER_POOLED, PERCENTILES, UNUSABLE
from tradeoff.frames.columns import OF_AN_SLO
from tradeoff.frames.contradictions import cannot_be
from tradeoff.objective.everyone import Errors, everyone, is_percentile
from tradeoff.objective.objective import Constraint, Objective, ObjectiveError, Setting
from tradeoff.objective.words import GO_ON, PARTIAL
from tradeoff.stats.sample_size import samples_needed

Numbers = NDArray[np.float64]
Marks = NDArray[np.bool_]


def judge(rows: pd.DataFrame, constraint: Constraint, *, errors: Errors = "count") -> tuple[Marks, Marks]:
    """Tell for every row whether it surely meets `constraint`, and whether it may meet it.

    A row without a value does neither. A percentile without any interval meets no limit for sure: nothing is known
    about its spread. Requests without an answer count as slower than any limit (`tradeoff.objective.everyone`), unless
    `errors` is ``"ignore"``.
    """
    return judged(everyone(rows, [constraint.metric], errors=errors), constraint)


def judged(rows: pd.DataFrame, constraint: Constraint) -> tuple[Marks, Marks]:
    """Judge rows as they are: whose percentiles they hold is not asked."""
    found, limit = bounds_of(rows, constraint.metric), constraint.limit
    if constraint.comparison == "<=":
        sure, missed = found.high <= limit, found.low > limit
    else:
        sure, missed = found.low >= limit, found.high < limit
    known = ~np.isnan(found.value)
    if is_percentile(constraint.metric):
        sure = sure & ~found.bare
    return sure & known, ~missed & known


def met(rows: pd.DataFrame, constraints: tuple[Constraint, ...]) -> tuple[Marks, Marks]:
    """Tell for every row, as it is, whether it surely meets all `constraints`, and whether it may meet them all."""
    sure, possible = np.ones(len(rows), dtype=np.bool_), np.ones(len(rows), dtype=np.bool_)
    for constraint in constraints:
        surely, possibly = judged(rows, constraint)
        sure &= surely
        possible &= possibly
    return sure, possible


def excess(rows: pd.DataFrame, constraint: Constraint) -> Numbers:
    """Say how far the values of rows lie beyond the limit, relative to it; negative inside."""
    # Infinite without an answer in time: of two such rows neither is nearer.
    sign = 1.0 if constraint.comparison == "<=" else -1.0
    scale = abs(constraint.limit) or 1.0
    with np.errstate(over="ignore"):  # of a limit of almost nothing
        return sign * (numbers(rows, constraint.metric) - constraint.limit) / scale


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
        held = rows[numbers(rows, setting.column) == setting.value]
    if not len(held):
        there = [value.item() if hasattr(value, "item") else value for value in rows[setting.column].dropna().unique()]
        listed = ", ".join(map(str, sorted(there)[:12])) or "no value"
        raise ObjectiveError(f"nothing was measured at {setting}: {setting.column} holds {listed}")
    return held


def rows_asked(frame: pd.DataFrame, objective: Objective) -> pd.DataFrame:
    """Return the rows that may answer an objective.

    Raises
    ------
    ObjectiveError
        When there is none, a metric is missing, or the rows must not be pooled.
    """
    if not len(frame):
        raise ObjectiveError("there are no points: measure some first")
    needed = [objective.metric, *(c.metric for c in objective.constraints), *(s.column for s in objective.at)]
    for name in needed:
        if name not in frame and not (name == "error_rate" and "n_errors" in frame):
            raise ObjectiveError(f"the points have no column {name!r}")
    rows = frame[usable(frame)]
    if not len(rows):
        raise ObjectiveError(_useless(frame))
    rows = everyone(rows, [name for name in needed if name == "error_rate"])
    for setting in objective.at:
        rows = rows_at(rows, setting)
    known = ~np.isnan(numbers(rows, objective.metric))
    if not known.any():
        raise ObjectiveError(_absent(rows, objective.metric))
    rows = rows[known]
    for constraint in objective.constraints:
        if np.isnan(numbers(rows, constraint.metric)).all():
            raise ObjectiveError(_absent(rows, constraint.metric))
    _refuse_to_pool(rows)
    return rows


def numbers(rows: pd.DataFrame, name: str) -> Numbers:
    """Return a column as float64, NaN where it has no value."""
    return rows[name].to_numpy(dtype="float64", na_value=np.nan)


def _useless(frame: pd.DataFrame) -> str:
    """Say why no row can answer anything."""
    several = len(frame) > 1
    every = f"all {len(frame)} points" if several else "the only point"
    ended = frame["status"].isin(UNUSABLE) if "status" in frame else pd.Series(False, index=frame.index)
    if ended.all() and (frame["status"] == "saturated").all():
        return (
            f"{every} {'are' if several else 'is'} saturated: more comes than is served, and no percentile has a "
            "value. Ask for less, or serve more at once"
        )
    if ended.all():
        return f"{every} failed: see the column 'reason'"
    if cannot_be(frame).all():
        return (
            f"{every} {'contradict themselves' if several else 'contradicts itself'}: throughput, n, duration_s and "
            "latency are not of one run. tradeoff.audit says which, and why"
        )
    return (
        f"{every} failed, {'contradict themselves' if several else 'contradicts itself'}, or served nothing "
        "(throughput 0 or infinite): see the columns 'status' and 'reason'"
    )


def _absent(rows: pd.DataFrame, name: str) -> str:
    """Say why no row has a value in a column: too few samples for a percentile, or nobody measured it."""
    if name.removesuffix("_lo").removesuffix("_hi") in OF_AN_SLO:
        return (
            f"no point has a {name}: say what each request is held to, as in "
            "tradeoff.with_slo(run, 'latency <= 20 ms') or --slo 'latency <= 20 ms'"
        )
    percentile = name.removesuffix("_ms").rpartition("_")[2]
    n = numbers(rows, "n") if "n" in rows else np.full(1, np.nan)
    if percentile in PERCENTILES and not np.isnan(n).all():
        p = PERCENTILES[percentile]
        least, whole = math.ceil(1 / (1 - p) - 1e-9), samples_needed(p)
        if np.nanmax(n) < least:
            in_part = "status" in rows and bool((rows["status"] == PARTIAL).any())
            longer = "Measure longer: budget='standard' or 'tail'"
            return (
                f"no point has a {name}: {percentile} takes {least} independent samples, and {whole} for its "
                f"interval; the points have {np.nanmax(n):.0f} at most. "
                + (f"Some are measured in part: {GO_ON}" if in_part else longer)
            )
    return f"no point has a {name}: it was not measured, or too few of its samples are independent"


def _refuse_to_pool(rows: pd.DataFrame) -> None:
    for name in NEVER_POOLED:
        if name in rows and len(pd.unique(rows[name])) > 1:
            values = sorted(map(str, rows[name].dropna().unique()))
            raise ObjectiveError(
                f"the points differ in {name} ({', '.join(values)}) and must not be pooled: "
                f"say which, as in 'at {Setting(name, values[0])}'"
            )
