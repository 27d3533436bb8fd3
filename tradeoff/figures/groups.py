"""Which rows of a frame belong in one panel, what the panel is called, and which rows have nothing to draw.

All text here is plain: whoever draws it escapes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.comparable import usable
from tradeoff.figures.text import label_of, shortened
from tradeoff.frames import IDENTITY_COLUMNS, NEVER_POOLED, Run
from tradeoff.frames.names import columns_of

_LOADS = {"closed": "closed loop", "all_at_once": "all at once"}
_TITLE = ("workload", "backend", "device", "dtype", "mode", "regime", "load", "cache")
_UNNAMED = ("mode", "cache", "model_clock", "latency_basis", "source")
"""Columns whose value says little without the column's name."""


class Group(NamedTuple):
    """Rows that may be compared.

    Attributes
    ----------
    title
        What sets it apart from the other groups; empty when there is but one.
    rows
        Its rows, on a fresh index.
    """

    title: str
    rows: pd.DataFrame


def points_of(run: Run | pd.DataFrame, *, needs: str = "") -> pd.DataFrame:
    """Return the points of a Run, or the frame itself.

    Parameters
    ----------
    run
        A Run or its points.
    needs
        A column without which a frame has nothing that can be drawn.

    Raises
    ------
    TypeError
        When it is neither.
    ValueError
        When it has no column `needs`.
    """
    if not isinstance(run, Run | pd.DataFrame):
        raise TypeError(f"run={type(run).__name__}: pass a Run or its points")
    points = run.points if isinstance(run, Run) else run
    if needs and needs not in points:
        raise ValueError(f"the points have no column {needs!r}: pass a Run, or a frame of points such as run.points")
    return points


def groups_of(points: pd.DataFrame, by: Sequence[str] | None = None) -> tuple[str, list[Group]]:
    """Split points into comparable groups.

    Parameters
    ----------
    points
        A frame of points.
    by
        Columns that tell groups apart; by default those of `NEVER_POOLED` that are present.

    Returns
    -------
    shared : str
        What all rows have in common: the subtitle of the figure.
    groups : list of Group
        In the order of their names.

    Raises
    ------
    ValueError
        When a column of `by` is absent.
    """
    if isinstance(by, str):
        raise ValueError(f"by={by!r}: give a list of columns, as in by=[{by!r}]")
    names = [name for name in NEVER_POOLED if name in points] if by is None else columns_of(points, by, "by")
    same = [name for name in _TITLE if name in points and len(pd.unique(points[name])) == 1]
    shared = " · ".join(filter(None, (_value(name, points[name].iloc[0]) for name in same)))
    if not len(points):
        return "", []
    differ = [name for name in names if len(pd.unique(points[name])) > 1]
    if not differ:
        return shared, [Group("", points.reset_index(drop=True))]
    groups = []
    for key, rows in points.reset_index(drop=True).groupby(differ, dropna=False, sort=False, observed=True):
        words = [_value(name, value) or f"no {label_of(name)}" for name, value in zip(differ, key, strict=True)]
        groups.append(Group(" · ".join(words), rows.reset_index(drop=True)))
    return shared, sorted(groups, key=lambda group: group.title)


def rows_where(rows: pd.DataFrame, name: str, value: object) -> pd.DataFrame:
    """Return the rows where a column has a value.

    Raises
    ------
    ValueError
        When there are none, naming the values that were measured.
    """
    if name not in rows:
        raise ValueError(f"{name}={value!r}: the points have no column {name!r}")
    there = rows[name]
    found = rows[(there == value).fillna(False).to_numpy(dtype=bool)]
    if not len(found):
        known = sorted(there.dropna().unique())
        listed = ", ".join(map(str, known[:12])) + (", ..." if len(known) > 12 else "")
        raise ValueError(f"{name}={value!r}: nothing was measured there, only at {listed or 'no value'}")
    return found


def failed(rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell which rows failed or ran out of memory."""
    if "status" not in rows:
        return np.zeros(len(rows), dtype=np.bool_)
    return rows["status"].isin(("failed", "oom")).to_numpy(dtype=bool)


def varying(points: pd.DataFrame, by: Sequence[str] | None = None) -> list[str]:
    """Name what tells lines over batch size apart: whatever a point is and varies, besides its group.

    Parameters
    ----------
    points
        A frame of points.
    by
        Columns that tell groups apart, as in `groups_of`.
    """
    skipped = {"batch_size", "source", *(columns_of(points, by, "by") if by else NEVER_POOLED)}
    names = [name for name in IDENTITY_COLUMNS if name in points and name not in skipped]
    return [name for name in names if len(points[name].drop_duplicates()) > 1]


def settings_text(settings: Mapping[str, Any]) -> str:
    """Write settings that tell a line apart: ``8``, or of several ``concurrency 8, workers 2``; ``all`` for none."""
    words = []
    for name, value in settings.items():
        if value is None or pd.isna(value):
            words.append(f"no {label_of(name)}")
            continue
        text = f"{value:g}" if isinstance(value, int | float | np.number) else str(value)
        words.append(text if len(settings) == 1 else f"{label_of(name)} {text}")
    return ", ".join(words) or "all"


def place(row: pd.Series) -> str:
    """Name a point by its place on the grid: ``batch 16 × concurrency 8``."""
    parts = []
    for name, text in (("batch_size", "batch {:g}"), ("concurrency", "concurrency {:g}"), ("workers", "{:g} workers")):
        if name in row and pd.notna(row[name]):
            number = float(row[name])
            parts.append(text.format(number).removesuffix("s" if name == "workers" and number == 1 else ""))
    for name, text in (("request_rate_rps", "{:g} requests/s"), ("max_wait_ms", "wait ≤ {:g} ms")):
        if name in row and pd.notna(row[name]):
            parts.append(text.format(float(row[name])))
    return " × ".join(parts) if parts else f"point {row.get('point_id', '?')}"


def why_absent(row: pd.Series) -> str:
    """Say why a row has nothing to draw: its status and its reason."""
    status, reason = row.get("status"), row.get("reason")
    words = {"oom": "out of memory", "failed": "failed", "saturated": "saturated"}
    told = words.get(str(status).strip().lower(), "") if pd.notna(status) else ""
    if not told:  # it ended well: its numbers do not fit each other, or it lacks some
        told = "no value" if usable(row.to_frame().T.infer_objects())[0] else "nothing served, or not of one run"
    return f"{told}: {shortened(reason, longest=90)}" if pd.notna(reason) and str(reason).strip() else told


def _value(name: str, value: object) -> str:
    if value is None or pd.isna(value):  # type: ignore[call-overload]
        return ""
    text = shortened(_LOADS.get(str(value), value) if name == "load" else value, longest=60)
    return f"{label_of(name)} {text}" if name in _UNNAMED else text
