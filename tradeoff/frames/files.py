"""Files that are there whole or not at all, and errors that name them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tradeoff.frames.arrow import as_told
from tradeoff.frames.columns import Column

_ASIDE = ".part"
_ALWAYS = ("point_id", "workload", "batch_size", "phase", "latency_ns", "status")
"""Columns without which a file cannot be one of ours."""

AGAIN = "measure what it held again with resume=True (--resume)"


class RunFolderError(OSError, ValueError):
    """A Run folder that cannot be read or written; the message names the file and what to do."""


@contextmanager
def named(file: Path, what: str) -> Iterator[None]:
    """Turn an OSError into one that says which file and what was tried."""
    try:
        yield
    except RunFolderError:
        raise
    except OSError as error:
        why = error.strerror or str(error)
        raise RunFolderError(f"{file}: cannot {what}: {why}. What was kept before is unharmed") from error


def write_whole(file: Path, write: Callable[[Path], object]) -> None:
    """Have `write` write a file aside, and rename it, so that it is there whole or not at all.

    Raises
    ------
    RunFolderError
        When it cannot be written; what was there before stays.
    """
    aside = file.with_name(f".{file.name}{_ASIDE}")
    with named(file, "write the file"):
        try:
            write(aside)
            aside.replace(file)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise


def read_table(file: Path, columns: Mapping[str, Column], *, point_id: str | None = None) -> pa.Table:
    """Read a Parquet file of ours.

    Parameters
    ----------
    file
        Where it is.
    columns
        The column table it follows. Columns that an older version did not write become missing.
    point_id
        The only point that it may hold; any when None.

    Raises
    ------
    RunFolderError
        When it is damaged or not one of ours; nothing is changed.
    """
    try:
        with pq.ParquetFile(file, page_checksum_verification=True) as parquet:
            table = parquet.read(columns=list(columns) if len(columns) == 1 else None)
    except (OSError, ValueError, pa.ArrowException) as error:  # a flipped byte may end as bad UTF-8 in the footer
        raise RunFolderError(
            f"{file} is damaged or not a Parquet file ({_first_line(error)}): put it back from a copy, "
            f"or move it away and {AGAIN}"
        ) from error
    # A Run written by an older version lacks the columns that have come since: they are missing, as they were then.
    there = set(table.column_names)
    absent = [column for column in _ALWAYS if column in columns and column not in there]
    if absent:
        raise RunFolderError(f"{file} does not belong in a Run: column {absent[0]!r} is missing; move it elsewhere")
    try:
        table = as_told(table, columns)
    except ValueError as error:
        raise RunFolderError(f"{file} does not belong in a Run: {_first_line(error)}; move it elsewhere") from error
    if point_id is not None and set(table["point_id"].unique().to_pylist()) - {point_id}:
        raise RunFolderError(f"{file} holds another point than its name says; move it elsewhere")
    return table


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
