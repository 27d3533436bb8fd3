"""The panel of the comparison: two frontiers, arrows from before to after, and the declared limit."""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

import plotly.graph_objects as go

from tradeoff.figures.axes import Axis
from tradeoff.figures.frontier_panel import draw_limit
from tradeoff.figures.marks import Measure
from tradeoff.figures.text import escape
from tradeoff.figures.theme import SIZE_SMALL, Palette, Theme, faded, palette
from tradeoff.objective import Constraint

Kind = Literal["lost", "gained", "same"]
"""What became of a point under the limits: it no longer meets them, newly does, or neither."""

_WHERE = {"row": 1, "col": 1}
_KINDS: dict[Kind, str] = {
    "same": "the same point after",
    "lost": "no longer meets the limits",
    "gained": "newly meets the limits",
}


class CompareSide(NamedTuple):
    """One Run.

    Attributes
    ----------
    x, y
        Values and intervals of the rows that can be drawn.
    labels
        ``"frontier"``, ``"ambiguous"`` or ``"dominated"`` of each.
    hover
        Text of each.
    step
        Corners of the frontier, best x first.
    rows
        What the rows are called in the compared frame.
    best, best_name
        Number of the row that attains the best under the objective, or -1; its name.
    """

    x: Measure
    y: Measure
    labels: list[str]
    hover: list[str]
    step: list[int]
    rows: list[int]
    best: int
    best_name: str


class Joined(NamedTuple):
    """A point before and the same after, by number, and what became of it."""

    before: int
    after: int
    kind: Kind


class CompareInfo(NamedTuple):
    """What `plot_compare` draws; the axes and limits as in `FrontierInfo`."""

    title: str
    subtitle: str
    x: Axis
    y: Axis
    x_better: str
    y_better: str
    x_limit: Constraint | None
    y_limit: Constraint | None
    sides: tuple[CompareSide, CompareSide]
    joined: tuple[Joined, ...]
    caption: tuple[str, ...]


def draw_compare(figure: go.Figure, info: CompareInfo, theme: Theme) -> None:
    """Draw both frontiers with what joins them."""
    colours = palette(theme)
    draw_limit(figure, info, _WHERE, colours)
    _draw_arrows(figure, info, colours)
    for side, name, colour, symbol in zip(
        info.sides, ("before", "after"), (colours.quiet, colours.frontier), ("square", "circle"), strict=True
    ):
        _draw_side(figure, info, side, name, colour, symbol, colours)
    _draw_best(figure, info, colours)


def _draw_side(
    figure: go.Figure, info: CompareInfo, side: CompareSide, name: str, colour: str, symbol: str, colours: Palette
) -> None:
    edge_x = info.x.high if info.x_better == "lower" else info.x.low
    edge_y = info.y.low if info.y_better == "higher" else info.y.high
    if side.step:
        x, y = side.x.value[side.step].tolist(), side.y.value[side.step].tolist()
        figure.add_scatter(
            x=[x[0], *x, edge_x], y=[edge_y, *y, y[-1]], mode="lines", hoverinfo="skip", legendgroup=name,
            showlegend=True, name=f"frontier {name}", line={"shape": "hv", "color": colour, "width": 1.5,
                                           "dash": "6px,3px" if name == "before" else "solid"}, **_WHERE,
        )  # fmt: skip
    on = [number for number, label in enumerate(side.labels) if label != "dominated"]
    off = [number for number, label in enumerate(side.labels) if label == "dominated"]
    for chosen, size, fill in ((off, 5, colours.paper), (on, 8, colour)):
        if not chosen:
            continue
        x, y = (Measure(*(part[chosen] for part in measure)) for measure in (side.x, side.y))
        whiskers: dict[str, Any] = {}
        if chosen is on:
            style = {"color": faded(colour, 0.55), "thickness": 1, "width": 0}
            whiskers = {"error_x": {**x.whiskers(), **style}, "error_y": {**y.whiskers(), **style}}
        figure.add_scatter(
            x=x.value, y=y.value, mode="markers", showlegend=False, legendgroup=name,
            marker={"symbol": symbol, "size": size, "color": fill, "line": {"width": 1.2, "color": colour}},
            hovertext=[f"{name}: {side.hover[number]}" for number in chosen], hoverinfo="text", **whiskers, **_WHERE,
        )  # fmt: skip


def _draw_arrows(figure: go.Figure, info: CompareInfo, colours: Palette) -> None:
    before, after = info.sides
    looks: dict[Kind, tuple[str, float]] = {
        "same": (faded(colours.grey, 0.6), 1.0),
        "lost": (colours.limit, 1.5),
        "gained": (colours.stages["post"], 1.5),
    }
    for kind, (colour, width) in looks.items():
        pairs = [pair for pair in info.joined if pair.kind == kind]
        if not pairs:
            continue
        x, y, sizes = [], [], []
        for pair in pairs:
            x += [before.x.value[pair.before], after.x.value[pair.after], None]
            y += [before.y.value[pair.before], after.y.value[pair.after], None]
            sizes += [0, 7 if kind == "same" else 9, 0]
        figure.add_scatter(
            x=x, y=y, mode="lines+markers", name=_KINDS[kind], hoverinfo="skip", showlegend=True,
            line={"color": colour, "width": width},
            marker={"symbol": "arrow", "angleref": "previous", "size": sizes, "color": colour, "standoff": 4,
                    "line": {"width": 0}}, **_WHERE,
        )  # fmt: skip


def _draw_best(figure: go.Figure, info: CompareInfo, colours: Palette) -> None:
    """Name the best point of each side: the upper one on the free side of the frontier, the other on its other side."""
    places = [
        (float(side.y.value[side.best]), float(side.x.value[side.best]), f"best {name}: {side.best_name}")
        for side, name in zip(info.sides, ("before", "after"), strict=True)
        if side.best >= 0
    ]
    upwards, lower = info.y_better == "higher", info.x_better == "lower"
    for number, (y, x, text) in enumerate(sorted(places, reverse=upwards)):
        figure.add_scatter(
            x=[x], y=[y], mode="markers", hoverinfo="skip", showlegend=False,
            marker={"symbol": "circle-open", "size": 17, "color": colours.here, "line": {"width": 1.5}}, **_WHERE,
        )  # fmt: skip
        free, share = number == 0, _share(info.x, x)
        above = free == upwards
        left = share > 0.35 if free and lower else share > 0.65
        figure.add_annotation(
            x=math.log10(x) if info.x.log else x, y=math.log10(y) if info.y.log else y, showarrow=False,
            text=escape(text, longest=60), xanchor="right" if left else "left",
            yanchor="bottom" if above else "top", xshift=-9 if left else 9, yshift=8 if above else -8,
            font={"size": SIZE_SMALL, "color": colours.here}, bgcolor=faded(colours.paper, 0.75), **_WHERE,
        )  # fmt: skip


def _share(scale: Axis, value: float) -> float:
    if scale.log:
        return math.log(value / scale.low) / math.log(scale.high / scale.low)
    return (value - scale.low) / (scale.high - scale.low)
