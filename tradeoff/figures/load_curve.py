"""Latency over throughput: open and closed loops over each other, and loads that nobody can bear."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from tradeoff.figures.axes import Axis, axis
from tradeoff.figures.groups import failed, groups_of, points_of, settings_text, varying, why_absent
from tradeoff.figures.marks import Measure, hover_texts, measure
from tradeoff.figures.panels import finish, grid_of_panels, nothing, outer_axes
from tradeoff.figures.text import escape, label_of, three
from tradeoff.figures.theme import SIZE_SMALL, SYMBOLS, Theme, faded, ordered_colours, palette
from tradeoff.frames import POINT_COLUMNS, Run

_HEIGHT = 420
_LOAD = ("request_rate_rps", "concurrency", "think_ms", "load_detail")
"""What is slid along a curve; everything else that varies makes curves of its own."""

_DASHES = {"latency_p50_ms": "4px,3px", "latency_p99_ms": "solid"}


def plot_load_curve(run: Run | pd.DataFrame, *, by: Sequence[str] | None = None, theme: Theme = "light") -> go.Figure:
    """Plot p50 and p99 latency over throughput, a curve for each policy and kind of load.

    Two systems with the same throughput, or one under open and closed loops, may differ much in what people wait: the
    curves lie over each other, so that it shows.

    Parameters
    ----------
    run
        A Run of served or simulated requests, or its points. Points that differ only in their request rate, clients or
        think time make a curve; all else that varies makes curves of its own.
    by
        Columns that tell comparable groups apart; by default those of `NEVER_POOLED` that are present. One panel a
        group.
    theme
        ``"light"`` or ``"dark"``.

    Returns
    -------
    plotly.graph_objects.Figure
        Not shown. Loads beyond capacity stand as crosses at the top, with the reason.

    Raises
    ------
    ValueError
        When a column that is needed is absent, or the theme is not known.
    """
    return _get_load_plot(_get_load_info(run, by=by), theme)


class Curve(NamedTuple):
    """Points that differ in their load only, in its order; `rejected` is written beside p99, where any were."""

    name: str
    throughput: list[float]
    measures: dict[str, Measure]
    rejected: list[str]
    hover: list[str]
    beyond: tuple[tuple[float, str], ...]


class LoadPanel(NamedTuple):
    """One comparable group."""

    title: str
    curves: tuple[Curve, ...]


class LoadInfo(NamedTuple):
    """What `plot_load_curve` draws."""

    subtitle: str
    x: Axis
    y: Axis
    panels: tuple[LoadPanel, ...]
    legend: str


def _get_load_info(run: Run | pd.DataFrame, *, by: Sequence[str] | None) -> LoadInfo:
    points = points_of(run)
    for name in ("throughput_rps", *_DASHES):
        if name not in points:
            raise ValueError(f"the points have no column {name!r}")
    shared, groups = groups_of(points, by)
    vary = [name for name in [*_batch_size(points), *varying(points, by)] if name not in _LOAD]
    panels = tuple(LoadPanel(group.title, _curves(group.rows, vary)) for group in groups)
    curves = [curve for panel in panels for curve in panel.curves]
    x = [value for curve in curves for value in [*curve.throughput, *(at for at, _ in curve.beyond)]]
    y = [curve.measures[name].everything() for curve in curves for name in _DASHES]
    return LoadInfo(
        subtitle=shared,
        x=axis(x, title=f"{POINT_COLUMNS['throughput_rps'].title}   → better", log=False, most=8),
        y=axis(np.concatenate(y) if y else [], title="latency (ms)   ↓ better", most=7),
        panels=panels,
        legend=", ".join(label_of(name) for name in vary),
    )


def _batch_size(points: pd.DataFrame) -> list[str]:
    return ["batch_size"] if "batch_size" in points and len(points["batch_size"].drop_duplicates()) > 1 else []


def _curves(rows: pd.DataFrame, vary: list[str]) -> tuple[Curve, ...]:
    parts = rows.groupby(vary, dropna=False, sort=True) if vary else [((), rows)]
    curves = []
    for key, part in parts:
        known = ~failed(part) & np.any([~np.isnan(measure(part, name).value) for name in _DASHES], axis=0)
        slid = [name for name in _LOAD[:3] if name in part]
        drawn = part[known].sort_values([*slid, "throughput_rps"], kind="stable").reset_index(drop=True)
        lost = [row for _, row in part[~known].iterrows() if pd.notna(row.get("request_rate_rps"))]
        curves.append(
            Curve(
                name=settings_text(dict(zip(vary, key, strict=True))),
                throughput=drawn["throughput_rps"].astype("float64").tolist(),
                measures={name: measure(drawn, name) for name in _DASHES},
                rejected=_rejected(drawn),
                hover=hover_texts(drawn, ("throughput_rps", *_DASHES, "rejection_rate", "batch_size_mean")),
                beyond=tuple(map(_beyond, lost)),
            )
        )
    return tuple(curves)


def _rejected(rows: pd.DataFrame) -> list[str]:
    """Write the share of requests that were turned away: a p99 is only that of those that were let in."""
    if "rejection_rate" not in rows:
        return [""] * len(rows)
    shares = 100.0 * rows["rejection_rate"].to_numpy(dtype="float64", na_value=np.nan)
    return ["" if not share > 0 else "< 1 %" if share < 1 else f"{share:.0f} %" for share in shares]


def _beyond(row: pd.Series) -> tuple[float, str]:
    rate = float(row["request_rate_rps"])
    status = str(row.get("status"))
    told = str(row["reason"]) if status == "saturated" and pd.notna(row.get("reason")) else why_absent(row)
    return rate, f"{three(rate)} requests/s: {told}"


def _get_load_plot(info: LoadInfo, theme: Theme) -> go.Figure:
    title = "Latency over throughput"
    if not any(curve.throughput or curve.beyond for panel in info.panels for curve in panel.curves):
        return nothing(
            title=title, subtitle=info.subtitle, reason=["No points: serve or simulate some first."], theme=theme
        )
    rows = len(info.panels)
    figure = grid_of_panels(
        rows, 1, titles=[panel.title for panel in info.panels] if rows > 1 else (), theme=theme,
        vertical_spacing=0.0 if rows == 1 else 60 / (_HEIGHT * rows),
    )  # fmt: skip
    names = list(dict.fromkeys(curve.name for panel in info.panels for curve in panel.curves))
    named: set[str] = set()
    for row, panel in enumerate(info.panels, start=1):
        for curve in panel.curves:
            _draw_curve(figure, info, curve, names, row, theme, shown=curve.name not in named and len(names) > 1)
            named.add(curve.name)
        outer_axes(figure, info.x, info.y, row=row, col=1, below=row == rows, beside=True)
    caption = [
        "Solid: p99, dashed: p50. Whiskers: 95 % intervals. Lines guide the eye: nothing is known between marks."
    ]
    if any(curve.beyond for panel in info.panels for curve in panel.curves):
        caption.append(
            "Crosses at the top: loads that have no latency to show, as beyond capacity, where the queue grows."
        )
    if any(any(curve.rejected) for panel in info.panels for curve in panel.curves):
        caption.append("The share beside p99 is that of requests that were rejected: they are in no percentile.")
    if info.legend:
        figure.update_layout(legend={"title": {"text": escape(info.legend), "side": "left"}})
    return finish(figure, title=title, subtitle=info.subtitle, caption=caption, height=_HEIGHT * rows, theme=theme)


def _draw_curve(
    figure: go.Figure, info: LoadInfo, curve: Curve, names: list[str], row: int, theme: Theme, *, shown: bool
) -> None:
    colours, number = palette(theme), names.index(curve.name)
    colour = ordered_colours(len(names), theme)[number] if len(names) > 1 else colours.frontier
    for name, dash in _DASHES.items():
        values = curve.measures[name]
        hollow = name == "latency_p50_ms"
        figure.add_scatter(
            x=curve.throughput, y=values.value, mode="lines+markers", name=escape(curve.name, longest=40),
            legendgroup=curve.name, legendrank=number + 1, showlegend=shown and not hollow,
            line={"color": colour, "width": 1.5, "dash": dash},
            marker={"symbol": SYMBOLS[number % len(SYMBOLS)], "size": 7,
                    "color": colours.paper if hollow else colour, "line": {"width": 1.5, "color": colour}},
            error_y={**values.whiskers(), "color": faded(colour, 0.6), "thickness": 1, "width": 0},
            hovertext=curve.hover, hoverinfo="text", connectgaps=False, row=row, col=1,
        )  # fmt: skip
    if any(curve.rejected):
        figure.add_scatter(
            x=curve.throughput, y=curve.measures["latency_p99_ms"].value, mode="text",
            text=[f"\u00a0\u00a0{share}" if share else "" for share in curve.rejected],
            textposition="middle right", textfont={"size": SIZE_SMALL, "color": colours.ink}, showlegend=False,
            legendgroup=curve.name, hoverinfo="skip", cliponaxis=False, row=row, col=1,
        )  # fmt: skip
    if curve.beyond:
        figure.add_scatter(
            x=[at for at, _ in curve.beyond], y=[info.y.high] * len(curve.beyond), mode="markers", showlegend=False,
            cliponaxis=False, legendgroup=curve.name,
            marker={"symbol": "x-open", "size": 8, "color": colour, "line": {"width": 1.5}},
            hovertext=[escape(told) for _, told in curve.beyond], hoverinfo="text", row=row, col=1,
        )  # fmt: skip
