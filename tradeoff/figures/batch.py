"""Throughput, p50 and p99 over batch size: one line a concurrency, ticks at the measured sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from tradeoff.figures.axes import Axis, axis, measured_axis
from tradeoff.figures.groups import (
    failed,
    groups_of,
    place,
    points_of,
    rows_where,
    settings_text,
    varying,
    why_absent,
)
from tradeoff.figures.marks import Measure, hover_texts, measure
from tradeoff.figures.panels import finish, grid_of_pairs, nothing, outer_axes, pairs, place_of_pair
from tradeoff.figures.text import escape, label_of
from tradeoff.figures.theme import SYMBOLS, Theme, faded, ordered_colours, palette
from tradeoff.frames import POINT_COLUMNS, Run

_SHOWN = ("throughput_rps", "latency_p50_ms", "latency_p99_ms")
_HEIGHT = 580


def plot_batch(
    run: Run | pd.DataFrame,
    *,
    concurrency: int | None = None,
    by: Sequence[str] | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """Plot throughput, p50 and p99 latency over batch size.

    Parameters
    ----------
    run
        A Run or its points.
    concurrency
        The one drawn strong, with its intervals as bands; the others stay faint. By default all are drawn alike,
        with their intervals as whiskers.
    by
        Columns that tell comparable groups apart; by default those of `NEVER_POOLED` that are present. One column
        of panels a group.
    theme
        ``"light"`` or ``"dark"``.

    Returns
    -------
    plotly.graph_objects.Figure
        Not shown. Sizes without a value stand as crosses at the foot of the panel, with the reason.

    Raises
    ------
    ValueError
        When nothing was measured at `concurrency`, or the theme is not known.
    """
    return _get_batch_plot(_get_batch_info(run, concurrency=concurrency, by=by), theme)


class BatchLine(NamedTuple):
    """Rows that differ in batch size only: what a line may connect."""

    name: str
    chosen: bool
    batch_size: list[float]
    measures: dict[str, Measure]
    hover: list[str]


class BatchPanel(NamedTuple):
    """One comparable group: its lines, and sizes without a value as (size, reason)."""

    title: str
    lines: tuple[BatchLine, ...]
    absent: tuple[tuple[float, str], ...]


class BatchInfo(NamedTuple):
    """What `plot_batch` draws; `chosen` tells whether one concurrency is drawn strong."""

    subtitle: str
    x: Axis
    throughput: Axis
    latency: Axis
    panels: tuple[BatchPanel, ...]
    chosen: bool
    legend: str


def _get_batch_info(run: Run | pd.DataFrame, *, concurrency: int | None, by: Sequence[str] | None) -> BatchInfo:
    points = points_of(run)
    absent = [name for name in ("batch_size", *_SHOWN) if name not in points]
    if absent:
        raise ValueError(f"the points have no column {absent[0]!r}")
    points = points[points["batch_size"].notna()]
    if concurrency is not None and len(points):
        rows_where(points, "concurrency", concurrency)
    shared, groups = groups_of(points, by)
    vary = varying(points, by)
    panels = tuple(_panel(group.title, group.rows, vary, concurrency) for group in groups)
    lines = [line for panel in panels for line in panel.lines]

    def values(*names: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        parts = [line.measures[name].everything() for line in lines for name in names]
        return np.concatenate(parts) if parts else np.empty(0)

    columns = 2 if len(panels) > 1 else 1
    return BatchInfo(
        subtitle=shared,
        x=measured_axis(points["batch_size"].astype("float64"), title="batch size (requests)", most=12 // columns),
        throughput=axis(values("throughput_rps"), title=f"{POINT_COLUMNS['throughput_rps'].title}   ↑ better", most=6),
        latency=axis(values("latency_p50_ms", "latency_p99_ms"), title="latency (ms)   ↓ better", most=6),
        panels=panels,
        chosen=concurrency is not None,
        legend=", ".join(label_of(name) for name in vary),
    )  # fmt: skip


def _panel(title: str, rows: pd.DataFrame, vary: list[str], concurrency: int | None) -> BatchPanel:
    there = ~failed(rows) & np.any([~np.isnan(measure(rows, name).value) for name in _SHOWN], axis=0)
    absent = tuple((float(row["batch_size"]), f"{place(row)}: {why_absent(row)}") for _, row in rows[~there].iterrows())
    drawn = rows[there]
    parts = drawn.groupby(vary, dropna=False, sort=True) if vary else [((), drawn)]
    lines = []
    for key, part in parts:
        part = part.sort_values("batch_size", kind="stable").reset_index(drop=True)
        if not len(part):
            continue
        chosen = concurrency is None or ("concurrency" in part and part["concurrency"].iloc[0] == concurrency)
        lines.append(
            BatchLine(
                name=settings_text(dict(zip(vary, key, strict=True))),
                chosen=bool(chosen),
                batch_size=part["batch_size"].astype("float64").tolist(),
                measures={name: measure(part, name) for name in _SHOWN},
                hover=hover_texts(part, _SHOWN),
            )
        )
    return BatchPanel(title, tuple(lines), absent)


def _get_batch_plot(info: BatchInfo, theme: Theme) -> go.Figure:
    title = "Throughput and latency over batch size"
    if not any(panel.lines or panel.absent for panel in info.panels):
        return nothing(title=title, subtitle=info.subtitle, reason=["No points: measure some first."], theme=theme)
    columns, blocks = pairs(len(info.panels))
    figure = grid_of_pairs([panel.title for panel in info.panels], height=_HEIGHT, theme=theme)
    names = list(dict.fromkeys(line.name for panel in info.panels for line in panel.lines))
    named: set[str] = set()
    for number, panel in enumerate(info.panels):
        top, column = place_of_pair(number, columns)
        for line in sorted(panel.lines, key=lambda line: line.chosen):
            _draw_line(figure, info, line, names, (top, column), theme, named)
        _draw_absent(figure, info, panel, (top, column), theme)
        for row, scale in ((top, info.throughput), (top + 1, info.latency)):
            outer_axes(figure, info.x, scale, row=row, col=column, below=row > top, beside=column == 1)
    whiskers = "Bands" if info.chosen else "Whiskers"
    caption = [
        f"Solid: p99, dashed: p50. {whiskers}: 95 % intervals, arrows: upper end unknown. "
        "Lines guide the eye: nothing is measured between marks."
    ]
    for panel in info.panels:
        if panel.absent:
            before = f"{panel.title}: " if panel.title else ""
            more = f"; and {len(panel.absent) - 4} more" if len(panel.absent) > 4 else ""
            caption.append(
                f"{before}Without a value (crosses): {'; '.join(told for _, told in panel.absent[:4])}{more}."
            )
    if info.legend:
        figure.update_layout(legend={"title": {"text": escape(info.legend), "side": "left"}})
    return finish(figure, title=title, subtitle=info.subtitle, caption=caption, height=_HEIGHT * blocks, theme=theme)


def _draw_line(
    figure: go.Figure,
    info: BatchInfo,
    line: BatchLine,
    names: list[str],
    where: tuple[int, int],
    theme: Theme,
    named: set[str],
) -> None:
    colours = palette(theme)
    number = names.index(line.name)
    colour = ordered_colours(len(names), theme)[number] if not info.chosen else colours.frontier
    if not line.chosen:
        colour = faded(colours.grey, 0.45)
    strong = info.chosen and line.chosen
    for name, row, dash in (
        ("throughput_rps", where[0], "solid"),
        ("latency_p50_ms", where[0] + 1, "4px,3px"),
        ("latency_p99_ms", where[0] + 1, "solid"),
    ):
        values = line.measures[name]
        if strong:
            _draw_band(figure, line.batch_size, values, colour, row, where[1])
        whiskers = {**values.whiskers(), "color": faded(colour, 0.6), "thickness": 1, "width": 0}
        hollow = name == "latency_p50_ms"
        figure.add_scatter(
            x=line.batch_size, y=values.value, mode="lines+markers", name=escape(line.name, longest=40),
            legendgroup=line.name, legendrank=number + 1,
            showlegend=name == "throughput_rps" and line.name not in named,
            line={"color": colour, "width": 2.5 if strong else 1.5 if line.chosen else 1, "dash": dash},
            marker={"symbol": SYMBOLS[number % len(SYMBOLS)], "size": 7 if line.chosen else 4,
                    "color": colours.paper if hollow else colour, "line": {"width": 1.5, "color": colour}},
            error_y=whiskers if not info.chosen else None,
            hovertext=line.hover, hoverinfo="text", connectgaps=False, row=row, col=where[1],
        )  # fmt: skip
        if line.chosen and name == "latency_p99_ms":
            _draw_open_ends(figure, info.latency, line, values, colour, row, where[1])
    named.add(line.name)


def _draw_open_ends(
    figure: go.Figure, scale: Axis, line: BatchLine, values: Measure, colour: str, row: int, column: int
) -> None:
    """Where the upper end is unknown: a dotted line with an arrow head, instead of a whisker that would lie."""
    for number in np.flatnonzero(values.open_ended()):
        value = float(values.value[number])
        end = value * (scale.high / scale.low) ** 0.06 if scale.log else value + 0.06 * (scale.high - scale.low)
        figure.add_scatter(
            x=[line.batch_size[number]] * 2, y=[value, end], mode="lines+markers", hoverinfo="skip", showlegend=False,
            line={"color": colour, "width": 1, "dash": "dot"}, legendgroup=line.name,
            marker={"symbol": "triangle-up", "size": [0, 6], "color": colour}, row=row, col=column,
        )  # fmt: skip


def _draw_band(figure: go.Figure, x: list[float], values: Measure, colour: str, row: int, column: int) -> None:
    known = ~np.isnan(values.low) & ~np.isnan(values.high)
    for run in np.split(np.flatnonzero(known), np.flatnonzero(np.diff(np.flatnonzero(known)) > 1) + 1):
        if len(run):
            sizes = [x[number] for number in run]
            figure.add_scatter(
                x=[*sizes, *sizes[::-1]], y=[*values.low[run], *values.high[run][::-1]], mode="lines", fill="toself",
                fillcolor=faded(colour, 0.18), line={"width": 0}, hoverinfo="skip", showlegend=False,
                row=row, col=column,
            )  # fmt: skip


def _draw_absent(figure: go.Figure, info: BatchInfo, panel: BatchPanel, where: tuple[int, int], theme: Theme) -> None:
    if not panel.absent:
        return
    colours = palette(theme)
    reasons: dict[float, list[str]] = {}
    for size, told in panel.absent:
        reasons.setdefault(size, []).append(escape(told))
    for row, scale in ((where[0], info.throughput), (where[0] + 1, info.latency)):
        figure.add_scatter(
            x=list(reasons), y=[scale.low] * len(reasons), mode="markers", showlegend=False, cliponaxis=False,
            marker={"symbol": "x-open", "size": 8, "color": colours.limit, "line": {"width": 1.5}},
            hovertext=["<br>".join(told) for told in reasons.values()], hoverinfo="text", row=row, col=where[1],
        )  # fmt: skip
