"""Where the points lie: ordered numeric axes, and slices for everything else that varies."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from math import inf, prod

import numpy as np
import pandas as pd

from tradeoff.frames import IDENTITY_COLUMNS, POINT_COLUMNS
from tradeoff.frames.names import UnknownColumnError, column_of

AXIS_PREFERENCE = (
    "batch_size", "concurrency", "request_rate_rps", "max_wait_ms", "workers", "queue_limit", "think_ms",
)  # fmt: skip
"""Numeric columns that become sliders of their own accord, in this order, where they vary."""

MAX_AXES = 3
MAX_CELLS = 20_000
"""Cells of all slices together; more would be a page nobody can open."""

NOT_MEASURED = ("oom", "failed")
"""Statuses of points that carry a reason instead of numbers."""

NOT_STATED = "not stated"


class PayloadError(ValueError):
    """The points cannot be laid out on these axes."""


@dataclass(frozen=True)
class Slice:
    """The points that share everything but their place on the axes.

    Attributes
    ----------
    key
        The text of each slicing column.
    rows
        Position in the frame of the point of each cell, row-major over the axes; -1 where there is none.
    """

    key: dict[str, str]
    rows: list[int]


@dataclass(frozen=True)
class Grid:
    """Axes with their measured values, the columns that slice, and where each point lies.

    Attributes
    ----------
    axes
        Column to its measured values, ascending.
    slicers
        Column to its texts, in order of appearance.
    slices
        One for each combination of the slicers that has points.
    left_out
        Sentences about rows that could not be shown.
    """

    axes: dict[str, list[float]]
    slicers: dict[str, list[str]]
    slices: list[Slice]
    left_out: list[str]


def lay_out(points: pd.DataFrame, axes: Sequence[str] | None = None) -> Grid:
    """Lay points out on a grid.

    Parameters
    ----------
    points
        A frame of points with a default index.
    axes
        One to three numeric columns; by default the first of `AXIS_PREFERENCE` that vary.

    Raises
    ------
    PayloadError
        When there are no points, an axis is not a numeric column, or the axes span more than `MAX_CELLS` cells.
    """
    if not len(points):
        raise PayloadError("this Run has no points: measure or read some first")
    chosen = _default_axes(points) if axes is None else _checked_axes(points, axes)
    numbers = {name: points[name].to_numpy(dtype="float64", na_value=np.nan) for name in chosen}
    placed = np.isfinite(np.column_stack(list(numbers.values()))).all(axis=1)
    left_out = []
    if not placed.all():
        left_out.append(f"{int((~placed).sum())} rows have no value for {' or '.join(chosen)} and are not shown.")
    if not placed.any():
        raise PayloadError(f"no row has a value for {' and '.join(chosen)}: choose axes={list(_candidates(points))!r}")
    texts = _slicing_texts(points, placed, chosen)
    values = {name: np.unique(column[placed]) for name, column in numbers.items()}
    shape = [len(found) for found in values.values()]
    keys = pd.DataFrame(texts, index=points.index)[placed] if texts else None
    n_slices = 1 if keys is None else len(keys.drop_duplicates())
    if prod(shape) * n_slices > MAX_CELLS:
        raise PayloadError(
            f"axes {list(chosen)!r} span {' x '.join(map(str, shape))} cells in {n_slices} slices, "
            f"more than {MAX_CELLS}: choose fewer axes, or keep part of the points"
        )
    cells = np.ravel_multi_index(
        [np.searchsorted(found, numbers[name][placed]) for name, found in values.items()], shape
    )
    slices, repeated = _slices(points, np.flatnonzero(placed), cells, keys, prod(shape))
    if repeated:
        left_out.append(f"{repeated} rows share their place with another row; the one with more samples is shown.")
    return Grid(
        axes={name: [float(value) for value in found] for name, found in values.items()},
        slicers={name: _in_order(name, column[placed]) for name, column in texts.items()},
        slices=slices,
        left_out=left_out,
    )


def _candidates(points: pd.DataFrame) -> list[str]:
    return [name for name in AXIS_PREFERENCE if name in points and points[name].notna().any()]


def _default_axes(points: pd.DataFrame) -> list[str]:
    known = _candidates(points)
    varying = [name for name in known if points[name].notna().all() and len(points[name].unique()) > 1]
    chosen = varying[:MAX_AXES] or known[:1]
    if not chosen:
        raise PayloadError(f"no point has a value for one of {', '.join(AXIS_PREFERENCE)}: name axes= yourself")
    return chosen


def _checked_axes(points: pd.DataFrame, axes: Sequence[str]) -> list[str]:
    chosen = [_axis(points, name) for name in ([axes] if isinstance(axes, str) else axes)]
    if not 1 <= len(chosen) <= MAX_AXES or len(set(chosen)) != len(chosen):
        raise PayloadError(f"axes {chosen!r}: give one to three different columns")
    for name in chosen:
        if not pd.api.types.is_numeric_dtype(points[name]) or pd.api.types.is_bool_dtype(points[name]):
            raise PayloadError(
                f"axis {name!r} holds {points[name].dtype}, not numbers; choose from {_candidates(points)}"
            )
    return chosen


def _axis(points: pd.DataFrame, name: str) -> str:
    try:
        return column_of(points, name, "axes")
    except UnknownColumnError as error:
        raise PayloadError(f"{error}; axes that could be: {', '.join(_candidates(points)) or 'none'}") from None


def _slicing_texts(points: pd.DataFrame, placed: np.ndarray, axes: Sequence[str]) -> dict[str, np.ndarray]:
    """Texts of the identity columns that vary among the placed rows.

    A point that failed may not know its clock or its device: where all others agree, it takes their value.
    """
    failed = points["status"].isin(NOT_MEASURED).to_numpy() if "status" in points else np.zeros(len(points), dtype=bool)
    texts = {}
    for name in IDENTITY_COLUMNS:
        if name in axes or name not in points:
            continue
        text = np.array([text_of(value) for value in points[name]], dtype=object)
        known = set(text[placed & ~failed])
        if len(known) == 1:
            text[failed & (text == NOT_STATED)] = next(iter(known))
        if len(set(text[placed])) > 1:
            texts[name] = text
    return texts


def text_of(value: Hashable) -> str:
    """Return the text by which a value of a categorical column is chosen."""
    if pd.isna(value):  # type: ignore[call-overload]
        return NOT_STATED
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _in_order(name: str, texts: Iterable[str]) -> list[str]:
    """Order the different texts of a column as its table lists them, numbers by size, and names as they appear.

    Rows of a Run that was read lie in the order of their ids, which is none.
    """
    allowed = POINT_COLUMNS[name].allowed if name in POINT_COLUMNS else ()

    def place(text: str) -> tuple[bool, float]:
        if text in allowed:
            return False, allowed.index(text)
        try:
            return False, float(text)
        except ValueError:
            return text == NOT_STATED, inf

    return sorted(dict.fromkeys(texts), key=place)


def _slices(
    points: pd.DataFrame,
    places: np.ndarray,
    cells: np.ndarray,
    keys: pd.DataFrame | None,
    size: int,
) -> tuple[list[Slice], int]:
    # More samples first, so that the first row to reach a cell is the one to show.
    n = points["n"].to_numpy(dtype="float64", na_value=-1.0) if "n" in points else np.zeros(len(points))
    order = np.argsort(-n[places], kind="stable")
    found: dict[tuple[str, ...], list[int]] = {}
    names = [] if keys is None else [str(name) for name in keys.columns]
    texts: list[tuple[str, ...]] = [()] * len(places) if keys is None else [tuple(row) for row in keys.to_numpy()]
    orders = [_in_order(name, [text[at] for text in texts]) for at, name in enumerate(names)]
    for text in sorted(
        set(texts), key=lambda text: [known.index(part) for known, part in zip(orders, text, strict=True)]
    ):
        found[text] = [-1] * size
    repeated = 0
    for at in order:
        rows = found[texts[at]]
        if rows[cells[at]] >= 0:
            repeated += 1
        else:
            rows[cells[at]] = int(places[at])
    return [Slice(dict(zip(names, text, strict=True)), rows) for text, rows in found.items()], repeated


def axis_entry(name: str, values: Sequence[float]) -> dict[str, object]:
    """Describe an axis for the browser: label and unit from the column table, a user's own column by its name."""
    known = POINT_COLUMNS.get(name)
    return {
        "column": name,
        "label": known.label if known else name.replace("_", " "),
        "unit": known.unit if known else "",
        "values": [int(value) if float(value).is_integer() else value for value in values],
    }
