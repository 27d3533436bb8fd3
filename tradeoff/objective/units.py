"""Numbers with their units, as people type them, in the unit of the column that they limit."""

from __future__ import annotations

import math
import re
from decimal import Decimal

from tradeoff.frames import Column
from tradeoff.frames.columns import SHARES

TIMES = {"ns": Decimal("1e-6"), "us": Decimal("1e-3"), "ms": Decimal(1), "s": Decimal(1000)}
"""Units of time, in milliseconds."""

_SPELLED = {
    "µs": "us", "μs": "us", "usec": "us", "microseconds": "us", "msec": "ms", "millisecond": "ms",
    "milliseconds": "ms", "sec": "s", "secs": "s", "second": "s", "seconds": "s", "nanoseconds": "ns", "nsec": "ns",
}  # fmt: skip
_PER_SECOND = re.compile(r"(?: ?/ ?| per )s(?:ec(?:ond)?)?")
_REQUESTS = {"/s", "rps", "qps", "req/s", "reqs/s", "request/s", "requests/s"}
_TOKENS = {"/s", "tok/s", "toks/s", "token/s", "tokens/s", "tps"}
_BYTES = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_MANY = {"k": 1000, "K": 1000, "M": 10**6}
PERCENT = {"%", "percent", "pct"}


def is_time(column: Column | None) -> bool:
    """Say whether a column holds times."""
    return column is not None and column.unit in TIMES


def is_rate(column: Column | None) -> bool:
    """Say whether a column counts something a second."""
    return column is not None and column.unit.endswith("/s")


def factor_of(unit: str, column: Column | None) -> Decimal | None:
    """Return what a number in `unit` is multiplied by to be in the unit of a column; None when they do not fit.

    Parameters
    ----------
    unit
        As it was typed, parts separated by single spaces; ``""`` where there is none.
    column
        What the table says of the column; None for one that it does not know.

    Examples
    --------
    >>> from tradeoff.frames import column
    >>> factor_of("us", column("p99")), factor_of("k req/s", column("throughput"))
    (Decimal('0.001'), Decimal('1000'))
    """
    if column is None:
        return {"": Decimal(1), "k": Decimal(1000), "K": Decimal(1000), "M": Decimal(10**6)}.get(unit)
    if is_time(column):
        spelled = unit.lower()
        given = TIMES.get(_SPELLED.get(spelled, spelled))
        return None if given is None else given / TIMES[column.unit]
    if unit.lower() in PERCENT:
        return Decimal(1) if column.unit == "%" else Decimal("0.01") if column.name in SHARES else None
    if column.unit == "B" and unit.lower() in _BYTES:
        return Decimal(_BYTES[unit.lower()])
    many = _MANY.get(unit[:1], 1)
    own = column.unit.lower()
    names = {"", own, own.removesuffix("s")} | _rates(own)
    for rest, factor in ((unit, 1), (unit[1:].lstrip(), many)):
        if _PER_SECOND.sub("/s", rest.lower()).replace(" /s", "/s") in names and (rest == unit or factor > 1):
            return Decimal(factor)
    return None


def value_of(number: str, factor: Decimal) -> float:
    """Return a number times a factor, correctly rounded; infinite when it is too large."""
    plain = float(number)
    if factor == 1 or plain == 0 or not math.isfinite(plain):
        return plain
    return float(Decimal(number) * factor)


def _rates(own: str) -> set[str]:
    if own == "requests/s":
        return _REQUESTS
    if own == "tokens/s":
        return _TOKENS
    return {"/s"} if own.endswith("/s") else set()
