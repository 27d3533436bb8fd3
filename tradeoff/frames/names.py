"""What people call the columns of ``points``: one place that every function and the objective's grammar ask.

A column is known by its name (``latency_p99_ms``), its short name (``p99``), its label (``p99 latency``) and what else
engineers write: words in any order, joined by spaces, ``_``, ``-`` or ``/``; ``p99.9`` and ``99.9th percentile``,
``median``, ``avg``; ``tokens/s``, ``rps``, ``qps``; upper case. A name of the frame itself comes first, unless it is
the short name of another column of the frame. Nothing is guessed: a name that fits several columns is an error that
lists them.
"""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Any

from tradeoff.arguments import ArgumentError, shown
from tradeoff.frames.columns import PERCENTILES, POINT_COLUMNS

STATISTICS = ("mean", *PERCENTILES)

_LONGEST = 80
"""Longer than any name; what is longer is not searched for."""

_SAME_WORD = {
    "median": "p50", "avg": "mean", "average": "mean", "latencies": "latency", "req": "request", "reqs": "request",
    "requests": "request", "tok": "tokens", "toks": "tokens", "token": "tokens", "sec": "s", "second": "s",
    "seconds": "s", "utilization": "utilisation", "perc": "percentile",
}  # fmt: skip
_SKIPPED = {"", "of", "the"}

_PHRASES = {
    "throughput_rps": ("rps", "qps", "request per s", "request throughput"),
    "tokens_per_s": ("output token throughput", "output throughput", "output tokens per s", "token rate"),
    "batch_size": ("batch", "batchsize", "max batch size"),
    "concurrency": ("clients", "max concurrency"),
    "request_rate_rps": ("arrival rate",),
    "latency_mean_ms": ("mean",),
    "energy_j_per_item": ("energy",),
    "cost_per_million": ("cost",),
    "peak_memory_bytes": ("memory",),
}
"""What people write for a column besides its names."""

_AMBIGUOUS = {"tps": ("throughput_rps", "tokens_per_s")}

_ORDINAL = re.compile(r"\b(\d{1,2}(?:\.\d{1,3})?) ?(?:st|nd|rd|th)[ _-]?(?:percentile|perc|%ile)")
_PER_SECOND = re.compile(r"/ ?s(?:ec(?:ond)?s?)?\b")
_END_TO_END = re.compile(
    r"\b(?:e2el|e2e(?:[ _-]latency)?|end[ _-]to[ _-]end(?:[ _-]latency)?|response[ _-]time)(?![a-z])"
)
_DECIMAL = re.compile(r"\bp(\d\d)\.(\d{1,3})\b")
_PERCENTILE = re.compile(r"p(\d\d)(\d{0,4})")

Key = tuple[str, ...]


class UnknownColumnError(ArgumentError):
    """A name that is no column's, or that of several; `reason` is the message without the argument's name."""

    def __init__(self, reason: str, *, argument: str = "") -> None:
        self.reason = reason
        super().__init__(f"{argument}: {reason}" if argument else reason)


def meant(name: str) -> tuple[str, ...]:
    """Return the columns of the table that a name may stand for: one, several when it is ambiguous, or none.

    Examples
    --------
    >>> meant("p99 latency"), meant("tokens/s"), meant("P99.9")
    (('latency_p99_ms',), ('tokens_per_s',), ('latency_p999_ms',))
    >>> meant("ttft")
    ('ttft_mean_ms', 'ttft_p50_ms', 'ttft_p90_ms', 'ttft_p95_ms', 'ttft_p99_ms', 'ttft_p999_ms')
    """
    if name in POINT_COLUMNS:
        return (name,)
    exact, keys = _table()
    if name in exact:
        return (exact[name],)
    if len(name) > _LONGEST:
        return ()
    key = _key(name)
    if not key:
        return ()
    if key in keys:
        return keys[key]
    found = [keys.get(tuple(sorted((*key, statistic))), ()) for statistic in STATISTICS]
    return tuple(dict.fromkeys(column for columns in found for column in columns))


def resolve(name: Any, columns: Iterable[Any] = (), *, argument: str = "") -> str:
    """Return the full name of the column that is meant.

    Parameters
    ----------
    name
        What somebody wrote.
    columns
        The names of the frame at hand: they come before what the table says.
    argument
        How the message begins, as in ``"x='p98'"``.

    Raises
    ------
    UnknownColumnError
        When no column, or more than one, is called so; with the names that are close.

    Examples
    --------
    >>> resolve("p99"), resolve("latency p99"), resolve("watts", ["watts"])
    ('latency_p99_ms', 'latency_p99_ms', 'watts')
    """
    if not isinstance(name, str):
        raise UnknownColumnError("name a column of the points, such as 'throughput' or 'p99'", argument=argument)
    columns = columns if isinstance(columns, Collection) else list(columns)
    short = _table()[0].get(name)
    if name in columns and short not in columns:
        return name
    found = meant(name)
    if len(found) == 1:
        return found[0]
    same = [own for own in columns if isinstance(own, str) and own.lower() == name.lower()]
    if len(same) == 1:
        return same[0]
    raise UnknownColumnError(_reason(name, found, columns), argument=argument)


def column_of(points: Any, name: Any, argument: str) -> str:
    """Return the column of a frame that is meant by the value of an argument.

    Raises
    ------
    UnknownColumnError
        When `name` is unknown or ambiguous, or the frame lacks the column.
    """
    said = f"{argument}={shown(name)}"
    column = resolve(name, points.columns, argument=said)
    if column not in points.columns:
        raise UnknownColumnError(f"the points have no column {column!r}{_close(column, points.columns)}", argument=said)
    return column


def columns_of(points: Any, names: Iterable[Any], argument: str) -> list[str]:
    """Return the columns of a frame that are meant by the values in a list; see `column_of`."""
    return list(dict.fromkeys(column_of(points, name, argument) for name in names))


def mapped(values: Mapping[Any, Any] | None, columns: Iterable[Any] = ()) -> dict[Any, Any]:
    """Return a mapping from columns with the columns that are meant as its keys; unknown ones stay."""
    columns, found = list(columns), {}
    for name, value in (values or {}).items():
        known = (name,) if name in columns or not isinstance(name, str) else meant(name)
        found[known[0] if len(known) == 1 else name] = value
    return found


def probability(name: str) -> float | None:
    """Return the probability of a percentile by its name; None when it is none.

    Examples
    --------
    >>> probability("p99"), probability("p999"), probability("P97.5"), probability("median"), probability("99 %")
    (0.99, 0.999, 0.975, 0.5, 0.99)
    """
    if len(name) > _LONGEST:
        return None
    percent = re.fullmatch(r"\s*(\d{1,2}(?:\.\d{1,4})?)\s*%\s*", name, re.ASCII)
    key = _key(f"p{percent[1]}" if percent else name)
    key = tuple(word for word in key if word != "latency")
    if len(key) != 1:
        return None
    if key[0] in PERCENTILES:
        return PERCENTILES[key[0]]
    digits = re.fullmatch(_PERCENTILE, key[0])
    return float(f"0.{digits[1]}{digits[2]}") if digits and digits[0].isascii() else None


def percentile(name: Any) -> Any:
    """Return the short name of a percentile of the frames by any of its names; anything else as it is.

    Examples
    --------
    >>> percentile("P99.9"), percentile("median"), percentile("p98")
    ('p999', 'p50', 'p98')
    """
    found = probability(name) if isinstance(name, str) else None
    return next((short for short, known in PERCENTILES.items() if known == found), name)


def spoken(words: Iterable[str]) -> str:
    """Join names for a sentence: ``p50, p90 or p99``."""
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def _reason(name: str, found: Collection[str], columns: Collection[Any]) -> str:
    if found:
        return f"{shown(name)} is ambiguous: say {spoken(POINT_COLUMNS[column].short for column in found)}"
    return (
        f"no column {shown(name)}{_close(name, columns) or ': name a column of the points, such as throughput or p99'}"
    )


def _close(name: str, columns: Collection[Any]) -> str:
    if len(name) > _LONGEST:
        return ""
    shown_as: dict[str, str] = {}
    present = {own for own in columns if isinstance(own, str)}
    for column in POINT_COLUMNS.values():
        if not column.name.endswith(("_lo", "_hi")) and (not present or column.name in present):
            shown_as |= {column.name: column.short, column.short: column.short}
    shown_as |= {own.lower(): own for own in present if own not in POINT_COLUMNS}
    close = difflib.get_close_matches(name.lower().replace(" ", "_"), shown_as, n=4)
    words = list(dict.fromkeys(shown_as[word] for word in close))[:3]
    return f": did you mean {spoken(words)}?" if words else ""


def _key(text: str) -> Key:
    """Return the words of a name, sorted, so that order and spelling make no difference."""
    text = _ORDINAL.sub(r"p\1", text.lower())
    text = _END_TO_END.sub("latency", _PER_SECOND.sub(" per s", text))
    words = re.split(r"[\s_\-/,]+", _DECIMAL.sub(r"p\1\2", text))
    return tuple(sorted(_SAME_WORD.get(word, word) for word in words if word not in _SKIPPED))


@cache
def _table() -> tuple[Mapping[str, str], Mapping[Key, tuple[str, ...]]]:
    """Return short names, and keys, to columns."""
    exact: dict[str, str] = {}
    keys: defaultdict[Key, dict[str, None]] = defaultdict(dict)
    for column in POINT_COLUMNS.values():
        exact.setdefault(column.short, column.name)
        bare = re.sub(r"_(?:ms|s|ns|rps|bytes|w|c|mhz|pct)(?=$|_lo$|_hi$)", "", column.name)
        for text in (
            column.name,
            column.short,
            bare,
            *(() if column.name.endswith(("_lo", "_hi")) else [column.label]),
        ):
            keys[_key(text)].setdefault(column.name)
    for name, phrases in _PHRASES.items():
        for phrase in phrases:
            keys[_key(phrase)] = {name: None}
    for phrase, names in _AMBIGUOUS.items():
        keys[_key(phrase)] = dict.fromkeys(names)
    return exact, {key: tuple(names) for key, names in keys.items() if key}
