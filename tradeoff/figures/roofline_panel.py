"""One panel of the roofline: the roofs, the paths under them, and batch sizes at the ends of the paths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from tradeoff.figures.axes import Axis
from tradeoff.figures.marks import Measure
from tradeoff.figures.text import escape
from tradeoff.figures.theme import SIZE_SMALL, SYMBOLS, Palette

_CLASSES = ("model", "batch_wait", "post", "pre", "overhead")


class RooflinePath(NamedTuple):
    """A workload over batch size: what a line may connect. Rates are in the figure's unit."""

    name: str
    batch_size: list[float]
    intensity: list[float]
    attained: Measure
    hover: list[str]


class Roof(NamedTuple):
    """What a device allows a number type; rates in the figure's unit, a second and a flop/byte."""

    name: str
    rate: float
    bandwidth: float


class RooflinePanel(NamedTuple):
    """One device: its roofs, their labels as (rate, text), those of the slopes as (bandwidth, text), and the paths."""

    title: str
    roofs: tuple[Roof, ...]
    labels: tuple[tuple[float, str], ...]
    slopes: tuple[tuple[float, str], ...]
    paths: tuple[RooflinePath, ...]


def draw_panel(
    figure: go.Figure,
    panel: RooflinePanel,
    axes: tuple[Axis, Axis],
    where: dict[str, int],
    colours: Palette,
    *,
    names: list[str],
    named: set[str],
) -> None:
    """Draw a panel at a place of the grid; `names` are those of all paths, `named` those that the legend has."""
    _draw_roofs(figure, panel, axes, where, colours)
    for path in panel.paths:
        _draw_path(figure, path, names, where, colours, named)
    _draw_sizes(figure, panel, axes, where, colours.quiet)


def _draw_roofs(
    figure: go.Figure, panel: RooflinePanel, axes: tuple[Axis, Axis], where: dict[str, int], colours: Palette
) -> None:
    x_axis, y_axis = axes
    for roof in panel.roofs:
        x, y = _roof_line(roof, x_axis.low, x_axis.high)
        figure.add_scatter(
            x=x, y=y, mode="lines", line={"color": colours.limit, "width": 1.5}, hoverinfo="skip", showlegend=False,
            **where,
        )  # fmt: skip
    for rate, text in panel.labels:
        _say(figure, x_axis.high, rate, text, "top left", where, colours)
    for bandwidth, text in panel.slopes:
        highest = max(roof.rate for roof in panel.roofs if roof.bandwidth == bandwidth)
        left = max(x_axis.low, y_axis.low / bandwidth)
        place = left**0.55 * min(highest / bandwidth, x_axis.high) ** 0.45
        _say(figure, place, bandwidth * place, text, "top left", where, colours)


def _roof_line(roof: Roof, low: float, high: float) -> tuple[list[float], list[float]]:
    ridge = roof.rate / roof.bandwidth
    x = [low, *([ridge] if low < ridge < high else []), high]
    return x, [min(roof.rate, roof.bandwidth * intensity) for intensity in x]


def _say(figure: go.Figure, x: float, y: float, text: str, at: str, where: dict[str, int], colours: Palette) -> None:
    figure.add_scatter(
        x=[x], y=[y], mode="text", text=[escape(text)], textposition=at, hoverinfo="skip", showlegend=False,
        textfont={"size": SIZE_SMALL, "color": colours.limit}, cliponaxis=False, **where,
    )  # fmt: skip


def _draw_path(
    figure: go.Figure, path: RooflinePath, names: list[str], where: dict[str, int], colours: Palette, named: set[str]
) -> None:
    number = names.index(path.name)
    colour = colours.stages[_CLASSES[number % len(_CLASSES)]]
    figure.add_scatter(
        x=path.intensity, y=path.attained.value, mode="lines+markers", name=escape(path.name, longest=40),
        legendgroup=path.name, showlegend=path.name not in named, line={"color": colour, "width": 1.5},
        marker={"symbol": SYMBOLS[number % len(SYMBOLS)], "size": 7, "color": colour},
        error_y={**path.attained.whiskers(), "color": colour, "thickness": 1, "width": 0},
        hovertext=path.hover, hoverinfo="text", **where,
    )  # fmt: skip
    named.add(path.name)


def _draw_sizes(
    figure: go.Figure, panel: RooflinePanel, axes: tuple[Axis, Axis], where: dict[str, int], quiet: str
) -> None:
    for size, x, y, at in sizes_at_ends(panel.paths, *axes):
        text = f"\u2002{size:g}" if at == "middle right" else f"{size:g}"
        figure.add_scatter(
            x=[x], y=[y], mode="text", text=[text], textposition=at, hoverinfo="skip", showlegend=False,
            textfont={"size": SIZE_SMALL, "color": quiet}, **where,
        )  # fmt: skip


def sizes_at_ends(paths: Sequence[RooflinePath], x: Axis, y: Axis) -> list[tuple[float, float, float, str]]:
    """Batch sizes at the ends of paths, and where they stand: away from the path, and none upon another."""

    def place(path: RooflinePath, number: int) -> tuple[float, float]:
        return tuple(  # type: ignore[return-value]
            float(np.log(value / scale.low) / np.log(scale.high / scale.low))
            for value, scale in ((path.intensity[number], x), (path.attained.value[number], y))
        )

    taken: list[tuple[float, float]] = []
    sizes = []
    for path in paths:
        known = [number for number, size in enumerate(path.batch_size) if size == size]
        for end in dict.fromkeys((known[0], known[-1])) if known else ():
            here, other = place(path, end), place(path, known[-1] if end == known[0] else known[0])
            at = "middle right" if abs(here[0] - other[0]) < 0.02 else "top center"
            if at == "top center" and here[1] < other[1]:
                at = "bottom center"
            shift = {"middle right": (0.02, 0.0), "top center": (0.0, 0.03), "bottom center": (0.0, -0.03)}[at]
            label = (here[0] + shift[0], here[1] + shift[1])
            if all(abs(label[0] - a) > 0.06 or abs(label[1] - b) > 0.04 for a, b in taken):
                taken.append(label)
                sizes.append((path.batch_size[end], path.intensity[end], float(path.attained.value[end]), at))
    return sizes
