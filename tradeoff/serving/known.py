"""How well p99 of a run that lasted as long as was asked is known, and what it would take to know it better."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tradeoff.digits import counted, three, whole
from tradeoff.stats.sample_size import samples_needed

WANTED = 0.05
"""Half the width of its interval, relative, up to which p99 is known well: what a sweep measures until."""

_NAMES = ("n", "latency_p99_ms", "latency_p99_ms_lo", "latency_p99_ms_hi")

_MANY = 1e7
"""Requests beyond which their number says nothing but that it cannot be had."""


def how_known(row: Mapping[str, Any], *, is_short: bool) -> str:
    """Say how well p99 is known, and how many requests it would take to know it to 5 %.

    Parameters
    ----------
    row
        Columns of ``points``: those of the latency, ``n``, ``duration_s`` and ``tau_p99``.
    is_short
        Whether the number of requests ended the run, and not the time in which they come.

    Notes
    -----
    The half-width of an interval falls with the root of the number of requests. Where there is no interval yet the
    number is the one from which on there is one (`tradeoff.stats.sample_size`), times the requests that count as one.
    """
    n, p99, low, high = (float(row.get(name, math.nan)) for name in _NAMES)
    seen = f"{counted(int(n), 'request')} in {three(float(row['duration_s']))} s"
    half = (high - low) / 2.0 / p99 if p99 > 0 else math.nan
    if half <= WANTED:
        return f"p99 is known to within {_percent(half)}, from {seen}"
    if math.isfinite(half):
        needed, known = n * (half / WANTED) ** 2, f"p99 is known to within {_percent(half)} only, from {seen}"
        goal = f"to know it to within {_percent(WANTED)}"
    else:
        tau = float(row.get("tau_p99", math.nan))
        needed = max(1.5 * n, samples_needed(0.99) * (tau if tau >= 1.0 else 1.0))
        what = "a p99" if math.isnan(p99) else "an upper end to the interval of p99"
        known, goal = f"{seen} are too few for {what}", "it"
    return f"{known}; {goal} takes some {_what(needed, row, is_short=is_short)}"


def _what(needed: float, row: Mapping[str, Any], *, is_short: bool) -> str:
    if needed > _MANY:
        return "more than ten million requests: ask for less load, or go by p95"
    # A tenth of the requests, or of the time, is not counted.
    seconds = needed / float(row["n"]) * float(row["duration_s"]) / 0.9 if row["n"] else math.nan
    asked = f"n_requests={_two_digits(needed / 0.9):.0f}" if is_short else f"duration_s={_two_digits(seconds):g}"
    return f"{whole(_two_digits(needed))} requests ({asked})"


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}")


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.995 else f"a factor of {three(1 + share)}"
