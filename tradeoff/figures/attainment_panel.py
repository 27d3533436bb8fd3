"""One panel of the attainment figure: its step lines, their bands, and the readings at the declared limit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from tradeoff.figures.axes import Axis
from tradeoff.figures.frontier_panel import draw_limit_lines
from tradeoff.figures.marks import Numbers
from tradeoff.figures.text import escape
from tradeoff.figures.theme import Theme, faded, palette
from tradeoff.objective import Constraint

MOST = 4
"""Curves that can be told apart in one panel."""

_DASHES = ("solid", "8px,3px", "3px,3px", "8px,3px,2px,3px")


class AttainmentCurve(NamedTuple):
    """The curve of one Run: where it changes, to what, and what it is at the declared limit."""

    name: str
    limit: Numbers
    value: Numbers
    low: Numbers
    high: Numbers
    hover: list[str]
    read: float = np.nan
    told: str = ""


class AttainmentPanel(NamedTuple):
    """One comparable group."""

    title: str
    curves: tuple[AttainmentCurve, ...]


class AttainmentInfo(NamedTuple):
    """What `plot_attainment` draws; the limits as in `FrontierInfo`."""

    title: str
    subtitle: str
    x: Axis
    y: Axis
    x_better: str
    y_better: str
    panels: tuple[AttainmentPanel, ...]
    names: tuple[str, ...]
    x_limit: Constraint | None = None
    y_limit: Constraint | None = None


def draw_attainment(
    figure: go.Figure,
    info: AttainmentInfo,
    panel: AttainmentPanel,
    where: dict[str, int],
    theme: Theme,
    named: set[str],
) -> None:
    """Draw one comparable group; `named` holds what the legend shows already."""
    for curve in panel.curves:
        _draw_curve(figure, info, curve, where, theme, legend=bool(curve.name) and curve.name not in named)
        named.add(curve.name)
    if info.x_limit is not None:
        draw_limit_lines(figure, info, where, palette(theme))


def _draw_curve(
    figure: go.Figure,
    info: AttainmentInfo,
    curve: AttainmentCurve,
    where: dict[str, int],
    theme: Theme,
    *,
    legend: bool,
) -> None:
    number = info.names.index(curve.name) if curve.name else 0
    colours = palette(theme)
    colour = (colours.frontier, colours.stages["post"], colours.stages["pre"], colours.ambiguous)[number]
    upwards = info.y_better == "higher"
    worst_y = info.y.low if upwards else info.y.high
    optimistic, pessimistic = (curve.high, curve.low) if upwards else (curve.low, curve.high)
    far = info.x.high if info.x_better == "lower" else info.x.low
    top, bottom = (_stairs(curve.limit, level, worst_y, far) for level in (optimistic, pessimistic))
    figure.add_scatter(
        x=[*top[0], *bottom[0][::-1]], y=[*top[1], *bottom[1][::-1]], mode="lines", line={"width": 0}, fill="toself",
        fillcolor=faded(colour, 0.18), hoverinfo="skip", showlegend=False, legendgroup=curve.name, **where,
    )  # fmt: skip
    # A row of the curve may be where only an end of the interval changes.
    steps = ~np.isnan(curve.value) & (curve.value != np.concatenate(([np.nan], curve.value[:-1])))
    line = _stairs(curve.limit[steps], curve.value[steps], worst_y, far) if steps.any() else ([], [])
    figure.add_scatter(
        x=line[0], y=line[1], mode="lines", name=escape(curve.name, longest=40), legendgroup=curve.name,
        showlegend=legend, line={"color": colour, "width": 2, "dash": _DASHES[number]}, hoverinfo="skip", **where,
    )  # fmt: skip
    figure.add_scatter(
        x=curve.limit[steps], y=curve.value[steps], mode="markers", legendgroup=curve.name, showlegend=False,
        marker={"size": 5, "color": colour}, hoverinfo="text",
        hovertext=[text for text, there in zip(curve.hover, steps, strict=True) if there], **where,
    )  # fmt: skip
    if info.x_limit is not None and not np.isnan(curve.read):
        figure.add_scatter(
            x=[info.x_limit.limit], y=[curve.read], mode="markers", showlegend=False, legendgroup=curve.name,
            marker={"symbol": "circle-open", "size": 14, "color": colours.here, "line": {"width": 1.5}},
            hovertext=[escape(curve.told)], hoverinfo="text", **where,
        )  # fmt: skip


def _stairs(limit: Numbers, level: Numbers, worst: float, far: float) -> tuple[list[float], list[float]]:
    """Return the corners of a step line that rises from the `worst` level and goes on to the `far` end of the axis."""
    levels = np.where(np.isnan(level), worst, level)
    x = [*np.repeat(limit, 2), far]
    y = [worst, *np.repeat(levels, 2)]
    return [float(value) for value in x], [float(value) for value in y]
