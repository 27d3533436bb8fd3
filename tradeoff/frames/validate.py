"""Checks of the two frames: all problems of a frame are reported at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np
import pandas as pd
from pandas.api import types

from tradeoff.frames.columns import PERCENTILES, POINT_COLUMNS, SAMPLE_COLUMNS, Column
from tradeoff.frames.flags import FLAGS

_AT_LEAST_ONE = ("batch_size", "concurrency", "workers")
_MAY_BE_NEGATIVE = ("overhead_ns",)


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
            problems.append(f"column 'point_id' is missing in {_rows(samples['point_id'].isna())}")
        if points is not None and "point_id" in points:
            unknown = sorted(set(samples["point_id"].dropna().unique()) - set(points["point_id"].dropna()))
            if unknown:
                problems.append(f"column 'point_id' names points that are not there: {_some(unknown)}")
    if problems:
        raise FrameError("samples", problems)


def _table_problems(frame: pd.DataFrame, table: Mapping[str, Column]) -> Iterator[str]:
    for name in frame.columns[frame.columns.duplicated()].unique():
        yield f"column {name!r} is there twice"
        return
    for name, column in table.items():
        if name not in frame:
            yield f"column {name!r} is missing"
        elif not _dtype_fits(frame[name], column):
            yield f"column {name!r} is {frame[name].dtype}, it must be {column.dtype}"
        elif column.allowed:
            wrong = frame[name].dropna()
            wrong = wrong[~wrong.isin(column.allowed)]
            if len(wrong):
                yield f"column {name!r} holds {_some(wrong.unique())}; allowed: {', '.join(column.allowed)}"


def _dtype_fits(values: pd.Series, column: Column) -> bool:
    if column.dtype == "Int64":
        return types.is_integer_dtype(values.dtype)
    if column.dtype == "float64":
        return values.dtype == np.float64
    if column.dtype == "list":
        return all(isinstance(value, list | tuple) and all(isinstance(v, str) for v in value) for value in values)
    return types.is_string_dtype(values.dtype) or all(isinstance(value, str) for value in values.dropna())


def _id_problems(points: pd.DataFrame) -> Iterator[str]:
    if "point_id" not in points:
        return
    ids = points["point_id"]
    if ids.isna().any():
        yield f"column 'point_id' is missing in {_rows(ids.isna())}"
    twice = ids.dropna()[ids.dropna().duplicated()].unique()
    if len(twice):
        yield f"column 'point_id' holds ids twice: {_some(twice)}"


def _range_problems(frame: pd.DataFrame, table: Mapping[str, Column]) -> Iterator[str]:
    for name, column in table.items():
        if column.dtype not in ("Int64", "float64") or name in _MAY_BE_NEGATIVE or name.endswith("_overhead_ms"):
            continue
        least = 1 if name in _AT_LEAST_ONE else 0
        if name == "temperature_c":
            continue
        below = frame[name] < least
        if below.fillna(False).any():
            where = below.fillna(False).astype(bool)
            yield f"column {name!r} is below {least} in {_rows(where)}: {_some(frame[name][where].unique())}"


def _percentile_problems(points: pd.DataFrame) -> Iterator[str]:
    for name in POINT_COLUMNS:
        low, high = f"{name}_lo", f"{name}_hi"
        if low not in POINT_COLUMNS:
            continue
        outside = (points[low] > points[name]) | (points[high] < points[name])
        if outside.any():
            yield f"column {name!r} lies outside its own interval in {_rows(outside)}"
    for stem in ("latency", "model", "ttft", "tpot", "itl"):
        names = [f"{stem}_{percentile}_ms" for percentile in PERCENTILES]
        for lower, upper in pairwise(names):
            crossed = points[lower] > points[upper]
            if crossed.any():
                yield f"column {lower!r} exceeds {upper!r} in {_rows(crossed)}"


def _flag_problems(points: pd.DataFrame) -> Iterator[str]:
    unknown = sorted({flag for flags in points["flags"] for flag in flags} - set(FLAGS))
    if unknown:
        yield f"column 'flags' holds unknown flags {_some(unknown)}; allowed: {', '.join(FLAGS)}"


def _rows(where: pd.Series) -> str:
    labels = where.index[where.to_numpy(dtype=bool)]
    return f"row {labels[0]!r}" if len(labels) == 1 else f"{len(labels)} rows (first {labels[0]!r})"


def _some(values: object, most: int = 5) -> str:
    listed = [repr(value) for value in values]  # type: ignore[attr-defined]
    return ", ".join(listed[:most]) + (f" and {len(listed) - most} more" if len(listed) > most else "")
