"""The attainment curve: the best throughput that each latency limit leaves, with its interval; one Run or several."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from tradeoff.arguments import shown
from tradeoff.attainment import attained_at, attainment
from tradeoff.comparable import group_names
from tradeoff.figures.attainment_panel import MOST, AttainmentCurve, AttainmentInfo, AttainmentPanel, draw_attainment
from tradeoff.figures.axes import Axis, axis
from tradeoff.figures.frontier import asked_of, cuts_off_the_worse
from tradeoff.figures.frontier_panel import limit_text
from tradeoff.figures.groups import groups_of, points_of
from tradeoff.figures.marks import Numbers
from tradeoff.figures.panels import finish, grid_of_panels, nothing, outer_axes, pairs
from tradeoff.figures.text import escape, label_of, quantity, with_interval
from tradeoff.figures.theme import Theme
from tradeoff.frames import POINT_COLUMNS, Run
from tradeoff.frames.names import column_of
from tradeoff.objective import Constraint, Objective, rows_at

_RUN = "which of the runs"
"""A column of the points of several Runs in one frame."""


def plot_attainment(
    run: Run | pd.DataFrame | Mapping[str, Run | pd.DataFrame],
    *,
    x: str = "latency_p99_ms",
    y: str = "throughput_rps",
    objective: Objective | str | None = None,
    limit_ms: float | None = None,
    by: Iterable[str] | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """Plot the best throughput that each latency limit leaves: a step line with the band of its interval.

    Parameters
    ----------
    run
        A Run or its points, or up to four of them by name: ``{"before": ..., "after": ...}``.
    x, y
        What is limited and what is attained: two columns of points that have a better direction.
    objective
        As text or `Objective`: the curves are read at its limit on `x`. Only rows at its settings are shown.
    limit_ms
        Short for ``maximize <y> subject to <x> <= limit``.
    by
        Columns that tell comparable groups apart; by default those of `NEVER_POOLED` that are present. One panel a
        group.
    theme
        ``"light"`` or ``"dark"``.

    Returns
    -------
    plotly.graph_objects.Figure
        Not shown.

    Raises
    ------
    TypeError, ValueError
        When `run` holds no points, an axis or the theme is not known, or the objective cannot be read.
    """
    info = _get_attainment_info(run, x=x, y=y, objective=objective, limit_ms=limit_ms, by=by)
    return _get_attainment_plot(info, theme)


def _get_attainment_info(
    run: Run | pd.DataFrame | Mapping[str, Run | pd.DataFrame],
    *,
    x: str,
    y: str,
    objective: Objective | str | None,
    limit_ms: float | None,
    by: Iterable[str] | None,
) -> AttainmentInfo:
    """Work out what `plot_attainment` draws."""
    runs = _named(run)
    points = pd.concat([points_of(one).assign(**{_RUN: name}) for name, one in runs.items()], ignore_index=True)
    x, y = column_of(points, x, "x"), column_of(points, y, "y")
    for name in (x, y):
        if name not in POINT_COLUMNS or POINT_COLUMNS[name].better == "neither":
            raise ValueError(f"axis {shown(name)}: choose a column of the points that has a better direction")
    attainment(points.iloc[:0], x, y)  # refuses axes that cannot be drawn, whatever the groups
    asked = asked_of(objective, limit_ms, points, x=x, y=y)
    for setting in asked.at if asked and len(points) else ():
        points = rows_at(points, setting)
    limits = [
        limit for limit in (asked.constraints if asked else ()) if limit.metric == x and cuts_off_the_worse(limit)
    ]
    declared = limits[0] if limits else None
    shared, groups = groups_of(points, group_names(points, by))
    panels = [AttainmentPanel(group.title, tuple(_curves(group.rows, runs, x, y, declared))) for group in groups]
    panels = [panel for panel in panels if panel.curves]
    curves = [curve for panel in panels for curve in panel.curves]
    better = {name: POINT_COLUMNS[name].better for name in (x, y)}
    ends = [limit for curve in curves for limit in curve.limit] + [declared.limit for _ in limits if declared]
    looser = "looser →" if better[x] == "lower" else "← looser"
    return AttainmentInfo(
        title=f"Best {label_of(y)} at each limit on {label_of(x)}",
        subtitle=shared,
        x=axis(ends, title=f"limit on {POINT_COLUMNS[x].title}   {looser}", most=8 if len(panels) < 2 else 5),
        y=_upright([part for curve in curves for part in (curve.value, curve.low, curve.high)], y),
        x_better=better[x],
        y_better=better[y],
        panels=tuple(panels),
        names=tuple(name for name in runs if name),
        x_limit=declared,
    )


def _named(run: Run | pd.DataFrame | Mapping[str, Run | pd.DataFrame]) -> dict[str, Run | pd.DataFrame]:
    if not isinstance(run, Mapping):
        return {"": run}
    if not 1 <= len(run) <= MOST or not all(isinstance(name, str) and name for name in run):
        raise ValueError(f"run={shown(run)}: give one to {MOST} Runs by name, as in {{'before': run, 'after': other}}")
    return dict(run)


def _upright(parts: Sequence[Numbers], name: str) -> Axis:
    """Return an axis that starts at 0, so that heights are shares, unless that would crush what is low."""
    levels = np.concatenate([part[np.isfinite(part)] for part in parts]) if parts else np.empty(0)
    arrow = {"lower": "↓ better", "higher": "↑ better"}[POINT_COLUMNS[name].better]
    title = f"best {POINT_COLUMNS[name].title}   {arrow}"
    if len(levels) and 0 < levels.min() < levels.max() / 30:
        return axis(levels, title=title)
    fitted = axis([0.0, *levels], title=title, log=False)
    return fitted if (levels < 0).any() else fitted._replace(low=0.0)


def _curves(
    rows: pd.DataFrame, names: Iterable[str], x: str, y: str, declared: Constraint | None
) -> Iterator[AttainmentCurve]:
    for name in names:
        mine = rows[(rows[_RUN] == name).to_numpy()]
        curve = attainment(mine, x, y, by=())
        if not len(curve):
            continue
        limit, value, low, high = (curve[part].to_numpy(dtype="float64") for part in ("limit", "value", "lo", "hi"))
        hover = [_hover(name, at, _told(*ends, name=y), x) for at, *ends in zip(limit, value, low, high, strict=True)]
        whole = AttainmentCurve(name, limit, value, low, high, hover)
        if declared is not None:
            read, *ends = attained_at(mine, declared.limit, x, y, by=())[["value", "lo", "hi"]].to_numpy()[0]
            whole = whole._replace(read=float(read), told=_told(read, *ends, name=y))
        yield whole


def _hover(name: str, limit: float, told: str, x: str) -> str:
    sign = "≤" if POINT_COLUMNS[x].better == "lower" else "≥"
    lines = [f"<b>{escape(name)}</b>"] if name else []
    return "<br>".join([*lines, f"{escape(label_of(x))} {sign} {quantity(limit, x)}", told])


def _told(value: float, low: float, high: float, *, name: str) -> str:
    if not np.isnan(value):
        return f"best {label_of(name)} {with_interval(value, low, high, name)}"
    best = high if POINT_COLUMNS[name].better == "higher" else low
    may_be = "" if np.isnan(best) else f" by its value; by its interval one may, with {quantity(best, name)}"
    return f"no point meets it{may_be}"


def _get_attainment_plot(info: AttainmentInfo, theme: Theme) -> go.Figure:
    if not info.panels:
        reason = ["No point has both columns: measure some first."]
        return nothing(title=info.title, subtitle=info.subtitle, reason=reason, theme=theme)
    columns, rows = pairs(len(info.panels))
    figure = grid_of_panels(
        rows, columns, titles=[panel.title for panel in info.panels] if len(info.panels) > 1 else (), theme=theme,
        shared_xaxes="all", shared_yaxes="all", horizontal_spacing=0.06, vertical_spacing=min(0.12, 0.5 / rows),
    )  # fmt: skip
    named: set[str] = set()
    for number, panel in enumerate(info.panels):
        where = {"row": number // columns + 1, "col": number % columns + 1}
        draw_attainment(figure, info, panel, where, theme, named)
        below, beside = number + columns >= len(info.panels), number % columns == 0
        outer_axes(figure, info.x, info.y, below=below, beside=beside, **where)
    return finish(
        figure, title=info.title, subtitle=info.subtitle, caption=_caption(info), theme=theme,
        height=420 if rows == 1 else 300 * rows,
    )  # fmt: skip


def _caption(info: AttainmentInfo) -> list[str]:
    lines = [
        "The line holds up to its next step: nothing is known between measured points. Band: from what is attained for "
        "sure, by the far ends of the 95 % intervals, to what may be."
    ]
    for panel in info.panels:
        for curve in panel.curves:
            if info.x_limit is not None:
                before = "".join(f"{part}: " for part in (panel.title, curve.name) if part)
                lines.append(f"{before}{limit_text(info.x_limit)}: {curve.told}.")
    return lines
