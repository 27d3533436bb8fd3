"""Checks of the two frames: all problems of a frame are reported at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from pandas.api import types

from tradeoff.frames.columns import PERCENTILES, POINT_COLUMNS, SAMPLE_COLUMNS, Column, may_be_negative
from tradeoff.frames.flags import FLAGS

_AT_LEAST_ONE = ("batch_size", "concurrency", "workers")


class FrameError(ValueError):
    """A frame that does not follow its column table; `problems` lists everything found."""

    def __init__(self, frame: str, problems: list[str]) -> None:
        self.problems = tuple(problems)
        noun = "problem" if len(problems) == 1 else "problems"
        super().__init__(f"{frame}: {len(problems)} {noun}:\n" + "\n".join(f"  - {problem}" for problem in problems))


def validate_points(points: pd.DataFrame) -> None:
    """Check a ``points`` frame against the column table.

    Columns the table does not know are allowed; they are the user's own.

    Raises
    ------
    FrameError
        With a line for every problem: missing columns, wrong dtypes, values that are not allowed, sizes
        below 1, negative quantities, percentiles out of order, intervals that do not hold their value,
        unknown flags, ids that occur twice.
    """
    problems = [*_table_problems(points, POINT_COLUMNS), *_id_problems(points)]
    if not problems:
        problems = [*_range_problems(points, POINT_COLUMNS), *_percentile_problems(points), *_flag_problems(points)]
    if problems:
        raise FrameError("points", problems)


def validate_samples(samples: pd.DataFrame, points: pd.DataFrame | None = None) -> None:
    """Check a ``samples`` frame against the column table, and its ids against `points` when given.

    Raises
    ------
    FrameError
        With a line for every problem.
    """
    problems = list(_table_problems(samples, SAMPLE_COLUMNS))
    if not problems:
        problems = list(_range_problems(samples, SAMPLE_COLUMNS))
        if samples["point_id"].isna().any():
            nowhere = samples["point_id"].isna().to_numpy()
            problems.append(f"column 'point_id' is missing in {_rows(samples, nowhere)}")
        if points is not None and "point_id" in points:
            unknown = sorted(set(samples["point_id"].dropna().unique()) - set(points["point_id"].dropna()))
            if unknown:
                problems.append(f"column 'point_id' names points that are not there: {_some(unknown)}")
    if problems:
        raise FrameError("samples", problems)


def _table_problems(frame: pd.DataFrame, table: Mapping[str, Column]) -> Iterator[str]:
    twice = frame.columns[frame.columns.duplicated()].unique()
    if len(twice):
        yield f"columns are there twice: {_some(twice)}"
        return
    dtypes = frame.dtypes.to_dict()
    for name, column in table.items():
        if name not in dtypes:
            yield f"column {name!r} is missing"
        elif not _dtype_fits(frame, column, dtypes[name]):
            yield f"column {name!r} is {dtypes[name]}, it must be {column.dtype}"
        elif column.allowed:
            seen = pd.unique(frame[name].dropna())
            wrong = [value for value in seen if value not in column.allowed]
            if wrong:
                yield f"column {name!r} holds {_some(wrong)}; allowed: {', '.join(column.allowed)}"


def _dtype_fits(frame: pd.DataFrame, column: Column, dtype: object) -> bool:
    if column.dtype == "Int64":
        return types.is_integer_dtype(dtype)  # type: ignore[arg-type]
    if column.dtype == "float64":
        return dtype == np.float64
    if column.dtype == "list":
        lists = frame[column.name]
        return all(isinstance(value, list | tuple) and all(isinstance(v, str) for v in value) for value in lists)
    if dtype == np.object_:
        return all(isinstance(value, str) for value in frame[column.name].dropna())
    return types.is_string_dtype(dtype)  # type: ignore[arg-type]


def _id_problems(points: pd.DataFrame) -> Iterator[str]:
    if "point_id" not in points:
        return
    ids = points["point_id"]
    if ids.isna().any():
        yield f"column 'point_id' is missing in {_rows(points, ids.isna().to_numpy())}"
    twice = ids.dropna()[ids.dropna().duplicated()].unique()
    if len(twice):
        yield f"column 'point_id' holds ids twice: {_some(twice)}"


def _range_problems(frame: pd.DataFrame, table: Mapping[str, Column]) -> Iterator[str]:
    names = [
        name for name, column in table.items() if column.dtype in ("Int64", "float64") and not may_be_negative(name)
    ]
    least = np.array([1.0 if name in _AT_LEAST_ONE else 0.0 for name in names])
    below = _numbers(frame, names) < least
    for place in np.flatnonzero(below.any(axis=0)):
        where = below[:, place]
        values = pd.unique(frame[names[place]][where])
        yield f"column {names[place]!r} is below {least[place]:g} in {_rows(frame, where)}: {_some(values)}"


def _percentile_problems(points: pd.DataFrame) -> Iterator[str]:
    ends = [name for name in POINT_COLUMNS if f"{name}_lo" in POINT_COLUMNS]
    value, low, high = (_numbers(points, [name + end for name in ends]) for end in ("", "_lo", "_hi"))
    outside = (low > value) | (high < value)
    for place in np.flatnonzero(outside.any(axis=0)):
        yield f"column {ends[place]!r} lies outside its own interval in {_rows(points, outside[:, place])}"
    for stem in ("latency", "model", "ttft", "tpot", "itl"):
        names = [f"{stem}_{percentile}_ms" for percentile in PERCENTILES]
        values = _numbers(points, names)
        crossed = values[:, :-1] > values[:, 1:]
        for place in np.flatnonzero(crossed.any(axis=0)):
            yield f"column {names[place]!r} exceeds {names[place + 1]!r} in {_rows(points, crossed[:, place])}"


def _numbers(frame: pd.DataFrame, names: list[str]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Give columns as one matrix of floats, missing as NaN: 125 single columns would take 20 ms."""
    return frame[names].to_numpy(dtype="float64", na_value=np.nan)


def _flag_problems(points: pd.DataFrame) -> Iterator[str]:
    unknown = sorted({flag for flags in points["flags"] for flag in flags} - set(FLAGS))
    if unknown:
        yield f"column 'flags' holds unknown flags {_some(unknown)}; allowed: {', '.join(FLAGS)}"


def _rows(frame: pd.DataFrame, where: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> str:
    labels = frame.index[where]
    return f"row {labels[0]!r}" if len(labels) == 1 else f"{len(labels)} rows (first {labels[0]!r})"


def _some(values: object, most: int = 5) -> str:
    listed = [repr(value) for value in values]  # type: ignore[attr-defined]
    return ", ".join(listed[:most]) + (f" and {len(listed) - most} more" if len(listed) > most else "")
