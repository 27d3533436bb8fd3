"""The frontier: throughput over a latency percentile, a step line, and what the declared limit leaves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from tradeoff.comparable import usable
from tradeoff.figures.axes import Axis, axis
from tradeoff.figures.frontier_panel import FrontierInfo, FrontierPanel, draw_limit, draw_panel
from tradeoff.figures.groups import groups_of, place, points_of, why_absent
from tradeoff.figures.marks import Measure, Numbers, hover_texts, measure
from tradeoff.figures.panels import finish, grid_of_panels, nothing, outer_axes, pairs
from tradeoff.figures.text import label_of
from tradeoff.figures.theme import Theme, palette
from tradeoff.frames import POINT_COLUMNS, Run
from tradeoff.frames.names import column_of
from tradeoff.frontier import frontier
from tradeoff.objective import Constraint, Direction, Objective, ObjectiveError, decide, rows_at

_TOLD = ("latency_p50_ms", "latency_p99_ms")
_WORDS = {
    "frontier": "on the frontier",
    "ambiguous": "ambiguous: may be on the frontier",
    "dominated": "dominated",
}


def plot_frontier(
    run: Run | pd.DataFrame,
    *,
    x: str = "latency_p99_ms",
    y: str = "throughput_rps",
    objective: Objective | str | None = None,
    limit_ms: float | None = None,
    by: Sequence[str] | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """Plot throughput over a latency percentile, with the frontier as a step line.

    One panel for each comparable group. Dominated points are grey and open, ambiguous ones are diamonds, whiskers
    are 95 % intervals on both axes, the step line is the best throughput at each latency limit. Nothing is called
    best until something is asked.

    Parameters
    ----------
    run
        A Run or its points.
    x, y
        Two columns of points that have a better direction, by any names that an objective takes (``"p99"``).
    objective
        As text or `Objective`: its limits become lines, the feasible side is shaded, and what answers is marked.
        Only rows at its settings (``at concurrency 8``) are shown.
    limit_ms
        Short for ``maximize <y> subject to <x> <= limit``.
    by
        Columns that tell comparable groups apart; by default those of `NEVER_POOLED` that are present.
    theme
        ``"light"`` or ``"dark"``.

    Returns
    -------
    plotly.graph_objects.Figure
        Not shown.

    Raises
    ------
    ValueError
        When an axis or the theme is not known, or the objective cannot be read (`ObjectiveError`).
    """
    info = _get_frontier_info(run, x=x, y=y, objective=objective, limit_ms=limit_ms, by=by)
    return _get_frontier_plot(info, theme)


def _get_frontier_info(
    run: Run | pd.DataFrame,
    *,
    x: str,
    y: str,
    objective: Objective | str | None,
    limit_ms: float | None,
    by: Sequence[str] | None,
) -> FrontierInfo:
    """Work out what `plot_frontier` draws."""
    points = points_of(run)
    x, y = column_of(points, x, "x"), column_of(points, y, "y")
    for name in (x, y):
        if name not in points or name not in POINT_COLUMNS or POINT_COLUMNS[name].better == "neither":
            raise ValueError(
                f"axis {name!r}: choose a column of the points that has a better direction; {_instead(points)}"
            )
    asked = asked_of(objective, limit_ms, points, x=x, y=y)
    for setting in asked.at if asked and len(points) else ():
        points = rows_at(points, setting)
    shared, groups = groups_of(points, by)
    short = _short_name(points)
    panels = tuple(_panel(group.title, group.rows, x, y, asked, short) for group in groups)
    limits = {c.metric: c for c in (asked.constraints if asked else ()) if cuts_off_the_worse(c)}
    return FrontierInfo(
        title=f"{_capital(label_of(y))} over {label_of(x)}",
        subtitle=shared,
        x=_axis(
            x,
            [p.x for p in panels],
            limits.get(x),
            most=8 if len(panels) < 2 else 5,
            arrow={"lower": "← better", "higher": "better →"},
        ),
        y=_axis(y, [p.y for p in panels], limits.get(y), most=8, arrow={"lower": "↓ better", "higher": "↑ better"}),
        x_better=POINT_COLUMNS[x].better,
        y_better=POINT_COLUMNS[y].better,
        panels=panels,
        x_limit=limits.get(x),
        y_limit=limits.get(y),
        objective=str(asked) if asked else "",
        marked=" × ".join(
            {"batch_size": "batch size", "concurrency": "concurrency"}.get(n, label_of(n)) for n in short
        ),
    )


def _instead(points: pd.DataFrame) -> str:
    """Say which columns that hold numbers would do."""
    known = [
        column.name
        for column in POINT_COLUMNS.values()
        if column.better != "neither" and not column.name.endswith(("_lo", "_hi"))
        if column.name in points and points[column.name].notna().any()
    ]
    return f"choose from {', '.join(known)}" if known else "none of its columns has numbers"


def cuts_off_the_worse(limit: Constraint) -> bool:
    """Say whether a limit is one that a figure can show as a line with a better side."""
    better = POINT_COLUMNS[limit.metric].better if limit.metric in POINT_COLUMNS else "neither"
    return (limit.comparison, better) in (("<=", "lower"), (">=", "higher"))


def asked_of(
    objective: Objective | str | None, limit_ms: float | None, points: pd.DataFrame, *, x: str, y: str
) -> Objective | None:
    """Return the objective that a figure was asked to show, or that ``limit_ms`` is short for.

    Raises
    ------
    TypeError, ValueError
        When the objective is none or cannot be read, both are given, or `x` is not measured in ms.
    """
    if limit_ms is not None:
        if objective is not None:
            raise ValueError("pass objective= or limit_ms=, not both")
        if POINT_COLUMNS[x].unit != "ms":
            raise ValueError(f"limit_ms={limit_ms!r}: x={x!r} is not measured in ms; pass objective= instead")
        direction: Direction = "maximize" if POINT_COLUMNS[y].better == "higher" else "minimize"
        return Objective(direction, y, (Constraint(x, "<=", limit_ms),))
    return None if objective is None else Objective.of(objective, points.columns)


def _panel(
    title: str, rows: pd.DataFrame, x: str, y: str, asked: Objective | None, short: Sequence[str]
) -> FrontierPanel:
    there = np.isfinite(measure(rows, x).value) & np.isfinite(measure(rows, y).value) & usable(rows)
    drawn, absent = rows[there].reset_index(drop=True), rows[~there]
    labels = [str(label) for label in frontier(drawn, x, y, by=())]
    hover = hover_texts(drawn, [y, x, *_TOLD], last={n: _WORDS[label] for n, label in enumerate(labels)})
    panel = FrontierPanel(
        title=title,
        x=measure(drawn, x),
        y=measure(drawn, y),
        labels=labels,
        names=[_name(row, short) for _, row in drawn.iterrows()],
        hover=hover,
        step=step_of(measure(drawn, x).value, labels, lower=POINT_COLUMNS[x].better == "lower"),
        absent=tuple(f"{place(row)} ({why_absent(row)})" for _, row in absent.iterrows()),
    )
    if asked is None:
        return panel
    try:
        decision = decide(drawn if len(drawn) else rows, Objective(asked.direction, asked.metric, asked.constraints))
    except ObjectiveError as error:
        return panel._replace(sentence=f"{str(error)[0].upper()}{str(error)[1:]}.")
    return panel._replace(
        winner=-1 if decision.verdict == "infeasible" else _row(decision.point),
        runner_up=_row(decision.runner_up),
        verdict=decision.verdict,
        sentence=decision.sentence(),
    )


def _row(point: pd.Series | None) -> int:
    return -1 if point is None else int(str(point.name))  # the index is fresh: labels are row numbers


def step_of(x: Numbers, labels: Sequence[str], *, lower: bool) -> list[int]:
    """Return the numbers of the points that make the step line, best x first."""
    on = [number for number, label in enumerate(labels) if label == "frontier"]
    return sorted(on, key=lambda number: x[number] if lower else -x[number])


def _axis(
    name: str, measures: Sequence[Measure], limit: Constraint | None, *, arrow: dict[str, str], most: int
) -> Axis:
    values = np.concatenate([part for measure in measures for part in measure]) if measures else np.empty(0)
    positive = not len(values) or not (values <= 0).any()
    if limit is not None and (limit.limit > 0 or not positive):
        values = np.append(values, limit.limit)
    column = POINT_COLUMNS[name]
    return axis(values, title=f"{column.title}   {arrow[column.better]}", log=None if positive else False, most=most)


def _short_name(points: pd.DataFrame) -> list[str]:
    candidates = ("batch_size", "concurrency", "request_rate_rps", "max_wait_ms", "workers")
    vary = [name for name in candidates if name in points and len(points[name].dropna().unique()) > 1]
    return vary[:3] or [name for name in candidates[:2] if name in points]


def _name(row: pd.Series, names: Sequence[str]) -> str:
    return " × ".join(f"{float(row[name]):g}" if pd.notna(row[name]) else "–" for name in names)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _get_frontier_plot(info: FrontierInfo, theme: Theme) -> go.Figure:
    if not info.panels:
        return nothing(title=info.title, subtitle=info.subtitle, reason=["No points: measure some first."], theme=theme)
    columns, rows = pairs(len(info.panels))
    figure = grid_of_panels(
        rows, columns, titles=[panel.title for panel in info.panels] if len(info.panels) > 1 else (), theme=theme,
        shared_xaxes="all", shared_yaxes="all", horizontal_spacing=0.06, vertical_spacing=min(0.12, 0.5 / rows),
    )  # fmt: skip
    named: set[str] = set()
    for number, panel in enumerate(info.panels):
        where = {"row": number // columns + 1, "col": number % columns + 1}
        draw_limit(figure, info, where, palette(theme))
        draw_panel(figure, info, panel, where, palette(theme), named)
        below, beside = number + columns >= len(info.panels), number % columns == 0
        outer_axes(figure, info.x, info.y, below=below, beside=beside, **where)
    return finish(
        figure, title=info.title, subtitle=info.subtitle, caption=_caption(info), theme=theme,
        height=420 if rows == 1 else 300 * rows,
    )  # fmt: skip


def _caption(info: FrontierInfo) -> list[str]:
    lines = [f"Marks are named {info.marked}. Whiskers: 95 % intervals. Nothing is measured between marks."]
    if info.objective:
        lines.append(f"Asked: {info.objective}.")
    for panel in info.panels:
        before = f"{panel.title}: " if panel.title else ""
        if panel.sentence:
            lines.append(before + panel.sentence)
        if panel.absent:
            more = f", and {len(panel.absent) - 4} more" if len(panel.absent) > 4 else ""
            lines.append(f"{before}Without a mark: {'; '.join(panel.absent[:4])}{more}.")
    return lines
