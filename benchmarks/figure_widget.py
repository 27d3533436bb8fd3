"""The explorer's panels as the usual design has them: ipywidgets sliders, a kernel, and `FigureWidget.batch_update`.

Only what a slider moves is updated, in one message: the mark on the frontier, the line of the chosen concurrency with
its mark in three panels, the parts of the latency, the counts of the distribution. ``slider_latency.py`` shows it in
JupyterLab.
"""

from __future__ import annotations

from typing import Any

import ipywidgets
import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

import tradeoff
from tradeoff.frames import Run

LINES = ("throughput_rps", "latency_p50_ms", "latency_p99_ms")


def figure_widget(run: Run) -> ipywidgets.VBox:
    """Two sliders above a FigureWidget of five panels."""
    content = tradeoff.Explorer(run).payload
    batches, concurrencies = (axis["values"] for axis in content["axes"])
    one = content["slices"][0]
    shape = (len(batches), len(concurrencies))
    metrics = {name: np.array(values, dtype="float64").reshape(shape) for name, values in one["metrics"].items()}
    figure = go.FigureWidget(make_subplots(rows=2, cols=3))
    figure.add_scatter(
        x=metrics["latency_p99_ms"].ravel(), y=metrics["throughput_rps"].ravel(), mode="markers", row=1, col=1
    )
    for place, name in enumerate(LINES):
        for at in range(len(concurrencies)):
            figure.add_scatter(
                x=batches, y=metrics[name][:, at], line={"color": "#ccc"}, row=1 + place // 2, col=2 + place % 2
            )
    static = len(figure.data)
    figure.add_scatter(mode="markers", marker={"size": 16, "color": "#d55e00"}, row=1, col=1)
    for place in range(len(LINES)):
        for mode in ("lines", "markers"):
            figure.add_scatter(
                mode=mode, marker={"color": "#d55e00", "size": 12}, row=1 + place // 2, col=2 + place % 2
            )
    figure.add_bar(row=2, col=1)
    figure.add_bar(row=2, col=3)
    figure.update_xaxes(type="log", row=1)
    figure.update_yaxes(type="log", row=1)
    figure.update_layout(showlegend=False, width=1100, height=640)
    moving = figure.data[static:]
    sliders = [
        ipywidgets.SelectionSlider(options=values, value=values[len(values) // 2], description=name)
        for name, values in (("batch", batches), ("concurrency", concurrencies))
    ]

    def follow(_change: Any = None) -> None:
        b, k = (slider.index for slider in sliders)
        cell = b * len(concurrencies) + k
        parts = {
            stage: one["metrics"][name][cell]
            for stage in content["stages"]
            if (name := f"at_p99_{stage}_ms") in one["metrics"]
        }
        counted = one["histograms"][cell]
        edges = np.geomspace(counted["low_ms"], counted["high_ms"], len(counted["counts"]) + 1)
        with figure.batch_update():
            moving[0].x, moving[0].y = [metrics["latency_p99_ms"][b, k]], [metrics["throughput_rps"][b, k]]
            for place, name in enumerate(LINES):
                line, mark = moving[1 + 2 * place], moving[2 + 2 * place]
                line.x, line.y = batches, metrics[name][:, k]
                mark.x, mark.y = [batches[b]], [metrics[name][b, k]]
            moving[-2].x, moving[-2].y = list(parts), list(parts.values())
            moving[-1].x, moving[-1].y = edges[:-1], counted["counts"]

    for slider in sliders:
        slider.observe(follow, "value")
    follow()
    return ipywidgets.VBox([*sliders, figure])
