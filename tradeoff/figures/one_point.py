"""Choosing the one point that a figure is about."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from tradeoff.comparable import usable as may_compete
from tradeoff.figures.groups import groups_of, place, rows_where


def choose_point(
    points: pd.DataFrame,
    *,
    point_id: str | None,
    batch_size: int | None,
    concurrency: int | None,
    usable: Callable[[pd.DataFrame], pd.Series],
) -> tuple[pd.Series, str]:
    """Choose a point by its id, or by its place on the grid.

    Parameters
    ----------
    points
        A frame of points, not empty.
    point_id, batch_size, concurrency
        What it must be; None is anything. Of several, the one with the highest throughput that is `usable`.
    usable
        Tells for each row whether the figure can be drawn for it.

    Returns
    -------
    point : pandas.Series
        The row.
    why
        A clause that says why this one, empty when there was no choice.

    Raises
    ------
    ValueError
        When no point is there, naming what was measured; or several comparable groups hold one.
    """
    rows = points
    for name, value in (("point_id", point_id), ("batch_size", batch_size), ("concurrency", concurrency)):
        if value is not None:
            rows = rows_where(rows, name, value)
    if len(rows) == 1:
        return rows.iloc[0], ""
    named = point_id is not None or batch_size is not None or concurrency is not None
    groups = groups_of(rows)[1]
    if len(groups) > 1 and named:
        listed = "; ".join(f"{group.title}: {group.rows['point_id'].iloc[0]}" for group in groups[:6])
        raise ValueError(f"{len(groups)} comparable groups hold such a point: pass point_id=, as in {listed}")
    can_be_drawn = usable(rows).to_numpy(dtype=bool)
    fit = rows[can_be_drawn & may_compete(rows)]
    if not len(fit):
        return rows[can_be_drawn].iloc[0] if can_be_drawn.any() else rows.iloc[0], ""
    best = fit["throughput_rps"].astype("float64").fillna(-1.0).to_numpy().argmax() if "throughput_rps" in fit else 0
    return fit.iloc[int(best)], "the one with the highest throughput, for none was asked for"


def heading(point: pd.Series, why: str) -> str:
    """Say in one line which point a figure is about."""
    shared, _ = groups_of(point.to_frame().T)
    return f"{place(point)} · {shared}" + (f" ({why})" if why else "")
