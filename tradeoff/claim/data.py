"""The data behind a claim: which rows and columns, their canonical form, and its hash.

The hash is over what was measured and not over a file: SHA-256 of the ASCII JSON

    ``{"columns": [[name, dtype], ...], "rows": [[cell, ...], ...]}``

with the columns in the order of their names, the rows in the order of their JSON, no blanks, ``null`` for what is
missing, whole numbers as such, other numbers as the shortest decimal that gives the same float64, and infinities as
``"inf"`` and ``"-inf"``. Columns without any value are left out. So it does not depend on the order of rows or
columns, on how a frame holds its numbers, or on the platform, and it can be computed anew from any file of a bundle.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from tradeoff.claim.errors import ClaimError
from tradeoff.claim.private import public_text
from tradeoff.digits import counted
from tradeoff.frames import IDENTITY_COLUMNS, NEVER_POOLED, POINT_COLUMNS, point_id
from tradeoff.frames.tables import conform
from tradeoff.objective import Objective, rows_at

Cell = str | int | float | list[str] | None

_LEFT_OUT = ("reason", "extra")
"""Free text that may name anything: a path in an exception, a host in another tool's file."""

_INFINITIES = {"inf": math.inf, "-inf": -math.inf}


class Data(NamedTuple):
    """Rows of points as they are published.

    Attributes
    ----------
    columns
        Name and dtype (``"str"``, ``"Int64"``, ``"float64"`` or ``"list"``) of each column.
    rows
        Cells in the order of the columns; None for what is missing.
    """

    columns: list[tuple[str, str]]
    rows: list[list[Cell]]

    def sha256(self) -> str:
        """Return the canonical hash; see the module."""
        order = sorted(range(len(self.columns)), key=lambda at: self.columns[at])
        rows = sorted(_dumped([row[at] for at in order]) for row in self.rows)
        columns = _dumped([list(self.columns[at]) for at in order])
        text = f'{{"columns":{columns},"rows":[{",".join(rows)}]}}'
        return hashlib.sha256(text.encode("ascii")).hexdigest()

    def json(self) -> dict[str, Any]:
        """Return it as ``claim.json`` holds it."""
        return {
            "columns": [{"name": name, "dtype": dtype} for name, dtype in self.columns],
            "rows": [list(row) for row in self.rows],
        }


def public_points(points: pd.DataFrame, objective: Objective) -> pd.DataFrame:
    """Return points as they may be published: every column of the table but free text, and what the objective names."""
    frame = conform(points.reset_index(drop=True), POINT_COLUMNS)
    ids = [
        own if isinstance(own, str) and own else point_id({name: row[name] for name in IDENTITY_COLUMNS})
        for own, (_, row) in zip(frame["point_id"], frame.iterrows(), strict=True)
    ] if frame["point_id"].isna().any() else frame["point_id"]  # fmt: skip
    known = {name: frame[name] for name in POINT_COLUMNS if name not in _LEFT_OUT}
    known |= {name: frame[name] for name in _named(objective) if name in frame and name not in POINT_COLUMNS}
    kept = pd.DataFrame(known).assign(point_id=pd.Series(ids, index=frame.index, dtype="str"))
    for name, dtype in _dtypes(kept).items():
        if dtype == "str":
            kept[name] = _public(kept[name])
        elif dtype == "list":
            # A semicolon parts them in CSV.
            kept[name] = [[public_text(flag).replace(";", ",") for flag in flags if flag] for flags in kept[name]]
    return kept


def public_objective(objective: Objective) -> Objective:
    """Return an objective whose settings are written as `public_points` writes the columns they name."""
    at = tuple(
        type(one)(one.column, public_text(one.value) if isinstance(one.value, str) else one.value)
        for one in objective.at
    )
    return Objective(objective.direction, objective.metric, objective.constraints, at)


def involved(points: pd.DataFrame, objective: Objective, answer: pd.Series) -> list[int]:
    """Return the places of the rows that an answer is one of: at the objective's settings, and comparable with it.

    Rows that failed stay, where what is known of them agrees.
    """
    rows = points.reset_index(drop=True)
    for setting in objective.at:
        rows = rows_at(rows, setting)
    for name in (name for name in NEVER_POOLED if name in rows):
        alike = rows[name] == answer[name] if pd.notna(answer[name]) else pd.Series(False, index=rows.index)
        rows = rows[(rows[name].isna() | alike).to_numpy(dtype=bool, na_value=False)]
    return list(map(int, rows.index))


def published(points: pd.DataFrame) -> Data:
    """Take the cells of a frame; columns without a value are left out, rows are put in the order of their ids."""
    ordered = points.sort_values("point_id", kind="stable") if "point_id" in points else points
    columns: list[tuple[str, str]] = []
    cells: list[list[Cell]] = []
    for name, dtype in _dtypes(ordered).items():
        if dtype != "list" and not ordered[name].notna().any():
            continue
        values = [_cell(value, dtype) for value in ordered[name].tolist()]
        if any(value is not None for value in values):
            columns.append((name, dtype))
            cells.append(values)
    return Data(columns, [list(row) for row in zip(*cells, strict=True)] if cells else [])


def frame_of(data: Data) -> pd.DataFrame:
    """Make the frame again; columns of the table that hold nothing come back empty."""
    dtypes = {"str": "str", "Int64": "Int64", "float64": "float64", "list": "object"}
    columns: dict[str, pd.Series[Any]] = {}
    for at, (name, dtype) in enumerate(data.columns):
        values = [row[at] for row in data.rows]
        if dtype == "list":
            values = [[] if value is None else value for value in values]
        if dtype == "float64":
            values = [_INFINITIES.get(value, math.nan) if isinstance(value, str) else value for value in values]
        columns[name] = pd.Series(values, dtype="object").astype(dtypes[dtype])  # type: ignore[call-overload]
    return conform(pd.DataFrame(columns, index=pd.RangeIndex(len(data.rows))), POINT_COLUMNS)


def checked(columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[object]]) -> tuple[Data, list[str]]:
    """Take cells that come from a file; those that cannot be what their column holds become None, and are told.

    Returns
    -------
    data : Data
        The cells.
    problems : list of str
        A sentence for each cell that was not usable.
    """
    problems: list[str] = []
    kept: list[list[Cell]] = []
    for number, row in enumerate(rows, start=1):
        cells: list[Cell] = []
        if len(row) != len(columns):
            problems.append(f"row {number} has {counted(len(row), 'cell')}, not {len(columns)}")
        for at, (name, dtype) in enumerate(columns):
            value = row[at] if at < len(row) else None
            if not _fits(value, dtype):
                problems.append(f"row {number}, column {name}: {public_text(value)!r} is not {dtype}")
                value = None
            whole = dtype == "float64" and isinstance(value, int)  # 5 is 5.0 in JSON
            cells.append(float(value) if whole else value)  # type: ignore[arg-type]
        kept.append(cells)
    return Data(list(columns), kept), problems


def one_row_a_point(points: pd.DataFrame) -> pd.DataFrame:
    """Drop rows that say the same of the same point.

    Raises
    ------
    ClaimError
        When two rows are one point, and differ.
    """
    twice = points["point_id"].duplicated(keep=False)
    if not twice.any():
        return points
    alike = pd.Series([_dumped(row) for row in _cells(points)], index=points.index)
    points = points[~alike.duplicated()]
    again = points["point_id"][points["point_id"].duplicated()]
    if len(again):
        raise ClaimError(
            f"point {again.iloc[0]!r} has several rows that differ: a claim is about one; keep one of them"
        )
    return points.reset_index(drop=True)


def _named(objective: Objective) -> list[str]:
    metrics = [objective.metric, *(one.metric for one in objective.constraints)]
    return [*(name + end for name in metrics for end in ("", "_lo", "_hi")), *(one.column for one in objective.at)]


def _dtypes(frame: pd.DataFrame) -> dict[str, str]:
    """Tell what each column holds: as the table says, and of a user's own column numbers or text."""
    return {
        name: POINT_COLUMNS[name].dtype
        if name in POINT_COLUMNS
        else "float64"
        if pd.api.types.is_numeric_dtype(frame[name])
        else "str"
        for name in map(str, frame.columns)
    }


def _public(texts: pd.Series[Any]) -> pd.Series[Any]:
    written = {text: public_text(text) for text in texts.dropna().unique()}
    values = [written[text] if isinstance(text, str) else None for text in texts]
    return pd.Series(values, index=texts.index, dtype="str")


def _cells(points: pd.DataFrame) -> list[list[Cell]]:
    cells = [[_cell(value, dtype) for value in points[name].tolist()] for name, dtype in _dtypes(points).items()]
    return [list(row) for row in zip(*cells, strict=True)]


def _cell(value: Any, dtype: str) -> Cell:
    if dtype == "list":
        return [str(item) for item in value] or None if isinstance(value, list | tuple | np.ndarray) else None
    if value is None or value is pd.NA or value != value or value == "":
        return None
    if dtype == "str":
        return str(value)
    if dtype == "Int64":
        return int(value)
    number = float(value)
    return number if math.isfinite(number) else ("inf" if number > 0 else "-inf")


def _fits(value: object, dtype: str) -> bool:
    if value is None:
        return True
    if dtype == "list":
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if dtype == "str":
        return isinstance(value, str)
    if isinstance(value, str):
        return dtype == "float64" and value in _INFINITIES
    if isinstance(value, bool):
        return False
    if dtype == "Int64":
        return isinstance(value, int) and abs(value) < 2**63
    return isinstance(value, float) or (isinstance(value, int) and abs(value) < 2**1000)


def _dumped(content: object) -> str:
    return json.dumps(content, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def canonical_sha256(content: Mapping[str, Any]) -> str:
    """Hash JSON-able content, whatever the order of its keys."""
    text = json.dumps(content, ensure_ascii=True, allow_nan=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()
