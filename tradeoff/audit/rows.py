"""The rows that are audited, as arrays: whatever a stranger's frame holds, a number is a float or missing."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.audit.words import Numbers, Places, Truths
from tradeoff.frames import PERCENTILES
from tradeoff.frames.contradictions import CALL_MODES

DEVICE_MODES = CALL_MODES
OPEN_LOADS = ("poisson", "constant", "gamma", "mmpp", "trace", "all_at_once")
FINITE_LOADS = ("trace", "all_at_once")
UNMEASURED = ("failed", "oom")

STEMS = ("latency", "model", "ttft", "tpot", "itl")
_SEEN = (
    "throughput_rps", "calls_per_s", "tokens_per_s",
    *(f"{stem}_{name}_ms" for stem in STEMS for name in ("mean", *PERCENTILES)),
)  # fmt: skip


class Rows:
    """Columns of a frame of points by name; a column that is not there is missing in every row.

    Parameters
    ----------
    points
        Any frame: columns may be absent, numbers may be text, text may be anything.
    seen
        What the samples tell of each row, by name: it stands where the frame says nothing.
    """

    def __init__(self, points: pd.DataFrame, seen: dict[str, Numbers] | None = None) -> None:
        self.points = points
        self.length = len(points)
        self.seen = seen or {}
        self._numbers: dict[str, Numbers] = {}
        self._raw: dict[str, Numbers] = {}
        self._words: dict[str, tuple[NDArray[np.intp], list[Any]]] = {}
        self._flags: tuple[Places, NDArray[np.object_]] | None = None

    def number(self, name: str) -> Numbers:
        """Return a column of numbers; missing, infinite and what is no number is NaN."""
        if name not in self._numbers:
            values = self.raw(name) if name in self.points else np.full(self.length, np.nan)
            values = np.where(np.isfinite(values), values, np.nan)
            self._numbers[name] = np.where(np.isnan(values), self.seen[name], values) if name in self.seen else values
        return self._numbers[name]

    def raw(self, name: str) -> Numbers:
        """Return a column of numbers as it is, infinite ones among them; missing and what is no number is NaN."""
        if name not in self.points:
            return self.number(name)
        if name not in self._raw:
            self._raw[name] = self._read(name)
        return self._raw[name]

    def columns(self) -> list[str]:
        """Return the names of the columns that are text."""
        return [name for name in dict.fromkeys(self.points.columns) if isinstance(name, str)]

    def with_ends(self) -> list[str]:
        """Return the columns that have an end of an interval beside them."""
        there = set(self.columns())
        return [name for name in self.columns() if f"{name}_lo" in there or f"{name}_hi" in there]

    def is_given(self, name: str) -> Truths:
        """Tell where a column holds anything, infinity included; a blank text is nothing."""
        if name not in self.points:
            return np.zeros(self.length, dtype=np.bool_)
        column = self.said(name)
        if column.dtype.kind in "iuf":
            return column.notna().to_numpy(dtype=np.bool_)
        return self._where(name, lambda word: not isinstance(word, str) or bool(word.strip()))

    def is_one_of(self, name: str, words: Container[str]) -> Truths:
        """Tell where a column of text holds one of `words`."""
        return self._where(name, lambda word: isinstance(word, str) and word in words)

    def mentions(self, name: str, phrase: str) -> Truths:
        """Tell where a column of text holds a phrase."""
        return self._where(name, lambda word: isinstance(word, str) and phrase in word)

    def by_word(self, name: str, where: Truths) -> Iterator[tuple[str, Truths]]:
        """Give each different text of a column of text, of the rows somewhere, with the rows that hold it."""
        self._where(name, lambda _: False)
        codes, words = self._words[name]
        for code in np.unique(codes[where]):
            if code >= 0 and isinstance(words[code], str):
                yield words[code], where & (codes == code)

    def said(self, name: str) -> pd.Series:
        """Return a column as it is."""
        column = self._column(name)
        return pd.Series(None, index=range(self.length), dtype="object") if column is None else column

    def flags(self) -> tuple[Places, NDArray[np.object_]]:
        """Return every flag of every row: places of rows, and names."""
        if self._flags is None:
            lists = self.said("flags").tolist()
            are_lists = set(map(type, lists)) <= {list, tuple}
            if not (are_lists and set(map(type, chain.from_iterable(lists))) <= {str}):
                lists = [_flag_list(value) for value in lists]
            lengths = np.fromiter(map(len, lists), dtype=np.intp, count=self.length)
            names = np.fromiter(chain.from_iterable(lists), dtype=object, count=int(lengths.sum()))
            self._flags = np.repeat(np.arange(self.length), lengths), names
        return self._flags

    def is_flagged(self, name: str) -> Truths:
        """Tell which rows carry a flag."""
        places, names = self.flags()
        flagged = np.zeros(self.length, dtype=np.bool_)
        flagged[places[names == name]] = True
        return flagged

    @property
    def is_device(self) -> Truths:
        """Rows of a device mode: calls are counted, not requests that wait."""
        return self.is_one_of("mode", DEVICE_MODES)

    @property
    def is_open(self) -> Truths:
        """Rows whose requests come on a schedule, whatever the system does."""
        unsaid = ~self.is_given("load") & ~self.is_given("concurrency") & self.is_given("request_rate_rps")
        return unsaid | self.is_one_of("load", OPEN_LOADS)

    @property
    def is_closed(self) -> Truths:
        """Rows with a fixed number in flight."""
        unsaid = ~self.is_given("load") & ~self.is_given("request_rate_rps") & self.is_given("concurrency")
        return unsaid | self.is_one_of("load", ("closed",))

    @property
    def is_unmeasured(self) -> Truths:
        """Rows that failed."""
        return self.is_one_of("status", UNMEASURED)

    @property
    def holds_numbers(self) -> Truths:
        """Rows with a throughput or a latency of any kind."""
        return self.has_any(_SEEN)

    def has_any(self, names: Iterable[str]) -> Truths:
        """Tell where at least one of several columns of numbers is known."""
        known: Truths = np.any([~np.isnan(self.number(name)) for name in names], axis=0)
        return known

    def ids(self, places: Places) -> pd.Series:
        """Return the ids of rows; of a row without one where it stands."""
        ids = self.said("point_id").iloc[places]
        known = ids.notna().to_numpy(dtype=np.bool_)
        if known.all() and isinstance(ids.dtype, pd.StringDtype):
            return ids
        labels = self.points.index[places]
        told = (
            str(each) if is_known else f"row {label}" for each, is_known, label in zip(ids, known, labels, strict=True)
        )
        return pd.Series(list(told), dtype="str")

    def _column(self, name: str) -> pd.Series | None:
        if name not in self.points:
            return None
        column = self.points[name]
        return column.iloc[:, 0] if isinstance(column, pd.DataFrame) else column

    def _read(self, name: str) -> Numbers:
        column = self._column(name)
        if column is None:
            return np.full(self.length, np.nan)
        if column.dtype.kind in "iuf":
            return column.to_numpy(dtype="float64", na_value=np.nan)
        return np.array([_number(value) for value in column], dtype=np.float64)

    def _where(self, name: str, holds: Callable[[Any], bool]) -> Truths:
        """Ask each different word of a column once."""
        if name not in self._words:
            column = self.said(name)
            try:
                found = pd.factorize(column)
            except TypeError:  # something that cannot be hashed: it is no word
                found = pd.factorize(pd.Series([v if isinstance(v, str) else None for v in column], dtype="object"))
            self._words[name] = found[0], list(found[1])
        codes, words = self._words[name]
        # The code of what is missing is -1: the last.
        return np.array([*map(holds, words), False], dtype=np.bool_)[codes]


def _number(value: Any) -> float:
    if isinstance(value, bool | np.bool_ | bytes):
        return np.nan
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return np.nan


def _flag_list(value: Any) -> list[str]:
    """Read what stands in a cell of flags: a list, or the text of a CSV file."""
    if isinstance(value, str):
        return [name.strip() for name in value.split(";") if name.strip()]
    if isinstance(value, list | tuple | np.ndarray):
        return [name for name in value if isinstance(name, str)]
    return []
