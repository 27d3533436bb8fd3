"""From a Run to what the browser needs: one JSON-able mapping, everything worked out, nothing left to compute there."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from tradeoff.comparable import usable
from tradeoff.explorer.asked import Questions
from tradeoff.explorer.before import matches
from tradeoff.explorer.grid import Grid, PayloadError, Slice, axis_entry, lay_out
from tradeoff.explorer.histograms import histograms
from tradeoff.explorer.measured import measured
from tradeoff.explorer.metrics import ENDS, exact, metric_entry, numbers, rounded, travelling
from tradeoff.explorer.remarks import Remarks, findings_entry, tails_entry
from tradeoff.frames import FLAGS, PERCENTILES, POINT_COLUMNS, STAGES, UNUSABLE, Run
from tradeoff.frames.busy import is_busy
from tradeoff.frontier import frontier
from tradeoff.objective.candidates import bounds_by_samples, degrees_of
from tradeoff.objective.everyone import everyone, is_counted, lost_of
from tradeoff.objective.selection import factor
from tradeoff.objective.words import RESTLESS, marks_of, turned_away

__all__ = ["FORMAT", "VERSION", "PayloadError", "payload", "to_json"]

FORMAT = "tradeoff.explorer"
VERSION = 2
"""Raised when a reader of older payloads would misread a newer one."""

_IMPOSSIBLE = "impossible"
"""What the page calls the status of a row that contradicts itself."""


def payload(
    run: Run,
    *,
    axes: Sequence[str] | None = None,
    title: str | None = None,
    before: Run | None = None,
    asked: Collection[str] = (),
    remarks: Remarks | None = None,
) -> dict[str, Any]:
    """Lay a Run out for the explorer.

    Parameters
    ----------
    run
        What was measured or read.
    axes
        One to three numeric columns of ``run.points`` to slide along; by default batch size, concurrency and
        whatever else is a number that varies, three at most. What varies besides becomes a drop-down.
    title
        A heading; by default the workloads.
    before
        Another Run to compare with: its frontier is drawn beside that of `run`.
    asked
        Columns that an objective names: they travel, however many others do.
    remarks
        What is said of the points; by default nothing.

    Returns
    -------
    dict
        JSON-able without NaN (missing is None). Per slice, metrics are lists over the cells of the grid, row-major
        over the axes, to the last digit: a limit is met here exactly where `tradeoff.decide` says so.

    Raises
    ------
    PayloadError
        When there are no points, or they cannot be laid out on `axes`; those of `before` likewise.
    """
    points = _with_error_rate(run.points.reset_index(drop=True), asked)
    grid = lay_out(points, axes)
    remarks = remarks or Remarks()
    kept = _kept(points, grid)
    percentiles = [p for p in PERCENTILES if _known(kept, f"latency_{p}_ms")] or ["p99"]
    cells = sum(len(one.rows) for one in grid.slices)
    metrics, left_out = travelling(kept, cells=cells, asked=asked)
    counts = dict(zip(kept.index, histograms(run.samples, kept), strict=True))
    used = sorted({flag for flags in kept.get("flags", []) for flag in flags})
    slices = _slices(run, points, grid, metrics, percentiles)
    for entry, one in zip(slices, grid.slices, strict=True):
        entry["histograms"] = [_rounded_histogram(counts[row]) if row >= 0 else None for row in one.rows]
        entry["tails"] = tails_entry(remarks, points, one)
    notes = list(grid.left_out)
    if left_out:
        notes.append(f"{len(left_out)} columns are left out, for the points are many: {', '.join(left_out)}.")
    return {
        "format": FORMAT,
        "version": VERSION,
        "plotly_version": _plotly_version(),
        "title": title if title is not None else _title(kept),
        "axes": [axis_entry(name, values) for name, values in grid.axes.items()],
        "slicers": [
            {"column": name, "label": POINT_COLUMNS[name].label, "values": texts}
            for name, texts in grid.slicers.items()
        ],
        "percentiles": percentiles,
        "stages": list(STAGES),
        "unusable": [*UNUSABLE, _IMPOSSIBLE],
        "metrics": {name: metric_entry(kept, name) for name in metrics},
        "factors": _factors(points, grid.slices),
        "settings": Questions(points, grid).settings(),
        "slices": slices,
        "findings": findings_entry(remarks, points, grid.slices),
        "before": None if before is None else _before(before, points, grid, metrics, percentiles),
        "flags": {name: f"{FLAGS[name].meaning} {FLAGS[name].remedy}" for name in used if name in FLAGS},
        "notes": notes,
        "measured": measured(kept, run.environment, besides={*grid.axes, *grid.slicers}),
    }


def to_json(content: Any) -> str:
    """Write `content` as JSON that can stand inside a ``<script>`` block: no NaN, no ``<``, no line separators."""
    text = json.dumps(content, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _with_error_rate(points: pd.DataFrame, asked: Collection[str]) -> pd.DataFrame:
    """Fill error rates in, where there are errors or somebody asks: a column of zeros need not travel."""
    wanted = "error_rate" in asked or bool((lost_of(points).gone > 0).any())
    return everyone(points, ["error_rate"]) if wanted else points


def _slices(
    run: Run, points: pd.DataFrame, grid: Grid, metrics: Sequence[str], percentiles: Sequence[str]
) -> list[dict[str, Any]]:
    labels = _labels(_kept(points, grid), grid, percentiles)
    return [_slice(run, one, points, metrics, labels) for one in grid.slices]


def _slice(
    run: Run, one: Slice, points: pd.DataFrame, metrics: Sequence[str], labels: dict[str, dict[int, str | None]]
) -> dict[str, Any]:
    rows = np.array(one.rows)
    filled = np.flatnonzero(rows >= 0)
    frame = points.iloc[rows[filled]]
    cells = filled.tolist()

    def spread(values: Iterable[Any]) -> list[Any]:
        laid: list[Any] = [None] * len(rows)
        for cell, value in zip(cells, values, strict=True):
            laid[cell] = value
        return laid

    names = [name + end for name in metrics for end in ("", *ENDS) if _known(frame, name + end)]
    # Where points are as good as each other the smaller id wins, as in `tradeoff.decide`.
    ids = frame["point_id"].astype("str").to_numpy() if "point_id" in frame else rows[filled]
    rank = np.empty(len(frame), dtype=int)
    rank[np.argsort(ids, kind="stable")] = np.arange(len(frame))
    return {
        "key": one.key,
        "status": spread(map(_word, _statuses(frame))),
        "reason": {
            str(cell): text for cell, value in zip(cells, frame["reason"], strict=True) if (text := _word(value))
        },
        "flags": {
            str(cell): list(map(str, value)) for cell, value in zip(cells, frame["flags"], strict=True) if len(value)
        },
        "n": spread(None if pd.isna(value) else int(value) for value in frame["n"]),
        "metrics": {name: spread(map(exact, numbers(frame, name))) for name in names},
        "rank": spread(rank.tolist()),
        **_rests_on(frame, cells),
        **_minds(run, frame, cells, metrics),
        "frontier": {p: spread(found[row] for row in rows[filled]) for p, found in labels.items()},
    }


def _statuses(frame: pd.DataFrame) -> pd.Series:
    """Return how rows ended; those that may not compete for another reason than that are called so."""
    ended = frame["status"].astype("str").str.strip().str.lower()
    told = frame["status"].astype("object").where(~ended.isin(UNUSABLE), ended)
    return told.where(usable(frame) | ended.isin(UNUSABLE), _IMPOSSIBLE)


def _factors(points: pd.DataFrame, slices: Iterable[Slice]) -> dict[str, list[float]]:
    """Return by how much ends of intervals move out for the choice among 1, 2, ... points, by degrees of freedom."""
    most = max((len(one.rows) for one in slices), default=1)
    return {
        str(nu): [factor(m, nu) for m in range(1, most + 1)]
        for nu in sorted({0, *degrees_of(points).tolist()})
    }  # fmt: skip


def _rests_on(frame: pd.DataFrame, cells: Sequence[int]) -> dict[str, Any]:
    """Return what intervals rest on, by cell: degrees of freedom, and among how many points n bounds percentiles."""
    degrees = degrees_of(frame).tolist()
    bounds = {p: bounds_by_samples(frame, p).tolist() for p in PERCENTILES}
    return {
        "degrees": {str(cell): nu for cell, nu in zip(cells, degrees, strict=True) if nu},
        "bounds": {
            p: found
            for p, most in bounds.items()
            if (found := {str(cell): int(m) for cell, m in zip(cells, most, strict=True) if m < len(cells)})
        },
    }


def _minds(run: Run, frame: pd.DataFrame, cells: Sequence[int], metrics: Sequence[str]) -> dict[str, Any]:
    """Return what there is to mind about points, by cell: marks beside their names, and requests without an answer.

    ``everyones`` holds percentiles of all who asked and their ends, None where infinite, 0 where nothing bounds a time
    from below; ``lost`` the shares of requests that failed and that were rejected, None where some did and nobody knows
    of how many.
    """
    restless = frame["status"].isin(RESTLESS).to_numpy(dtype=bool) | is_busy(frame)
    lost = lost_of(frame)
    lossy: list[int] = np.flatnonzero(~(lost.share <= 0)).tolist()
    counted = [name for name in metrics if is_counted(name) and name in frame]
    seen = everyone(frame, counted, run=run) if lossy else frame
    columns = {
        name: [numbers(seen, name + end) if name + end in seen else None for end in ("", *ENDS)] for name in counted
    }
    return {
        "marks": {str(cells[at]): marks_of(frame.iloc[at]) for at in np.flatnonzero(restless).tolist()},
        "turned_away": {str(cells[at]): turned_away(frame.iloc[at]) for at in lossy},
        "lost": {str(cells[at]): [exact(lost.failed[at]), exact(lost.rejected[at])] for at in lossy},
        "everyones": {
            name: {
                str(cells[at]): [None if end is None else exact(max(0.0, float(end[at]))) for end in ends]
                for at in lossy
                if not np.isnan(ends[0][at])  # type: ignore[index]
            }
            for name, ends in columns.items()
            if lossy
        },
    }


def _before(
    before: Run, points: pd.DataFrame, grid: Grid, metrics: Sequence[str], percentiles: Sequence[str]
) -> dict[str, Any]:
    """Lay the other Run out on the same axes; `matches` says which of its slices belongs to which."""
    others = _with_error_rate(before.points.reset_index(drop=True), metrics)
    try:
        own = lay_out(others, list(grid.axes))
    except PayloadError as error:
        raise PayloadError(f"before: {error}") from None
    return {
        "axes": [axis_entry(name, values) for name, values in own.axes.items()],
        "slices": _slices(before, others, own, metrics, percentiles),
        "matches": matches(points, grid, others, own),
        "notes": own.left_out,
    }


def _labels(kept: pd.DataFrame, grid: Grid, percentiles: Sequence[str]) -> dict[str, dict[int, str | None]]:
    """Frontier labels per percentile, within each slice; by row."""
    labels: dict[str, dict[int, str | None]] = {}
    for p in percentiles:
        found: dict[int, str | None] = dict.fromkeys(kept.index)
        for one in grid.slices:
            frame = kept.loc[[row for row in one.rows if row >= 0]]
            told = frontier(frame[usable(frame)], x=f"latency_{p}_ms", by=())
            found.update(zip(told.index, map(_word, told), strict=True))
        labels[p] = found
    return labels


def _kept(points: pd.DataFrame, grid: Grid) -> pd.DataFrame:
    """Return the points that lie on the grid; their index is their row."""
    return points.iloc[sorted({row for one in grid.slices for row in one.rows if row >= 0})]


def _rounded_histogram(found: dict[str, Any] | None) -> dict[str, Any] | None:
    return found and {**found, "low_ms": rounded(found["low_ms"]), "high_ms": rounded(found["high_ms"])}


def _known(frame: pd.DataFrame, name: str) -> bool:
    return name in frame and bool(np.isfinite(numbers(frame, name)).any())


def _word(value: object) -> str | None:
    return None if pd.isna(value) else str(value)  # type: ignore[call-overload]


def _title(kept: pd.DataFrame) -> str:
    names = [str(name) for name in kept["workload"].dropna().unique()]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _plotly_version() -> str:
    from tradeoff.explorer.assets import plotly_bundle

    return plotly_bundle().version
