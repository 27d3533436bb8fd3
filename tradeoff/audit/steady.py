"""Whether the row is of a steady state: warm-up and drain, burst, drift, throttling."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tradeoff.audit.findings import INFO, WARNING, Found, found
from tradeoff.audit.rows import Rows
from tradeoff.audit.words import share, text

_MUCH_CUT = 0.20
"""Share of a run from which on it is worth knowing that it was left out."""

_TOLERANCE = 0.05

_SAME = 0.01
_CHANCE = 8.0
"""The last of n arrivals comes a mean gap before the end, and hardly ever eight."""


def drain_and_ramp(rows: Rows) -> Iterator[Found]:
    """Find rows whose numbers count time in which the load was not there yet, or not any more."""
    outside, n, kept = rows.number("outside"), rows.number("n"), rows.number("kept")
    counted = (n > kept) & (n <= rows.number("sampled"))
    yield found(
        counted & (outside > _TOLERANCE),
        WARNING,
        "%s of its requests came while the load built up or ran out, and its percentiles count them: they were faster "
        "or slower than under the load that is stated. Leave warm-up and drain out.",
        share(outside),
        observed=outside,
        expected=_TOLERANCE,
    )
    window, arriving = rows.number("duration_s"), rows.number("arriving_s")
    empty = np.where(window > 0, 1 - arriving / window, np.nan)
    allowed = np.fmax(_TOLERANCE, _CHANCE / np.where(n > 0, n, np.nan))
    # Device modes measure in blocks with pauses between; all at once is a drain and nothing else.
    applies = rows.is_one_of("mode", ("serving",)) & ~rows.is_one_of("load", ("all_at_once",))
    # A window that ends while requests are under way, as it should, does not wait for the last answer.
    waits = rows.number("serving_s") <= window * (1 + _SAME)
    drains = applies & waits & ~counted & (empty > allowed)
    yield found(
        drains,
        WARNING,
        "In %s of the time that its throughput is divided by nothing came any more: the run was draining. Under a load "
        "that lasts the throughput is higher; divide by the time in which requests came.",
        share(empty),
        observed=empty,
        expected=allowed,
    )
    yield found(
        (outside > _MUCH_CUT) & ~counted & ~drains,
        INFO,
        "%s of its calls or requests were warm-up or drain. They are in none of its numbers, as they should be.",
        share(outside),
        observed=outside,
        expected=_MUCH_CUT,
    )


def regime(rows: Rows) -> Iterator[Found]:
    """Find rows of peak performance, and those during which the device changed."""
    unstable, throttled = (rows.is_one_of("status", (status,)) for status in ("unstable", "throttled"))
    drift = rows.number("drift_pct")
    yield found(
        unstable,
        WARNING,
        "The latency drifted while it was measured (%s): the row mixes a faster and a slower system. Measure again "
        "when nothing else runs, or longer.",
        text(rows.said("reason"), otherwise="the row is marked unstable"),
        observed=drift,
    )
    yield found(
        throttled,
        WARNING,
        "The device was held back while it was measured (%s): it is slower than a cool device with power to spare, "
        "and as slow as one in that state.",
        text(rows.said("reason"), otherwise="the row is marked throttled"),
    )
    yield found(
        rows.is_one_of("regime", ("burst",)) & ~unstable & ~throttled,
        INFO,
        "It was measured in short bursts: under load that lasts, clocks fall and it is slower. Plan with a sustained "
        "row.",
    )
