"""Open loops: whether the system kept up with its load, and from when latency counts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tradeoff.audit.dispersion import missing_by_chance
from tradeoff.audit.findings import ERROR, INFO, WARNING, Found, found
from tradeoff.audit.lost import lost_for_each
from tradeoff.audit.rows import FINITE_LOADS, Rows
from tradeoff.audit.words import Numbers, choice, number, only, share, time
from tradeoff.frames import PERCENTILES

_SHORT = 0.05
"""A load is met when 95 % of it is served, or as much as chance brings of it: see `tradeoff.audit.dispersion`."""

_BUSY = 0.98
"""Utilisation from which on a device has nothing left."""

_LATE = 0.05
"""Share of the median latency below which a schedule delay does not matter."""

_LATENCIES = tuple(f"latency_{name}_ms" for name in PERCENTILES)


def achieved_rate(rows: Rows) -> Iterator[Found]:
    """Find open loops that were served less than came: their queue grows while they run."""
    asked, served = rows.number("request_rate_rps"), rows.number("throughput_rps")
    asked = np.where((asked > 0) & rows.is_open & ~rows.is_device, asked, np.nan)
    lost = np.nan_to_num(lost_for_each(rows, "n_errors")) + np.nan_to_num(lost_for_each(rows, "n_rejected"))
    # What was turned away or failed has come: it is told by its own check, and leaves no queue behind.
    came = served * (1 + lost)
    n = rows.number("n") * (1 + lost)
    by_chance, unstated = missing_by_chance(rows, n, asked)
    is_finite = rows.is_one_of("load", FINITE_LOADS)
    # The times of a trace are given: what is missing is the time from its last request to its last answer.
    ends = (
        is_finite
        & (n / came - n / asked <= _longest(rows) / 1e3 * (1 + _SHORT))
        & ~(rows.number("utilisation") > _BUSY)
    )
    missing = 1 - came / asked
    is_short = missing > np.fmax(_SHORT, np.where(is_finite, 0.0, by_chance))
    has_latency = rows.has_any(_LATENCIES)
    yield found(
        is_short & has_latency & ends,
        INFO,
        "%s requests/s were asked for and %s were served, %s less: the time until its last answer is counted, and "
        "that is much of so short a trace. A longer one has a higher throughput.",
        number(asked),
        number(served),
        share(missing),
        observed=served,
        expected=asked,
    )
    yield found(
        is_short & has_latency & ~ends & unstated,
        WARNING,
        "%s requests/s were asked for and %s were served, %s less, and how bursty the load was is not stated: either "
        "the system is saturated, or the run is too short for such a load. State the shape or the rates of the load, "
        "and serve for longer, before planning with its latency.",
        number(asked),
        number(served),
        share(missing),
        observed=served,
        expected=asked,
    )
    yield found(
        is_short & has_latency & ~ends & ~unstated,
        np.where(is_finite, WARNING, ERROR),
        "%s requests/s were asked for and %s were served, %s less: the system is saturated and its queue grows while "
        "it runs, or the run is so short that its end is much of it. Its percentiles depend on how long it ran: do not "
        "plan with its latency.",
        number(asked),
        number(served),
        share(missing),
        observed=served,
        expected=asked,
    )
    saturated = rows.is_one_of("status", ("saturated",))
    is_stated = ~np.isnan(asked)
    yield found(
        (is_short | (saturated & np.isnan(served))) & ~has_latency,
        INFO,
        "%s%s than the system can serve: it is saturated, and rightly gives no percentile.",
        only(is_stated, "%s requests/s were asked for", number(asked)),
        choice(is_stated, "It was asked for more", ", more"),
        observed=served,
        expected=asked,
    )


def _longest(rows: Rows) -> Numbers:
    """Return the longest latency that is known, in ms; infinite where none is."""
    longest = rows.number("latency_max_ms")
    for name in reversed(tuple(PERCENTILES)):
        longest = np.where(np.isnan(longest), rows.number(f"latency_{name}_ms"), longest)
    return np.where(np.isnan(longest), np.inf, longest)


def intended_rate(rows: Rows) -> Iterator[Found]:
    """Find closed loops that state a rate at which requests should come: nothing in them keeps to it."""
    asked, served = rows.number("request_rate_rps"), rows.number("throughput_rps")
    stated = rows.is_one_of("load", ("closed",)) & ~rows.is_device & (asked > 0)
    misses = ~(np.abs(served / asked - 1) <= _SHORT)
    yield found(
        stated,
        np.where(misses & ~np.isnan(served), ERROR, WARNING),
        "It is a closed loop, and %s requests/s are said to have been intended: its clients ask when they are "
        "answered, and come as slowly as the system answers%s. Read it as a row of its number of clients, or drive an "
        "open loop at that rate.",
        number(asked),
        only(misses & ~np.isnan(served), " (%s requests/s)", number(served)),
        observed=served,
        expected=asked,
    )


def coordinated_omission(rows: Rows) -> Iterator[Found]:
    """Find latency that leaves out what requests waited before they were sent."""
    delay, p99 = rows.number("schedule_delay_p99_ms"), rows.number("latency_p99_ms")
    from_send = rows.is_one_of("latency_basis", ("send",))
    # Where latency counts from the send, the lateness of the generator is the schedule delay.
    late = np.fmax(rows.number("wakeup_p99_ms"), rows.number("sent_late_p99_ms"))
    delay = np.where(from_send & np.isnan(delay), late, delay)
    median = rows.number("latency_p50_ms")
    scale = np.where(np.isnan(median), p99, median)
    queues = ~rows.is_closed & ~rows.is_device
    # No latency from the schedule has a p99 below that of the delay which it holds.
    leaves_out = (from_send & (delay > _LATE * scale)) | (delay > p99)
    yield found(
        queues & leaves_out & ~np.isnan(p99),
        np.where(delay > p99, ERROR, WARNING),
        "p99 is %s counted from the send, but requests were sent up to %s late (p99): users wait from when they were "
        "due. Give the schedule delay beside the latency, or count from the schedule; a limit on what users wait "
        "cannot be checked against this row.",
        time(p99),
        time(delay),
        observed=delay,
        expected=_LATE * scale,
    )
    yield found(
        queues & rows.is_open & from_send & np.isnan(delay) & rows.has_any(_LATENCIES),
        INFO,
        "Latency counts from the send, and how late requests were sent is not stated: if the generator fell behind, "
        "what they waited before is missing.",
    )
