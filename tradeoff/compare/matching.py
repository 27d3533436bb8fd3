"""Which points of two sides are the same: equal in all that a point is, but for what is meant to differ."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tradeoff.arguments import shown
from tradeoff.comparable import Rows, numbers_of
from tradeoff.frames import IDENTITY_COLUMNS, NEVER_POOLED, POINT_COLUMNS
from tradeoff.frames.names import mapped
from tradeoff.objective import ObjectiveError

POLICY = ("batch_size", "max_wait_ms", "workers", "formation", "queue_limit", "host_ms", "network_ms", "pad_to")
"""What a team changes on purpose; the load, under which both are to be compared, is not among it."""


_PLACE = ("batch_size", "concurrency", "request_rate_rps", "point_id")
"""What names a point where nothing tells it from others."""

_SEVERAL = object()
Key = tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Matching:
    """Which points are the same.

    Attributes
    ----------
    pairs
        Numbers of the rows before and after that are the same point, in the order of what they are.
    on
        The columns that tell points apart: those that vary.
    differs
        Columns that are meant to differ, with their values before and after.
    """

    pairs: tuple[Rows, Rows]
    on: tuple[str, ...]
    differs: dict[str, tuple[Any, Any]]


def match(before: pd.DataFrame, after: pd.DataFrame, across: Sequence[str]) -> Matching:
    """Find the points that both sides have.

    Parameters
    ----------
    before, after
        Rows of one comparable group, on fresh indices.
    across
        Columns that are meant to differ. A column of `POLICY` that has one value before and another after is meant
        to differ without being named.

    Raises
    ------
    ObjectiveError
        When a side holds a point twice, with different results.
    """
    names = [name for name in IDENTITY_COLUMNS if name in before or name in after]
    names = [name for name in names if name not in (*NEVER_POOLED, *across, "source")]
    only = {name: tuple(_only_value(rows, name) for rows in (before, after)) for name in (*across, *names)}
    differs = {
        name: values
        for name, values in only.items()
        if (name in across or name in POLICY) and _SEVERAL not in values and values[0] != values[1]
    }
    names = [name for name in names if name not in differs]
    keys = keys_of(before, names), keys_of(after, names)
    if not any(value is not None for side in keys for key in side for value in key):
        names = ["point_id"] if "point_id" in before and "point_id" in after else []
        keys = keys_of(before, names), keys_of(after, names)
    for side, rows, part in zip(("before", "after"), (before, after), keys, strict=True):
        _refuse_twice(side, rows, part if names else [], names)
    numbers = [{key: number for number, key in enumerate(part)} for part in keys]
    common = sorted(numbers[0].keys() & numbers[1].keys(), key=_order) if names else []
    pairs = tuple(np.array([side[key] for key in common], dtype=np.intp) for side in numbers)
    vary = [name for at, name in enumerate(names) if len({key[at] for side in keys for key in side}) > 1]
    return Matching((pairs[0], pairs[1]), tuple(vary or [name for name in _PLACE if name in names]), differs)


def keys_of(rows: pd.DataFrame, names: Sequence[str]) -> list[Key]:
    """Return for each row its values in some columns, equal where they mean the same; None for what is missing."""
    columns: list[list[Any]] = []
    for name in names:
        if name not in rows:
            columns.append([None] * len(rows))
        elif name in POINT_COLUMNS and POINT_COLUMNS[name].dtype != "str":
            columns.append([None if value != value else value for value in numbers_of(rows, name).tolist()])
        else:
            both = zip(rows[name].tolist(), rows[name].isna().tolist(), strict=True)
            columns.append([None if missing else str(value) for value, missing in both])
    return list(zip(*columns, strict=True)) if columns else [()] * len(rows)


def _order(key: Key) -> tuple[Any, ...]:
    return tuple((value is not None, 0 if value is None else value) for value in key)


def checked_across(across: Iterable[str]) -> tuple[str, ...]:
    """Return the columns that are meant to differ.

    Raises
    ------
    ValueError
        When one is no identity column.
    """
    if isinstance(across, str) or not isinstance(across, Iterable):
        example = across if isinstance(across, str) else "device"
        raise ValueError(f"across={shown(across)}: give a list of columns, as in across=[{example!r}]")
    names = tuple(mapped(dict.fromkeys(across)))
    for name in names:
        if name not in IDENTITY_COLUMNS:
            close = difflib.get_close_matches(str(name), IDENTITY_COLUMNS, n=3)
            hint = f"did you mean {' or '.join(close)}?" if close else f"choose from {', '.join(IDENTITY_COLUMNS)}"
            raise ValueError(f"across={shown(list(names))}: {shown(name)} is not part of what a point is; {hint}")
    return names


def _only_value(rows: pd.DataFrame, name: str) -> Any:
    """Return the value that all rows have in a column, None where it is missing; `_SEVERAL` when they differ."""
    values = set(keys_of(rows, [name]))
    return next(iter(values))[0] if len(values) == 1 else _SEVERAL


def _refuse_twice(side: str, rows: pd.DataFrame, keys: list[Key], names: Sequence[str]) -> None:
    twice = next((key for key, number in Counter(keys).items() if number > 1), None)
    if twice is None:
        return
    same = rows[[key == twice for key in keys]]
    place = ", ".join(
        f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in zip(names, twice, strict=True)
        if value is not None
    )
    others = [name for name in IDENTITY_COLUMNS if name in same and _only_value(same, name) is _SEVERAL]
    differ = f"they differ in {', '.join(others)}" if others else "with different results"
    raise ObjectiveError(f"{side} holds {len(same)} rows of one point ({place}), {differ}: keep one of them")
