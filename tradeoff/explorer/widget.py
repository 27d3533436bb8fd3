"""The explorer in a notebook: a thin model over the payload; all that moves on the screen moves in the browser."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from tradeoff.explorer.assets import AssetError, plotly_bundle, stylesheet, widget_module
from tradeoff.explorer.packed import packed
from tradeoff.explorer.page import save_page
from tradeoff.explorer.payload import PayloadError, payload
from tradeoff.explorer.place import Places, as_number
from tradeoff.frames import POINT_COLUMNS, Run
from tradeoff.frames.tables import conform

try:
    import anywidget
    import traitlets
except Exception as error:  # a broken installation raises anything: the reader needs the true cause
    raise ImportError(
        f"the explorer needs anywidget, and importing it failed ({type(error).__name__}: {error}): "
        "pip install --force-reinstall anywidget ipywidgets"
    ) from error

_SETTABLE = ("batch_size", "concurrency", "position", "slice", "percentile", "limit_ms")


class NotMeasuredError(traitlets.TraitError, ValueError):
    """A slider was to stand where nothing was measured; the message lists where it can."""


class _Place(traitlets.Any):
    allow_none = False  # or None would pass without asking the validators


class Explorer(anywidget.AnyWidget):  # type: ignore[misc]
    """Slide along the measured points of a Run and see throughput and latency move together.

    Parameters
    ----------
    run
        What was measured or read; a frame of points does too, without distributions.
    axes
        One to three numeric columns to slide along; by default batch size, concurrency and whatever else is a number
        that varies.
    title
        A heading; by default the workloads.
    batch_size, concurrency, position, slice, percentile, limit_ms
        Where to start; attributes of the same names, below.
    **options
        What every widget takes, such as ``layout``.

    Attributes
    ----------
    batch_size, concurrency
        Where the sliders stand; None where the points do not tell. Set from Python they must be measured values; from
        the browser or a link they move to the nearest measured one.
    position
        The same for axes of other names: ``{"max_wait_ms": 2}``.
    slice
        What is chosen of the categorical columns that vary: ``{"dtype": "float16"}``.
    percentile
        The percentile of the frontier's axis and of the limit: ``"p50"``, ``"p90"``, ``"p95"``, ``"p99"``, ``"p999"``.
    limit_ms
        The latency limit on that percentile; None while none is declared.
    objective
        The limit as an objective that `tradeoff.decide` takes; ``""`` while none is declared.
    selected
        The row of ``run.points`` at this place (a `pandas.Series`), or None when it was not measured. Can be observed:
        ``explorer.observe(f, "selected")``.

    Raises
    ------
    PayloadError
        When there are no points, or they cannot be laid out on `axes`.
    NotMeasuredError
        When a start value was not measured; the message lists those that were.
    ImportError
        When anywidget or plotly cannot be imported, with the cause.
    """

    _esm = widget_module()
    _css = stylesheet()

    payload = traitlets.Dict(read_only=True).tag(sync=True, to_json=lambda content, _widget: packed(content))
    batch_size = _Place().tag(sync=True)
    concurrency = _Place().tag(sync=True)
    position = traitlets.Dict().tag(sync=True)
    slice = traitlets.Dict().tag(sync=True)
    percentile = traitlets.Unicode().tag(sync=True)
    limit_ms = traitlets.Any(None, allow_none=True).tag(sync=True)
    objective = traitlets.Unicode(read_only=True).tag(sync=True)
    selected = traitlets.Any(None, allow_none=True, read_only=True)

    def __init__(
        self,
        run: Run | pd.DataFrame,
        axes: Sequence[str] | None = None,
        *,
        title: str | None = None,
        batch_size: float | None = None,
        concurrency: float | None = None,
        position: Mapping[str, float] | None = None,
        slice: Mapping[str, str] | None = None,
        percentile: str | None = None,
        limit_ms: float | None = None,
        **options: Any,
    ) -> None:
        self.run = _as_run(run)
        self._axes, self._title = axes, title
        wished = {
            "batch_size": batch_size, "concurrency": concurrency, "position": position, "slice": slice,
            "percentile": percentile, "limit_ms": limit_ms,
        }  # fmt: skip
        content = self._content(None)
        self._places = Places(self.run.points, axes, content)
        # Everything stands before the comm opens: one message carries it, and it is not sent again.
        self.set_trait("payload", content)
        for name, value in self._places.start().items():
            self.set_trait(name, value)
        for name, value in wished.items():
            if value is not None:
                setattr(self, name, value)
        self._follow()
        self._state_objective()
        super().__init__(**options)
        self.observe(self._follow, ["batch_size", "concurrency", "position", "slice"])
        self.observe(self._state_objective, ["limit_ms", "percentile"])
        self.on_msg(self._answer)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the explorer as it stands to one HTML file that needs no kernel and no network.

        Parameters
        ----------
        path
            The file; its name ends in ``.html``.

        Returns
        -------
        pathlib.Path
            The file.

        Raises
        ------
        ValueError
            When the name does not end in ``.html``.
        """
        state = {name: getattr(self, name) for name in (*_SETTABLE, "objective")}
        return save_page(self.run, path, axes=self._axes, state=state, title=self._title)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take what the browser sends; a value that was not measured moves to the nearest measured one."""
        taken = {name: self._nearest(name, value) if name in _SETTABLE else value for name, value in sync_data.items()}
        super().set_state(taken)
        moved = [name for name, value in taken.items() if value != sync_data[name]]
        if moved:
            self.send_state(moved)

    def __repr__(self) -> str:
        title = str(self.payload.get("title") or "points")
        shown = title if len(title) <= 40 else title[:39] + "…"
        return f"Explorer({shown}: {', '.join(self._told())})"

    def _told(self) -> Iterator[str]:
        yield f"{len(self.run.points)} points"
        yield from (f"{name}={value}" for name, value in self._places.where(self._state()).items())
        yield from (f"{name}={text!r}" for name, text in self.slice.items())
        yield self.percentile if self.limit_ms is None else f"{self.percentile} <= {self.limit_ms:.12g} ms"

    # --- what may be set -------------------------------------------------------------------------------------------

    @traitlets.validate("batch_size", "concurrency")
    def _measured_value(self, proposal: dict[str, Any]) -> Any:
        name = proposal["trait"].name
        return self._checked(self._places.value, name, proposal["value"])

    @traitlets.validate("position")
    def _measured_position(self, proposal: dict[str, Any]) -> dict[str, Any]:
        return self._checked(self._places.position, proposal["value"], self.position)  # type: ignore[no-any-return]

    @traitlets.validate("slice")
    def _known_slice(self, proposal: dict[str, Any]) -> dict[str, str]:
        return self._checked(self._places.slice, proposal["value"], self.slice)  # type: ignore[no-any-return]

    @traitlets.validate("percentile")
    def _known_percentile(self, proposal: dict[str, Any]) -> str:
        known = self.payload["percentiles"]
        if proposal["value"] not in known:
            raise NotMeasuredError(f"percentile {proposal['value']!r} is not in this Run: use {', '.join(known)}")
        return str(proposal["value"])

    @traitlets.validate("limit_ms")
    def _positive_limit(self, proposal: dict[str, Any]) -> float | None:
        value = proposal["value"]
        if value is None:
            return None
        limit = as_number(value)
        if limit is None or limit <= 0:
            raise NotMeasuredError(f"limit_ms {value!r}: a positive number of milliseconds, or None for no limit")
        if limit not in self.payload["limits_ms"]:
            # Who declares 2.34 ms means 2.34: the verdicts are worked out at that limit, and the slider gets the step.
            self.set_trait("payload", self._content(limit))
        return limit

    def _checked(self, check: Any, *arguments: Any) -> Any:
        try:
            return check(*arguments)
        except ValueError as error:
            raise NotMeasuredError(str(error)) from None

    def _nearest(self, name: str, value: Any) -> Any:
        """Mend what a link or a slider of another widget sent; what cannot be mended leaves things as they are."""
        now = getattr(self, name)
        if name in ("batch_size", "concurrency"):
            return self._places.nearest(name, value, now)
        if name == "limit_ms":
            return None if value is None else self._nearest_limit(as_number(value), now)
        try:
            if name == "position":
                wished = {column: self._places.nearest(column, one, None) for column, one in dict(value).items()}
                return self._places.position(wished, now)
            if name == "slice":
                return self._places.slice(value, now)
        except (TypeError, ValueError):
            return now
        return value if value in self.payload["percentiles"] else now

    def _nearest_limit(self, limit: float | None, now: float | None) -> float | None:
        steps = self.payload["limits_ms"]
        if limit is None or limit <= 0 or not steps:
            return now
        return min(steps, key=lambda step: abs(math.log(step / limit)))  # type: ignore[no-any-return]

    # --- what follows ----------------------------------------------------------------------------------------------

    def _state(self) -> dict[str, Any]:
        return {"batch_size": self.batch_size, "concurrency": self.concurrency, **self.position}

    def _follow(self, _change: object = None) -> None:
        row = self._places.row(self._state(), self.slice)
        now = self.selected
        if row is None:
            self.set_trait("selected", None)
        elif now is None or not now.equals(self.run.points.iloc[row]):
            self.set_trait("selected", self.run.points.iloc[row])

    def _state_objective(self, _change: object = None) -> None:
        declared = self.limit_ms is not None
        text = f"maximize throughput subject to {self.percentile} <= {self.limit_ms:.12g} ms" if declared else ""
        self.set_trait("objective", text)

    def _content(self, limit_ms: float | None) -> dict[str, Any]:
        limits = [] if limit_ms is None else [limit_ms]
        return payload(self.run, axes=self._axes, limits_ms=limits, title=self._title)

    def _answer(self, _widget: object, content: Any, _buffers: object) -> None:
        """Send plotly.js to a page that has none yet."""
        if not isinstance(content, Mapping) or content.get("kind") != "plotly":
            return
        try:
            bundle = plotly_bundle()
        except (AssetError, ImportError) as error:
            self.send({"kind": "plotly", "error": str(error)})
            return
        self.send({"kind": "plotly", "version": bundle.version}, [bundle.gzipped])


def _as_run(run: object) -> Run:
    if isinstance(run, Run):
        return run
    if isinstance(run, pd.DataFrame):
        return Run(points=conform(run, POINT_COLUMNS))
    raise PayloadError(
        f"run is {type(run).__name__}, not a Run or a frame of points: tradeoff.read(path) reads a folder or a file"
    )
