"""Values outside of the range that their column can have: intervals, shares, percentages, sizes of batches."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from tradeoff.audit.findings import ERROR, INFO, WARNING, Found, found
from tradeoff.audit.rows import Rows
from tradeoff.audit.words import choice, count, number
from tradeoff.frames import POINT_COLUMNS

_EXACT, _ROUNDED = 1e-9, 0.01
"""Files may keep two or three digits of one number and all of another."""

_SHARES = ("utilisation", "utilization", "rejection_rate", "error_rate", "steal", "foreign_load", "disturbed")
_SHARE_WORDS = re.compile(r"attainment")
_PERCENT_WORDS = re.compile(r"attainment|util|error|reject|success|busy|hit|slo")
"""Columns in percent whose name holds one of these are shares of a whole; a drift may be any number of percent."""

_MEASURED = 1e-3
"""Busy time and the window are read off a clock one after the other."""

_OVER_LIMIT = 105.0
"""A device's limit is a measurement too."""


def intervals(rows: Rows) -> Iterator[Found]:
    """Find intervals that do not hold their value, or end before they begin."""
    left = np.ones(rows.length, dtype=np.bool_)
    for name in rows.with_ends():
        value, low, high = (rows.raw(name + end) for end in ("", "_lo", "_hi"))
        label = POINT_COLUMNS[name].label if name in POINT_COLUMNS else name
        upside = left & (low > high)
        yield found(
            upside,
            ERROR,
            f"The interval of {_as_it_is(label)} goes from %s to %s: its ends are the wrong way round, or of two "
            "numbers. Do not plan with it.",
            number(low),
            number(high),
            observed=low,
            expected=high,
        )
        off = left & ~upside & ((low > value + _EXACT * np.abs(value)) | (high < value - _EXACT * np.abs(value)))
        left &= ~(off | upside)
        end = np.where(low > value, low, high)
        is_rounding = np.abs(end - value) <= _ROUNDED / 2 * np.abs(value)
        yield found(
            off,
            np.where(is_rounding, WARNING, ERROR),
            f"Its {_as_it_is(label)} is %s, and the %s end of its interval %s: the interval does not hold its own "
            "value, so that they are of two measurements, or one of them is misread. Do not judge a limit by it.",
            number(value),
            choice(low > value, "upper", "lower"),
            number(end),
            observed=value,
            expected=end,
        )


def ranges(rows: Rows) -> Iterator[Found]:
    """Find shares above 1, percentages above 100, and mean batches that no batches have."""
    for name in rows.columns():
        is_share = name in _SHARES or (bool(_SHARE_WORDS.search(name)) and not name.endswith(("_pct", "_ms", "_s")))
        is_percent = name.endswith(("_pct", "_percent")) and bool(_PERCENT_WORDS.search(name))
        if not (is_share or is_percent) or name.endswith(("_lo", "_hi")):
            continue
        values, most = rows.raw(name), 100.0 if is_percent else 1.0
        unit = "a percentage of a whole" if is_percent else "a share of a whole"
        yield found(
            (values > most * (1 + _MEASURED)) | ((values < 0) & (name not in POINT_COLUMNS)),
            ERROR,
            f"{_as_it_is(name)} is %s, and {unit} lies between 0 and {most:g}%s: it is counted twice, divided by the "
            "wrong number, or in another unit. Do not plan with it.",
            number(values),
            choice((values > 2) & (values <= 100) & is_share, "", " (is it in percent?)"),
            observed=values,
            expected=np.where(values < 0, 0.0, most),
        )
    reached = rows.number("pct_of_limit")
    yield found(
        reached > 100.0,
        np.where(reached > _OVER_LIMIT, WARNING, INFO),
        "It reached %s %% of what the device can do at most: its work is counted wrongly, part of it stayed in a "
        "cache, or the limit was measured on a slower device. Do not read it as how much is left.",
        number(reached),
        observed=reached,
        expected=100.0,
    )
    yield from _batches(rows)


def _batches(rows: Rows) -> Iterator[Found]:
    mean, most, clients = (rows.number(name) for name in ("batch_size_mean", "batch_size", "concurrency"))
    above = mean > most * (1 + _EXACT)
    yield found(
        above,
        ERROR,
        "Its batches have %s requests on average, and %s at most: one of the two is not of this row. Do not plan with "
        "either.",
        number(mean),
        count(most),
        observed=mean,
        expected=most,
    )
    small = (mean < 1 - _EXACT) & (mean >= 0)
    yield found(
        small,
        ERROR,
        "Its batches have %s requests on average: no batch holds less than one. Batches that did not run were counted, "
        "or requests were not. Do not plan with it.",
        number(mean),
        observed=mean,
        expected=1.0,
    )
    beyond = rows.is_closed & ~rows.is_device & (mean > clients * (1 + _EXACT)) & ~above & (clients > 0)
    yield found(
        beyond,
        ERROR,
        "Its batches have %s requests on average, and there are %s clients with one request each: one of the two is "
        "not of this row.",
        number(mean),
        count(clients),
        observed=mean,
        expected=clients,
    )


def _as_it_is(text: str) -> str:
    return text.replace("%", "%%")
