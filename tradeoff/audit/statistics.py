"""Statistics that say too little, or that no set of samples can have."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tradeoff.audit.findings import ERROR, WARNING, Found, found
from tradeoff.audit.rows import STEMS, Rows
from tradeoff.audit.words import Truths, choice, listed, number, time
from tradeoff.frames import PERCENTILES, POINT_COLUMNS
from tradeoff.stats.quantiles import TOO_FEW_SAMPLES

_TAIL = ("p90", "p95", "p99", "p999")
_ROUNDED = 0.01
"""Files may keep two or three digits of one number and all of another."""

_EXACT = 1e-9

_NEVER_NEGATIVE = (
    "throughput_rps", "calls_per_s", "tokens_per_s", "n", "n_errors", "n_rejected", "duration_s",
    *(f"{stem}_{name}_ms" for stem in STEMS for name in ("mean", *PERCENTILES)),
)  # fmt: skip


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
    yield from _alone(rows, outside | above)


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
    for name in _NEVER_NEGATIVE:
        values = rows.number(name)
        wrong = left & (values < 0)
        left &= ~wrong
        yield found(
            wrong,
            ERROR,
            f"{name} is %s: no measurement gives a negative one, so that the row was misread or miscounted. Do not "
            "plan with it.",
            number(values),
            observed=values,
            expected=0.0,
        )
    for before, after in _ordered(rows):
        one, other = rows.number(before), rows.number(after)
        is_end = before.endswith("_min_ms") or after.endswith("_max_ms")
        wrong = left & (one > other * (1 + (_ROUNDED if is_end else _EXACT)))
        left &= ~wrong
        yield found(
            wrong,
            ERROR,
            f"Its {POINT_COLUMNS[before].label} is %s and its {POINT_COLUMNS[after].label} %s: the first cannot be "
            "above the second, so that the numbers are not of the same requests. Plan with none of them.",
            time(one),
            time(other),
            observed=one,
            expected=other,
        )


def _ordered(rows: Rows) -> Iterator[tuple[str, str]]:
    """Every pair of numbers of which the first is at most the second, where some row has it."""
    for stem in STEMS:
        names = [f"{stem}_{name}_ms" for name in ("min", *PERCENTILES, "max")]
        there = [name for name in names if not np.isnan(rows.number(name)).all()]
        for place, before in enumerate(there):
            for after in there[place + 1 :]:
                yield before, after
