"""Whether a row is one row, of a time that has been."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pandas as pd

from tradeoff.audit.findings import ERROR, WARNING, Found, found
from tradeoff.audit.rows import Rows
from tradeoff.audit.words import Numbers, count, text

_STAMPS = ("timestamp", "date", "datetime", "measured_at", "started_at", "finished_at", "created_at", "start_time",
           "end_time")  # fmt: skip
_DAY_S = 86_400.0
"""Clocks of other zones are a day ahead at most."""

_UNITS = (1e17, 1e14, 1e11)
"""Seconds since 1970 are below the last, milliseconds below the second, microseconds below the first, this century."""


def identity(rows: Rows) -> Iterator[Found]:
    """Find ids that stand for several rows, and rows that were measured in the future."""
    many = _different(rows)
    yield found(
        many > 1,
        WARNING,
        "%s rows with different numbers have its id: nobody can tell which of them is meant, and samples belong to all "
        "of them. Give each row an id of its own, or measure replicates into one row.",
        count(many),
        observed=many,
        expected=1.0,
    )
    now_s = time.time()
    for name in _STAMPS:
        if name not in rows.points:
            continue
        seconds = _seconds(rows.said(name))
        yield found(
            seconds > now_s + _DAY_S,
            ERROR,
            f"Its {name} is %s, which is yet to come: a clock was wrong, or the number is in another unit. Do not rely "
            "on its age, or on the order of its times.",
            text(rows.said(name).astype("str")),
            observed=seconds,
            expected=now_s,
        )


def _different(rows: Rows) -> Numbers:
    """Count the different rows of each id; 1 where there is none."""
    many = np.ones(rows.length)
    ids = rows.said("point_id")
    try:
        again = (ids.duplicated(keep=False) & ids.notna()).to_numpy(dtype=np.bool_)
    except TypeError:  # something that cannot be hashed
        return many
    if not again.any():
        return many
    shared = rows.points.loc[:, ~rows.points.columns.duplicated()].iloc[np.flatnonzero(again)]
    # What a cell holds may be a list, which cannot be hashed: its text can.
    told = pd.DataFrame(
        {
            place: column if column.dtype.kind in "iufb" else column.map(str)
            for place, (_, column) in enumerate(shared.items())
        }
    )
    of = ids.map(str).to_numpy()[again]
    many[again] = (
        pd.util.hash_pandas_object(told, index=False).groupby(of).transform("nunique").to_numpy(dtype=np.float64)
    )
    return many


def _seconds(stamps: pd.Series) -> Numbers:
    """Return points in time as seconds since 1970; NaN for what is none."""
    numbers = pd.to_numeric(stamps, errors="coerce").to_numpy(dtype="float64", na_value=np.nan)
    if pd.api.types.is_datetime64_any_dtype(stamps):
        numbers = np.full(len(stamps), np.nan)
    scale = np.select([numbers > _UNITS[0], numbers > _UNITS[1], numbers > _UNITS[2]], [1e9, 1e6, 1e3], 1.0)
    read = pd.to_datetime(stamps.where(np.isnan(numbers)), errors="coerce", utc=True, format="mixed")
    epoch = pd.Timestamp(0, tz="UTC").as_unit("s")
    seconds = (read.dt.as_unit("s") - epoch).dt.total_seconds().to_numpy(dtype="float64", na_value=np.nan)
    return np.where(np.isnan(numbers), seconds, numbers / scale)
