"""Statistics that say too little, or that no set of samples can have."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tradeoff.audit.findings import ERROR, WARNING, Found, found
from tradeoff.audit.rows import STEMS, Rows
from tradeoff.audit.words import Truths, choice, listed, number, time
from tradeoff.frames import PERCENTILES, POINT_COLUMNS
from tradeoff.frames.columns import may_be_negative
from tradeoff.stats.quantiles import TOO_FEW_SAMPLES

_TAIL = ("p90", "p95", "p99", "p999")
_ROUNDED = 0.01
"""Files may keep two or three digits of one number and all of another."""

_EXACT = 1e-9

_UNITS = ("_ms", "_s", "_us", "_ns", "_rps", "_per_s", "_bytes", "_j", "_wh", "_w")
_SIGNED = ("_lo", "_hi")

_AT_LEAST_ONE = ("batch_size", "concurrency", "workers")

_ORDERED = (*STEMS, "queue_wait", "batch_wait", "schedule_delay", "wakeup")
"""Kinds of time whose percentiles ascend."""


def averages(rows: Rows) -> Iterator[Found]:
    """Find means that stand for a distribution, and means that no distribution with these numbers has."""
    mean, p99 = rows.number("latency_mean_ms"), rows.number("latency_p99_ms")
    low, high = rows.number("latency_min_ms"), rows.number("latency_max_ms")
    beyond = mean > high * (1 + _ROUNDED)
    outside = beyond | (mean < low * (1 - _ROUNDED))
    end = np.where(beyond, high, low)
    yield found(
        outside,
        ERROR,
        "The mean latency is %s, and the %s of all %s: these numbers are not of the same requests. Plan with none of "
        "them.",
        time(mean),
        choice(beyond, "shortest", "longest"),
        time(end),
        observed=mean,
        expected=end,
    )
    above = (mean > p99 * (1 + _ROUNDED)) & ~outside
    yield found(
        above,
        WARNING,
        "The mean latency, %s, is above the p99, %s: fewer than one request in a hundred makes most of it. A p99 "
        "says nothing of them; look at p999 and at the longest.",
        time(mean),
        time(p99),
        observed=mean,
        expected=p99,
    )
    for stem in STEMS:
        yield from _too_small(rows, stem, outside if stem == "latency" else np.zeros(rows.length, dtype=np.bool_))
    yield from _alone(rows, outside | above)


def _too_small(rows: Rows, stem: str, told: Truths) -> Iterator[Found]:
    """Find means that the percentiles exclude: if a share 1 - p of times is q or more, the mean is (1 - p) q or more.

    Markov's inequality.
    """
    mean = rows.number(f"{stem}_mean_ms")
    if np.isnan(mean).all():
        return
    left = ~told
    for name, p in PERCENTILES.items():
        q = rows.number(f"{stem}_{name}_ms")
        least = (1 - p) * q
        # Some definitions of a percentile give the next larger value: one of n then does not count.
        n = rows.number("n")
        least = np.where(n > 0, least - q / np.where(n > 0, n, 1.0), least)
        wrong = left & (mean < least * (1 - _ROUNDED))
        left &= ~wrong
        yield found(
            wrong,
            ERROR,
            f"Its {_label(f'{stem}_mean_ms')} is %s and its {_label(f'{stem}_{name}_ms')} %s: {100 * (1 - p):g} %% of "
            "the times are as long or longer, so that the mean is %s at least. They are not of the same requests, or "
            "one of them is in another unit (s among ms?).",
            time(mean),
            time(q),
            time(least),
            observed=mean,
            expected=least,
        )


def _alone(rows: Rows, told: Truths) -> Iterator[Found]:
    """Find the first kind of time of which a mean or a median is all there is."""
    left = ~told & ~rows.is_flagged(TOO_FEW_SAMPLES) & ~rows.is_unmeasured
    has_latency = rows.has_any(f"latency_{name}_ms" for name in ("mean", *PERCENTILES))
    for stem in STEMS:
        mean, median = rows.number(f"{stem}_mean_ms"), rows.number(f"{stem}_p50_ms")
        alone = left & ~rows.has_any(f"{stem}_{name}_ms" for name in _TAIL)
        alone &= ~(np.isnan(mean) & np.isnan(median))
        # The model's times stand for the row only where there is no other latency.
        alone &= ~has_latency if stem == "model" else True
        left &= ~alone
        label = POINT_COLUMNS[f"{stem}_mean_ms"].label.removeprefix("mean ")
        yield found(
            alone,
            WARNING,
            f"Of {label} it gives %s only: half of the users, or a few, may wait far longer, and no p99 can be made of "
            "it. A limit on a percentile cannot be checked against this row.",
            listed({"a mean": ~np.isnan(mean), "a median": ~np.isnan(median)}),
            observed=np.where(np.isnan(mean), median, mean),
        )


def impossible(rows: Rows) -> Iterator[Found]:
    """Find numbers that no measurement gives: below 0, percentiles that do not ascend, values outside their range."""
    left = np.ones(rows.length, dtype=np.bool_)
    for name in _never_negative(rows):
        values = rows.raw(name)
        wrong = left & (values < 0)
        left &= ~wrong
        yield found(
            wrong,
            ERROR,
            f"{_as_it_is(name)} is %s: no measurement gives a negative one, so that the row was misread or miscounted. "
            "Do not plan with it.",
            number(values),
            observed=values,
            expected=0.0,
        )
    for name in _AT_LEAST_ONE:
        values = rows.raw(name)
        wrong = left & (values < 1) & (values >= 0)
        left &= ~wrong
        yield found(
            wrong,
            ERROR,
            f"{name} is %s: there is no such thing with less than one. The row was misread. Do not plan with it.",
            number(values),
            observed=values,
            expected=1.0,
        )
    for before, after in _ordered(rows):
        one, other = rows.number(before), rows.number(after)
        is_end = before.endswith("_min_ms") or after.endswith("_max_ms")
        wrong = left & (one > other * (1 + (_ROUNDED if is_end else _EXACT)))
        left &= ~wrong
        yield found(
            wrong,
            ERROR,
            f"Its {_label(before)} is %s and its {_label(after)} %s: the first cannot be "
            "above the second, so that the numbers are not of the same requests. Plan with none of them.",
            time(one),
            time(other),
            observed=one,
            expected=other,
        )


def _never_negative(rows: Rows) -> list[str]:
    """Return the columns of numbers that are there and cannot be below 0."""
    tables = [name for name, column in POINT_COLUMNS.items() if column.dtype in ("Int64", "float64")]
    # Of columns of others the unit is in the name; a difference says so.
    others = [
        name
        for name in rows.columns()
        if name not in POINT_COLUMNS
        and name.endswith(_UNITS)
        and not name.endswith(_SIGNED)
        and not any(word in name for word in ("delta", "diff", "change", "offset", "overhead"))
    ]
    return [name for name in (*tables, *others) if name in rows.points and not may_be_negative(name)]


def _ordered(rows: Rows) -> Iterator[tuple[str, str]]:
    """Every pair of numbers of which the first is at most the second, where some row has it."""
    for stem in _ORDERED:
        names = [f"{stem}_{name}_ms" for name in ("min", *PERCENTILES, "max")]
        there = [name for name in names if not np.isnan(rows.number(name)).all()]
        for place, before in enumerate(there):
            for after in there[place + 1 :]:
                yield before, after


def _label(name: str) -> str:
    return POINT_COLUMNS[name].label if name in POINT_COLUMNS else name.replace("_", " ")


def _as_it_is(text: str) -> str:
    return text.replace("%", "%%")
