"""Little's law: throughput times latency is the number in flight, whatever happens inside.

    X * R       = N    closed loop, N clients that ask again at once; device modes, N calls
    X * (R + Z) = N    closed loop, clients that think for Z
    X * R       = L    open loop, where somebody counted the L in flight

X: completed a second, R: mean time each was under way. It holds for every system and every period long against R
(Little, *Operations Research* 9(3), 1961; for measured periods Denning and Buzen, *Computing Surveys* 10(3), 1978).
Where it fails, one of the numbers is of something else.

Whatever may explain a gap is granted: the ends of the intervals, and a client for each request that failed, for it may
have held that client, or stopped it, for the rest of the run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tradeoff.audit.findings import ERROR, WARNING, Found, found
from tradeoff.audit.lost import lost_for_each
from tradeoff.audit.rows import Rows
from tradeoff.audit.words import Numbers, Truths, choice, count, number, time

TOLERANCE = 0.05
"""The share by which both sides may differ."""

GROSS = 0.10
"""The share from which on no plan can rest on the row."""

_UNKNOWN_THINK = "think time of a function"
"""In `load_detail`: how long clients think is not in the row."""


class Flow(NamedTuple):
    """How many are in flight by rate and time, and between what it may lie."""

    value: Numbers
    low: Numbers
    high: Numbers


def littles_law(rows: Rows) -> Iterator[Found]:
    """Compare throughput times latency with the number in flight, stated or counted."""
    requests, calls = _requests(rows), _calls(rows)
    clients = np.where(rows.number("concurrency") > 0, rows.number("concurrency"), np.nan)
    serves, is_device = rows.is_one_of("mode", ("serving",)), rows.is_device
    # A frame that does not say its mode may mean either: the reading that fits better is taken.
    by_calls = is_device | (~serves & (_miss(calls.value, clients) < _miss(requests.value, clients)))
    flow = Flow(*(np.where(by_calls, one, other) for one, other in zip(calls, requests, strict=True)))
    asked = np.where(rows.is_closed | is_device, clients, np.nan)
    yield from _stated(rows, flow, asked, by_calls)
    counted = np.where(rows.is_open & ~is_device, rows.number("in_flight_mean"), np.nan)
    yield from _counted(rows, requests, counted)


def _stated(rows: Rows, flow: Flow, clients: Numbers, by_calls: Truths) -> Iterator[Found]:
    left = np.fmax(0.0, clients - _or_none(rows.number("n_errors")))
    thinks_unknown = rows.mentions("load_detail", _UNKNOWN_THINK)
    high = np.where(thinks_unknown, np.inf, flow.high)
    less, more = high < (1 - TOLERANCE) * left, flow.low > (1 + TOLERANCE) * clients
    gross = (high < (1 - GROSS) * left) | (flow.low > (1 + GROSS) * clients)
    rate = np.where(by_calls, _calls_per_s(rows), rows.number("throughput_rps"))
    words = (
        number(rate),
        choice(by_calls, "requests/s", "calls/s"),
        time(rows.number("latency_mean_ms")),
        number(flow.value),
        choice(~by_calls & (_or_none(rows.number("think_ms")) > 0), "", " or thinking"),
    )
    severity = np.where(gross, ERROR, WARNING)
    said = "%s %s with a mean latency of %s are %s in flight%s by Little's law, and %s are stated: "
    yield found(
        less,
        severity,
        said + "fewer were under way than the row says, or its throughput counts ramp-up, drain or pauses. Do not plan "
        "with it as a row of that concurrency.",
        *words,
        count(clients),
        observed=flow.value,
        expected=left,
    )
    yield found(
        more,
        severity,
        said + "throughput, latency and concurrency are not of the same run, or not in the units they are said to be. "
        "Do not plan with any of them before it is known which.",
        *words,
        count(clients),
        observed=flow.value,
        expected=clients,
    )


def _counted(rows: Rows, flow: Flow, in_flight: Numbers) -> Iterator[Found]:
    # Those that failed were counted too, and nobody knows for how long.
    high = np.where(_or_none(rows.number("n_errors")) > 0, np.inf, flow.high)
    off = (high < (1 - TOLERANCE) * in_flight) | (flow.low > (1 + TOLERANCE) * in_flight)
    gross = (high < (1 - GROSS) * in_flight) | (flow.low > (1 + GROSS) * in_flight)
    yield found(
        off,
        np.where(gross, ERROR, WARNING),
        "%s requests/s with a mean latency of %s are %s in flight by Little's law, and %s were counted: throughput and "
        "latency are not of the same requests. Do not plan with them together.",
        number(rows.number("throughput_rps")),
        time(rows.number("latency_mean_ms")),
        number(flow.value),
        number(in_flight),
        observed=flow.value,
        expected=in_flight,
    )


def _requests(rows: Rows) -> Flow:
    think, network = _or_none(rows.number("think_ms")), _or_none(rows.number("network_ms"))
    rate, low, high = _with_ends(rows, "throughput_rps")
    mean, mean_low, mean_high = _with_ends(rows, "latency_mean_ms")
    # A client that was turned away thinks, and asks again.
    turned_away = np.nan_to_num(lost_for_each(rows, "n_rejected"), nan=0.0, posinf=0.0) * (think + network)
    rest = think + turned_away
    return Flow(rate * (mean + rest) / 1e3, low * (mean_low + rest) / 1e3, high * (mean_high + rest) / 1e3)


def _calls(rows: Rows) -> Flow:
    rate, low, high = _with_ends(rows, "throughput_rps")
    calls = _calls_per_s(rows)
    below, above = (np.nan_to_num(end / rate, nan=1.0, posinf=1.0) for end in (low, high))
    mean, mean_low, mean_high = _with_ends(rows, "latency_mean_ms")
    return Flow(calls * mean / 1e3, calls * below * mean_low / 1e3, calls * above * mean_high / 1e3)


def _calls_per_s(rows: Rows) -> Numbers:
    calls, size = rows.number("calls_per_s"), rows.number("batch_size")
    return np.where(np.isnan(calls), rows.number("throughput_rps") / np.where(size > 0, size, np.nan), calls)


def _with_ends(rows: Rows, name: str) -> tuple[Numbers, Numbers, Numbers]:
    value, low, high = (rows.number(name + end) for end in ("", "_lo", "_hi"))
    return value, np.fmin(value, low), np.fmax(value, high)


def _miss(flow: Numbers, clients: Numbers) -> Numbers:
    return np.nan_to_num(np.abs(np.log(flow / clients)), nan=np.inf)


def _or_none(values: Numbers) -> Numbers:
    return np.where(values > 0, values, 0.0)
