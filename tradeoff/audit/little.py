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
from tradeoff.audit.words import Numbers, Truths, Words, choice, count, number, only, share, time
from tradeoff.frames import PERCENTILES

TOLERANCE = 0.05
"""The share by which both sides may differ."""

GROSS = 0.10
"""The share from which on no plan can rest on the row."""

_UNKNOWN_THINK = "think time of a function"
"""In `load_detail`: how long clients think is not in the row."""


_LEAST_BUSY = 0.5
"""Requests that failed keep a device busy too, and so do those of warm-up."""

_TAIL = 100.0
"""By how much a mean may exceed the highest percentile that is known: beyond it no tail explains what is missing."""

_NEAR_A_UNIT = 0.1
"""A factor of two to either side of a thousand."""


_RANDOM_THINK, _SIGMAS = "exponential", 3.0
"""In `load_detail`: each time to think is drawn, and the mean of n of them strays by 1/sqrt(n) from that of all."""


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
    yield from _bounded(rows, asked, by_calls)
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
        "with it as a row of that concurrency.%s",
        *words,
        count(clients),
        _unit(left / flow.value),
        observed=flow.value,
        expected=left,
    )
    yield found(
        more,
        severity,
        said + "throughput, latency and concurrency are not of the same run, or not in the units they are said to be. "
        "Do not plan with any of them before it is known which.%s",
        *words,
        count(clients),
        _unit(flow.value / clients),
        observed=flow.value,
        expected=clients,
    )


def _unit(factor: Numbers) -> Words:
    """Say that a unit is the likely reason where both sides differ by a thousand, or a million."""
    thousands = np.log10(np.where(factor > 0, factor, np.nan)) / 3
    power = np.rint(thousands)
    is_unit = (power >= 1) & (power <= 3) & (np.abs(thousands - power) < _NEAR_A_UNIT)
    said = " They differ by about %s times: one is in another unit, such as s among ms."
    return only(is_unit, said, number(1e3**power))


def _bounded(rows: Rows, clients: Numbers, by_calls: Truths) -> Iterator[Found]:
    """Find throughputs that even the shortest times do not give: where there is no mean its least value stands for it.

    A mean is no less than the shortest time, and no less than (1 - p) times the quantile of p (Markov's inequality).
    """
    least = rows.number("latency_min_ms")
    for name, p in PERCENTILES.items():
        least = np.fmax(least, (1 - p) * rows.number(f"latency_{name}_ms"))
    rate = np.where(by_calls, _calls_per_s(rows), rows.number("throughput_rps"))
    most = 1e3 * clients / np.where(least > 0, least, np.nan)
    no_mean = np.isnan(rows.number("latency_mean_ms"))
    yield found(
        no_mean & (rate > most * (1 + GROSS)),
        ERROR,
        "%s %s in flight whose latency is %s at least on average give %s a second at most by Little's law, and its "
        "throughput is %s: throughput, latency and concurrency are not of the same run, or not in the units they are "
        "said to be (s among ms?). Do not plan with any of them before it is known which.",
        count(clients),
        choice(by_calls, "requests", "calls"),
        time(least),
        number(most),
        number(rate),
        observed=rate,
        expected=most,
    )


def units(rows: Rows) -> Iterator[Found]:
    """Find closed loops whose latency is far too short for their clients, whatever the tail is like.

    Where there is a mean, `littles_law` compares it.
    """
    clients = np.where(rows.number("concurrency") > 0, rows.number("concurrency"), np.nan)
    closed = rows.is_closed & ~rows.is_device & np.isnan(rows.number("latency_mean_ms"))
    longest, granted = rows.number("latency_max_ms"), np.ones(rows.length)
    for name in reversed(tuple(PERCENTILES)):
        granted = np.where(np.isnan(longest), _TAIL, granted)
        longest = np.where(np.isnan(longest), rows.number(f"latency_{name}_ms"), longest)
    think = _or_none(rows.number("think_ms")) + _or_none(rows.number("network_ms"))
    rate = rows.number("throughput_rps")
    few = rate * (granted * longest + think) / 1e3
    unknown = rows.mentions("load_detail", _UNKNOWN_THINK) | (_or_none(rows.number("n_errors")) > 0)
    unknown |= np.nan_to_num(lost_for_each(rows, "n_rejected")) > 0
    yield found(
        closed & ~unknown & (few < (1 - GROSS) * clients),
        ERROR,
        "%s requests/s whose longest known latency is %s cannot keep %s clients waiting by Little's law: they are not "
        "of the same run, or latency is not in the unit that it is said to be (s among ms?). Do not plan with any of "
        "them before it is known which.",
        number(rate),
        time(longest),
        count(clients),
        observed=few,
        expected=clients,
    )
    yield from _busy(rows, _requests(rows))


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


def _busy(rows: Rows, flow: Flow) -> Iterator[Found]:
    """Find open loops whose requests are under way for less time than the device was busy with them."""
    busy = rows.number("utilisation")
    yield found(
        rows.is_open & ~rows.is_device & (flow.high < _LEAST_BUSY * busy) & (busy <= 1),
        ERROR,
        "%s requests/s with a mean latency of %s are %s in flight by Little's law, and the device was busy for %s of "
        "the time, with one at least: latency is not in the unit that it is said to be (s among ms?), or not of these "
        "requests. Do not plan with it.",
        number(rows.number("throughput_rps")),
        time(rows.number("latency_mean_ms")),
        number(flow.value),
        share(busy),
        observed=flow.value,
        expected=busy,
    )


def _requests(rows: Rows) -> Flow:
    think, network = _or_none(rows.number("think_ms")), _or_none(rows.number("network_ms"))
    rate, low, high = _with_ends(rows, "throughput_rps")
    mean, mean_low, mean_high = _with_ends(rows, "latency_mean_ms")
    # A client that was turned away thinks, and asks again.
    turned_away = np.nan_to_num(lost_for_each(rows, "n_rejected"), nan=0.0, posinf=0.0) * (think + network)
    rest = think + turned_away
    n = rows.number("n")
    varies = rows.mentions("load_detail", _RANDOM_THINK)
    strays = np.where(varies, rest * _SIGMAS / np.sqrt(np.where(n > 0, n, np.nan)), 0.0)
    strays = np.fmin(np.nan_to_num(strays), rest)
    return Flow(
        rate * (mean + rest) / 1e3,
        low * (mean_low + rest - strays) / 1e3,
        high * (mean_high + rest + strays) / 1e3,
    )


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
