"""The roofline: attained arithmetic over arithmetic intensity, under what the device allows.

Over batch size a workload walks to the right, where a batch shares what it reads, and up: from moving bytes to
arithmetic. Where it meets the flat roof, a larger batch gains nothing more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from tradeoff.figures.axes import Axis, axis
from tradeoff.figures.groups import failed, groups_of, points_of, rows_where, why_absent
from tradeoff.figures.marks import Measure, hover_texts, measure
from tradeoff.figures.panels import finish, grid_of_panels, nothing, outer_axes, pairs
from tradeoff.figures.roofline_panel import Roof, RooflinePanel, RooflinePath, draw_panel
from tradeoff.figures.text import three
from tradeoff.figures.theme import Theme, palette
from tradeoff.frames import IDENTITY_COLUMNS, Run
from tradeoff.limits import Limits, limits_for, pct_of_limit

_TITLE = "Roofline: from moving bytes to arithmetic"
_HEIGHT = 440
_ALIKE = 1.3
"""Roofs that differ by less share one label: two would lie on each other."""

_UNITS = ((1e12, "Tflop/s"), (1e9, "Gflop/s"), (1e6, "Mflop/s"))
_MEASURE = "measure them with tradeoff.limits.measure_limits() or 'tradeoff limits', and pass limits="


def plot_roofline(
    run: Run | pd.DataFrame,
    *,
    limits: Limits | Sequence[Limits] | None = None,
    concurrency: int | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """Plot attained arithmetic over arithmetic intensity under the device's roof, a path over batch size a workload.

    After Williams, Waterman and Patterson, Communications of the ACM 52(4), 2009: the slope is what the memory allows,
    the flat what the matrix rate of a number type allows.

    Parameters
    ----------
    run
        A Run, whose ``environment["limits"]`` is the roof, or its points.
    limits
        Of the device or devices, instead of those recorded.
    concurrency
        The one to show; by default the lowest that was measured, for each path.
    theme
        ``"light"`` or ``"dark"``.

    Returns
    -------
    plotly.graph_objects.Figure
        Not shown. A device whose limits are not known has no roof, and workloads that do not say how many operations
        and bytes a call takes have no path; the caption says so.

    Raises
    ------
    ValueError
        When nothing was measured at `concurrency`, or the theme is not known.
    """
    return _get_roofline_plot(_get_roofline_info(run, limits=limits, concurrency=concurrency), theme)


class RooflineInfo(NamedTuple):
    """What `plot_roofline` draws; `reason` says why there is nothing."""

    subtitle: str
    x: Axis
    y: Axis
    panels: tuple[RooflinePanel, ...]
    caption: tuple[str, ...]
    reason: str = ""


def _get_roofline_info(
    run: Run | pd.DataFrame, *, limits: Limits | Sequence[Limits] | None, concurrency: int | None
) -> RooflineInfo:
    points = points_of(run).reset_index(drop=True)
    points = _at_concurrency(points, concurrency)
    given = [limits] if isinstance(limits, Limits) else limits
    recorded = run.environment if isinstance(run, Run) else {}
    environment = recorded if given is None else {"limits": [one.to_dict() for one in given]}
    kept, notes = _with_costs(points)
    if not len(kept):
        return RooflineInfo("", axis([], title=""), axis([], title=""), (), (), _why_nothing(points, notes))
    varying = [
        name for name in IDENTITY_COLUMNS if name in kept and name not in ("batch_size", "concurrency", "device")
    ]
    shared, _ = groups_of(kept)
    devices = kept["device"] if "device" in kept else pd.Series("the device", index=kept.index)
    unit, word = _unit(kept)
    parts = []
    for device, rows in kept.groupby(devices.fillna("the device"), sort=True):
        found = _limits_of(rows, environment, str(device))
        _, groups = groups_of(rows, varying)
        parts.append(_panel(str(device), groups, found, unit, word))
        if not any(found.values()):
            notes.append(f"The limits of {device} are not known: {_MEASURE}.")
        else:
            notes += _unknown_types(rows, found)
            notes += _above(rows, found)
    several = len(parts) > 1
    panels = tuple(part if several else part._replace(title="") for part in parts)
    shown = [path for panel in panels for path in panel.paths]
    roofs = [roof for panel in panels for roof in panel.roofs]
    x = np.concatenate([path.intensity for path in shown] + [[2 * roof.rate / roof.bandwidth] for roof in roofs])
    y = np.concatenate([path.attained.everything() for path in shown] + [[1.25 * roof.rate] for roof in roofs])
    where = "the lowest that was measured" if concurrency is None else f"{concurrency}"
    caption = (
        "Numbers: batch size at the ends of a path, where there is room. Whiskers: 95 % intervals. "
        f"Concurrency: {where}. Bytes are those a call must move at least.",
        *dict.fromkeys(notes),
    )
    columns = 2 if several else 1
    return RooflineInfo(
        subtitle=shared,
        x=axis(x, title="arithmetic intensity (flop/byte)", log=True, most=10 // columns),
        y=axis(y, title=f"attained ({word})   ↑ better", log=True, most=7),
        panels=panels,
        caption=caption,
    )


def _at_concurrency(points: pd.DataFrame, concurrency: int | None) -> pd.DataFrame:
    if "concurrency" not in points or not len(points):
        return points
    if concurrency is not None:
        return rows_where(points, "concurrency", concurrency)
    names = [name for name in IDENTITY_COLUMNS if name in points and name not in ("batch_size", "concurrency")]
    value = points["concurrency"].astype("float64")
    lowest = value.groupby([points[name] for name in names], dropna=False).transform("min") if names else value.min()
    return points[(value == lowest) | value.isna()]


def _with_costs(points: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows that have a place in the figure, and what is to be said of the others."""
    flops, moved, calls = (measure(points, name).value for name in ("flops", "bytes", "calls_per_s"))
    is_failed = failed(points)
    there = (flops > 0) & (moved > 0) & (calls > 0) & ~is_failed
    notes = []
    workload = points["workload"].fillna("a workload") if "workload" in points else pd.Series("it", index=points.index)
    for number, (_, row) in enumerate(points.iterrows()):
        name = workload.iloc[number]
        if is_failed[number] or (flops[number] > 0 and moved[number] > 0 and not there[number]):
            size = f" at batch {row['batch_size']:g}" if pd.notna(row.get("batch_size")) else ""
            notes.append(f"Not shown: {name}{size} ({why_absent(row)}).")
        elif flops[number] == 0:
            notes.append(f"Not shown: {name}, which does no arithmetic.")
        elif not there[number]:
            notes.append(f"Not shown: {name}, which does not say how many operations and bytes a call takes.")
    notes = list(dict.fromkeys(notes))
    more = [f"Not shown: {len(notes) - 4} more."] if len(notes) > 4 else []
    return points[there].reset_index(drop=True), notes[:4] + more


def _why_nothing(points: pd.DataFrame, notes: Sequence[str]) -> str:
    return " ".join(notes) if len(points) else "No points: measure some first."


def _unit(rows: pd.DataFrame) -> tuple[float, str]:
    attained = measure(rows, "flops").value * measure(rows, "calls_per_s").value
    middle = float(np.median(attained))
    return next((unit for unit in _UNITS if middle >= unit[0]), _UNITS[-1])


def _limits_of(rows: pd.DataFrame, environment: Any, device: str) -> dict[str, Limits | None]:
    """Limits by backend, as far as they are known."""
    backends = rows["backend"].dropna().unique() if "backend" in rows else [""]
    return {str(backend): limits_for(environment, device=device, backend=str(backend)) for backend in backends}


def _panel(title: str, groups: Sequence[Any], found: dict[str, Limits | None], unit: float, word: str) -> RooflinePanel:
    roofs: dict[Roof, None] = {}
    paths = []
    known = {id(one): one for one in found.values() if one is not None}
    for group in groups:
        rows = group.rows.sort_values("batch_size", kind="stable").reset_index(drop=True)
        backend, dtype = (str(rows[name].iloc[0]) if name in rows else "" for name in ("backend", "dtype"))
        limits = found.get(backend)
        if limits is not None and dtype in limits.matrix_flops_per_s:
            name = dtype if len({one.backend for one in known.values()}) < 2 else f"{dtype}, {limits.backend}"
            roof = Roof(name, limits.matrix_flops_per_s[dtype] / unit, limits.copy_bytes_per_s / unit)
            roofs[roof] = None
        paths.append(_path(group.title or "all", rows, limits, dtype, unit))
    ordered = sorted(roofs, key=lambda roof: roof.rate)
    slopes = {roof.bandwidth: _bandwidth_text(roof.bandwidth * unit) for roof in ordered}
    return RooflinePanel(title, tuple(ordered), tuple(_labels(ordered, word)), tuple(slopes.items()), tuple(paths))


def _labels(roofs: Sequence[Roof], word: str) -> list[tuple[float, str]]:
    """One label for roofs that lie close together, at the highest of them."""
    bunches: list[list[Roof]] = []
    for roof in roofs:
        if bunches and roof.rate < _ALIKE * bunches[-1][-1].rate:
            bunches[-1].append(roof)
        else:
            bunches.append([roof])
    return [
        (bunch[-1].rate, " · ".join(f"{roof.name} {three(roof.rate)}" for roof in bunch) + f" {word}")
        for bunch in bunches
    ]


def _bandwidth_text(bytes_per_s: float) -> str:
    size, word = (1e12, "TB/s") if bytes_per_s >= 1e12 else (1e9, "GB/s")
    return f"memory {three(bytes_per_s / size)} {word} "


def _path(name: str, rows: pd.DataFrame, limits: Limits | None, dtype: str, unit: float) -> RooflinePath:
    flops, moved, calls = (measure(rows, column).value for column in ("flops", "bytes", "calls_per_s"))
    seen = measure(rows, "throughput_rps")
    rate = flops * calls / unit
    intensity = flops / moved
    last = {}
    for number in range(len(rows)):
        words = [f"{three(rate[number] * unit / 1e9)} Gflop/s at {three(intensity[number])} flop/byte"]
        share = _share(rows.iloc[number], limits)
        if limits is not None and not np.isnan(share):
            bound = "arithmetic" if intensity[number] > limits.ridge_flops_per_byte(dtype) else "moving bytes"
            words.append(f"{three(share)} % of the limit, which is {bound}")
        last[number] = "<br>".join(words)
    attained = Measure(rate, rate * seen.low / seen.value, rate * seen.high / seen.value)
    return RooflinePath(
        name=name,
        batch_size=measure(rows, "batch_size").value.tolist(),
        intensity=intensity.tolist(),
        attained=attained,
        hover=hover_texts(rows, ["throughput_rps", "latency_p50_ms"], last=last),
    )


def _share(row: pd.Series, limits: Limits | None) -> float:
    return pct_of_limit(
        flops=float(row["flops"]),
        bytes=float(row["bytes"]),
        calls_per_s=float(row["calls_per_s"]),
        dtype=str(row.get("dtype")),
        limits=limits,
    )


def _unknown_types(rows: pd.DataFrame, found: dict[str, Limits | None]) -> list[str]:
    notes = []
    for backend, limits in found.items():
        of_backend = rows[rows["backend"] == backend] if "backend" in rows and backend else rows
        for dtype in of_backend["dtype"].dropna().unique() if "dtype" in rows else []:
            if limits is None or dtype not in limits.matrix_flops_per_s:
                notes.append(f"No roof for {dtype}: its matrix rate was not measured.")
    return notes


def _above(rows: pd.DataFrame, found: dict[str, Limits | None]) -> list[str]:
    shares = np.array([_share(row, found.get(str(row.get("backend", "")))) for _, row in rows.iterrows()])
    above = int((shares > 100).sum())
    if not above:
        return []
    return [
        f"{above} {'point lies' if above == 1 else 'points lie'} above the roof: a cache gave what the memory did not "
        "have to, or less was moved than was counted."
    ]


def _get_roofline_plot(info: RooflineInfo, theme: Theme) -> go.Figure:
    colours = palette(theme)
    if not info.panels:
        return nothing(title=_TITLE, subtitle=info.subtitle, reason=[info.reason], theme=theme)
    columns, rows = pairs(len(info.panels))
    figure = grid_of_panels(
        rows, columns, titles=[panel.title for panel in info.panels] if columns > 1 else (), theme=theme,
        shared_xaxes="all", shared_yaxes="all", horizontal_spacing=0.06, vertical_spacing=min(0.12, 0.5 / rows),
    )  # fmt: skip
    names = list(dict.fromkeys(path.name for panel in info.panels for path in panel.paths))
    named: set[str] = set()
    for number, panel in enumerate(info.panels):
        where = {"row": number // columns + 1, "col": number % columns + 1}
        draw_panel(figure, panel, (info.x, info.y), where, colours, names=names, named=named)
        below, beside = number + columns >= len(info.panels), number % columns == 0
        outer_axes(figure, info.x, info.y, below=below, beside=beside, **where)
    return finish(
        figure, title=_TITLE, subtitle=info.subtitle, caption=info.caption, height=_HEIGHT if rows == 1 else 320 * rows,
        theme=theme, legend=len(names) > 1,
    )  # fmt: skip
