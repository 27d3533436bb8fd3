"""Two Runs under one objective: both frontiers in one panel, the same points joined, and the limit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from tradeoff.comparable import usable
from tradeoff.compare import Comparison, compare
from tradeoff.figures.axes import Axis, axis
from tradeoff.figures.compare_panel import CompareInfo, CompareSide, Joined, Kind, draw_compare
from tradeoff.figures.frontier import step_of
from tradeoff.figures.groups import groups_of, place
from tradeoff.figures.marks import Measure, hover_texts, measure
from tradeoff.figures.panels import finish, grid_of_panels, nothing, outer_axes
from tradeoff.figures.text import escape, label_of
from tradeoff.figures.theme import Theme
from tradeoff.frames import POINT_COLUMNS, Run
from tradeoff.frames.columns import Better
from tradeoff.frontier import frontier
from tradeoff.objective import Constraint, Objective

_USUAL = {"higher": "throughput_rps", "lower": "latency_p99_ms"}
"""What is drawn against a metric that comes alone."""


def plot_compare(
    before: Run | pd.DataFrame,
    after: Run | pd.DataFrame,
    objective: Objective | str,
    *,
    across: Iterable[str] = (),
    theme: Theme = "light",
) -> go.Figure:
    """Plot two Runs under one objective: both frontiers, arrows from each point to the same point after, the limit.

    The axes are those of the objective: what it optimises, and what it limits first; a metric that comes alone is
    drawn against throughput or p99. Points that no longer meet the limits, or newly do, have arrows of their own.

    Parameters
    ----------
    before, after, objective, across
        As in `tradeoff.compare`.
    theme
        ``"light"`` or ``"dark"``.

    Returns
    -------
    plotly.graph_objects.Figure
        Not shown; what `tradeoff.compare` says stands below.

    Raises
    ------
    TypeError, ValueError
        As in `tradeoff.compare`; when the theme is not known.
    """
    return _get_compare_plot(_get_compare_info(compare(before, after, objective, across=across)), theme)


def _get_compare_info(found: Comparison) -> CompareInfo:
    """Work out what `plot_compare` draws."""
    x, y = _axes(found.objective)
    better = {name: _better(found.objective, name) for name in (x, y)}
    limits = {limit.metric: limit for limit in found.objective.constraints if _is_drawn(limit, better)}
    sides = (
        _side(found.rows_before, x, y, better, found.before.point),
        _side(found.rows_after, x, y, better, found.after.point),
    )
    subtitle, _ = groups_of(pd.concat([found.rows_before, found.rows_after], ignore_index=True), [])
    return CompareInfo(
        title=f"{_capital(label_of(y))} over {label_of(x)}, before and after",
        subtitle=subtitle,
        x=_axis(x, [side.x for side in sides], limits.get(x), {"lower": "← better", "higher": "better →"}[better[x]]),
        y=_axis(y, [side.y for side in sides], limits.get(y), {"lower": "↓ better", "higher": "↑ better"}[better[y]]),
        x_better=better[x],
        y_better=better[y],
        x_limit=limits.get(x),
        y_limit=limits.get(y),
        sides=sides,
        joined=tuple(_joined(found, sides)),
        caption=(f"Asked: {found.objective}.", f"{_capital(found.sentence())}", *found.notes),
    )


def _axes(objective: Objective) -> tuple[str, str]:
    """Choose the axes: what is limited, or better low, across; what is optimised, or better high, upwards."""
    names = dict.fromkeys([objective.metric, *(limit.metric for limit in objective.constraints)])
    high = [name for name in names if _better(objective, name) == "higher"]
    low = [name for name in names if _better(objective, name) == "lower"]
    if not high and len(low) > 1:
        return low[1], low[0]
    if not low and len(high) > 1:
        return high[1], high[0]
    return next(iter(low), _USUAL["lower"]), next(iter(high), _USUAL["higher"])


def _better(objective: Objective, name: str) -> Better:
    known = POINT_COLUMNS[name].better if name in POINT_COLUMNS else "neither"
    if known != "neither":
        return known
    if name == objective.metric:
        return "higher" if objective.direction == "maximize" else "lower"
    (limit, *_) = (limit for limit in objective.constraints if limit.metric == name)
    return "lower" if limit.comparison == "<=" else "higher"


def _is_drawn(limit: Constraint, better: dict[str, Better]) -> bool:
    return (limit.comparison, better.get(limit.metric)) in (("<=", "lower"), (">=", "higher"))


def _side(rows: pd.DataFrame, x: str, y: str, better: dict[str, Better], point: pd.Series | None) -> CompareSide:
    there = np.isfinite(measure(rows, x).value) & np.isfinite(measure(rows, y).value) & usable(rows)
    drawn = rows[there]
    labels = [str(label) for label in frontier(drawn, x, y, by=(), better=better)]
    numbers = [int(row) for row in drawn.index]
    across = measure(drawn, x)
    return CompareSide(
        x=across,
        y=measure(drawn, y),
        labels=labels,
        hover=hover_texts(drawn, [y, x, "latency_p50_ms", "latency_p99_ms"]),
        step=step_of(across.value, labels, lower=better[x] == "lower"),
        rows=numbers,
        best=numbers.index(point.name) if point is not None and point.name in numbers else -1,
        best_name="" if point is None else place(point),
    )


def _joined(found: Comparison, sides: tuple[CompareSide, CompareSide]) -> Iterator[Joined]:
    """Yield the pairs that both sides can draw, with what became of them under the limits."""
    numbers = [{row: number for number, row in enumerate(side.rows)} for side in sides]
    met = found.table[["met_before", "met_after"]].itertuples(index=False, name=None)
    kinds: dict[tuple[str, str], Kind] = {("yes", "no"): "lost", ("no", "yes"): "gained"}
    for one, other, now in zip(*found.pairs, met, strict=True):
        if one in numbers[0] and other in numbers[1]:
            yield Joined(numbers[0][one], numbers[1][other], kinds.get(now, "same"))


def _axis(name: str, measures: Sequence[Measure], limit: Constraint | None, arrow: str) -> Axis:
    values = np.concatenate([one.everything() for one in measures])
    positive = not (values <= 0).any()
    if limit is not None and (limit.limit > 0 or not positive):
        values = np.append(values, limit.limit)
    title = POINT_COLUMNS[name].title if name in POINT_COLUMNS else name
    return axis(values, title=f"{escape(title)}   {arrow}", log=None if positive else False)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _get_compare_plot(info: CompareInfo, theme: Theme) -> go.Figure:
    if not any(side.labels for side in info.sides):
        return nothing(title=info.title, subtitle=info.subtitle, reason=["No point has both columns."], theme=theme)
    figure = grid_of_panels(1, 1, theme=theme)
    draw_compare(figure, info, theme)
    outer_axes(figure, info.x, info.y, row=1, col=1, below=True, beside=True)
    caption = ["Arrows lead from a point to the same point after. Whiskers, on the frontiers: 95 % intervals."]
    return finish(
        figure, title=info.title, subtitle=info.subtitle, caption=[*info.caption, *caption], height=460, theme=theme
    )
