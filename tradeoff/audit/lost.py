"""Requests that were not served: failed, or turned away."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tradeoff.audit.findings import ERROR, INFO, WARNING, Found, found
from tradeoff.audit.rows import Rows
from tradeoff.audit.words import Numbers, Truths, count, share

_HIDES_P99 = 0.01
"""With more than one in a hundred lost, the p99 of all who asked is a failure."""

_MANY = 0.10


def errors(rows: Rows) -> Iterator[Found]:
    """Find rows with requests that failed, and those whose percentiles count them."""
    failed, n = np.fmax(rows.number("n_errors"), rows.number("kept_failed")), rows.number("n")
    rate = _rate_of(lost_for_each(rows, "n_errors"))
    measured = ~rows.is_unmeasured
    inside = measured & (failed > 0) & _are_inside(rows)
    yield found(
        inside,
        ERROR,
        "%s requests failed, and their times are inside the percentiles: a request that fails at once makes the server "
        "look fast, one that times out makes it look slow. Compute the percentiles of those that were served.",
        count(failed),
        observed=rate,
        expected=0.0,
    )
    told = measured & (rows.number("n_errors") > 0) & ~inside
    severity = np.select([rate > _MANY, rate > _HIDES_P99], [ERROR, WARNING], INFO)
    some = rate <= _HIDES_P99
    yield found(
        told & some,
        severity,
        "%s of %s requests failed (%s): the percentiles are those of the others.",
        count(failed),
        count(n + failed),
        share(rate),
        observed=rate,
        expected=_HIDES_P99,
    )
    yield found(
        told & ~some & ~np.isnan(rate),
        severity,
        "%s of %s requests failed (%s), and the percentiles are those of the others: more than one in a hundred who "
        "ask gets no answer, so that the p99 of all of them is a failure.",
        count(failed),
        count(n + failed),
        share(rate),
        observed=rate,
        expected=_HIDES_P99,
    )
    yield found(
        told & np.isnan(rate),
        WARNING,
        "%s requests failed, of how many is not stated: the percentiles may be those of a lucky few.",
        count(failed),
    )


def rejections(rows: Rows) -> Iterator[Found]:
    """Find rows with requests that were turned away."""
    rate = _rate_of(lost_for_each(rows, "n_rejected"))
    severity = np.where(rate > _HIDES_P99, WARNING, INFO)
    yield found(
        rate > 0,
        severity,
        "%s of the requests were turned away because the queue was full: the percentiles are those of the others. "
        "State the share beside them.",
        share(rate),
        observed=rate,
        expected=_HIDES_P99,
    )


def lost_for_each(rows: Rows, name: str) -> Numbers:
    """Count ``n_errors`` or ``n_rejected`` for each request that was served; NaN where that is unknown."""
    lost, n = rows.number(name), rows.number("n")
    ratio = np.where(lost > 0, lost / np.where(n >= 0, n, np.nan), 0.0)
    if name == "n_rejected":
        share_lost = rows.number("rejection_rate")
        known = (share_lost >= 0) & (share_lost <= 1)
        ratio = np.where(known, share_lost / (1 - share_lost), ratio)
    return ratio


def _rate_of(ratio: Numbers) -> Numbers:
    """From lost for each that was served to lost of all: infinity is all."""
    return np.where(np.isinf(ratio), 1.0, ratio / (1 + ratio))


def _are_inside(rows: Rows) -> Truths:
    n, kept, failed = rows.number("n"), rows.number("kept"), rows.number("kept_failed")
    # Without samples only a latency of 0 gives them away: no request that was served takes none.
    counted: Truths = (failed > 0) & (n > kept) & (n <= kept + failed)
    counted |= rows.number("latency_min_ms") == 0
    return counted
