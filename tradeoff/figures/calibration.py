"""What was served for real beside what the simulator makes of it, over the load."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from tradeoff.digits import counted
from tradeoff.figures.axes import Axis, axis
from tradeoff.figures.groups import settings_text
from tradeoff.figures.marks import Measure, measure
from tradeoff.figures.panels import finish, grid_of_panels, outer_axes
from tradeoff.figures.text import three
from tradeoff.figures.theme import SIZE_SMALL, Theme, palette

_HEIGHT = 250
_SHARED = ("workload", "batch_size", "max_wait_ms", "workers")
_WHO = {"measured": "measured", "simulated": "simulated from its own service times"}


class CalibrationPanel(NamedTuple):
    """One percentile.

    Attributes
    ----------
    name
        Such as ``"p99"``.
    y
        Its axis.
    measured, simulated
        Values with their intervals, in the order of the load.
    apart
        Place and text of each point where the two disagree.
    """

    name: str
    y: Axis
    measured: Measure
    simulated: Measure
    apart: tuple[tuple[int, str], ...]


class CalibrationInfo(NamedTuple):
    """What `plot_calibration` draws."""

    subtitle: str
    x: Axis
    load: tuple[float, ...]
    hover: tuple[str, ...]
    panels: tuple[CalibrationPanel, ...]


def plot_calibration(table: pd.DataFrame, *, theme: Theme = "light") -> go.Figure:
    """Plot p50 and p99, measured and simulated, over the share of the time that workers were busy.

    Parameters
    ----------
    table
        As `tradeoff.serving.calibration.compare_with_simulation` returns it.
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
    return _get_calibration_plot(_get_calibration_info(table), theme)


def load_text(row: pd.Series) -> str:
    """Say what the load of a row was."""
    if row["load"] == "closed":
        return counted(int(row["concurrency"]), "client")
    if pd.isna(row["request_rate_rps"]):
        return str(row["load"])
    return f"{three(row['request_rate_rps'])} requests/s"


def _get_calibration_info(table: pd.DataFrame) -> CalibrationInfo:
    rows = table.sort_values("utilisation", kind="stable").reset_index(drop=True)
    load = 100.0 * rows["utilisation"].to_numpy(dtype=float)
    return CalibrationInfo(
        subtitle=settings_text({name: rows[name].iloc[0] for name in _SHARED if len(rows[name].unique()) == 1}),
        x=axis([0.0, 100.0, *load], title="time that workers were busy (%)", log=False, room=0.02),
        load=tuple(load),
        hover=tuple(load_text(row) for _, row in rows.iterrows()),
        panels=tuple(_panel(rows, name) for name in ("p50", "p99")),
    )


def _panel(rows: pd.DataFrame, name: str) -> CalibrationPanel:
    both = [measure(rows, f"{who}_{name}_ms") for who in _WHO]
    apart = [
        (place, f"{row[f'difference_{name}_pct']:+.0f} %".replace("-", "−"))
        for place, (_, row) in enumerate(rows.iterrows())
        if pd.notna(row[f"agrees_{name}"]) and not row[f"agrees_{name}"]
    ]
    y = axis(np.concatenate([one.everything() for one in both]), title=f"{name} latency (ms)", most=6, room=0.12)
    return CalibrationPanel(name, y, both[0], both[1], tuple(apart))


def _get_calibration_plot(info: CalibrationInfo, theme: Theme) -> go.Figure:
    colours = palette(theme)
    figure = grid_of_panels(len(info.panels), 1, theme=theme, vertical_spacing=0.08)
    for row, panel in enumerate(info.panels, start=1):
        for (who, told), values in zip(_WHO.items(), (panel.measured, panel.simulated), strict=True):
            colour = colours.ink if who == "measured" else colours.frontier
            figure.add_scatter(
                x=info.load, y=values.value, mode="markers", name=told, legendgroup=who, showlegend=row == 1,
                marker={"symbol": "circle" if who == "measured" else "diamond-open", "size": 9, "color": colour,
                        "line": {"width": 1.5, "color": colour}},
                error_y={**values.whiskers(), "color": colour, "thickness": 1, "width": 0},
                hovertext=[f"{load}: {panel.name} {three(value)} ms {who}" for load, value in
                           zip(info.hover, values.value, strict=True)],
                hoverinfo="text", row=row, col=1,
            )  # fmt: skip
        outer_axes(figure, info.x, panel.y, row=row, col=1, below=row == len(info.panels), beside=True)
        figure.update_yaxes(title=panel.y.title, row=row, col=1)
        for place, text in panel.apart:
            value = max(panel.measured.value[place], panel.simulated.value[place])
            figure.add_annotation(
                x=info.load[place], y=np.log10(value) if panel.y.log else value, text=text, showarrow=False,
                xanchor="right" if info.load[place] > 50 else "left", xshift=-9 if info.load[place] > 50 else 9,
                font={"size": SIZE_SMALL, "color": colours.here}, row=row, col=1,
            )  # fmt: skip
    caption = [
        "Whiskers: 95 % intervals. A number stands where the two disagree: how much less (−) or more (+) is simulated."
    ]
    return finish(
        figure, title="Measured and simulated", subtitle=info.subtitle, caption=caption,
        height=_HEIGHT * len(info.panels), theme=theme,
    )  # fmt: skip
