"""The explorer in a notebook: a thin model over the payload; all that moves on the screen moves in the browser."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from tradeoff.arguments import ArgumentError
from tradeoff.explorer import remarks
from tradeoff.explorer.asked import Questions
from tradeoff.explorer.assets import AssetError, plotly_bundle, stylesheet, widget_module
from tradeoff.explorer.declaring import Checked, Declaring
from tradeoff.explorer.grid import lay_out
from tradeoff.explorer.packed import packed
from tradeoff.explorer.page import save_page
from tradeoff.explorer.payload import PayloadError, payload
from tradeoff.explorer.place import NotMeasuredError, Places
from tradeoff.frames import POINT_COLUMNS, Run
from tradeoff.frames.names import percentile
from tradeoff.frames.tables import conform
from tradeoff.objective import Objective

try:
    import anywidget
    import traitlets
except Exception as error:  # a broken installation raises anything: the reader needs the true cause
    raise ImportError(
        f"the explorer needs anywidget, and importing it failed ({type(error).__name__}: {error}): "
        "pip install --force-reinstall anywidget ipywidgets"
    ) from error

_SETTABLE = ("objective", "batch_size", "concurrency", "position", "slice", "percentile")


class Explorer(Declaring, anywidget.AnyWidget):  # type: ignore[misc]
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
    before
        Another Run, or its points, to compare with: both frontiers are drawn, on the same axes.
    objective, limit_ms, batch_size, concurrency, position, slice, percentile
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
        The percentile of the frontier's axis: ``"p50"``, ``"p90"``, ``"p95"``, ``"p99"``, ``"p999"``.
    objective
        What is asked, as text that `tradeoff.decide` takes; ``""`` while none is declared, and no winner is shown.
        Set it to text or to an `Objective`; the browser writes it too, by its text field and the limit's slider.
    limit_ms
        Short for an objective with a limit on `percentile`: None while there is none; set it, and the objective becomes
        ``maximize throughput subject to p99 <= 20 ms``, or has that limit where it has one; None takes it back.
    selected
        The row of ``run.points`` at this place (a `pandas.Series`), or None when it was not measured. Can be observed:
        ``explorer.observe(f, "selected")``.

    Raises
    ------
    PayloadError
        When there are no points, or they cannot be laid out on `axes`.
    NotMeasuredError
        When a start value was not measured; the message lists those that were.
    ObjectiveError
        When the objective cannot be read, or cannot be asked of these points.
    ImportError
        When anywidget or plotly cannot be imported, with the cause.
    """

    _esm = widget_module()
    _css = stylesheet()

    payload = traitlets.Dict(read_only=True).tag(sync=True, to_json=lambda content, _widget: packed(content))
    batch_size = Checked().tag(sync=True)
    concurrency = Checked().tag(sync=True)
    position = traitlets.Dict().tag(sync=True)
    slice = traitlets.Dict().tag(sync=True)
    percentile = traitlets.Unicode().tag(sync=True)
    selected = traitlets.Any(None, allow_none=True, read_only=True)

    def __init__(
        self,
        run: Run | pd.DataFrame,
        axes: Sequence[str] | None = None,
        *,
        title: str | None = None,
        before: Run | pd.DataFrame | None = None,
        objective: Objective | str | None = None,
        limit_ms: float | None = None,
        batch_size: float | None = None,
        concurrency: float | None = None,
        position: Mapping[str, float] | None = None,
        slice: Mapping[str, str] | None = None,
        percentile: str | None = None,
        **options: Any,
    ) -> None:
        if objective is not None and limit_ms is not None:
            raise ArgumentError("pass objective= or limit_ms=, not both")
        self.run = _as_run(run)
        self.before = None if before is None else _as_run(before, "before")
        self._axes, self._title = axes, title
        self._remarks = remarks.remarks_on(self.run)
        wished = {
            "objective": objective, "batch_size": batch_size, "concurrency": concurrency, "position": position,
            "slice": slice, "percentile": percentile, "limit_ms": limit_ms,
        }  # fmt: skip
        points = self.run.points.reset_index(drop=True)
        grid = lay_out(points, axes)
        self._questions = Questions(points, grid)
        content = self._content()
        self._places = Places(points, grid, content)
        # Everything stands before the comm opens: one message carries it, and it is not sent again.
        self.set_trait("payload", content)
        for name, value in self._places.start().items():
            self.set_trait(name, value)
        for name, value in wished.items():
            if value is not None:
                setattr(self, name, value)
        self._follow()
        super().__init__(**options)
        self.observe(self._follow, ["batch_size", "concurrency", "position", "slice"])
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
        state = {name: getattr(self, name) for name in _SETTABLE if name != "objective"}
        return save_page(
            self.run, path, axes=self._axes, state=state, title=self._title, objective=self.objective,
            before=self.before, said=self._remarks,
        )  # fmt: skip

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take what the browser sends; what was not measured moves to the nearest that was."""
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
        yield self.objective or self.percentile

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
        known, value = self.payload["percentiles"], percentile(proposal["value"])
        if value not in known:
            raise NotMeasuredError(f"percentile {proposal['value']!r} is not in this Run: use {', '.join(known)}")
        return str(value)

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
        if name == "objective":
            return self._askable_or_now(value)
        try:
            if name == "position":
                wished = {column: self._places.nearest(column, one, None) for column, one in dict(value).items()}
                return self._places.position(wished, now)
            if name == "slice":
                return self._places.slice(value, now)
        except (TypeError, ValueError):
            return now
        return value if value in self.payload["percentiles"] else now

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

    def _content(self, asked: Objective | None = None) -> dict[str, Any]:
        return payload(
            self.run, axes=self._axes, title=self._title, before=self.before, asked=self._questions.columns(asked),
            remarks=self._remarks,
        )  # fmt: skip

    # --- what the browser asks --------------------------------------------------------------------------------------

    def _answer(self, _widget: object, content: Any, _buffers: object) -> None:
        if not isinstance(content, Mapping):
            return
        if content.get("kind") == "plotly":
            self._send_plotly()
        elif content.get("kind") == "objective":
            self._answer_typed(content)

    def _send_plotly(self) -> None:
        """Send plotly.js to a page that has none yet."""
        try:
            bundle = plotly_bundle()
        except (AssetError, ImportError) as error:
            self.send({"kind": "plotly", "error": str(error)})
            return
        self.send({"kind": "plotly", "version": bundle.version}, [bundle.gzipped])


def _as_run(run: object, name: str = "run") -> Run:
    if isinstance(run, Run):
        return run
    if isinstance(run, pd.DataFrame):
        return Run(points=conform(run, POINT_COLUMNS))
    raise PayloadError(
        f"{name} is {type(run).__name__}, not a Run or a frame of points: tradeoff.read(path) reads a folder or a file"
    )
