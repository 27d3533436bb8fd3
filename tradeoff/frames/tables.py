"""Building frames that follow the column tables: every column there, in order, with its dtype."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from tradeoff.frames.columns import IDENTITY_COLUMNS, LATER_IDENTITY, POINT_COLUMNS, SAMPLE_COLUMNS, Column

_TEXT = pd.StringDtype(na_value=np.nan)

_PANDAS_DTYPE: dict[str, Any] = {"str": "str", "Int64": "Int64", "float64": "float64", "list": "object"}

_NUMBERS = [name for name, column in POINT_COLUMNS.items() if column.dtype == "float64"]
_OTHERS = {name: column for name, column in POINT_COLUMNS.items() if column.dtype != "float64"}
_NUMBERS_INDEX = pd.Index(_NUMBERS)
_ORDER = np.argsort([list(POINT_COLUMNS).index(name) for name in (*_NUMBERS, *_OTHERS)])
"""Places in the table of columns, of those that hold numbers and then of the others."""


def point_id(identity: Mapping[str, Any]) -> str:
    """Hash what an operating point is into its id.

    Parameters
    ----------
    identity
        Values of the identity columns; absent, None, NaN and NA are the same: not applicable.

    Returns
    -------
    str
        Twelve hexadecimal digits, the same on every machine and in every session.
    """
    canonical = {name: _canonical(POINT_COLUMNS[name], identity.get(name)) for name in IDENTITY_COLUMNS}
    canonical = {name: v for name, v in canonical.items() if v is not None or name not in LATER_IDENTITY}
    text = json.dumps(canonical, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:12]


def _canonical(column: Column, value: Any) -> str | int | float | None:
    if value is None or value is pd.NA or (isinstance(value, float | np.floating) and np.isnan(value)):
        return None
    if column.dtype == "str":
        return str(value)
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise type(error)(f"column {column.name!r} must hold {column.dtype}, not {value!r}") from error
    if column.dtype == "Int64":
        return int(value)
    return number if np.isfinite(number) else str(number)


def make_points(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Make a ``points`` frame of rows given as mappings.

    Parameters
    ----------
    rows
        One mapping per operating point, column name to value. Absent columns become missing,
        columns the table does not know are kept at the end, ``point_id`` is computed when absent.

    Returns
    -------
    pandas.DataFrame
        Every column of `POINT_COLUMNS`, in order, with its dtype.
    """
    records = [dict(row) for row in rows]
    for record in records:
        record.setdefault("point_id", point_id(record))
        flags = record.get("flags")
        record["flags"] = [] if flags is None else [str(flag) for flag in flags]
    index = pd.RangeIndex(len(records))
    unknown = list(dict.fromkeys(name for record in records for name in record if name not in POINT_COLUMNS))
    texts = _texts(records)
    others = pd.DataFrame(
        {
            name: texts[name] if name in texts else _typed(name, [record.get(name) for record in records])
            for name in (*_OTHERS, *unknown)
        },
        index=index,
    )
    numbers = pd.DataFrame(_numbers(records), index=index, columns=_NUMBERS_INDEX)
    order = np.concatenate([_ORDER, np.arange(len(_ORDER), len(_ORDER) + len(unknown))])
    return pd.concat([numbers, conform(others, _OTHERS)], axis=1).take(order, axis=1)


def _numbers(records: list[dict[str, Any]]) -> Any:
    """Return the columns of floats as one array: a frame of an array is made faster than one of many."""
    values = [[np.nan if _is_missing(value := record.get(name)) else value for name in _NUMBERS] for record in records]
    try:
        return np.array(values, dtype=np.float64).reshape(len(records), len(_NUMBERS))
    except (TypeError, ValueError):
        for name in _NUMBERS:  # one of them says which it is
            _typed(name, [record.get(name) for record in records])
        raise


def _texts(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the columns of text, cut out of one array: to make an array takes longer than to fill it."""
    names = [name for name, column in POINT_COLUMNS.items() if column.dtype == "str"]
    values = [record.get(name) for name in names for record in records]
    array = pd.array([None if _is_missing(one) else str(one) for one in values], dtype=_TEXT)
    return {name: array[at * len(records) : (at + 1) * len(records)] for at, name in enumerate(names)}


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and value != value)


def _typed(name: str, values: list[Any]) -> Any:
    """Return the values of a column as what it holds.

    That is ten times faster for a frame of few rows than to let pandas find out.
    """
    if name not in POINT_COLUMNS:
        return pd.Series(values, dtype="object").infer_objects()
    dtype = POINT_COLUMNS[name].dtype
    are_missing = [_is_missing(value) for value in values]
    if dtype == "Int64" and all(m or type(v) is int for v, m in zip(values, are_missing, strict=True)):
        whole = [0 if missing else value for value, missing in zip(values, are_missing, strict=True)]
        return pd.arrays.IntegerArray(np.array(whole, dtype=np.int64), np.array(are_missing, dtype=np.bool_))
    if dtype == "float64":
        try:
            return np.array([np.nan if m else v for v, m in zip(values, are_missing, strict=True)], dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise type(error)(f"column {name!r} must hold {dtype}: {error}") from error
    return pd.Series(values, dtype="object")


def make_samples(columns: Mapping[str, Sequence[Any] | np.ndarray[Any, Any] | str | int]) -> pd.DataFrame:
    """Make a ``samples`` frame of arrays given by column name.

    Parameters
    ----------
    columns
        Arrays of equal length, or scalars that hold for every row. Absent columns become missing.

    Returns
    -------
    pandas.DataFrame
        Every column of `SAMPLE_COLUMNS`, in order, with its dtype.
    """
    arrays = [np.asarray(values) for values in columns.values()]
    length = max((len(array) for array in arrays if array.ndim == 1), default=0)
    return conform(pd.DataFrame(dict(columns), index=pd.RangeIndex(length)), SAMPLE_COLUMNS)


def conform(frame: pd.DataFrame, table: Mapping[str, Column]) -> pd.DataFrame:
    """Give `frame` every column of `table`, in order, with its dtype; unknown columns follow unchanged.

    Raises
    ------
    ValueError, TypeError
        When a value cannot be what its column holds; the message names the column.
    """
    dtypes = frame.dtypes
    if list(frame.columns[: len(table)]) == list(table) and all(
        dtype == _PANDAS_DTYPE[column.dtype] for dtype, column in zip(dtypes, table.values(), strict=False)
    ):
        return frame
    conformed: dict[str, Any] = {}
    for name, column in table.items():
        dtype = _PANDAS_DTYPE[column.dtype]
        if name not in frame:
            missing: list[list[str]] | None = [[] for _ in range(len(frame))] if column.dtype == "list" else None
            conformed[name] = pd.Series(missing, index=frame.index, dtype=dtype)
            continue
        try:
            conformed[name] = frame[name].astype(dtype)
        except (TypeError, ValueError) as error:
            raise type(error)(f"column {name!r} must hold {column.dtype}: {error}") from error
    for name in frame.columns:
        if name not in table:
            values = frame[name]
            conformed[name] = values.infer_objects() if values.dtype == object else values
    return pd.DataFrame(conformed, index=frame.index)
