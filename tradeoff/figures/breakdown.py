"""Where the time goes: the stages of a request at p50 and at p99, side by side, each adding up."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from tradeoff.figures.axes import Axis, axis
from tradeoff.figures.groups import points_of, why_absent
from tradeoff.figures.marks import measure
from tradeoff.figures.one_point import choose_point, heading
from tradeoff.figures.panels import finish, grid_of_panels, nothing
from tradeoff.figures.text import count, three, with_interval
from tradeoff.figures.theme import SIZE_SMALL, Theme, palette
from tradeoff.frames import STAGES, Run

_TITLE = "Where the time goes"
_SIDES = ("p50", "p99")
_WORDS = {"pre": "pre-processing", "post": "post-processing", "model": "model"}
_TOTAL = "latency"


class Waterfall(NamedTuple):
    """The stages at one percentile.

    Attributes
    ----------
    percentile
        ``"p50"`` or ``"p99"``.
    start, length
        Where each bar begins and how long it is, in ms, in the order of `BreakdownInfo.stages`; an overhead below
        zero runs backwards.
    total
        The latency the bars add up to, in ms.
    told
        The latency with its interval and n, as text.
    """

    percentile: str
    start: tuple[float, ...]
    length: tuple[float, ...]
    total: float
    told: str


class BreakdownInfo(NamedTuple):
    """What `plot_latency_breakdown` draws; `reason` says why not, where there is nothing to draw."""

    subtitle: str
    stages: tuple[str, ...]
    sides: tuple[Waterfall, ...]
    x: Axis
    reason: str = ""


def plot_latency_breakdown(
    run: Run | pd.DataFrame,
    point_id: str | None = None,
    *,
    batch_size: int | None = None,
    concurrency: int | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """Plot the stages of the requests around p50 and around p99 of one point.

    The waterfall at p99 is not the one at p50 scaled up: what grows in the tail is what to mend.

    Parameters
    ----------
    run
        A Run or its points.
    point_id, batch_size, concurrency
        Which point; by default, of those that fit, the one with the highest throughput.
    theme
        ``"light"`` or ``"dark"``.

    Returns
    -------
    plotly.graph_objects.Figure
        Not shown. Stages that take no time at either percentile are left out.

    Raises
    ------
    ValueError
        When nothing was measured at the point, or the theme is not known.
    """
    info = _get_breakdown_info(run, point_id=point_id, batch_size=batch_size, concurrency=concurrency)
    return _get_breakdown_plot(info, theme)


def _get_breakdown_info(
    run: Run | pd.DataFrame, *, point_id: str | None, batch_size: int | None, concurrency: int | None
) -> BreakdownInfo:
    points = points_of(run, needs="at_p50_model_ms")
    empty = BreakdownInfo("", (), (), axis([], title=""))
    if not len(points):
        return empty._replace(reason="No points: measure some first.")
    point, why = choose_point(
        points,
        point_id=point_id,
        batch_size=batch_size,
        concurrency=concurrency,
        usable=lambda rows: _known(rows, "p50"),
    )
    empty = empty._replace(subtitle=heading(point, why))
    one = point.to_frame().T.reset_index(drop=True)
    sides = [side for side in _SIDES if _known(one, side).iloc[0]]
    if not sides:
        status = why_absent(point)
        return empty._replace(reason=f"This point has no stages ({status}).")
    lengths = {side: [_number(one, f"at_{side}_{stage}_ms") for stage in STAGES] for side in sides}
    kept = [n for n in range(len(STAGES)) if any(lengths[side][n] not in (0.0,) for side in sides)]
    falls = tuple(_waterfall(one, side, [lengths[side][n] for n in kept]) for side in sides)
    ends = [end for fall in falls for n in range(len(kept)) for end in (fall.start[n], fall.start[n] + fall.length[n])]
    return empty._replace(
        stages=tuple(STAGES[n] for n in kept),
        sides=falls,
        x=axis([0.0, *ends, *(fall.total for fall in falls)], title="ms", log=False, most=6),
    )


def _known(rows: pd.DataFrame, side: str) -> pd.Series:
    names = [f"at_{side}_{stage}_ms" for stage in STAGES if f"at_{side}_{stage}_ms" in rows]
    return rows[names].notna().any(axis=1) if names else pd.Series(False, index=rows.index)


def _number(one: pd.DataFrame, name: str) -> float:
    value = float(measure(one, name).value[0])
    return 0.0 if np.isnan(value) else value


def _waterfall(one: pd.DataFrame, side: str, lengths: list[float]) -> Waterfall:
    ends = np.cumsum([0.0, *lengths])
    name = f"latency_{side}_ms"
    value, low, high = (float(part[0]) for part in measure(one, name))
    told = f"{side} " + (with_interval(value, low, high, name) if not np.isnan(value) else f"{three(ends[-1])} ms")
    n = f", n = {count(one['n'].iloc[0])}" if "n" in one and pd.notna(one["n"].iloc[0]) else ""
    return Waterfall(side, tuple(ends[:-1].tolist()), tuple(lengths), float(ends[-1]), told + n)


def _get_breakdown_plot(info: BreakdownInfo, theme: Theme) -> go.Figure:
    if info.reason:
        return nothing(title=_TITLE, subtitle=info.subtitle, reason=[info.reason], theme=theme)
    colours = palette(theme)
    figure = grid_of_panels(
        1, len(info.sides), titles=[side.told for side in info.sides], theme=theme,
        shared_yaxes=True, shared_xaxes="all", horizontal_spacing=0.05,
    )  # fmt: skip
    names = [*(_WORDS.get(stage, stage.replace("_", " ")) for stage in info.stages), _TOTAL]
    fills = [*(colours.stages[stage] for stage in info.stages), colours.ink]
    room = info.x.high + 0.30 * (info.x.high - info.x.low)
    for column, side in enumerate(info.sides, start=1):
        start, length = [*side.start, 0.0], [*side.length, side.total]
        figure.add_bar(
            y=names, x=length, base=start, orientation="h", width=0.62, marker={"color": fills, "line": {"width": 0}},
            hovertext=[_hover(name, value, side) for name, value in zip(names, length, strict=True)], hoverinfo="text",
            showlegend=False, row=1, col=column,
        )  # fmt: skip
        figure.add_scatter(
            y=names, x=[max(a, a + b) for a, b in zip(start, length, strict=True)], mode="text", hoverinfo="skip",
            text=[f"\u00a0{_share(value, side, name)}" for name, value in zip(names, length, strict=True)],
            textposition="middle right", textfont={"size": SIZE_SMALL, "color": colours.ink}, showlegend=False,
            cliponaxis=False, row=1, col=column,
        )  # fmt: skip
        steps: list[Any] = []
        for number, end in enumerate(np.cumsum(side.length)):
            steps += [(float(end), names[number]), (float(end), names[number + 1]), (None, None)]
        figure.add_scatter(
            x=[x for x, _ in steps], y=[y for _, y in steps], mode="lines", hoverinfo="skip", showlegend=False,
            line={"color": colours.grey, "width": 1, "dash": "dot"}, row=1, col=column,
        )  # fmt: skip
    layout = {**info.x.layout(), "range": [min(0.0, info.x.low if _backwards(info) else 0.0), room]}
    figure.update_xaxes(layout)
    figure.update_yaxes({"autorange": "reversed", "ticks": "", "showgrid": False, "categoryarray": names})
    caption = [
        "Mean stages of the requests around each percentile (± 0.25 % of ranks); they add up to the latency there."
    ]
    if any(value < 0 for side in info.sides for value in side.length):
        caption.append("A negative stage is a finding: the parts that were measured exceed the whole.")
    return finish(
        figure, title=_TITLE, subtitle=info.subtitle, caption=caption, height=46 * len(names) + 20, theme=theme
    )


def _backwards(info: BreakdownInfo) -> bool:
    return any(value < 0 for side in info.sides for value in side.length)


def _share(value: float, side: Waterfall, name: str) -> str:
    if name == _TOTAL or not side.total:
        return f"{three(value)} ms"
    share = 100 * value / side.total
    return f"{three(value)} ms · {'< 1' if 0 < share < 1 else f'{share:.0f}'} %"


def _hover(name: str, value: float, side: Waterfall) -> str:
    return f"<b>{name}</b> around {side.percentile}<br>{_share(value, side, name)}<br>{side.told}"
