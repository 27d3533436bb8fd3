"""``tradeoff.Explorer``: the explorer as a Jupyter widget."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import traitlets

from tradeoff.explorer.assets import AssetError, plotly_bundle, stylesheet, widget_module
from tradeoff.explorer.grid import NOT_MEASURED, Grid, Slice, lay_out
from tradeoff.explorer.page import save_page
from tradeoff.explorer.payload import payload
from tradeoff.frames import Run

try:
    import anywidget
except ImportError as error:
    raise ImportError(
        f"the explorer needs anywidget, which cannot be imported ({error}): pip install --force-reinstall anywidget"
    ) from error

_OWN_TRAITS = ("batch_size", "concurrency")


class Explorer(anywidget.AnyWidget):  # type: ignore[misc]
    """Slide along a Run: throughput, p50 and p99 move together on the frontier.

    Everything is worked out here once; while a slider is dragged nothing reaches the kernel. When it has come to
    rest, `batch_size`, `concurrency`, `position` and `selected` follow, and can be observed. Setting them moves the
    sliders.

    Parameters
    ----------
    run
        A Run, or its ``points`` alone (then without distributions).
    axes
        One to three numeric columns to slide along; by default those that vary, batch size and concurrency first.
    percentile
        The percentile on the axis of the frontier, to which the limit applies: ``"p50"`` to ``"p999"``.
    limit_ms
        A latency limit to declare from the start; none unless given.
    title
        A heading; by default the workloads.

    Attributes
    ----------
    batch_size, concurrency
        Where the sliders stand; None for an axis that is not there. In ipywidgets' words: traits, which can be
        observed, linked and ``jslink``-ed. Setting a value that was not measured raises a `TraitError` that lists
        those that were; a linked widget is moved to the nearest instead.
    position
        Values of axes of other names, such as ``{"max_wait_ms": 2.0}``.
    slice
        Values of the columns in the drop-downs, such as ``{"workload": "softmax"}``.
    selected
        The row of ``points`` at this place, a `pandas.Series`; None where nothing was measured. Read-only.
    objective
        The objective in words; empty while no limit is declared. Read-only.

    Raises
    ------
    PayloadError
        When there are no points, or they cannot be laid out on `axes`.

    Examples
    --------
    >>> explorer = tradeoff.Explorer(run)  # doctest: +SKIP
    >>> explorer.concurrency = 16  # doctest: +SKIP
    >>> explorer.selected["latency_p99_ms"]  # doctest: +SKIP
    """

    _esm = widget_module()
    _css = stylesheet()

    payload = traitlets.Dict().tag(sync=True)
    batch_size = traitlets.Any(None, allow_none=True).tag(sync=True)
    concurrency = traitlets.Any(None, allow_none=True).tag(sync=True)
    position = traitlets.Dict().tag(sync=True)
    slice = traitlets.Dict().tag(sync=True)
    percentile = traitlets.Unicode("p99").tag(sync=True)
    limit_ms = traitlets.Float(None, allow_none=True).tag(sync=True)
    objective = traitlets.Unicode("").tag(sync=True)
    selected = traitlets.Any(None, allow_none=True, read_only=True)

    _from_browser = False
    _grid: Grid | None = None

    def __init__(
        self,
        run: Run | pd.DataFrame,
        axes: Sequence[str] | None = None,
        *,
        percentile: str = "p99",
        limit_ms: float | None = None,
        title: str | None = None,
    ) -> None:
        self._run = run if isinstance(run, Run) else Run(points=run)
        self._points = self._run.points.reset_index(drop=True)
        self._axes, self._title = axes, title
        content = payload(self._run, axes=axes, limits_ms=[] if limit_ms is None else [limit_ms], title=title)
        if percentile not in content["percentiles"]:
            raise ValueError(f"percentile {percentile!r} is not in this Run: use {_listed(content['percentiles'])}")
        grid = lay_out(self._points, axes)
        start = _middle(grid, self._points)
        super().__init__(
            payload=content,
            slice=dict(grid.slices[0].key),
            position={name: value for name, value in start.items() if name not in _OWN_TRAITS},
            percentile=percentile,
            limit_ms=limit_ms,
            **{name: value for name, value in start.items() if name in _OWN_TRAITS},
        )
        self._grid = grid
        self._select()
        self.observe(lambda _: self._select(), [*_OWN_TRAITS, "position", "slice"])
        self.on_msg(self._answer)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the explorer as it stands to one HTML file, which needs no kernel and no network.

        Raises
        ------
        ValueError
            When the name does not end in ``.html``.
        """
        state = {name: getattr(self, name) for name in (*_OWN_TRAITS, "position", "slice", "percentile", "limit_ms")}
        return save_page(self._run, path, axes=self._axes, state=state, title=self._title)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take what the browser sent; see `ipywidgets.Widget.set_state`."""
        self._from_browser = True
        try:
            super().set_state(sync_data)
        finally:
            self._from_browser = False

    @traitlets.validate(*_OWN_TRAITS)
    def _check_place(self, proposal: Mapping[str, Any]) -> Any:
        name = proposal["trait"].name
        if self._grid is None:
            return proposal["value"]
        return self._checked(name, proposal["value"])

    @traitlets.validate("position")
    def _check_position(self, proposal: Mapping[str, Any]) -> dict[str, Any]:
        wanted: dict[str, Any] = dict(proposal["value"])
        if self._grid is None:
            return wanted
        others = [name for name in self._grid.axes if name not in _OWN_TRAITS]
        unknown = [name for name in wanted if name not in others]
        if unknown:
            raise traitlets.TraitError(f"position {unknown[0]!r} is not an axis here: use {_listed(others)}")
        return {name: self._checked(name, wanted.get(name, self.position.get(name))) for name in others}

    @traitlets.validate("slice")
    def _check_slice(self, proposal: Mapping[str, Any]) -> dict[str, Any]:
        wanted: dict[str, Any] = dict(proposal["value"])
        if self._grid is None:
            return wanted
        full = {**self.slice, **wanted}
        keys = [one.key for one in self._grid.slices]
        if full not in keys:
            raise traitlets.TraitError(f"slice {wanted!r} was not measured: use {_listed(keys)}")
        return full

    @traitlets.validate("percentile")
    def _check_percentile(self, proposal: Mapping[str, Any]) -> str:
        there = self.payload.get("percentiles", [proposal["value"]])
        if proposal["value"] not in there:
            raise traitlets.TraitError(f"percentile {proposal['value']!r} is not in this Run: use {_listed(there)}")
        return str(proposal["value"])

    def _checked(self, name: str, value: Any) -> int | float | None:
        assert self._grid is not None  # noqa: S101
        measured = self._grid.axes.get(name)
        if measured is None:
            if value is None or self._from_browser:
                return None
            raise traitlets.TraitError(f"{name} is not an axis here: use {_listed(list(self._grid.axes))}")
        if not isinstance(value, int | float | np.number) or isinstance(value, bool) or not np.isfinite(value):
            raise traitlets.TraitError(f"{name}={value!r} is not a number: use one of {_listed(_plain(measured))}")
        nearest = min(measured, key=lambda there: abs(there - float(value)))
        if nearest != float(value) and not self._from_browser:
            raise traitlets.TraitError(f"{name}={value!r} was not measured: use one of {_listed(_plain(measured))}")
        return _plain([nearest])[0]

    def _select(self) -> None:
        row = self._row()
        before = self.selected
        now = None if row is None else self._points.iloc[row]
        if (before is None) != (now is None) or (now is not None and before.name != now.name):
            self.set_trait("selected", now)

    def _row(self) -> int | None:
        assert self._grid is not None  # noqa: S101
        here = {**{name: getattr(self, name) for name in _OWN_TRAITS}, **self.position}
        for one in self._grid.slices:
            if one.key == self.slice:
                shape = [len(values) for values in self._grid.axes.values()]
                places = [list(values).index(here[name]) for name, values in self._grid.axes.items()]
                row = one.rows[int(np.ravel_multi_index(places, shape))]
                return row if row >= 0 else None
        return None

    def _answer(self, widget: object, content: Mapping[str, Any], buffers: object) -> None:
        del widget, buffers
        if content.get("kind") != "plotly":
            return
        try:
            bundle = plotly_bundle()
        except (AssetError, ImportError) as error:
            self.send({"kind": "plotly", "error": f"plotly.js cannot be had: {error}"})
            return
        self.send({"kind": "plotly", "version": bundle.version}, buffers=[bundle.gzipped])

    def __repr__(self) -> str:
        here = {name: getattr(self, name) for name in _OWN_TRAITS if getattr(self, name) is not None}
        here.update(self.position)
        place = ", ".join(f"{name}={value:g}" for name, value in here.items())
        return f"Explorer({len(self._points)} points, {place})"


def _middle(grid: Grid, points: pd.DataFrame) -> dict[str, int | float]:
    """Give the measured place nearest to the middle of the grid, so that both ways of every slider lie open."""
    first: Slice = grid.slices[0]
    shape = [len(values) for values in grid.axes.values()]
    centre = np.array([(size - 1) // 2 for size in shape])
    cells = [cell for cell, row in enumerate(first.rows) if row >= 0 and points["status"].iloc[row] not in NOT_MEASURED]
    cells = cells or [cell for cell, row in enumerate(first.rows) if row >= 0]
    places = np.column_stack(np.unravel_index(cells, shape))
    nearest = places[np.abs(places - centre).sum(axis=1).argmin()]
    return {name: _plain([values[place]])[0] for (name, values), place in zip(grid.axes.items(), nearest, strict=True)}


def _plain(values: Sequence[float]) -> list[int | float]:
    return [int(value) if float(value).is_integer() else float(value) for value in values]


def _listed(values: Sequence[Any]) -> str:
    return ", ".join(str(value) for value in values) or "nothing"
