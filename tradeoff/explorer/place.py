"""Where the sliders may stand, and which row of the points is there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
import traitlets

from tradeoff.explorer.grid import Grid
from tradeoff.frames.names import mapped

OWN_NAMES = ("batch_size", "concurrency")
"""Axes with an attribute of their own; others share ``position``."""


class NotMeasuredError(traitlets.TraitError, ValueError):
    """A slider was to stand where nothing was measured; the message lists where it can."""


class Places:
    """The measured values of each axis, and the row at each of their combinations.

    Parameters
    ----------
    points
        The frame.
    grid
        Where its rows lie.
    content
        What `tradeoff.explorer.payload.payload` returned for them.
    """

    def __init__(self, points: pd.DataFrame, grid: Grid, content: Mapping[str, Any]) -> None:
        self._slices = grid.slices
        self._axes: dict[str, list[float]] = {axis["column"]: list(axis["values"]) for axis in content["axes"]}
        self._texts = grid.slicers
        self._percentiles: list[str] = list(content["percentiles"])
        self._measured = [one["metrics"].get("throughput_rps") for one in content["slices"]]
        # A column that does not vary does not slide, and has one value all the same.
        self._fixed: dict[str, float] = {}
        for name in OWN_NAMES:
            if name not in self._axes and name in points:
                known = points[name].dropna().unique()
                if len(known) == 1 and points[name].notna().all():
                    self._fixed[name] = int(known[0])

    def start(self) -> dict[str, Any]:
        """Return where to begin: the first slice, at the measured point nearest to the middle, p99 where known."""
        sizes = [len(values) for values in self._axes.values()]
        middle = [(size - 1) // 2 for size in sizes]
        known = self._measured[0] or []
        measured = [self._index(cell) for cell, value in enumerate(known) if value is not None]
        index = min(measured, key=lambda at: sum(abs(a - b) for a, b in zip(at, middle, strict=True)), default=middle)
        where = {name: values[at] for (name, values), at in zip(self._axes.items(), index, strict=True)}
        return {
            **{name: where.get(name, self._fixed.get(name)) for name in OWN_NAMES},
            "position": {name: value for name, value in where.items() if name not in OWN_NAMES},
            "slice": dict(self._slices[0].key),
            "percentile": "p99" if "p99" in self._percentiles else self._percentiles[-1],
        }

    def value(self, name: str, value: Any) -> float | None:
        """Return the measured value of axis `name` that equals `value`.

        Raises
        ------
        ValueError
            When it was not measured; the message lists the values that were.
        """
        known = self._axes.get(name) or ([self._fixed[name]] if name in self._fixed else [])
        if value is None and not known:
            return None
        if not known:
            raise ValueError(f"{name} is not an axis here: use {', '.join(self._axes)}")
        number = as_number(value)
        for measured in known:
            if measured == number:
                return measured
        raise ValueError(f"{name}={value!r} was not measured: use one of {', '.join(f'{one:.12g}' for one in known)}")

    def nearest(self, name: str, value: Any, otherwise: Any) -> Any:
        """Return the measured value of axis `name` nearest to `value`; `otherwise` when there is none."""
        number, known = as_number(value), self._axes.get(name)
        if number is None or not known:
            return otherwise
        return min(known, key=lambda measured: abs(measured - number))

    def position(self, wished: Mapping[str, Any], now: Mapping[str, float]) -> dict[str, float]:
        """Return the place on the axes without a name of their own; those not in `wished` stay as they are `now`."""
        others = [name for name in self._axes if name not in OWN_NAMES]
        wished = mapped(wished, others)
        for name in wished:
            if name not in others:
                raise ValueError(f"position {name!r} is not an axis here: use {', '.join(others) or 'nothing'}")
        return {
            name: self.value(name, wished[name]) if name in wished else now[name]  # type: ignore[misc]
            for name in others
        }

    def slice(self, wished: Mapping[str, Any], now: Mapping[str, str]) -> dict[str, str]:
        """Return the slice that has all that is `wished` and keeps the most of what is chosen `now`."""
        wished = mapped(wished, self._texts)
        for column, text in wished.items():
            if column not in self._texts:
                known = ", ".join(self._texts) or "nothing, for no categorical column varies"
                raise ValueError(f"slice {column!r} is not a column that varies here: use {known}")
            if text not in self._texts[column]:
                raise ValueError(
                    f"slice {column}={text!r} was not measured: use one of {', '.join(self._texts[column])}"
                )
        fitting = [one.key for one in self._slices if all(one.key[name] == text for name, text in wished.items())]
        if not fitting:
            raise ValueError(f"slice {dict(wished)!r} was not measured: no point has all of this")
        return dict(max(fitting, key=lambda key: sum(key[name] == text for name, text in now.items())))

    def where(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the place on every axis, by column."""
        return {name: state[name] for name in self._axes}

    def row(self, state: Mapping[str, Any], key: Mapping[str, str]) -> int | None:
        """Return the position in the frame of the point at this place, None when there is none."""
        cell = 0
        for name, values in self._axes.items():
            cell = cell * len(values) + values.index(state[name])
        for one in self._slices:
            if one.key == key:
                return one.rows[cell] if one.rows[cell] >= 0 else None
        return None

    def _index(self, cell: int) -> list[int]:
        index = []
        for values in reversed(self._axes.values()):
            cell, at = divmod(cell, len(values))
            index.append(at)
        return index[::-1]


def as_number(value: Any) -> float | None:
    """Return `value` as a finite number; None when it is not one."""
    if isinstance(value, bool | str):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
