"""One panel of the frontier figure: its marks, its step line, and the limit that was declared."""

from __future__ import annotations

import math
from typing import Any, NamedTuple, Protocol

import numpy as np
import plotly.graph_objects as go

from tradeoff.figures.axes import Axis
from tradeoff.figures.marks import Measure
from tradeoff.figures.text import escape
from tradeoff.figures.theme import SIZE_SMALL, Palette, faded
from tradeoff.objective import Constraint

_ROOM_X, _ROOM_Y = 0.13, 0.05
"""Shares of the panel that the name of a mark takes."""


class FrontierPanel(NamedTuple):
    """One comparable group.

    Attributes
    ----------
    title
        What sets it apart; empty when there is but one group.
    x, y
        Values and intervals of the rows that can be drawn.
    labels
        ``"frontier"``, ``"ambiguous"`` or ``"dominated"`` of each.
    names, hover
        Text of each: short beside the mark, long under the pointer.
    step
        Corners of the frontier, best x first.
    winner, runner_up
        Numbers of rows, or -1.
    verdict
        ``"feasible"``, ``"undecided"``, ``"infeasible"``, or ``""`` when nothing was asked.
    sentence
        What answers the objective.
    absent
        Rows without a mark, each with its reason.
    """

    title: str
    x: Measure
    y: Measure
    labels: list[str]
    names: list[str]
    hover: list[str]
    step: list[int]
    winner: int = -1
    runner_up: int = -1
    verdict: str = ""
    sentence: str = ""
    absent: tuple[str, ...] = ()


class FrontierInfo(NamedTuple):
    """What `plot_frontier` draws.

    Attributes
    ----------
    title, subtitle
        What it shows, and what all rows have in common.
    x, y
        The axes, shared by all panels.
    x_better, y_better
        ``"higher"`` or ``"lower"``.
    panels
        One a comparable group.
    x_limit, y_limit
        The declared limits on the axes, where there are any.
    objective
        As text, or empty.
    marked
        What the short names of marks say.
    """

    title: str
    subtitle: str
    x: Axis
    y: Axis
    x_better: str
    y_better: str
    panels: tuple[FrontierPanel, ...]
    x_limit: Constraint | None
    y_limit: Constraint | None
    objective: str
    marked: str


class Declared(Protocol):
    """The axes of a figure with the limits declared on them; as in `FrontierInfo`."""

    @property
    def x(self) -> Axis: ...  # noqa: D102
    @property
    def y(self) -> Axis: ...  # noqa: D102
    @property
    def x_better(self) -> str: ...  # noqa: D102
    @property
    def y_better(self) -> str: ...  # noqa: D102
    @property
    def x_limit(self) -> Constraint | None: ...  # noqa: D102
    @property
    def y_limit(self) -> Constraint | None: ...  # noqa: D102


def draw_limit(figure: go.Figure, info: Declared, where: dict[str, int], colours: Palette) -> None:
    """Draw the limits as lines with their text, and shade the side that meets them."""
    if not info.x_limit and not info.y_limit:
        return
    x, y = (limit.limit if limit else None for limit in (info.x_limit, info.y_limit))
    best_x, worst_x = (info.x.low, info.x.high) if info.x_better == "lower" else (info.x.high, info.x.low)
    best_y, worst_y = (info.y.low, info.y.high) if info.y_better == "lower" else (info.y.high, info.y.low)
    figure.add_shape(
        type="rect", x0=best_x, x1=worst_x if x is None else x, y0=best_y, y1=worst_y if y is None else y,
        fillcolor=faded(colours.limit, 0.07), line_width=0, layer="below", **where,
    )  # fmt: skip
    draw_limit_lines(figure, info, where, colours)


def draw_limit_lines(figure: go.Figure, info: Declared, where: dict[str, int], colours: Palette) -> None:
    """Draw the limits as lines with their text."""
    x, y = (limit.limit if limit else None for limit in (info.x_limit, info.y_limit))
    best_x, worst_x = (info.x.low, info.x.high) if info.x_better == "lower" else (info.x.high, info.x.low)
    best_y, worst_y = (info.y.low, info.y.high) if info.y_better == "lower" else (info.y.high, info.y.low)
    lines: list[tuple[Constraint | None, list[Any], list[Any], str]] = [
        (info.x_limit, [x, x], [worst_y, best_y], "top right" if info.x_better == "lower" else "top left"),
        (info.y_limit, [worst_x, best_x], [y, y], "top left" if info.x_better == "lower" else "top right"),
    ]
    for limit, xs, ys, side in lines:
        if limit is not None:
            figure.add_scatter(
                x=xs, y=ys, mode="lines+text", hoverinfo="skip", showlegend=False,
                text=[f"\u00a0{escape(limit_text(limit))}\u00a0", ""], textposition=side,
                textfont={"size": SIZE_SMALL, "color": colours.limit}, cliponaxis=False,
                line={"color": colours.limit, "width": 1.5, "dash": "dash"}, **where,
            )  # fmt: skip


def draw_panel(
    figure: go.Figure,
    info: FrontierInfo,
    panel: FrontierPanel,
    where: dict[str, int],
    colours: Palette,
    named: set[str],
) -> None:
    """Draw one comparable group; `named` holds what the legend shows already."""
    edge_x = info.x.high if info.x_better == "lower" else info.x.low
    edge_y = info.y.low if info.y_better == "higher" else info.y.high
    if panel.step:
        x, y = panel.x.value[panel.step].tolist(), panel.y.value[panel.step].tolist()
        figure.add_scatter(
            x=[x[0], *x, edge_x], y=[edge_y, *y, y[-1]], mode="lines", hoverinfo="skip", showlegend=False,
            line={"shape": "hv", "color": colours.frontier, "width": 1.5}, **where,
        )  # fmt: skip
    _draw_open_ends(figure, info, panel, where, colours, named)
    for rank, (label, symbol, size, colour, fill) in enumerate((
        ("dominated", "circle", 7, colours.grey, colours.paper),
        ("ambiguous", "diamond", 10, colours.ambiguous, colours.paper),
        ("frontier", "circle", 9, colours.frontier, colours.frontier),
    )):  # fmt: skip
        chosen = [number for number, other in enumerate(panel.labels) if other == label]
        if not chosen:
            continue
        part_x, part_y = (Measure(*(part[chosen] for part in measure)) for measure in (panel.x, panel.y))
        whisker = {"color": faded(colour, 0.55), "thickness": 1, "width": 0}
        figure.add_scatter(
            x=part_x.value, y=part_y.value, mode="markers", name=label, legendrank=1000 - rank,
            marker={"symbol": symbol, "size": size, "color": fill, "line": {"width": 1.5, "color": colour}},
            error_x={**part_x.whiskers(), **whisker}, error_y={**part_y.whiskers(), **whisker},
            hovertext=[panel.hover[number] for number in chosen], hoverinfo="text",
            **_in_legend(label, named), **where,
        )  # fmt: skip
    _draw_names(figure, info, panel, where, colours)
    _draw_answers(figure, info, panel, where, colours)


def limit_text(limit: Constraint) -> str:
    """Write a limit as people do: ``p99 ≤ 20 ms``; plain text."""
    return str(limit).replace("<=", "≤").replace(">=", "≥")


def _draw_open_ends(
    figure: go.Figure,
    info: FrontierInfo,
    panel: FrontierPanel,
    where: dict[str, int],
    colours: Palette,
    named: set[str],
) -> None:
    """Where the upper end of x is unknown: a dotted line with an arrow head, instead of a whisker that would lie."""
    rows = np.flatnonzero(panel.x.open_ended())
    if not len(rows):
        return
    reach = (info.x.high / info.x.low) ** 0.04 if info.x.log else 0.04 * (info.x.high - info.x.low)
    x, y = [], []
    for value, level in zip(panel.x.value[rows], panel.y.value[rows], strict=True):
        x += [value, value * reach if info.x.log else value + reach, None]
        y += [level, level, None]
    figure.add_scatter(
        x=x, y=y, mode="lines", name="upper end unknown", hoverinfo="skip",
        line={"color": colours.quiet, "width": 1, "dash": "dot"}, **_in_legend("upper end unknown", named), **where,
    )  # fmt: skip
    figure.add_scatter(
        x=x[1::3], y=y[1::3], mode="markers", hoverinfo="skip", showlegend=False,
        marker={"symbol": "triangle-right", "size": 7, "color": colours.quiet}, **where,
    )  # fmt: skip


def _draw_names(
    figure: go.Figure, info: FrontierInfo, panel: FrontierPanel, where: dict[str, int], colours: Palette
) -> None:
    """Name points of the frontier, where there is room: up and left of a frontier point lies nothing."""
    answers = [number for number in (panel.winner, panel.runner_up) if number >= 0]
    taken = [_place(info, panel, number) for number in answers]
    taken += [(x + (-_ROOM_X if _side(info, panel, number)[0] else _ROOM_X), y)
              for number, (x, y) in zip(answers, taken, strict=True)]  # fmt: skip
    chosen: list[int] = []
    for number in reversed(panel.step):
        here = _place(info, panel, number)
        if _crosses_limit(info, here[0]) or _leaves_panel(info, here[0], panel.names[number]):
            continue
        if number not in answers and all(abs(here[0] - x) > _ROOM_X or abs(here[1] - y) > _ROOM_Y for x, y in taken):
            chosen.append(number)
            taken.append(here)
    figure.add_scatter(
        x=panel.x.value[chosen], y=panel.y.value[chosen], mode="text", hoverinfo="skip", showlegend=False,
        text=[_beside(info, escape(panel.names[number])) for number in chosen], textposition=" ".join(_free_side(info)),
        textfont={"size": SIZE_SMALL, "color": colours.quiet}, cliponaxis=False, **where,
    )  # fmt: skip


def _beside(info: FrontierInfo, name: str) -> str:
    """Keep a name off its mark, on the side where the mark is."""
    return f"{name}\u00a0\u00a0" if info.x_better == "lower" else f"\u00a0\u00a0{name}"


def _leaves_panel(info: FrontierInfo, here: float, name: str) -> bool:
    """Say whether the name of a mark would lie on the ticks of the axis; a letter is about a hundredth of a panel."""
    room = here if info.x_better == "lower" else 1.0 - here
    return room < 0.01 * len(name) + 0.015


def _crosses_limit(info: FrontierInfo, here: float) -> bool:
    """Say whether the name of a mark would lie on the line of the limit."""
    if info.x_limit is None or (info.x.log and not info.x_limit.limit > 0):
        return False
    limit = _share(info.x, info.x_limit.limit)
    return here - _ROOM_X < limit < here if info.x_better == "lower" else here < limit < here + _ROOM_X


def _draw_answers(
    figure: go.Figure, info: FrontierInfo, panel: FrontierPanel, where: dict[str, int], colours: Palette
) -> None:
    first = "answer" if panel.verdict == "feasible" else "undecided"
    for number, word, symbol, size in (
        (panel.runner_up, "runner-up", "square", 15),
        (panel.winner, first, "circle", 18),
    ):
        if number < 0:
            continue
        wins = number == panel.winner
        x, y = float(panel.x.value[number]), float(panel.y.value[number])
        figure.add_scatter(
            x=[x], y=[y], mode="markers", hoverinfo="skip", showlegend=False,
            marker={"symbol": f"{symbol}-open", "size": size, "color": colours.here, "line": {"width": 1.5}}, **where,
        )  # fmt: skip
        share = _place(info, panel, number)[0]
        left, above = _side(info, panel, number)
        text = f"{word} {escape(panel.names[number])}"
        figure.add_annotation(
            x=math.log10(x) if info.x.log else x, y=math.log10(y) if info.y.log else y, showarrow=False,
            text=f"<b>{text}</b>" if wins else text, xanchor="right" if left else "left",
            yanchor="bottom" if above else "top", xshift=-9 if left else 9, yshift=6 if above else -6,
            font={"size": SIZE_SMALL, "color": colours.here}, **where,
            bgcolor=None if left or not _reaches_limit(info, share) else faded(colours.paper, 0.75),
        )  # fmt: skip


def _side(info: FrontierInfo, panel: FrontierPanel, number: int) -> tuple[bool, bool]:
    """Say whether the text of an answer goes to the left of its mark, and whether above it.

    Up and left of a frontier point lies nothing: there goes the answer's text, and the runner-up's where it is not in
    its way; else to the other side, unless the edge of the panel is near.
    """
    share = _place(info, panel, number)[0]
    free = number == panel.winner or (panel.labels[number] == "frontier" and _apart(info, panel))
    left = share > 0.3 or _reaches_limit(info, share) if free and info.x_better == "lower" else share > 0.7
    return left, free == (info.y_better == "higher")


def _apart(info: FrontierInfo, panel: FrontierPanel) -> bool:
    """Say whether the texts of answer and runner-up have room on the same side of their marks."""
    if panel.winner < 0:
        return True
    one, other = (_place(info, panel, number) for number in (panel.winner, panel.runner_up))
    return abs(one[0] - other[0]) > 1.5 * _ROOM_X or abs(one[1] - other[1]) > 1.5 * _ROOM_Y


def _reaches_limit(info: FrontierInfo, here: float) -> bool:
    """Say whether text to the right of a mark would lie on the line of the limit, and there is room to its left."""
    if info.x_limit is None or (info.x.log and not info.x_limit.limit > 0) or here < 1.3 * _ROOM_X:
        return False
    return here < _share(info.x, info.x_limit.limit) < here + 1.3 * _ROOM_X


def _free_side(info: FrontierInfo) -> tuple[str, str]:
    return "top" if info.y_better == "higher" else "bottom", "left" if info.x_better == "lower" else "right"


def _place(info: FrontierInfo, panel: FrontierPanel, number: int) -> tuple[float, float]:
    return _share(info.x, float(panel.x.value[number])), _share(info.y, float(panel.y.value[number]))


def _share(scale: Axis, value: float) -> float:
    if scale.log:
        return math.log(value / scale.low) / math.log(scale.high / scale.low)
    return (value - scale.low) / (scale.high - scale.low)


def _in_legend(name: str, named: set[str]) -> dict[str, object]:
    first = name not in named
    named.add(name)
    return {"legendgroup": name, "showlegend": first}
