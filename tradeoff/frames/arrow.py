"""The frames as Arrow tables: made of plain values when a point is kept, and how they lie in Parquet files.

A point is kept in between two measurements, so this way to disk makes no pandas frame: 125 columns of one
row would take it 60 ms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tradeoff.frames.columns import POINT_COLUMNS, SAMPLE_COLUMNS, Column
from tradeoff.frames.tables import conform, point_id

_ARROW = {"str": pa.string(), "Int64": pa.int64(), "float64": pa.float64(), "list": pa.list_(pa.string())}


def _schema(columns: Mapping[str, Column]) -> pa.Schema:
    return pa.schema([(name, _ARROW[column.dtype]) for name, column in columns.items()])


_POINT_SCHEMA, _SAMPLE_SCHEMA = _schema(POINT_COLUMNS), _schema(SAMPLE_COLUMNS)
_STEPS = [name for name in SAMPLE_COLUMNS if name.endswith("_ns") or name == "seq"]
_WORDS = [name for name, column in SAMPLE_COLUMNS.items() if column.dtype == "str"]


def point_table(row: Mapping[str, Any]) -> pa.Table:
    """Make a table of one row of ``points``.

    Parameters
    ----------
    row
        Column name to value. Absent columns become missing, columns the table does not know are kept at the end,
        ``point_id`` is computed when absent.

    Raises
    ------
    TypeError, ValueError
        When a value cannot be what its column holds; the message names the column.
    """
    row = {"point_id": point_id(row) if row.get("point_id") is None else row["point_id"], **row}
    row["flags"] = [str(flag) for flag in row.get("flags") or ()]
    row = {name: _plain(value) for name, value in row.items()}
    try:
        table = pa.Table.from_pylist([row], schema=_POINT_SCHEMA)
    except (pa.ArrowException, OverflowError):
        for field in _POINT_SCHEMA:  # one by one: the error names the column
            _array(field.name, [row.get(field.name)], field.type)
        raise
    for name in row.keys() - POINT_COLUMNS.keys():
        table = table.append_column(name, pa.array([row[name]]))
    return table


def sample_table(columns: Mapping[str, Any]) -> pa.Table:
    """Make a table of ``samples``.

    Parameters
    ----------
    columns
        Arrays of equal length, or scalars that hold for every row. Absent columns become missing.

    Raises
    ------
    TypeError, ValueError
        When a value cannot be what its column holds; the message names the column.
    """
    arrays = {name: np.asarray(values) for name, values in columns.items()}
    length = max((len(array) for array in arrays.values() if array.ndim == 1), default=0)
    made = []
    for field in _SAMPLE_SCHEMA:
        if field.name not in arrays:
            made.append(pa.nulls(length, field.type))
        elif arrays[field.name].ndim == 0:
            value = pa.scalar(_plain(arrays[field.name].item()), field.type)
            made.append(pa.repeat(value, length))
        else:
            made.append(_array(field.name, arrays[field.name], field.type))
    return pa.Table.from_arrays(made, schema=_SAMPLE_SCHEMA)


def frame_table(frame: pd.DataFrame, columns: Mapping[str, Column]) -> pa.Table:
    """Make a table of a pandas frame; columns the table does not know follow with the type they have."""
    frame = conform(frame, columns)
    schema = _POINT_SCHEMA if columns is POINT_COLUMNS else _SAMPLE_SCHEMA
    for name in frame.columns[len(columns) :]:
        schema = schema.append(pa.field(str(name), pa.Array.from_pandas(frame[name]).type))
    return pa.Table.from_pandas(frame, schema=schema, preserve_index=False)


def as_told(table: pa.Table, columns: Mapping[str, Column]) -> pa.Table:
    """Give a table that was read the columns and types of the column table; unknown columns follow as they are.

    Columns that it lacks become missing.

    Raises
    ------
    ValueError
        When a column holds something else; the message names it.
    """
    there = set(table.column_names)
    told = []
    for name, column in columns.items():
        if name not in there:
            told.append(pa.nulls(len(table), _ARROW[column.dtype]))
        elif _fits(table, column):
            told.append(table[name].cast(_ARROW[column.dtype]))
        else:
            raise ValueError(f"column {name!r} must hold {column.dtype}, and holds {table.schema.field(name).type}")
    own = [name for name in table.column_names if name not in columns]
    return pa.Table.from_arrays([*told, *(table[name] for name in own)], names=[*columns, *own])


def table_frame(tables: Sequence[pa.Table], columns: Mapping[str, Column]) -> pd.DataFrame:
    """Make one pandas frame of tables that are `as_told`, one below the other."""
    # Permissive: a column of the user's own may be whole numbers in one and fractions in another.
    table = pa.concat_tables(tables, promote_options="permissive")
    frame = table.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    for name, column in columns.items():
        if column.dtype == "list":
            frame[name] = [[] if value is None else list(value) for value in frame[name]]
    return conform(frame, columns)


def write_points(table: pa.Table, file: Path) -> None:
    """Write rows of ``points``; page checksums let a reader notice a damaged file."""
    # Hardly a value is there twice: dictionaries, statistics and compression cost more than they save.
    pq.write_table(
        table, file, compression="none", use_dictionary=False, write_statistics=False, write_page_checksum=True
    )


def write_samples(table: pa.Table, file: Path) -> None:
    """Write ``samples``.

    Times and counters hardly change from row to row: stored as differences they take two or three bytes a value.
    zstd would make the files a tenth smaller and take half as long again.
    """
    pq.write_table(
        table,
        file,
        compression="lz4",
        use_dictionary=_WORDS,
        column_encoding=dict.fromkeys(_STEPS, "DELTA_BINARY_PACKED"),
        write_page_checksum=True,
    )


def _array(name: str, values: Any, kind: pa.DataType) -> pa.Array:
    try:
        if isinstance(values, np.ndarray) and values.dtype.kind == "U":
            if len(values) and (values == values[0]).all():
                return pa.repeat(pa.scalar(str(values[0]), kind), len(values))
            return pa.array(values.tolist(), kind)
        return pa.array(values, kind, from_pandas=isinstance(values, np.ndarray) or None)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError) as error:
        raise ValueError(f"column {name!r} must hold {kind}: {error}") from error


def _fits(table: pa.Table, column: Column) -> bool:
    kind, types = table.schema.field(column.name).type, pa.types
    if types.is_null(kind):
        return True
    if types.is_dictionary(kind):
        kind = kind.value_type
    if column.dtype == "str":
        return bool(types.is_string(kind) or types.is_large_string(kind))
    if column.dtype == "list":
        return bool(types.is_list(kind) and types.is_string(kind.value_type))
    return bool(types.is_integer(kind) or (types.is_floating(kind) and column.dtype == "float64"))


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return None if value is pd.NA or value != value else value
