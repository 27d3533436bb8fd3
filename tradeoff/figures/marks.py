"""What several figures need of the rows they draw: values with intervals, and the text under the pointer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.figures.groups import place
from tradeoff.figures.text import count, escape, label_of, with_interval

Numbers = NDArray[np.float64]


class Measure(NamedTuple):
    """A column with its interval; NaN where missing or infinite."""

    value: Numbers
    low: Numbers
    high: Numbers

    def whiskers(self) -> dict[str, Any]:
        """Return the lengths of the whiskers as plotly's error bars take them."""
        plus, minus = (np.maximum(part, 0.0) for part in (self.high - self.value, self.value - self.low))
        return {"type": "data", "symmetric": False, "array": _listed(plus), "arrayminus": _listed(minus)}

    def open_ended(self) -> NDArray[np.bool_]:
        """Tell where the lower end is known and the upper is not: the value may be far larger than it looks."""
        return ~np.isnan(self.value) & ~np.isnan(self.low) & np.isnan(self.high)

    def everything(self) -> Numbers:
        """Return values and ends in one array, for the range of an axis."""
        return np.concatenate([self.value, self.low, self.high])


def measure(rows: pd.DataFrame, name: str) -> Measure:
    """Read a column and, where present, its ``_lo`` and ``_hi``."""
    value, low, high = (
        rows[column].to_numpy(dtype="float64", na_value=np.nan) if column in rows else np.full(len(rows), np.nan)
        for column in (name, f"{name}_lo", f"{name}_hi")
    )
    return Measure(*(np.where(np.isfinite(part), part, np.nan) for part in (value, low, high)))


def hover_texts(rows: pd.DataFrame, names: Sequence[str], *, last: Mapping[int, str] | None = None) -> list[str]:
    """Write what the pointer shows: the place, each column with its interval, n, and what to know before using it.

    Parameters
    ----------
    rows
        Rows on a fresh index.
    names
        Columns to tell, in order; those absent are passed over.
    last
        A closing line by row.
    """
    measures = {name: measure(rows, name) for name in dict.fromkeys(names) if name in rows}
    texts = []
    for number, (_, row) in enumerate(rows.iterrows()):
        lines = [f"<b>{escape(place(row))}</b>"]
        for name, (value, low, high) in measures.items():
            if not np.isnan(value[number]):
                told = with_interval(value[number], low[number], high[number], name)
                lines.append(f"{escape(label_of(name))} {told}")
        if pd.notna(row.get("n")):
            lines.append(f"n = {count(row['n'])}")
        status, flags = row.get("status"), row.get("flags")
        if pd.notna(status) and status != "converged":
            lines.append(f"status: {escape(status)}")
        if isinstance(flags, list | tuple | np.ndarray) and len(flags):
            lines.append(f"flags: {escape(', '.join(map(str, flags)))}")
        if last and number in last:
            lines.append(last[number])
        texts.append("<br>".join(lines))
    return texts


def _listed(values: Numbers) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]
