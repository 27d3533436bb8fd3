"""The distribution at one point, tail included, with the mean drawn in, so that one sees what it hides."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from tradeoff.figures.axes import Axis, axis
from tradeoff.figures.groups import points_of, why_absent
from tradeoff.figures.marks import Measure, measure
from tradeoff.figures.one_point import choose_point, heading
from tradeoff.figures.panels import finish, grid_of_panels, nothing
from tradeoff.figures.text import count, three
from tradeoff.figures.theme import SIZE_SMALL, Palette, Theme, faded, palette
from tradeoff.frames import PERCENTILES, Run

_MARKED = ("p50", "p95", "p99")
_BINS = 90
_MOST_STEPS = 1500
_LABEL, _NAME = 0.17, 0.05
"""Shares of the panel that a mark's text takes, and its name alone, in a window of 700 pixels."""

_LINE = 14


class Mark(NamedTuple):
    """A percentile or the mean: its name, the share of requests slower than it, and its value with interval, in ms."""

    name: str
    slower: float
    value: float
    low: float
    high: float


class DistributionInfo(NamedTuple):
    """What `plot_distribution` draws.

    Attributes
    ----------
    subtitle
        Which point.
    n
        Latencies drawn; 0 when there are no samples and only the marks are known.
    edges_ms, counts
        The histogram, on bins of equal ratio.
    survival_ms, slower
        The share of requests slower than each latency, a step after each value that was observed.
    marks
        Percentiles.
    mean
        The mean.
    x
        The latency axis.
    reason
        Why there is nothing to draw, or empty.
    """

    subtitle: str
    n: int
    edges_ms: tuple[float, ...]
    counts: tuple[int, ...]
    survival_ms: tuple[float, ...]
    slower: tuple[float, ...]
    marks: tuple[Mark, ...]
    mean: Mark | None
    x: Axis
    reason: str = ""


def plot_distribution(
    run: Run | pd.DataFrame,
    point_id: str | None = None,
    *,
    batch_size: int | None = None,
    concurrency: int | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """Plot the latencies of one point: how many there are, and what share is slower than each.

    Parameters
    ----------
    run
        A Run, for the samples; of a frame of points alone, or of a Run without samples of the point, the
        percentiles are drawn.
    point_id, batch_size, concurrency
        Which point; by default, of those that fit, the one with the highest throughput.
    theme
        ``"light"`` or ``"dark"``.

    Returns
    -------
    plotly.graph_objects.Figure
        Not shown.

    Raises
    ------
    ValueError
        When nothing was measured at the point, or the theme is not known.
    """
    info = _get_distribution_info(run, point_id=point_id, batch_size=batch_size, concurrency=concurrency)
    return _get_distribution_plot(info, theme)


def survival(sorted_ms: NDArray[np.float64], *, most: int = _MOST_STEPS) -> tuple[list[float], list[float]]:
    """Return latencies, and the share of requests slower than each.

    Parameters
    ----------
    sorted_ms
        Latencies, ascending, at least one.
    most
        About how many steps are kept; the thinning is even in the logarithm of the share, so that the tail is whole.

    Returns
    -------
    latency_ms, slower
        The last share is 0: nobody is slower than the slowest.
    """
    n = len(sorted_ms)
    kept = np.arange(n) if n <= most else np.unique(n - np.ceil(np.geomspace(1, n, most)).astype(int))
    values, first = np.unique(sorted_ms[kept][::-1], return_index=True)
    return values.tolist(), ((n - 1 - kept[::-1][first]) / n).tolist()


def _get_distribution_info(
    run: Run | pd.DataFrame, *, point_id: str | None, batch_size: int | None, concurrency: int | None
) -> DistributionInfo:
    points = points_of(run, needs="latency_p50_ms")
    empty = DistributionInfo("", 0, (), (), (), (), (), None, axis([], title=""))
    if not len(points):
        return empty._replace(reason="No points: measure some first.")
    point, why = choose_point(
        points, point_id=point_id, batch_size=batch_size, concurrency=concurrency,
        usable=lambda rows: pd.Series(~np.isnan(measure(rows, "latency_p50_ms").value), index=rows.index),
    )  # fmt: skip
    latencies = latencies_of(run, point)
    one = point.to_frame().T.reset_index(drop=True)
    marks = tuple(
        Mark(name, 1 - PERCENTILES[name], *parts)
        for name in PERCENTILES
        if not np.isnan((parts := _parts(one, f"latency_{name}_ms"))[0]) and parts[0] > 0
    )
    mean = _parts(one, "latency_mean_ms")
    empty = empty._replace(subtitle=heading(point, why), marks=marks)
    if not len(latencies) and not marks:
        return empty._replace(reason=f"This point has neither samples nor percentiles ({why_absent(point)}).")
    found = np.asarray([part for mark in marks for part in mark[2:]] + [mean[0]])
    scale = axis(np.concatenate([latencies, found]), title="latency (ms)", log=True, room=0.04)
    info = empty._replace(x=scale, mean=Mark("mean", float("nan"), *mean) if mean[0] > 0 else None)
    if not len(latencies):
        return info
    edges = np.geomspace(latencies[0] * (1 - 1e-9), latencies[-1] * (1 + 1e-9), _BINS + 1)
    counts = np.histogram(latencies, bins=edges)[0]
    values, slower = survival(latencies)
    return info._replace(
        n=len(latencies),
        edges_ms=tuple(edges.tolist()),
        counts=tuple(counts.tolist()),
        survival_ms=tuple(values),
        slower=tuple(slower),
    )


def latencies_of(run: Run | pd.DataFrame, point: pd.Series) -> NDArray[np.float64]:
    """Return the latencies of a point that its percentiles are made of, in ms, ascending; none without samples."""
    if not isinstance(run, Run) or not len(run.samples):
        return np.empty(0)
    samples = run.samples_of(str(point["point_id"]))
    fine = samples["latency_ns"].notna() & (samples["status"].isna() | (samples["status"] == "ok"))
    values = samples.loc[fine, "latency_ns"].to_numpy(dtype="float64") / 1e6
    return np.sort(values[values > 0])


def _parts(one: pd.DataFrame, name: str) -> tuple[float, float, float]:
    value, low, high = (float(part[0]) for part in measure(one, name))
    return value, low, high


def _get_distribution_plot(info: DistributionInfo, theme: Theme) -> go.Figure:
    title = "Latency distribution"
    if info.reason:
        return nothing(title=title, subtitle=info.subtitle, reason=[info.reason], theme=theme)
    colours = palette(theme)
    rows = 2 if info.n else 1
    heights = [0.4, 0.6] if info.n else [1.0]
    figure = grid_of_panels(rows, 1, theme=theme, shared_xaxes=True, vertical_spacing=0.06, row_heights=heights)
    if info.n:
        figure.add_scatter(
            x=[edge for pair in zip(info.edges_ms, info.edges_ms[1:], strict=False) for edge in pair],
            y=[number for number in info.counts for _ in range(2)],
            mode="lines", fill="tozeroy", fillcolor=faded(colours.frontier, 0.22), hoverinfo="skip",
            line={"color": colours.frontier, "width": 1}, showlegend=False, row=1, col=1,
        )  # fmt: skip
        figure.update_yaxes({"title": "requests", "rangemode": "tozero"}, row=1, col=1)
        figure.add_scatter(
            x=info.survival_ms, y=[max(share, 1 / info.n) for share in info.slower], mode="lines", showlegend=False,
            line={"shape": "hv", "color": colours.frontier, "width": 2}, hoverinfo="text", row=2, col=1,
            hovertext=[f"{_percent(share)} slower than {three(value)} ms"
                       for share, value in zip(info.slower, info.survival_ms, strict=True)],
        )  # fmt: skip
    _draw_marks(figure, info, rows, colours)
    least = min([1 / max(info.n, 1)] + [mark.slower for mark in info.marks]) if info.n else 1e-3
    ticks = [tick for tick in (1.0, 0.5, 0.1, 0.05, 0.01, 1e-3, 1e-4, 1e-5, 1e-6) if tick >= least * 0.99]
    figure.update_yaxes(
        {"title": "share slower", "type": "log", "range": [np.log10(least) - 0.15, 0.12], "tickmode": "array",
         "tickvals": ticks, "ticktext": [_percent(tick) for tick in ticks]}, row=rows, col=1,
    )  # fmt: skip
    for row in range(1, rows + 1):
        x = info.x.layout()
        figure.update_xaxes(
            {**x, "title": x["title"] if row == rows else None, "showticklabels": row == rows}, row=row, col=1
        )
    return finish(
        figure,
        title=title,
        subtitle=info.subtitle,
        caption=_caption(info),
        height=240 * rows,
        theme=theme,
        legend=False,
        above=2 * _LINE,
    )


def _draw_marks(figure: go.Figure, info: DistributionInfo, rows: int, colours: Palette) -> None:
    marks = [mark for mark in info.marks if mark.name in _MARKED or not info.n]
    found = Measure(*(np.array(part) for part in zip(*(mark[2:] for mark in marks), strict=True))) if marks else None
    whiskers = (
        {"color": colours.quiet, "thickness": 1, "width": 0, **found.whiskers()} if found and not info.n else None
    )
    figure.add_scatter(
        x=[mark.value for mark in marks], y=[mark.slower for mark in marks], mode="markers+text", showlegend=False,
        marker={"size": 8, "color": colours.paper, "line": {"width": 2, "color": colours.ink}},
        text=[f"\u00a0<b>{mark.name}</b> {three(mark.value)}\u00a0" for mark in marks],
        textposition=[_free_side(info, mark) for mark in marks],
        textfont={"size": SIZE_SMALL, "color": colours.ink}, cliponaxis=False, hoverinfo="skip", row=rows, col=1,
        error_x=whiskers,
    )  # fmt: skip
    for mark in marks if info.n else ():
        if not np.isnan(mark.low) and not np.isnan(mark.high):
            figure.add_vrect(
                x0=mark.low, x1=mark.high, fillcolor=faded(colours.grey, 0.18), line_width=0, layer="below"
            )
        figure.add_vline(x=mark.value, line={"color": colours.quiet, "width": 1}, row=1, col=1)
    if info.n:
        for at, names in _names_above(info, marks):
            _name_above(figure, at, names, colours.ink, lift=0)
    if info.mean is not None:
        figure.add_vline(x=info.mean.value, line={"color": colours.limit, "width": 1.5, "dash": "dash"})
        told = f"mean {three(info.mean.value)}"
        _name_above(figure, _share(info, info.mean.value), told, colours.limit, lift=_LINE if info.n else 0)


def _free_side(info: DistributionInfo, mark: Mark) -> str:
    """Above and to the right of a falling curve there is room, and below to the left, where no line is in the way."""
    here = _share(info, mark.value)
    mean = _share(info, info.mean.value) if info.mean is not None else np.nan
    crowded = here > 1 - _LABEL or here < mean < here + _LABEL
    return "bottom left" if info.n and crowded and here > _LABEL else "top left" if here > 1 - _LABEL else "top right"


def _names_above(info: DistributionInfo, marks: list[Mark]) -> list[tuple[float, str]]:
    """Name the lines of percentiles above the panel; those too close to each other share a name."""
    bunches: list[list[Mark]] = []
    for mark in marks:
        if bunches and _share(info, mark.value) - _share(info, bunches[-1][-1].value) < _NAME:
            bunches[-1].append(mark)
        else:
            bunches.append([mark])
    return [
        (float(np.mean([_share(info, mark.value) for mark in bunch])), " · ".join(mark.name for mark in bunch))
        for bunch in bunches
    ]


def _name_above(figure: go.Figure, at: float, text: str, colour: str, *, lift: int) -> None:
    half = 3.2 * len(text) / 590
    anchor = "left" if at < half else "right" if at > 1 - half else "center"
    figure.add_annotation(
        x=min(1.0, max(0.0, at)), xref="x domain", y=1, yref="y domain", yshift=lift, text=text, showarrow=False,
        xanchor=anchor, yanchor="bottom", font={"size": SIZE_SMALL, "color": colour},
    )  # fmt: skip


def _share(info: DistributionInfo, value: float) -> float:
    return float(np.log(value / info.x.low) / np.log(info.x.high / info.x.low))


def _caption(info: DistributionInfo) -> list[str]:
    told = [f"{mark.name} {three(mark.value)} ms ({three(mark.low)} to {three(mark.high)})"
            if not np.isnan(mark.low) else f"{mark.name} {three(mark.value)} ms" for mark in info.marks]  # fmt: skip
    if info.mean is not None:
        told.append(f"mean {three(info.mean.value)} ms (dashed)")
    lines = [
        "; ".join(told) + (f"; n = {count(info.n)}." if info.n else ". No samples are kept: only these are known.")
    ]
    if info.n:
        slower = np.searchsorted(info.survival_ms, info.mean.value, side="right") if info.mean else 0
        if info.mean and 0 < slower <= len(info.slower):
            share = info.slower[int(slower) - 1]
            lines.append(f"The mean hides that {_percent(share)} of requests are slower than it; "
                         f"the slowest took {three(info.survival_ms[-1])} ms.")  # fmt: skip
        lines.append("Grey bands: 95 % intervals, where both ends are known.")
    return lines


def _percent(share: float) -> str:
    return f"{float(f'{100 * share:.2g}'):g} %"
