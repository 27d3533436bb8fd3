"""A claim as a figure that can be judged alone: the frontier, the limit, the answer, and a caption with the rest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from tradeoff.comparable import usable
from tradeoff.figures.axes import Axis
from tradeoff.figures.frontier import _get_frontier_info
from tradeoff.figures.frontier_panel import FrontierInfo, draw_limit, draw_panel, limit_text
from tradeoff.figures.marks import Numbers, measure
from tradeoff.figures.panels import finish, grid_of_panels, nothing, outer_axes
from tradeoff.figures.text import escape, label_of
from tradeoff.figures.theme import SIZE_LABEL, SIZE_SMALL, Theme, palette
from tradeoff.frames import POINT_COLUMNS
from tradeoff.objective import Constraint, Objective, judge

WIDTH = 800
"""Pixels: a column of a document; caption and names of marks fit there."""

_HEIGHT, _WRAP = 400, 118
_ROOM = 0.1
"""Share of the panel that the word at the limit takes."""

_THROUGHPUT, _LATENCIES = "throughput_rps", ("latency_p99_ms", "latency_p50_ms", "latency_mean_ms")


class ClaimInfo(NamedTuple):
    """What `plot_claim` draws.

    Attributes
    ----------
    frontier
        The frontier's panel with the limit and the answer; None when no point has values on both axes.
    marks
        What has to be seen first: ``"INCOMPLETE"``, ``"INFEASIBLE"``, ``"UNDECIDED"``, ``"UNSTABLE"``.
    nearest
        When nothing meets the objective: place and name of the point that comes nearest.
    misses
        Places of points that miss another limit than the one drawn, and which limits these are.
    title, caption
        Plain text.
    """

    frontier: FrontierInfo | None
    marks: tuple[str, ...]
    nearest: tuple[float, float, str] | None
    misses: tuple[Numbers, Numbers, str]
    title: str
    caption: tuple[str, ...]


def plot_claim(
    points: pd.DataFrame,
    objective: Objective,
    *,
    answer: str,
    axes: tuple[str, str] | None = None,
    marks: Sequence[str] = (),
    caption: Sequence[str] = (),
    theme: Theme = "light",
) -> go.Figure:
    """Plot the frontier that a claim is a point of, 800 pixels wide, with everything that a reviewer needs under it.

    Parameters
    ----------
    points
        The points that the answer is one of: comparable, at the objective's settings.
    objective
        What was asked.
    answer
        ``point_id`` of the point that answers, or comes nearest.
    axes
        Columns of x and y; by default those of `claim_axes`.
    marks
        Words that must be seen before anything else.
    caption
        Plain lines for under the figure.
    theme
        ``"light"`` or ``"dark"``.

    Returns
    -------
    plotly.graph_objects.Figure
        Not shown.

    Raises
    ------
    ValueError
        When the theme is not known.
    """
    x, y = axes or claim_axes(points, objective)
    return _get_claim_plot(_get_claim_info(points, objective, answer, x, y, marks, caption), theme)


def claim_axes(points: pd.DataFrame, objective: Objective, *, binding: Constraint | None = None) -> tuple[str, str]:
    """Choose the columns of x and y: what is optimised, and what is limited; throughput goes up and latency right.

    Parameters
    ----------
    points
        Columns without numbers are passed over.
    objective
        What was asked.
    binding
        The limit that matters where there are several.
    """
    limits = [one.metric for one in ([binding] if binding else []) + list(objective.constraints)]
    known = dict.fromkeys((objective.metric, *limits, _THROUGHPUT, *_LATENCIES))
    candidates = [name for name in known if _drawable(points, name)]
    if len(candidates) < 2:
        return _LATENCIES[0], _THROUGHPUT
    first, *others = candidates
    opposed = [name for name in others if _better(name) != _better(first)]
    second = next(iter([name for name in others if name in limits] + opposed + others))
    # Throughput up, latency to the right; of two of a kind what is optimised goes up.
    return (first, second) if _better(first) == "lower" and _better(second) == "higher" else (second, first)


def _better(name: str) -> str:
    return POINT_COLUMNS[name].better


def _drawable(points: pd.DataFrame, name: str) -> bool:
    """Say whether a column can be an axis: it has a better direction, and some number."""
    known = name in points and name in POINT_COLUMNS and _better(name) != "neither"
    return known and bool(np.isfinite(measure(points, name).value).any())


def _get_claim_info(
    points: pd.DataFrame,
    objective: Objective,
    answer: str,
    x: str,
    y: str,
    marks: Sequence[str],
    caption: Sequence[str],
) -> ClaimInfo:
    rows = points.reset_index(drop=True)
    xs, ys = measure(rows, x).value, measure(rows, y).value
    there = np.isfinite(xs) & np.isfinite(ys) & usable(rows)
    title = f"{label_of(y)[:1].upper()}{label_of(y)[1:]} over {label_of(x)}"
    nowhere = (np.empty(0), np.empty(0), "")
    if not there.any():
        return ClaimInfo(None, tuple(marks), None, nowhere, title, tuple(caption))
    frontier = _get_frontier_info(rows[there], x=x, y=y, objective=objective, limit_ms=None, by=())
    (panel,) = frontier.panels
    (at,) = np.flatnonzero((rows["point_id"] == answer).to_numpy(dtype=bool, na_value=False))[:1] if len(rows) else (0,)
    row = int(there[:at].sum()) if there[at] else -1
    infeasible = panel.verdict == "infeasible"
    panel = panel._replace(winner=-1 if infeasible else row, runner_up=panel.runner_up if row >= 0 else -1)
    name = panel.names[row] if row >= 0 else ""
    other = [one for one in objective.constraints if one.metric not in (x, y)]
    return ClaimInfo(
        frontier=frontier._replace(panels=(panel,)),
        marks=tuple(marks),
        nearest=(float(xs[at]), float(ys[at]), name) if infeasible and row >= 0 else None,
        misses=_misses(rows[there], other, xs[there], ys[there]) if other else nowhere,
        title=title,
        caption=(*caption, *_notes(frontier, int((~there).sum()), other)),
    )


def _misses(rows: pd.DataFrame, limits: Sequence[Constraint], x: Numbers, y: Numbers) -> tuple[Numbers, Numbers, str]:
    missed = ~np.logical_and.reduce([judge(rows, one)[1] for one in limits])
    return x[missed], y[missed], " and ".join(map(limit_text, limits))


def _notes(frontier: FrontierInfo, absent: int, limits: Sequence[Constraint]) -> list[str]:
    notes = [f"Marks are named {frontier.marked}. Whiskers: 95 % intervals. Nothing is measured between marks."]
    if limits:
        notes.append(f"Crossed out: surely misses {' and '.join(map(limit_text, limits))}.")
    if absent:
        notes.append(f"Without a mark: {absent} {'point' if absent == 1 else 'points'} that failed or lack a value.")
    return notes


def _get_claim_plot(info: ClaimInfo, theme: Theme) -> go.Figure:
    colours = palette(theme)
    if info.frontier is None:
        reason = ["No point has values on both axes.", *info.caption]
        return _marked(nothing(title=info.title, subtitle="", reason=reason, theme=theme), info, theme)
    figure = grid_of_panels(1, 1, theme=theme)
    where = {"row": 1, "col": 1}
    draw_limit(figure, info.frontier, where, colours)
    draw_panel(figure, info.frontier, info.frontier.panels[0], where, colours, set())
    _draw_misses(figure, info, theme)
    _draw_nearest(figure, info, theme)
    outer_axes(figure, info.frontier.x, info.frontier.y, row=1, col=1, below=True, beside=True)
    figure = finish(
        figure, title=info.title, subtitle=info.frontier.subtitle, caption=info.caption, theme=theme, height=_HEIGHT,
        wrap=_WRAP,
    )  # fmt: skip
    _draw_side(figure, info.frontier, theme)
    return _marked(figure, info, theme)


def _draw_side(figure: go.Figure, frontier: FrontierInfo, theme: Theme) -> None:
    """Name the side of a limit that meets it: the shading does not survive every printer."""
    lower, higher = frontier.x_better == "lower", frontier.y_better == "higher"
    style = {"showarrow": False, "font": {"size": SIZE_SMALL, "color": palette(theme).limit}}
    if frontier.x_limit is not None and (share := _share(frontier.x, frontier.x_limit.limit)) is not None:
        word = "feasible" if (share if lower else 1.0 - share) > _ROOM else ""
        figure.add_annotation(
            x=share, y=0 if higher else 1, xref="x domain", yref="y domain", xanchor="right" if lower else "left",
            yanchor="bottom" if higher else "top", text=f"◂ {word}" if lower else f"{word} ▸", **style,
        )  # fmt: skip
    if frontier.y_limit is not None and (share := _share(frontier.y, frontier.y_limit.limit)) is not None:
        figure.add_annotation(
            x=0 if lower else 1, y=share, xref="x domain", yref="y domain", xanchor="left" if lower else "right",
            yanchor="bottom" if higher else "top", text=f"feasible {'▴' if higher else '▾'}", **style,
        )  # fmt: skip


def _share(scale: Axis, value: float) -> float | None:
    """Return where a value lies between the ends of an axis; None where a logarithm has no place for it."""
    if not scale.log:
        return (value - scale.low) / (scale.high - scale.low)
    return math.log(value / scale.low) / math.log(scale.high / scale.low) if value > 0 else None


def _draw_misses(figure: go.Figure, info: ClaimInfo, theme: Theme) -> None:
    x, y, limits = info.misses
    if len(x):
        figure.add_scatter(
            x=x, y=y, mode="markers", hoverinfo="skip", name=escape(f"misses {limits}", longest=60),
            marker={"symbol": "x-thin", "size": 12, "line": {"width": 1.5, "color": palette(theme).limit}},
        )  # fmt: skip


def _draw_nearest(figure: go.Figure, info: ClaimInfo, theme: Theme) -> None:
    """Mark what comes nearest when nothing meets the objective: it is no answer, and must not look like one."""
    if info.nearest is None or info.frontier is None:
        return
    x, y, name = info.nearest
    colour = palette(theme).limit
    figure.add_scatter(
        x=[x], y=[y], mode="markers", hoverinfo="skip", showlegend=False,
        marker={"symbol": "circle-open-dot", "size": 18, "color": colour, "line": {"width": 1.5}},
    )  # fmt: skip
    figure.add_annotation(
        x=math.log10(x) if info.frontier.x.log else x, y=math.log10(y) if info.frontier.y.log else y,
        text=f"nearest {escape(name)}, misses", showarrow=False, xanchor="left", yanchor="top", xshift=9, yshift=-6,
        font={"size": SIZE_SMALL, "color": colour},
    )  # fmt: skip


def _marked(figure: go.Figure, info: ClaimInfo, theme: Theme) -> go.Figure:
    """Stamp the marks on the figure itself, where no reader passes over them."""
    colours = palette(theme)
    if info.marks:
        above = figure.layout.margin.t or 100
        figure.add_annotation(
            text=f"<b>{escape(' · '.join(info.marks))}</b>", x=1, y=1, xref="paper", yref="paper", xanchor="right",
            yanchor="top", yshift=above - 14, showarrow=False, borderpad=4, bgcolor=colours.limit,
            font={"size": SIZE_LABEL, "color": colours.paper},
        )  # fmt: skip
    return figure.update_layout(width=WIDTH)
