"""From a Run to what the browser needs: one JSON-able mapping, everything worked out, nothing left to compute there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from tradeoff.explorer.grid import Grid, PayloadError, Slice, axis_entry, lay_out
from tradeoff.explorer.histograms import histograms
from tradeoff.explorer.limits import UNUSABLE, VERDICTS, decisions, limit_steps
from tradeoff.explorer.measured import measured
from tradeoff.frames import FLAGS, PERCENTILES, POINT_COLUMNS, STAGES, Run
from tradeoff.frontier import frontier

__all__ = ["FORMAT", "VERSION", "PayloadError", "payload", "to_json"]

FORMAT = "tradeoff.explorer"
VERSION = 1
"""Raised when a reader of older payloads would misread a newer one."""

PARTS_AT = ("mean", "p50", "p99")
_METRICS = ("throughput_rps", "latency_mean_ms", *(f"latency_{p}_ms" for p in PERCENTILES))


def payload(
    run: Run, *, axes: Sequence[str] | None = None, limits_ms: Iterable[float] = (), title: str | None = None
) -> dict[str, Any]:
    """Lay a Run out for the explorer.

    Parameters
    ----------
    run
        What was measured or read.
    axes
        One to three numeric columns of ``run.points`` to slide along; by default batch size, concurrency and
        whatever else is a number that varies, three at most. What varies besides becomes a drop-down.
    limits_ms
        Latency limits that must be among the steps of the limit slider exactly.
    title
        A heading; by default the workloads.

    Returns
    -------
    dict
        JSON-able without NaN (missing is None). Per slice, metrics are lists over the cells of the grid, row-major
        over the axes. Values carry six significant digits.

    Raises
    ------
    PayloadError
        When there are no points, or they cannot be laid out on `axes`.
    """
    points = run.points.reset_index(drop=True)
    grid = lay_out(points, axes)
    shown = sorted({row for one in grid.slices for row in one.rows if row >= 0})
    kept = points.iloc[shown]
    where = {row: at for at, row in enumerate(shown)}
    percentiles = [p for p in PERCENTILES if _known(kept, f"latency_{p}_ms")] or ["p99"]
    limits = _limits(kept, percentiles, limits_ms)
    counts = histograms(run.samples, kept)
    labels = _labels(kept, grid, percentiles)
    used = sorted({flag for flags in kept.get("flags", []) for flag in flags})
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
        "verdicts": list(VERDICTS),
        "unusable": list(UNUSABLE),
        "limits_ms": limits,
        "slices": [_slice(one, points, percentiles, limits, labels, counts, where) for one in grid.slices],
        "flags": {name: f"{FLAGS[name].meaning} {FLAGS[name].remedy}" for name in used if name in FLAGS},
        "notes": grid.left_out,
        "measured": measured(kept, run.environment, besides={*grid.axes, *grid.slicers}),
    }


def to_json(content: Any) -> str:
    """Write `content` as JSON that can stand inside a ``<script>`` block: no NaN, no ``<``, no line separators."""
    text = json.dumps(content, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _slice(
    one: Slice,
    points: pd.DataFrame,
    percentiles: Sequence[str],
    limits: Sequence[float],
    labels: dict[str, list[str | None]],
    counts: Sequence[dict[str, Any] | None],
    where: dict[int, int],
) -> dict[str, Any]:
    rows = np.array(one.rows)
    filled = np.flatnonzero(rows >= 0)
    frame = points.iloc[rows[filled]]
    places = [where[row] for row in rows[filled]]
    cells = filled.tolist()

    def spread(values: Iterable[Any]) -> list[Any]:
        laid: list[Any] = [None] * len(rows)
        for cell, value in zip(cells, values, strict=True):
            laid[cell] = value
        return laid

    def metric(name: str) -> list[float | None] | None:
        return spread(map(rounded, _numbers(frame, name))) if _known(frame, name) else None

    def answers(percentile: str) -> dict[str, list[Any]] | None:
        found = decisions(frame, cells, percentile=percentile, limits_ms=limits)
        # Verdicts on a point are laid on the grid; where no decision may rest on it there is none.
        known = _known_rows(frame, percentile)
        return found and {
            name: spread(value if sure else None for value, sure in zip(values, known, strict=True))
            if name in ("sure_from", "possible_from")
            else values
            for name, values in found.items()
        }

    names = [stem + end for stem in _METRICS for end in ("", "_lo", "_hi")]
    found = {name: values for name in names if (values := metric(name)) is not None}
    parts = {
        at: {stage: values for stage in STAGES if (values := metric(f"at_{at}_{stage}_ms")) is not None}
        for at in PARTS_AT
    }
    return {
        "key": one.key,
        "status": spread(map(_word, frame["status"])),
        "reason": {
            str(cell): text for cell, value in zip(cells, frame["reason"], strict=True) if (text := _word(value))
        },
        "flags": {
            str(cell): list(map(str, value)) for cell, value in zip(cells, frame["flags"], strict=True) if len(value)
        },
        "n": spread(None if pd.isna(value) else int(value) for value in frame["n"]),
        "metrics": found,
        "parts": {at: stages for at, stages in parts.items() if stages},
        "frontier": {p: spread(labels[p][place] for place in places) for p in percentiles},
        "histograms": spread(_rounded_histogram(counts[place]) for place in places),
        "decisions": {p: answers(p) for p in percentiles},
    }


def _labels(kept: pd.DataFrame, grid: Grid, percentiles: Sequence[str]) -> dict[str, list[str | None]]:
    """Frontier labels per percentile, within each slice; by place among the kept rows."""
    labels: dict[str, list[str | None]] = {}
    places = {row: at for at, row in enumerate(kept.index)}
    for p in percentiles:
        found: list[str | None] = [None] * len(kept)
        for one in grid.slices:
            rows = [row for row in one.rows if row >= 0]
            frame = kept.loc[rows]
            usable = frame[~frame["status"].isin(UNUSABLE)]
            told = frontier(usable, x=f"latency_{p}_ms", by=())
            for row, label in told.items():
                found[places[row]] = None if pd.isna(label) else str(label)
        labels[p] = found
    return labels


def _limits(kept: pd.DataFrame, percentiles: Sequence[str], also: Iterable[float]) -> list[float]:
    names = [f"latency_{p}_ms{end}" for p in percentiles for end in ("", "_lo", "_hi")]
    values = [_numbers(kept, name) for name in names if name in kept]
    try:
        return limit_steps(np.concatenate(values) if values else [], also=also)
    except ValueError as error:
        raise PayloadError(str(error)) from error


def rounded(value: float) -> float | int | None:
    """Keep six significant digits; None where there is no finite number."""
    if not np.isfinite(value):
        return None
    short = float(f"{value:.6g}")
    return int(short) if short.is_integer() and abs(short) < 1e15 else short


def _rounded_histogram(found: dict[str, Any] | None) -> dict[str, Any] | None:
    return found and {**found, "low_ms": rounded(found["low_ms"]), "high_ms": rounded(found["high_ms"])}


def _known_rows(frame: pd.DataFrame, percentile: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    measured = np.isfinite(_numbers(frame, f"latency_{percentile}_ms")) & np.isfinite(_numbers(frame, "throughput_rps"))
    usable: np.ndarray[Any, np.dtype[np.bool_]] = ~frame["status"].isin(UNUSABLE).to_numpy(dtype=bool)
    known: np.ndarray[Any, np.dtype[np.bool_]] = measured & usable
    return known


def _known(frame: pd.DataFrame, name: str) -> bool:
    return name in frame and bool(np.isfinite(_numbers(frame, name)).any())


def _numbers(frame: pd.DataFrame, name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    return frame[name].to_numpy(dtype="float64", na_value=np.nan)


def _word(value: object) -> str | None:
    return None if pd.isna(value) else str(value)  # type: ignore[call-overload]


def _title(kept: pd.DataFrame) -> str:
    names = [str(name) for name in kept["workload"].dropna().unique()]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _plotly_version() -> str:
    from tradeoff.explorer.assets import plotly_bundle

    return plotly_bundle().version
