"""What batches came of a policy: how many of each size, and in which ones requests find themselves."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from tradeoff.figures.axes import linear_ticks
from tradeoff.figures.groups import points_of, why_absent
from tradeoff.figures.one_point import choose_point, heading
from tradeoff.figures.panels import finish, grid_of_panels, nothing
from tradeoff.figures.text import count, three
from tradeoff.figures.theme import SIZE_SMALL, Theme, palette
from tradeoff.frames import Run

_HEIGHT = 360


class FormationInfo(NamedTuple):
    """What `plot_formation` draws.

    Attributes
    ----------
    subtitle
        Which point.
    largest
        The policy's maximum.
    sizes
        Of batches that were formed, ascending.
    batches, requests
        Shares of all, in per cent, of each size.
    mean
        Size of a batch on average.
    n_batches, n_requests
        How many there were.
    reason
        Why there is nothing to draw, or empty.
    """

    subtitle: str
    largest: int
    sizes: tuple[int, ...]
    batches: tuple[float, ...]
    requests: tuple[float, ...]
    mean: float
    n_batches: int
    n_requests: int
    reason: str = ""


def plot_formation(
    run: Run,
    point_id: str | None = None,
    *,
    batch_size: int | None = None,
    concurrency: int | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """Plot the sizes of the batches that were formed at one point of served or simulated requests.

    Parameters
    ----------
    run
        A Run with samples of requests: of `tradeoff.serve`, or of `tradeoff.simulate` with ``keep_samples=True``.
    point_id, batch_size, concurrency
        Which point; by default, of those that fit, the one with the highest throughput.
    theme
        ``"light"`` or ``"dark"``.

    Returns
    -------
    plotly.graph_objects.Figure
        Not shown. Two bars a size: its share of the batches, and of the requests, most of which are in large ones.

    Raises
    ------
    ValueError
        When nothing was measured at the point, or the theme is not known.
    """
    info = _get_formation_info(run, point_id=point_id, batch_size=batch_size, concurrency=concurrency)
    return _get_formation_plot(info, theme)


def _get_formation_info(
    run: Run, *, point_id: str | None, batch_size: int | None, concurrency: int | None
) -> FormationInfo:
    if not isinstance(run, Run):
        raise TypeError(f"run={type(run).__name__}: pass a Run, whose samples say in which batch each request was")
    points = points_of(run)
    if not len(points):
        return _empty("", "No points: serve or simulate some first.")
    point, why = choose_point(
        points, point_id=point_id, batch_size=batch_size, concurrency=concurrency,
        usable=lambda rows: rows["mode"] == "serving",
    )  # fmt: skip
    subtitle = heading(point, why)
    if point.get("mode") != "serving":
        return _empty(subtitle, "Calls of one size were measured here; batches form where requests are served.")
    samples = run.samples_of(str(point["point_id"]))
    requests = samples[(samples["status"] == "ok") & samples["batch_id"].notna()]
    if not len(requests):
        absent = why_absent(point) if point.get("status") in ("failed", "saturated") else "no samples were kept"
        return _empty(subtitle, f"Nothing to draw: {absent}.")
    batches = requests.drop_duplicates(["replicate", "batch_id"])["batch_size"].to_numpy(dtype=np.int64)
    sizes, formed = np.unique(batches, return_counts=True)
    return FormationInfo(
        subtitle=subtitle,
        largest=int(point["batch_size"]) if pd.notna(point["batch_size"]) else int(sizes[-1]),
        sizes=tuple(sizes.tolist()),
        batches=tuple((100.0 * formed / formed.sum()).tolist()),
        requests=tuple((100.0 * formed * sizes / (formed * sizes).sum()).tolist()),
        mean=float(batches.mean()),
        n_batches=len(batches),
        n_requests=int(batches.sum()),
    )


def _empty(subtitle: str, reason: str) -> FormationInfo:
    return FormationInfo(subtitle, 0, (), (), (), float("nan"), 0, 0, reason)


def _get_formation_plot(info: FormationInfo, theme: Theme) -> go.Figure:
    title = "Sizes of the batches that were formed"
    if info.reason:
        return nothing(title=title, subtitle=info.subtitle, reason=[info.reason], theme=theme)
    colours = palette(theme)
    figure = grid_of_panels(1, 1, theme=theme)
    for name, shares, colour in (
        ("share of batches", info.batches, colours.grey),
        ("share of requests", info.requests, colours.frontier),
    ):
        told = [f"batch {size}: {three(share)} % of {name[9:]}" for size, share in zip(info.sizes, shares, strict=True)]
        figure.add_bar(
            x=info.sizes, y=shares, name=name, showlegend=True, marker={"color": colour, "line": {"width": 0}},
            hovertext=told, hoverinfo="text",
        )  # fmt: skip
    figure.add_vline(x=info.mean, line={"color": colours.ink, "width": 1, "dash": "dot"})
    left = info.mean > 0.5 * (info.largest + 1)
    figure.add_annotation(
        x=info.mean, y=1, yref="paper", yanchor="bottom", xanchor="right" if left else "left", showarrow=False,
        text=f"mean {three(info.mean)}", font={"size": SIZE_SMALL, "color": colours.ink},
    )  # fmt: skip
    ticks = [tick for tick in linear_ticks(1, max(2, info.largest), most=12) if float(tick).is_integer()]
    figure.update_xaxes(
        title="batch size (requests)", range=[0.4, info.largest + 0.6], tickmode="array",
        tickvals=sorted({1, *ticks, info.largest}) if info.largest <= 12 else ticks,
    )  # fmt: skip
    figure.update_yaxes(title="share (%)", rangemode="tozero")
    figure.update_layout(barmode="group", bargap=0.25, bargroupgap=0.0)
    caption = [
        f"{count(info.n_batches)} batches of {count(info.n_requests)} requests; the policy allows {info.largest}. "
        "Most requests are in large batches even where most batches are small."
    ]
    return finish(figure, title=title, subtitle=info.subtitle, caption=caption, height=_HEIGHT, theme=theme, above=14)
