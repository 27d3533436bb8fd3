"""How every figure looks: light and dark, three sizes of type, colours that all eyes can tell apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import plotly.graph_objects as go
from plotly.colors import sample_colorscale

Theme = Literal["light", "dark"]

SIZE_TITLE, SIZE_LABEL, SIZE_SMALL = 17, 13, 11
"""The typographic scale, in pixels."""

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "star", "hexagon")
"""Marks that tell series apart where colours do not."""

FONT = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"


@dataclass(frozen=True)
class Palette:
    """The colours of a theme; classes are from Okabe and Ito (2008).

    Attributes
    ----------
    paper, ink, quiet, grid
        Background, text, secondary text, lines of the grid.
    grey
        What is there for context: dominated points, the other series.
    frontier, ambiguous, limit, here
        The frontier, what may belong to it, the declared limit, the point in question.
    stages
        One colour for each stage of a request, by name.
    """

    paper: str
    ink: str
    quiet: str
    grid: str
    grey: str
    frontier: str
    ambiguous: str
    limit: str
    here: str
    stages: Mapping[str, str]


# Okabe, M. & Ito, K. (2008), Color Universal Design: blue, orange, vermillion, bluish green, sky blue, reddish purple.
_LIGHT = Palette(
    paper="#ffffff", ink="#1b1b1b", quiet="#595959", grid="#e9e9e9", grey="#8a8a8a",
    frontier="#0072b2", ambiguous="#b87700", limit="#d55e00", here="#1b1b1b",
    stages=MappingProxyType({
        "pre": "#cc79a7", "batch_wait": "#e69f00", "queue_wait": "#d55e00",
        "model": "#0072b2", "post": "#009e73", "overhead": "#8a8a8a",
    }),
)  # fmt: skip
_DARK = Palette(
    paper="#14171b", ink="#ececec", quiet="#aab1ba", grid="#2b3037", grey="#8b929b",
    frontier="#56b4e9", ambiguous="#f0b030", limit="#ff7a1a", here="#ececec",
    stages=MappingProxyType({
        "pre": "#cc79a7", "batch_wait": "#e69f00", "queue_wait": "#ff7a1a",
        "model": "#56b4e9", "post": "#1fc298", "overhead": "#8b929b",
    }),
)  # fmt: skip
_PALETTES: Mapping[str, Palette] = MappingProxyType({"light": _LIGHT, "dark": _DARK})


def palette(theme: Theme) -> Palette:
    """Return the colours of a theme.

    Raises
    ------
    ValueError
        When `theme` is neither ``"light"`` nor ``"dark"``.
    """
    if theme not in _PALETTES:
        raise ValueError(f"theme={theme!r}: choose 'light' or 'dark'")
    return _PALETTES[theme]


def ordered_colours(number: int, theme: Theme) -> list[str]:
    """Return `number` colours of cividis for ordered sizes, without the end that fades into the paper."""
    first, last = (0.0, 0.78) if theme == "light" else (0.32, 1.0)
    places = [first + (last - first) * place / max(1, number - 1) for place in range(number)]
    return [str(colour) for colour in sample_colorscale("Cividis", places)]


def faded(colour: str, opacity: float) -> str:
    """Return a ``#rrggbb`` or ``rgb(...)`` colour with an opacity."""
    if colour.startswith("#"):
        parts = ", ".join(str(int(colour[place : place + 2], 16)) for place in (1, 3, 5))
    else:
        parts = colour[colour.index("(") + 1 : colour.index(")")]
    return f"rgba({parts}, {opacity:g})"


def template(theme: Theme) -> go.layout.Template:
    """Return the plotly template of a theme; nothing is registered or made the default."""
    colours = palette(theme)
    axis = {
        "showline": True,
        "linecolor": colours.quiet,
        "linewidth": 1,
        "ticks": "outside",
        "tickcolor": colours.quiet,
        "ticklen": 5,
        "tickfont": {"size": SIZE_SMALL, "color": colours.quiet},
        "title": {"font": {"size": SIZE_LABEL, "color": colours.ink}, "standoff": 8},
        "gridcolor": colours.grid,
        "gridwidth": 1,
        "zeroline": False,
        "automargin": True,
    }
    return go.layout.Template(
        layout={
            "font": {"family": FONT, "size": SIZE_LABEL, "color": colours.ink},
            "paper_bgcolor": colours.paper,
            "plot_bgcolor": colours.paper,
            "title": {
                "font": {"size": SIZE_TITLE, "color": colours.ink},
                "subtitle": {"font": {"size": SIZE_SMALL, "color": colours.quiet}},
                "x": 0,
                "xref": "paper",
                "xanchor": "left",
                "y": 1,
                "yref": "container",
                "yanchor": "top",
                "pad": {"t": 16},
            },
            "xaxis": axis,
            "yaxis": axis,
            "legend": {
                "orientation": "h",
                "x": 0,
                "xanchor": "left",
                "y": 1,
                "yanchor": "bottom",
                "font": {"size": SIZE_SMALL, "color": colours.ink},
                "bgcolor": "rgba(0, 0, 0, 0)",
            },
            "hoverlabel": {
                "font": {"family": FONT, "size": SIZE_SMALL, "color": colours.ink},
                "bgcolor": colours.paper,
                "bordercolor": colours.grey,
                "align": "left",
            },
            "margin": {"l": 70, "r": 24, "t": 100, "b": 60},
            "hovermode": "closest",
            "dragmode": "zoom",
        }
    )
