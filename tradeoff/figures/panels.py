"""Laying panels out: the empty figure, titles, captions, the shared grid of axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from tradeoff.figures.axes import Axis
from tradeoff.figures.text import escape, wrapped
from tradeoff.figures.theme import SIZE_LABEL, SIZE_SMALL, Theme, palette, template

_LINE, _LETTER, _LEGEND_KEY, _LEGEND_ROW = 15, 6.5, 52, 24
"""Pixels: a line of small type, a letter of it, what stands before a legend's word, a row of the legend."""

_NARROW = 590
"""Pixels a panel is wide in a window of 700."""


def grid_of_panels(rows: int, columns: int, *, titles: Sequence[str] = (), theme: Theme, **options: Any) -> go.Figure:
    """Return a figure of ``rows × columns`` empty panels in a theme; panel titles are small and to the left."""
    figure = make_subplots(
        rows=rows, cols=columns, subplot_titles=[escape(title) for title in titles] or None, **options
    )
    figure.update_annotations(font={"size": SIZE_SMALL, "color": palette(theme).quiet}, yshift=4)
    for axis, note in zip(figure.select_xaxes(), figure.layout.annotations, strict=False):
        note.update(x=axis.domain[0], xanchor="left")
    figure.update_layout(template=template(theme))
    return figure


def grid_of_pairs(titles: Sequence[str], *, height: int, theme: Theme, **options: Any) -> go.Figure:
    """Return a figure with two panels, one above the other, for each title; two such pairs side by side.

    Parameters
    ----------
    titles
        One for each pair; a single pair has none.
    height
        Of a pair, in pixels.
    theme
        ``"light"`` or ``"dark"``.
    options
        As `grid_of_panels` takes them.
    """
    columns, blocks = pairs(len(titles))
    shown = [""] * (2 * blocks * columns)
    for number, title in enumerate(titles if len(titles) > 1 else ()):
        row, column = place_of_pair(number, columns)
        shown[(row - 1) * columns + column - 1] = title
    return grid_of_panels(
        2 * blocks, columns, titles=shown, theme=theme, shared_xaxes="all", horizontal_spacing=0.06,
        vertical_spacing=0.05 if blocks == 1 else 80 / (height * blocks), **options,
    )  # fmt: skip


def pairs(number: int) -> tuple[int, int]:
    """Return columns and rows of `number` things, two side by side where there are several."""
    columns = 1 if number < 2 else 2
    return columns, max(1, -(-number // columns))


def place_of_pair(number: int, columns: int) -> tuple[int, int]:
    """Return row and column of the upper panel of a pair."""
    return 2 * (number // columns) + 1, number % columns + 1


def outer_axes(figure: go.Figure, x: Axis, y: Axis, *, row: int, col: int, below: bool, beside: bool) -> None:
    """Set the axes of a panel; ticks and title of x stand at the foot of the figure, of y at its left edge."""
    for axis, update, outside in ((x, figure.update_xaxes, below), (y, figure.update_yaxes, beside)):
        layout = axis.layout()
        update({**layout, "showticklabels": outside, "title": layout["title"] if outside else None}, row=row, col=col)


def finish(
    figure: go.Figure,
    *,
    title: str,
    subtitle: str,
    caption: Sequence[str],
    height: int,
    theme: Theme,
    legend: bool = True,
    below: int = 52,
    above: int = 0,
    wrap: int = 100,
) -> go.Figure:
    """Set title, caption and margins, so that nothing overlaps from 700 pixels of width upwards.

    Parameters
    ----------
    figure
        The figure; it is changed.
    title, subtitle
        Plain text; escaped here.
    caption
        Plain lines for under the figure; wrapped and escaped here.
    height
        Of the panels alone, in pixels.
    theme
        ``"light"`` or ``"dark"``.
    legend
        Whether a line is kept for one.
    below
        Pixels that the horizontal axis takes.
    above
        Pixels that names above the panels take.
    wrap
        Letters in a line of the caption; more than 100 need more than 700 pixels.
    """
    lines = wrapped(caption, width=wrap)
    names = [trace.name for trace in figure.data if legend and trace.showlegend and trace.name]
    rows = math.ceil(sum(_LEGEND_KEY + _LETTER * len(name) for name in names) / _NARROW)
    start = 52 + _LINE * len(wrapped([subtitle]))
    titled = [note for note in figure.layout.annotations if note.yref == "paper" and note.text]
    top = start + _LEGEND_ROW * rows + (26 if titled else 12) + above
    bottom = below + (_LINE * len(lines) + 10 if lines else 0)
    if lines:
        figure.add_annotation(
            text="<br>".join(lines), x=0, y=0, xref="paper", yref="paper", xanchor="left", yanchor="top",
            yshift=-below, showarrow=False, align="left", font={"size": SIZE_SMALL, "color": palette(theme).quiet},
        )  # fmt: skip
    whole = height + top + bottom
    return figure.update_layout(
        title=_heading(title, subtitle),
        height=whole,
        margin={"t": top, "b": bottom},
        showlegend=bool(names),
        legend={"yref": "container", "y": 1 - start / whole, "yanchor": "top", "itemsizing": "constant"},
    )


def _heading(title: str, subtitle: str) -> dict[str, Any]:
    return {"text": escape(title), "subtitle": {"text": "<br>".join(wrapped([subtitle]))}}


def nothing(*, title: str, subtitle: str, reason: Sequence[str], theme: Theme) -> go.Figure:
    """Return a figure that says why there is nothing to draw."""
    figure = go.Figure(layout={"template": template(theme)})
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.add_annotation(
        text="<br>".join(wrapped(reason, width=80)), x=0.5, y=0.5, xref="paper", yref="paper", showarrow=False,
        font={"size": SIZE_LABEL, "color": palette(theme).quiet},
    )  # fmt: skip
    return figure.update_layout(title=_heading(title, subtitle), height=360)
