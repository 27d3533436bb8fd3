"""Which slice of another Run is to be compared with which slice of this one."""

from __future__ import annotations

import pandas as pd

from tradeoff.explorer.grid import NOT_STATED, Grid, text_of


def matches(points: pd.DataFrame, grid: Grid, others: pd.DataFrame, other_grid: Grid) -> list[int | None]:
    """Find for every slice its counterpart in the other Run.

    Parameters
    ----------
    points, grid
        The points shown, and where they lie.
    others, other_grid
        The same of the other Run.

    Returns
    -------
    list of int or None
        A place among the slices of `other_grid`, for each slice of `grid`; None where there is no counterpart.

    Notes
    -----
    Counterparts agree in every column that varies within either Run. A column that is the same all over both Runs may
    differ between them: it is what was changed.
    """
    columns = list(dict.fromkeys([*grid.slicers, *other_grid.slicers]))
    wanted = [_key(points, one.key, one.rows, columns) for one in grid.slices]
    there = [_key(others, one.key, one.rows, columns) for one in other_grid.slices]
    return [there.index(key) if key in there else None for key in wanted]


def _key(points: pd.DataFrame, key: dict[str, str], rows: list[int], columns: list[str]) -> list[str]:
    """Return the texts of a slice in these columns: those it is cut by, and those all its rows share."""
    shown = points.iloc[[row for row in rows if row >= 0]]
    return [key[name] if name in key else _shared(shown, name) for name in columns]


def _shared(points: pd.DataFrame, name: str) -> str:
    known = [] if name not in points else list(points[name].dropna())
    return text_of(known[0]) if known else NOT_STATED
