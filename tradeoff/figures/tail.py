"""Why slow requests are slow: the extra time by stage and by cause, beside the distribution whose end it is."""

from __future__ import annotations

import math
import textwrap
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from tradeoff.figures.axes import Axis, axis
from tradeoff.figures.distribution import latencies_of, survival
from tradeoff.figures.one_point import heading
from tradeoff.figures.panels import finish, grid_of_panels, nothing
from tradeoff.figures.text import count, three
from tradeoff.figures.theme import SIZE_SMALL, Palette, Theme, faded, palette
from tradeoff.frames import Run
from tradeoff.tail import TailExplanation, explain_tail
from tradeoff.tail.difference import AROUND
from tradeoff.tail.point import choose
from tradeoff.tail.words import STAGE_WORDS, percentile_name

_TITLE = "Why the tail is slow"
_ROW, _BETWEEN = 34, 88
"""Pixels that a bar takes, and what is between the bars above and those below."""

_LINE = 84
"""Letters of the caption in a line: names of causes take more of a window of 700 pixels than other axes."""

_LEAST_BAND = 0.006
"""How wide the band of the requests around the median is at least, as a share of the panel."""

_TEXT = 0.62
"""Room for the text beside a bar, as a share of the bars' range, in a panel of 230 pixels."""


class Bar(NamedTuple):
    """A part of the extra time.

    Attributes
    ----------
    name
        What it is, as people call it.
    start, length
        Where the bar begins and how long it is, in ms (stages) or in percent of the extra time (causes).
    low, high
        The ends of the length's 95 % interval; NaN where not known.
    told
        What stands beside it.
    colour
        A stage, ``"here"`` for what stands out, or ``""``.
    """

    name: str
    start: float
    length: float
    low: float
    high: float
    told: str
    colour: str


class TailInfo(NamedTuple):
    """What `plot_tail` draws.

    Attributes
    ----------
    subtitle
        Which point.
    percentile
        Its name.
    stages, causes
        Bars: stages follow each other and end at the extra time.
    survival_ms, slower
        The share of requests slower than each latency.
    around_ms, threshold_ms
        Between which latencies the requests around the median lie, and where the tail begins.
    extra
        Axis of the stages.
    latency
        Axis of the latencies.
    caption
        Sentences.
    reason
        Why there is nothing to draw, or empty.
    """

    subtitle: str
    percentile: str
    stages: tuple[Bar, ...]
    causes: tuple[Bar, ...]
    survival_ms: tuple[float, ...]
    slower: tuple[float, ...]
    around_ms: tuple[float, float]
    threshold_ms: float
    extra: Axis
    latency: Axis
    caption: tuple[str, ...]
    reason: str = ""


def plot_tail(
    run: Run,
    point_id: str | None = None,
    q: float | str = 0.99,
    *,
    batch_size: int | None = None,
    concurrency: int | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """Plot what the requests beyond a percentile have more than those around the median.

    Parameters
    ----------
    run, point_id, q, batch_size, concurrency
        As in `tradeoff.explain_tail`.
    theme
        ``"light"`` or ``"dark"``.

    Returns
    -------
    plotly.graph_objects.Figure
        Not shown. Stages of the extra time follow each other; causes have the share that they make of it; the
        distribution has the tail shaded, and the requests around the median that it is compared with.

    Raises
    ------
    TypeError, ValueError
        As `tradeoff.explain_tail`, or when the theme is not known.
    """
    palette(theme)
    found = explain_tail(run, point_id, q, batch_size=batch_size, concurrency=concurrency)
    why = choose(run, point_id, batch_size=batch_size, concurrency=concurrency)[1]
    return _get_tail_plot(_get_tail_info(run, found, why), theme)


def _get_tail_info(run: Run, found: TailExplanation, why: str = "") -> TailInfo:
    subtitle, name = heading(found.point, why), percentile_name(found.q)
    empty = TailInfo(subtitle, name, (), (), (), (), (0.0, 0.0), 0.0, axis([], title=""), axis([], title=""), ())
    if found.reason or math.isnan(found.stages[0].share):  # nothing is known, or the tail is no slower at all
        return empty._replace(reason=found.sentence())
    latencies = latencies_of(run, found.point)
    if not len(latencies):
        return empty._replace(reason="No latency is above zero: there is nothing to draw.")
    stages, end = [], 0.0
    for stage in found.stages:
        if stage.median_ms == 0.0 == stage.tail_ms:
            continue
        low, high = end + stage.difference_lo_ms, end + stage.difference_hi_ms
        told = f"{_signed(stage.difference_ms)} ms · {_percent(stage.share)}"
        stages.append(Bar(STAGE_WORDS[stage.stage], end, stage.difference_ms, low, high, told, stage.stage))
        end += stage.difference_ms
    causes = tuple(
        Bar(
            cause.name, 0.0, 100 * cause.share, 100 * cause.share_lo, 100 * cause.share_hi, _percent(cause.share),
            "here" if cause.name in found.named else "",
        )
        for cause in found.causes
        if cause.share >= 0.005
    )  # fmt: skip
    values, slower = survival(latencies)
    middle = latencies[[int(AROUND[0] * len(latencies)), max(0, int(AROUND[1] * len(latencies)) - 1)]]
    reach = [edge for bar in stages for edge in (bar.start, bar.start + bar.length, bar.low, bar.high)]
    return empty._replace(
        stages=(*stages, Bar("together", 0.0, end, np.nan, np.nan, f"{_signed(end)} ms", "ink")),
        causes=causes,
        survival_ms=tuple(values),
        slower=tuple(slower),
        around_ms=(float(middle[0]), float(middle[1])),
        threshold_ms=found.threshold_ms,
        extra=axis([0.0, *reach], title="extra (ms)", log=False, most=4),
        latency=axis(latencies, title="latency (ms)", log=True, most=4, room=0.05),
        caption=tuple(textwrap.wrap(found.sentence(), _LINE) + textwrap.wrap(_measured(found, name), _LINE)),
    )


def _get_tail_plot(info: TailInfo, theme: Theme) -> go.Figure:
    if info.reason:
        return nothing(title=_TITLE, subtitle=info.subtitle, reason=[info.reason], theme=theme)
    colours = palette(theme)
    rows = len(info.stages), len(info.causes)
    height = _ROW * sum(rows) + _BETWEEN
    figure = grid_of_panels(
        2, 2, theme=theme, specs=[[{}, {"rowspan": 2}], [{}, None]], row_heights=list(rows), horizontal_spacing=0.17,
        vertical_spacing=_BETWEEN / height,
        titles=["where the extra time is", "the distribution, its tail shaded", "what makes it"],
    )  # fmt: skip
    _draw_bars(figure, info.stages, colours, row=1)
    _draw_bars(figure, info.causes, colours, row=2)
    low, high = info.extra.low, info.extra.high
    figure.update_xaxes({**info.extra.layout(), "range": [low, high + _TEXT * (high - low)]}, row=1, col=1)
    figure.update_xaxes(_percent_axis(info.causes), row=2, col=1)
    figure.update_yaxes({"autorange": "reversed", "ticks": "", "showgrid": False}, col=1)
    _draw_distribution(figure, info, colours)
    return finish(
        figure, title=_TITLE, subtitle=info.subtitle, caption=info.caption, height=height, theme=theme, legend=False
    )  # fmt: skip


def _draw_bars(figure: go.Figure, bars: tuple[Bar, ...], colours: Palette, *, row: int) -> None:
    names = [bar.name for bar in bars]
    named = {**colours.stages, "here": colours.frontier, "ink": colours.ink}
    fills = [named.get(bar.colour, colours.grey) for bar in bars]
    ends = [bar.start + bar.length for bar in bars]
    figure.add_bar(
        y=names, x=[bar.length for bar in bars], base=[bar.start for bar in bars], orientation="h", width=0.62,
        marker={"color": fills, "line": {"width": 0}}, hoverinfo="text", showlegend=False, row=row, col=1,
        hovertext=[f"<b>{bar.name}</b><br>{bar.told}{_ends(bar, row)}" for bar in bars],
        error_x={"type": "data", "symmetric": False, "color": colours.quiet, "thickness": 1, "width": 3,
                 "array": [_length(bar.high - end) for bar, end in zip(bars, ends, strict=True)],
                 "arrayminus": [_length(end - bar.low) for bar, end in zip(bars, ends, strict=True)]},
    )  # fmt: skip
    furthest = [float(np.nanmax([bar.start, end, bar.high])) for bar, end in zip(bars, ends, strict=True)]
    figure.add_scatter(
        y=names, x=furthest, mode="text", text=[f"\u00a0{bar.told}" for bar in bars], textposition="middle right",
        textfont={"size": SIZE_SMALL, "color": colours.ink}, hoverinfo="skip", showlegend=False, cliponaxis=False,
        row=row, col=1,
    )  # fmt: skip


def _draw_distribution(figure: go.Figure, info: TailInfo, colours: Palette) -> None:
    least = 1.0 / max(2, len(info.slower))
    shares = [share for share in info.slower if share > 0]
    least = min(shares, default=least)
    figure.add_scatter(
        x=info.survival_ms, y=[max(share, least) for share in info.slower], mode="lines", showlegend=False,
        line={"shape": "hv", "color": colours.frontier, "width": 2}, hoverinfo="text", row=1, col=2,
        hovertext=[f"{_percent(share)} slower than {three(value)} ms"
                   for share, value in zip(info.slower, info.survival_ms, strict=True)],
    )  # fmt: skip
    figure.add_vrect(
        x0=info.threshold_ms, x1=info.latency.high, fillcolor=faded(colours.limit, 0.16), line_width=0, layer="below",
        row=1, col=2,
    )  # fmt: skip
    begin, end = info.around_ms
    end = max(end, min(info.threshold_ms, begin * (info.latency.high / info.latency.low) ** _LEAST_BAND))
    figure.add_vrect(
        x0=begin, x1=end, fillcolor=faded(colours.grey, 0.35), line_width=0, layer="below", row=1, col=2
    )  # fmt: skip
    # Below the curve there is room at the median, and to the left of where the tail begins.
    middle = float(np.sqrt(info.around_ms[0] * info.around_ms[1]))
    span = np.log(info.latency.high / info.latency.low)
    is_at_edge = np.log(middle / info.latency.low) < 0.12 * span
    for at, text, anchor, lift, colour in (
        (middle, "median", "left" if is_at_edge else "center", 16, colours.quiet),
        (info.threshold_ms, f"{info.percentile}\u00a0", "right", 2, colours.limit),
    ):
        figure.add_annotation(
            x=np.log10(at), y=0, yref="y2 domain", xref="x2", text=text, showarrow=False, yanchor="bottom", yshift=lift,
            xanchor=anchor, font={"size": SIZE_SMALL, "color": colour},
        )  # fmt: skip
    ticks = [tick for tick in (1.0, 0.5, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6) if tick >= least * 0.99]
    figure.update_xaxes(info.latency.layout(), row=1, col=2)
    figure.update_yaxes(
        {"title": "share slower", "type": "log", "range": [np.log10(least) - 0.15, 0.12], "tickmode": "array",
         "tickvals": ticks, "ticktext": [_percent(tick) for tick in ticks]}, row=1, col=2,
    )  # fmt: skip


def _percent_axis(causes: tuple[Bar, ...]) -> dict[str, object]:
    edges = [0.0, 100.0, *(edge for bar in causes for edge in (bar.length, bar.low, bar.high))]
    found = axis(edges, title="share of it (%)", log=False, most=4)
    return {**found.layout(), "range": [found.low, found.high + 0.4 * _TEXT * (found.high - found.low)]}


def _measured(found: TailExplanation, name: str) -> str:
    return (
        f"Around the median (the tenth in the middle) {three(found.median_ms)} ms on average, beyond {name} "
        f"{three(found.tail_ms)} ms; n = {count(found.n)}, {count(found.n_tail)} of them beyond. Whiskers: 95 % "
        "intervals."
    )


def _length(value: float) -> float | None:
    return None if np.isnan(value) else max(0.0, value)


def _ends(bar: Bar, row: int) -> str:
    if np.isnan(bar.low):
        return ""
    unit = "ms" if row == 1 else "%"
    shift = bar.start if row == 1 else 0.0
    return f"<br>{three(bar.low - shift)} to {three(bar.high - shift)} {unit}"


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else '−' if value < 0 else ''}{three(abs(value))}"


def _percent(share: float) -> str:
    percent = 100.0 * share
    text = f"{percent:.0f}" if abs(percent) >= 10 or percent == round(percent) else f"{float(f'{percent:.2g}'):g}"
    return f"{text} %".replace("-", "−")
