"""The two sides of a comparison: which of their rows may be compared at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from tradeoff.comparable import numbers_of, usable
from tradeoff.compare.matching import keys_of
from tradeoff.digits import counted
from tradeoff.frames import IDENTITY_COLUMNS, NEVER_POOLED, Run
from tradeoff.objective import Objective, ObjectiveError, Setting, rows_at

SIDES = ("before", "after")
Pair = tuple[pd.DataFrame, pd.DataFrame]


def asked_of(before: Run | pd.DataFrame, after: Run | pd.DataFrame, objective: Objective) -> Pair:
    """Return the points of both sides at the objective's settings, each row once, failed ones included.

    Raises
    ------
    TypeError, ObjectiveError
        When a side is neither a Run nor a frame, is empty, lacks a column or was not measured where the objective
        asks.
    """
    one, other = (_asked(side, points, objective) for side, points in zip(SIDES, (before, after), strict=True))
    return one, other


def refuse_unmeasured(one: pd.DataFrame, other: pd.DataFrame, objective: Objective) -> None:
    """Refuse rows that hold nothing to compare.

    Raises
    ------
    ObjectiveError
        When all failed on both sides; when a side did not fail, and has no value of a metric.
    """
    if not usable(one).any() and not usable(other).any():
        raise ObjectiveError(f"all points failed, {len(one)} before and {len(other)} after: see the column 'reason'")
    for side, rows in zip(SIDES, (one, other), strict=True):
        there = usable(rows)
        for name in _metrics(objective):
            if there.any() and np.isnan(numbers_of(rows, name)[there]).all():
                raise ObjectiveError(f"no point of {side} has a {name}: it was not measured, or n is too small for it")


def common_group(one: pd.DataFrame, other: pd.DataFrame, across: Sequence[str]) -> tuple[*Pair, tuple[str, ...]]:
    """Keep the one comparable group that both sides have; rows of others are told, never compared in silence.

    Parameters
    ----------
    one, other
        The rows before and after.
    across
        Columns that are meant to differ.

    Returns
    -------
    before, after : pandas.DataFrame
        The rows that are left, on fresh indices.
    left_out : tuple of str
        A sentence for each side with rows that are not compared.

    Raises
    ------
    ObjectiveError
        When the sides have no group in common, or several; when a side has several values in a column of `across`
        whose rows must not be pooled.
    """
    names = [name for name in NEVER_POOLED if name not in across and (name in one or name in other)]
    keys = [keys_of(rows, names) for rows in (one, other)]
    groups = [set(part) for part in keys]
    both = groups[0] & groups[1]
    if not both:
        raise ObjectiveError(_nothing_in_common(names, groups))
    if len(both) > 1:
        raise ObjectiveError(_several_in_common(names, both))
    (group,) = both
    kept, left_out = [], []
    for side, rows, part in zip(SIDES, (one, other), keys, strict=True):
        here = np.array([key == group for key in part], dtype=bool)
        kept.append(rows[here].reset_index(drop=True))
        _refuse_to_pool(side, kept[-1], across)
        if not here.all():
            others = {key for key in part if key != group}
            apart = {name: {key[at] for key in others} - {group[at]} for at, name in enumerate(names)}
            told = "; ".join(f"{name} ({_listed(values)})" for name, values in apart.items() if values)
            number = counted(int((~here).sum()), "point")
            left_out.append(f"Not compared: {number} of {side} with other values of {told}.")
    return kept[0], kept[1], tuple(left_out)


def _asked(side: str, points: Run | pd.DataFrame, objective: Objective) -> pd.DataFrame:
    frame = points.points if isinstance(points, Run) else points
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"{side} must be a Run or its frame of points; got {type(points).__name__}")
    if not len(frame):
        raise ObjectiveError(f"{side} holds no points: measure some first")
    for name in _metrics(objective):
        if name not in frame:
            raise ObjectiveError(f"{side} has no column {name!r}")
    rows = frame
    for setting in objective.at:
        try:
            rows = rows_at(rows, setting)
        except ObjectiveError as error:
            raise ObjectiveError(f"{side}: {error}") from None
    return _once(rows)


def _metrics(objective: Objective) -> list[str]:
    return list(dict.fromkeys([objective.metric, *(limit.metric for limit in objective.constraints)]))


def _once(rows: pd.DataFrame) -> pd.DataFrame:
    """Drop rows that say what another one says."""
    names = [name for name in (*IDENTITY_COLUMNS, "point_id") if name in rows]
    rows = rows.reset_index(drop=True)
    if len(set(keys_of(rows, names))) == len(rows):
        return rows
    told = [name for name in rows if name not in ("flags", "extra", "reason") and rows[name].dtype != object]
    return rows.drop_duplicates([*told, *(name for name in names if name not in told)]).reset_index(drop=True)


def _nothing_in_common(names: Sequence[str], groups: Sequence[set[tuple[Any, ...]]]) -> str:
    apart = []
    for at, name in enumerate(names):
        before, after = ({key[at] for key in group} for group in groups)
        if not before & after:
            apart.append((name, _listed(before), _listed(after)))
    if not apart:
        return (
            f"before and after have no comparable group in common: in {', '.join(names)} no row of one equals a row of "
            "the other; choose rows with 'at', as in 'at regime sustained'"
        )
    told = "; ".join(f"{name} ({before} before, {after} after)" for name, before, after in apart)
    return (
        f"before and after differ in {told}: such rows are not compared, unless that is the question; "
        f"then say across={[name for name, _, _ in apart]}"
    )


def _listed(values: Iterable[Any]) -> str:
    return ", ".join(sorted("unstated" if value is None else str(value) for value in values))


def _several_in_common(names: Sequence[str], groups: set[tuple[Any, ...]]) -> str:
    for at, name in enumerate(names):
        values = sorted({str(key[at]) for key in groups if key[at] is not None})
        if len({key[at] for key in groups}) > 1:
            return (
                f"before and after both hold several values of {name} ({', '.join(values)}), which must not be pooled: "
                f"say which, as in 'at {Setting(name, values[0])}'"
            )
    raise AssertionError("groups that are several differ somewhere")


def _refuse_to_pool(side: str, rows: pd.DataFrame, across: Sequence[str]) -> None:
    for name in across:
        if name in NEVER_POOLED and name in rows and len(pd.unique(rows[name])) > 1:
            values = ", ".join(sorted(map(str, rows[name].dropna().unique())))
            told = f"{side} holds several values of {name} ({values})"
            raise ObjectiveError(f"{told}, which must not be pooled: keep the rows of one")
