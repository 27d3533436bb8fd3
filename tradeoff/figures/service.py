"""Time of a call over batch size: what was measured, the service model fitted to it, and how far they are apart."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from tradeoff.figures.axes import Axis, axis, measured_axis
from tradeoff.figures.groups import groups_of, points_of, settings_text, varying
from tradeoff.figures.marks import Measure, Numbers
from tradeoff.figures.panels import finish, grid_of_pairs, nothing, outer_axes, pairs, place_of_pair
from tradeoff.figures.text import escape, label_of, three, with_interval
from tradeoff.figures.theme import SIZE_SMALL, SYMBOLS, Palette, Theme, faded, ordered_colours, palette
from tradeoff.frames import Run
from tradeoff.serving import ServiceModel, service

_TITLE = "Time of a call over batch size"
_HEIGHT = 560
_FINE = 121
"""Places at which a line and its band are drawn: enough that they look smooth."""

_SENTENCES = 3


def plot_service(run: Run | pd.DataFrame, *, column: str | None = None, theme: Theme = "light") -> go.Figure:
    """Plot measured times over batch size, the service models fitted to them, and what is left over.

    Parameters
    ----------
    run
        A Run or its points.
    column
        The times: a column in ms. Unless given the median model latency, or where a group has none the median latency.
    theme
        ``"light"`` or ``"dark"``.

    Returns
    -------
    plotly.graph_objects.Figure
        Not shown. Marks are measured, lines are the models of `tradeoff.service` with bands of 95 %; a ring marks the
        batch size at which one more request gains half of what it gained at batch 1. Below: how much longer a call took
        than its model says. One column of panels for each comparable group.

    Raises
    ------
    ValueError
        When `column` is no column of times, or the theme is not known.
    """
    return _get_service_plot(_get_service_info(run, column=column), theme)


class ServiceLine(NamedTuple):
    """One model: what was measured, the line and its band on a fine grid, and the ring; NaN where there is none."""

    name: str
    batch_size: list[float]
    measured: Measure
    residual: Measure
    fine: Numbers
    fitted: Measure
    ring: tuple[float, float]
    hover: list[str]
    told: str


class ServicePanel(NamedTuple):
    """One comparable group: its lines, and its rows without a time."""

    title: str
    lines: tuple[ServiceLine, ...]
    left_out: tuple[str, ...]


class ServiceInfo(NamedTuple):
    """What `plot_service` draws."""

    subtitle: str
    x: Axis
    time: Axis
    residual: Axis
    panels: tuple[ServicePanel, ...]
    legend: str


def _get_service_info(run: Run | pd.DataFrame, *, column: str | None) -> ServiceInfo:
    points = points_of(run)
    shared, groups = groups_of(points)
    vary = varying(points)
    panels = []
    for group in groups:
        models = service(group.rows, column=column)
        lines = [
            _line(settings_text({name: model.group.get(name) for name in vary}), model)
            for model in models
            if model.batch_size
        ]
        left_out = tuple(why for model in models for why in model.left_out)
        panels.append(ServicePanel(group.title, tuple(lines), left_out))
    lines = [line for panel in panels for line in panel.lines]
    columns = 2 if len(panels) > 1 else 1
    sizes = [size for line in lines for size in line.batch_size]
    times = _joined([line.measured.everything() for line in lines] + [line.fitted.value for line in lines])
    return ServiceInfo(
        subtitle=shared,
        x=measured_axis(sizes, title="batch size (requests)", most=12 // columns),
        time=axis(times[times > 0], title="time of a call (ms)   ↓ better", most=6, room=0.12),
        residual=axis(
            np.append(_joined([line.residual.everything() for line in lines]), [-2.0, 2.0]),
            title="off the model (%)", log=False, most=5, room=0.15,
        ),
        panels=tuple(panels),
        legend=", ".join(label_of(name) for name in vary),
    )  # fmt: skip


def _joined(parts: list[Numbers]) -> Numbers:
    return np.concatenate(parts) if parts else np.empty(0)


def _line(name: str, model: ServiceModel) -> ServiceLine:
    sizes = np.asarray(model.batch_size, dtype=np.float64)
    measured = Measure(*(np.asarray(part, dtype=np.float64) for part in (model.measured_ms, model.lo_ms, model.hi_ms)))
    fitted = model.time_ms(sizes)
    fine = np.unique(np.concatenate([np.geomspace(sizes.min(), sizes.max(), _FINE), _kinks(model, sizes)]))
    ring = model.halving_batch.value
    inside = sizes.min() <= ring <= sizes.max()
    residual = Measure(*(100.0 * (part - fitted) / fitted for part in measured))
    hover = [
        f"<b>batch {size:g}</b><br>{escape(label_of(model.column))} {with_interval(value, low, high, model.column)}<br>"
        f"the model says {three(line)} ms: off by {three(off)} %"
        for size, value, low, high, line, off in zip(sizes, *measured, fitted, residual.value, strict=True)
    ]
    return ServiceLine(
        name=name,
        batch_size=sizes.tolist(),
        measured=measured,
        residual=residual,
        fine=fine,
        fitted=Measure(model.time_ms(fine), *model.interval_ms(fine)),
        ring=(ring, model.time_ms(ring).item()) if inside else (np.nan, np.nan),
        hover=hover,
        told=model.sentence(),
    )


def _kinks(model: ServiceModel, sizes: Numbers) -> list[float]:
    kink = model.kink_batch.value
    return [kink] if sizes.min() < kink < sizes.max() else []


def _get_service_plot(info: ServiceInfo, theme: Theme) -> go.Figure:
    if not any(panel.lines for panel in info.panels):
        left_out = [why for panel in info.panels for why in panel.left_out]
        reason = ["No times: measure some first."] if not left_out else ["No times to fit.", *left_out[:_SENTENCES]]
        return nothing(title=_TITLE, subtitle=info.subtitle, reason=reason, theme=theme)
    columns, blocks = pairs(len(info.panels))
    titles = [panel.title for panel in info.panels]
    figure = grid_of_pairs(titles, height=_HEIGHT, theme=theme, row_heights=[0.7, 0.3] * blocks)
    names = list(dict.fromkeys(line.name for panel in info.panels for line in panel.lines))
    colours = palette(theme)
    shades = ordered_colours(len(names), theme) if len(names) > 1 else [colours.frontier]
    named: set[str] = set()
    for number, panel in enumerate(info.panels):
        top, column = place_of_pair(number, columns)
        for line in panel.lines:
            which = names.index(line.name)
            _draw_line(figure, line, shades[which], SYMBOLS[which % len(SYMBOLS)], (top, column), named, info)
        rings = [line for line in panel.lines if not np.isnan(line.ring[0])]
        _draw_rings(figure, info, rings, (top, column), colours)
        figure.add_scatter(
            x=[info.x.low, info.x.high], y=[0, 0], mode="lines", line={"color": colours.quiet, "width": 1},
            hoverinfo="skip", showlegend=False, row=top + 1, col=column,
        )  # fmt: skip
        for row, scale in ((top, info.time), (top + 1, info.residual)):
            outer_axes(figure, info.x, scale, row=row, col=column, below=row > top, beside=column == 1)
    if info.legend:
        figure.update_layout(legend={"title": {"text": escape(info.legend), "side": "left"}})
    return finish(
        figure, title=_TITLE, subtitle=info.subtitle, caption=_caption(info), height=_HEIGHT * blocks, theme=theme,
        legend=len(names) > 1,
    )  # fmt: skip


def _caption(info: ServiceInfo) -> list[str]:
    lines = [
        "Marks: measured, lines: the model; whiskers and bands: 95 % intervals. Ring, half gain: from there one more "
        "request gains less than half of what it gained at batch 1. Below: how much longer calls took than it says."
    ]
    told = [
        (": ".join(part for part in (panel.title, info.legend and f"{info.legend} {line.name}") if part), line.told)
        for panel in info.panels
        for line in panel.lines
    ]
    lines += [f"{name}: {sentence}" if name and len(told) > 1 else sentence for name, sentence in told[:_SENTENCES]]
    if len(told) > _SENTENCES:
        lines.append(f"And {len(told) - _SENTENCES} more: tradeoff.service(run) tells each in a sentence.")
    left_out = list(dict.fromkeys(why for panel in info.panels for why in panel.left_out))
    if left_out:
        more = f"; and {len(left_out) - _SENTENCES} more" if len(left_out) > _SENTENCES else ""
        lines.append(f"Left out: {'; '.join(left_out[:_SENTENCES])}{more}.")
    return lines


def _draw_line(
    figure: go.Figure,
    line: ServiceLine,
    colour: str,
    symbol: str,
    where: tuple[int, int],
    named: set[str],
    info: ServiceInfo,
) -> None:
    upper = {"row": where[0], "col": where[1]}
    lower = {"row": where[0] + 1, "col": where[1]}
    marker = {"symbol": symbol, "size": 7, "color": colour}
    if not np.isnan(line.fitted.value).all():
        floor = info.time.low if info.time.log else -np.inf
        low, high = np.maximum(line.fitted.low, floor), np.maximum(line.fitted.high, floor)
        figure.add_scatter(
            x=[*line.fine, *line.fine[::-1]], y=[*low, *high[::-1]], mode="lines", fill="toself",
            fillcolor=faded(colour, 0.16), line={"width": 0}, hoverinfo="skip", showlegend=False,
            legendgroup=line.name, **upper,
        )  # fmt: skip
        figure.add_scatter(
            x=line.fine, y=line.fitted.value, mode="lines", line={"color": colour, "width": 1.5}, hoverinfo="skip",
            showlegend=False, legendgroup=line.name, **upper,
        )  # fmt: skip
    for values, place in ((line.measured, upper), (line.residual, lower)):
        figure.add_scatter(
            x=line.batch_size, y=values.value, mode="markers", name=escape(line.name, longest=40), marker=marker,
            legendgroup=line.name, showlegend=place is upper and line.name not in named, hovertext=line.hover,
            hoverinfo="text", error_y={**values.whiskers(), "color": colour, "thickness": 1, "width": 0}, **place,
        )  # fmt: skip
    named.add(line.name)


def _draw_rings(
    figure: go.Figure, info: ServiceInfo, lines: list[ServiceLine], where: tuple[int, int], colours: Palette
) -> None:
    if not lines:
        return
    # One line, one label: it stands where the line, which rises, does not.
    text: Any = [f"half gain: {three(lines[0].ring[0])}"] if len(lines) == 1 else None
    left = len(lines) == 1 and np.log(lines[0].ring[0] / info.x.low) < 0.5 * np.log(info.x.high / info.x.low)
    figure.add_scatter(
        x=[line.ring[0] for line in lines], y=[line.ring[1] for line in lines],
        mode="markers+text" if text else "markers", text=text, textposition="bottom right" if left else "top left",
        textfont={"size": SIZE_SMALL, "color": colours.ink}, showlegend=False,
        marker={"symbol": "circle-open", "size": 15, "color": colours.here, "line": {"width": 2}},
        hovertext=[f"one more request gains half of what it gained at batch 1: from {three(line.ring[0])} on"
                   for line in lines],
        hoverinfo="text", row=where[0], col=where[1],
    )  # fmt: skip
