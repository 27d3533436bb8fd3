"""Which point is asked about: by its id or the beginning of it, by its place on the grid, or the one that matters."""

from __future__ import annotations

import difflib
from typing import Any

import pandas as pd

from tradeoff.arguments import ArgumentError, shown
from tradeoff.comparable import usable
from tradeoff.frames import Run
from tradeoff.frontier import frontier

_SHOWN = 6


def choose(run: Run, point_id: Any, *, batch_size: Any, concurrency: Any) -> tuple[pd.Series, str]:
    """Choose a point of a Run.

    Parameters
    ----------
    run
        With points.
    point_id
        An id, or the beginning of one; None for any.
    batch_size, concurrency
        What it must be; None for any.

    Returns
    -------
    point : pandas.Series
        The row. Of several, the one on the frontier with the highest throughput.
    why
        A clause that says why this one; empty when there was no choice.

    Raises
    ------
    ArgumentError
        When there is none, naming those that are near; or the beginning of an id is that of several.
    """
    points = run.points.reset_index(drop=True)
    if not len(points):
        raise ArgumentError("run has no points: measure some first")
    rows = points if point_id is None else _named(points, point_id)
    for name, value in (("batch_size", batch_size), ("concurrency", concurrency)):
        if value is not None:
            rows = _where(rows, name, value)
    if (rows["point_id"] == rows["point_id"].iloc[0]).all():
        return rows.iloc[0], ""
    return _best(points, rows)


def _named(points: pd.DataFrame, point_id: Any) -> pd.DataFrame:
    if not isinstance(point_id, str) or not point_id:
        raise ArgumentError(f"point_id must be the id of a point, or the beginning of one; got {shown(point_id)}")
    ids = points["point_id"].astype("str")
    exact = points[(ids == point_id).to_numpy(dtype=bool)]
    if len(exact):
        return exact
    found = points[ids.str.startswith(point_id).to_numpy(dtype=bool)]
    several = list(dict.fromkeys(found["point_id"].astype("str")))
    if len(several) == 1:
        return found
    if several:
        raise ArgumentError(f"point_id={shown(point_id)} begins the ids of {len(several)} points: {_listed(several)}")
    known = list(dict.fromkeys(ids))
    near = difflib.get_close_matches(point_id, known, n=3, cutoff=0.5)
    told = f"did you mean {_listed(near)}?" if near else f"its points are {_listed(known)}"
    raise ArgumentError(f"point_id={shown(point_id)} is no point of this Run; {told}")


def _listed(names: list[str]) -> str:
    return ", ".join(map(shown, names[:_SHOWN])) + (", ..." if len(names) > _SHOWN else "")


def _where(rows: pd.DataFrame, name: str, value: Any) -> pd.DataFrame:
    column = rows[name] if name in rows else pd.Series(dtype="float64")
    found = rows[(column == value).fillna(False).to_numpy(dtype=bool)] if len(column) else rows.iloc[:0]
    if not len(found):
        known = [str(number) for number in sorted(column.dropna().unique())]
        raise ArgumentError(f"{name}={shown(value)}: nothing was measured there, only at {_values(known)}")
    return found


def _values(known: list[str]) -> str:
    return (", ".join(known[: 2 * _SHOWN]) + (", ..." if len(known) > 2 * _SHOWN else "")) or "no value"


def _best(points: pd.DataFrame, rows: pd.DataFrame) -> tuple[pd.Series, str]:
    """Return the row of the frontier with the highest throughput; without a frontier that of all."""
    there = rows[usable(rows)]
    if not {"throughput_rps", "latency_p99_ms"} <= set(rows) or not there["throughput_rps"].notna().any():
        return rows.iloc[0], "the first of several"
    on = frontier(points)[there.index] == "frontier"
    chosen = there[on.fillna(False).to_numpy(dtype=bool)]
    chosen = chosen if len(chosen) else there
    place = int(chosen["throughput_rps"].astype("float64").fillna(-1.0).to_numpy().argmax())
    return chosen.iloc[place], "the one of the frontier with the highest throughput, for none was asked for"
