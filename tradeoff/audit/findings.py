"""What a rule says of the rows it is about, and the frame that all of it becomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from tradeoff.audit.words import Numbers, Places, Truths, Words, sentences

SEVERITIES = ("info", "warning", "error")
"""``info``: to know. ``warning``: to be used only with what the sentence says beside it. ``error``: the row contradicts
itself, or is not what it says; not to be used."""

INFO, WARNING, ERROR = range(3)

SEVERITY_DTYPE: Any = pd.CategoricalDtype(list(SEVERITIES), ordered=True)
"""The dtype of `severity`: ordered, so that ``findings["severity"] >= "warning"`` means what it says."""

FINDING_COLUMNS = ("point_id", "check", "severity", "observed", "expected", "sentence")
"""The columns of a frame of findings."""


@dataclass(frozen=True, eq=False)
class Found:
    """What one rule found: arrays of one length, an entry for each row it is about.

    Attributes
    ----------
    rows
        Places of the rows in the frame, ascending.
    severity
        `INFO`, `WARNING` or `ERROR`.
    observed, expected
        The number that was judged, and the one it was judged by; NaN where there is none.
    sentence
        What is wrong with this number, and what that means for a plan; one for each row, or one for all.
    """

    rows: Places
    severity: NDArray[np.int8]
    observed: Numbers
    expected: Numbers
    sentence: pa.Array

    def __len__(self) -> int:
        return len(self.rows)


def found(
    where: Truths,
    severity: int | NDArray[np.int8],
    sentence: str,
    *words: Words,
    observed: float | Numbers = np.nan,
    expected: float | Numbers = np.nan,
) -> Found:
    """Say a sentence of every row `where` the rule is broken; nothing is written of the others.

    Parameters
    ----------
    where
        For each row of the frame.
    severity, observed, expected
        One for all, or for each row of the frame.
    sentence
        With ``%s`` for each of `words`, and ``%%`` for a percent sign.
    words
        What gives the words of the chosen rows: see `tradeoff.audit.words`.
    """
    rows = np.flatnonzero(where)
    return Found(
        rows=rows,
        severity=_chosen(severity, rows).astype(np.int8),
        observed=_chosen(observed, rows).astype(np.float64),
        expected=_chosen(expected, rows).astype(np.float64),
        sentence=sentences(sentence, words, rows),
    )


def frame_of(parts: Sequence[tuple[str, Found]], ids_of: Callable[[Places], pd.Series]) -> pd.DataFrame:
    """Make one frame of what was found: the worst first, then in the order of the checks, then of the ids.

    Parameters
    ----------
    parts
        Names of checks with what they found, in the order of the checks; a check may be there several times.
    ids_of
        Gives the ids of the rows at some places.
    """
    parts = [(check, one) for check, one in parts if len(one)]
    checks = list(dict.fromkeys(check for check, _ in parts))
    check = np.repeat([checks.index(name) for name, _ in parts], [len(one) for _, one in parts]).astype(np.intp)
    severity = np.concatenate([np.empty(0, dtype=np.int8), *(one.severity for _, one in parts)])
    rows = np.concatenate([np.empty(0, dtype=np.intp), *(one.rows for _, one in parts)])
    used, place = _used(rows)
    rank, ids = pd.factorize(ids_of(used), sort=True)
    rank = rank[place]
    order = np.lexsort([rank, check, -severity])
    told, said = _pooled([one for _, one in parts])
    frame = pd.DataFrame(
        {
            "point_id": _words(ids, rank[order]),
            "check": _words(checks, check[order]),
            "severity": pd.Categorical.from_codes(severity[order], dtype=SEVERITY_DTYPE),
            "observed": np.concatenate([np.empty(0), *(one.observed for _, one in parts)])[order],
            "expected": np.concatenate([np.empty(0), *(one.expected for _, one in parts)])[order],
            "sentence": _words(told, said[order]),
        }
    )
    return frame if len(ids) == len(used) else _without_twins(frame, checks)


def _without_twins(frame: pd.DataFrame, checks: Sequence[str]) -> pd.DataFrame:
    """Tell of rows that share an id, and are alike, once; what is left has an order that is not that of the rows."""
    frame = frame.drop_duplicates()
    place = frame["check"].map({name: place for place, name in enumerate(checks)})
    by = ["severity", "place", "point_id", "sentence", "observed", "expected"]
    ascending = [name != "severity" for name in by]
    return frame.assign(place=place).sort_values(by, ascending=ascending, ignore_index=True).drop(columns="place")


def _used(rows: Places) -> tuple[Places, Places]:
    """Return the rows that are there, ascending, and where each stands among them."""
    is_used = np.zeros(rows.max(initial=-1) + 1, dtype=np.bool_)
    is_used[rows] = True
    return np.flatnonzero(is_used), (np.cumsum(is_used) - 1)[rows]


def _pooled(parts: Sequence[Found]) -> tuple[pa.Array, Places]:
    """Return the sentences, each that stands for many rows once, and which of them is said of each row."""
    said, length = [np.empty(0, dtype=np.intp)], 0
    for one in parts:
        said.append(length + (np.arange(len(one)) if len(one.sentence) == len(one) else np.zeros(len(one), np.intp)))
        length += len(one.sentence)
    return pa.chunked_array([one.sentence for one in parts], pa.string()), np.concatenate(said)


def _words(words: Sequence[str] | pd.Index | pa.Array, places: Places) -> pd.Series:
    if not isinstance(words, pa.ChunkedArray):
        words = pa.array(words, pa.string())
    taken: pd.Series = words.take(pa.array(places)).to_pandas().astype("str")
    return taken


def _chosen(values: object, rows: Places) -> NDArray[np.generic]:
    array = np.asarray(values)
    return np.full(len(rows), array) if array.ndim == 0 else array[rows]
