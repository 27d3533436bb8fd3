"""What is asked of the points: an objective read, held against them, and told to the browser part by part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from tradeoff.explorer.grid import Grid
from tradeoff.explorer.metrics import exact
from tradeoff.frames import PERCENTILES
from tradeoff.objective import Constraint, Objective, ObjectiveError, Setting, rows_at
from tradeoff.objective.judging import rows_asked

Held = list[bool | list[int]]


class Questions:
    """The objectives that can be asked of the points on a grid.

    Parameters
    ----------
    points
        The frame, with a default index.
    grid
        Where its rows lie.
    """

    def __init__(self, points: pd.DataFrame, grid: Grid) -> None:
        self._points = points
        self._grid = grid

    def read(self, wished: object) -> Objective | None:
        """Read an objective and hold it against the points.

        Parameters
        ----------
        wished
            Text, an Objective, what the browser sends, or None; None and ``""`` declare none.

        Raises
        ------
        ObjectiveError
            When it cannot be read, cannot be written, or cannot be asked of any slice of the points.
        """
        if wished is None or (isinstance(wished, str) and not wished.strip()):
            return None
        columns = self._points.columns
        if isinstance(wished, Mapping):
            wished = _from_parts(wished)
        if isinstance(wished, Objective):
            wished = Objective.of(wished, columns)
        else:
            wished = Objective.parse(wished, columns=columns)  # type: ignore[arg-type]
        try:
            same = Objective.parse(str(wished), columns=columns) == wished
        except ObjectiveError as error:
            raise ObjectiveError(f"{str(wished)!r} cannot be read back: {error.reason}") from None
        if not same:
            raise ObjectiveError(f"{str(wished)!r} reads as another objective: rename the column or the value")
        self._check(wished)
        return wished

    def columns(self, objective: Objective | None) -> list[str]:
        """Return the columns that an objective optimises or limits."""
        if objective is None:
            return []
        return list(dict.fromkeys([objective.metric, *(one.metric for one in objective.constraints)]))

    def parts(self, objective: Objective | None) -> dict[str, Any] | None:
        """Tell an objective to the browser: ``text``, and the parts it is made of."""
        if objective is None:
            return None
        return {
            "text": str(objective),
            "direction": objective.direction,
            "metric": objective.metric,
            "constraints": [
                {"metric": one.metric, "comparison": one.comparison, "limit": exact(one.limit)}
                for one in objective.constraints
            ],
            "at": [{"column": one.column, **self._option(one)} for one in objective.at],
        }

    def start(self, objective: Objective | None) -> dict[str, Any]:
        """Return the state in which a page shows an objective: what is asked, of which slice, on which axis."""
        if objective is None:
            return {"objective": None}
        return {
            "objective": self.parts(objective),
            "slice": self.slice_for(objective, {}),
            "percentile": self.percentile_for(objective, "p99"),
        }

    def settings(self) -> list[dict[str, Any]]:
        """List what an objective can hold: axes and drop-downs with their values, as an objective writes them."""
        listed = []
        for column in [*self._grid.axes, *self._grid.slicers]:
            options = [self._option(Setting(column, value)) for value in self._values(column)]
            written = [option for option in options if self._is_written(option["text"])]
            if written:
                listed.append({"column": column, "options": written})
        return listed

    def slice_for(self, objective: Objective, now: Mapping[str, str]) -> dict[str, str]:
        """Return the slice an objective asks about: the one chosen `now` if it can be, else the nearest to it."""
        held = [self._held(setting) for setting in objective.at]
        fitting = [
            one.key
            for number, one in enumerate(self._grid.slices)
            if all(there is None or there[number] is not False for there in held)
        ]
        if not fitting or dict(now) in fitting:
            return dict(now)
        return dict(max(fitting, key=lambda key: sum(key[name] == text for name, text in now.items())))

    def percentile_for(self, objective: Objective, now: str) -> str:
        """Return the percentile on whose axis an objective is seen best: that of a limit, `now` before others."""
        of_column = {f"latency_{p}_ms": p for p in PERCENTILES}
        named = [of_column.get(name) for name in (*(one.metric for one in objective.constraints), objective.metric)]
        known = [p for p in named if p is not None]
        return now if not known or now in known else known[0]

    def _check(self, objective: Objective) -> None:
        """Raise what every slice says against an objective; one that can be asked is enough."""
        for setting in objective.at:
            rows_at(self._points, setting)
        first: ObjectiveError | None = None
        for one in self._grid.slices:
            rows = [row for row in one.rows if row >= 0]
            try:
                rows_asked(self._points.iloc[rows], objective)
            except ObjectiveError as error:
                first = first or error
            else:
                return
        if first is not None:
            raise first

    def _option(self, setting: Setting) -> dict[str, Any]:
        value = setting.value if isinstance(setting.value, str) else exact(setting.value)
        return {"value": value, "text": str(setting), "held": self._held(setting)}

    def _held(self, setting: Setting) -> Held | None:
        """Say for every slice where a setting holds: everywhere, nowhere, or in these cells.

        None for an axis: the browser sees it there.
        """
        if setting.column in self._grid.axes:
            return None
        try:
            rows = set(rows_at(self._points, setting).index)
        except ObjectiveError:
            rows = set()
        found: Held = []
        for one in self._grid.slices:
            there = [cell for cell, row in enumerate(one.rows) if row >= 0]
            holding = [cell for cell in there if one.rows[cell] in rows]
            found.append(bool(holding) if holding in (there, []) else holding)
        return found

    def _values(self, column: str) -> Iterable[float | str]:
        if column in self._grid.axes:
            return self._grid.axes[column]
        known = self._points[column].dropna().unique()
        values = [value.item() if hasattr(value, "item") else value for value in known]
        return sorted(values) if all(isinstance(value, int | float) for value in values) else map(str, values)

    def _is_written(self, text: str) -> bool:
        try:
            Objective.parse(f"maximize throughput at {text}", columns=self._points.columns)
        except ObjectiveError:
            return False
        return True


def _from_parts(parts: Mapping[str, Any]) -> Objective:
    try:
        return Objective(
            parts["direction"],
            parts["metric"],
            tuple(Constraint(one["metric"], one["comparison"], one["limit"]) for one in parts["constraints"]),
            tuple(Setting(one["column"], one["value"]) for one in parts["at"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ObjectiveError(f"no objective: {error}") from None
