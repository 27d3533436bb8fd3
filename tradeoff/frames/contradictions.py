"""Rows whose rate, window, requests and latency cannot be of one run: whoever measured them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Truths = NDArray[np.bool_]

_ROUNDED = 0.01
CALL_MODES = ("concurrent", "isolated", "pipelined", "graph")
"""Modes whose n counts calls, each of a whole batch of requests."""

_APART, _SIGMAS = 0.05, 3.0
"""n divided by the window and the throughput may differ by 5 %, or by as much as chance makes of few requests: of n
arrivals of a Poisson process 1/sqrt(n) for each standard deviation."""

_TYPICAL = ("latency_min_ms", "latency_p50_ms", "latency_mean_ms")


def contradictions(number: Callable[[str], Numbers], requests_each: Numbers) -> Mapping[str, Truths]:
    """Tell in which way rows contradict themselves; each is told of the first only.

    Parameters
    ----------
    number
        Gives a column of numbers; NaN where a row has none.
    requests_each
        Requests that each of the n samples of a row stands for (`requests_each`); NaN where that is not known.

    Returns
    -------
    dict of str to ndarray
        ``"rate"``: the throughput is 0 or infinite although requests were served; ``"nothing"``: the window has no
        length; ``"short"``: the window is shorter than a request takes, the shortest of what is known of them;
        ``"count"``: the requests of the n samples, divided by the window, are not the throughput, those that failed
        granted.
    """
    n, rate, window = number("n"), number("throughput_rps"), number("duration_s")
    failed = np.fmax(np.nan_to_num(number("n_errors")), 0.0)
    typical = typical_latency_ms(number)
    served = (n > 0) | (np.isnan(n) & (typical > 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        allowed = np.fmax(_APART, _SIGMAS / np.sqrt(np.where(n > 0, n, np.nan)))
        low, high = requests_each * n / window, requests_each * (n + failed) / window
        apart = (rate < low * (1 - allowed)) | (rate > high * (1 + allowed))
    found: dict[str, Truths] = {
        "rate": served & ((rate == 0) | np.isinf(rate)),
        "nothing": (window == 0) & (served | (rate > 0)),
        "short": (window > 0) & np.isfinite(typical) & (1e3 * window < typical * (1 - _ROUNDED)),
        "count": (n > 0) & (window > 0) & np.isfinite(window) & np.isfinite(rate) & apart,
    }
    told = np.zeros(len(n), dtype=np.bool_)
    for name, where in found.items():
        found[name] = where & ~told
        told |= where
    return found


def requests_each(number: Callable[[str], Numbers], *, is_device: Truths, serves: Truths) -> Numbers:
    """Return how many requests each sample stands for: one that was served, or a call's batch.

    Parameters
    ----------
    number
        Gives a column of numbers; NaN where a row has none.
    is_device, serves
        Rows that count calls, rows that count requests; of others it is not known.
    """
    return np.where(serves, 1.0, np.where(is_device, number("batch_size"), np.nan))


def typical_latency_ms(number: Callable[[str], Numbers]) -> Numbers:
    """Return what a request takes: the shortest of the shortest latency, the median and the mean that are known."""
    least: Numbers = np.fmin.reduce([number(name) for name in _TYPICAL])
    return least


def cannot_be(points: pd.DataFrame) -> Truths:
    """Tell which rows of a frame of points contradict themselves; see `contradictions`."""
    if not any(name in points for name in ("n", "duration_s", *_TYPICAL)):  # nothing a throughput could contradict
        return np.zeros(len(points), dtype=np.bool_)

    def number(name: str) -> Numbers:
        if name not in points or not pd.api.types.is_numeric_dtype(points[name]):
            return np.full(len(points), np.nan)
        return points[name].to_numpy(dtype="float64", na_value=np.nan)

    # Of a row that does not say how it was measured nobody knows what n counts: audit asks, no decision hangs on it.
    mode = points["mode"] if "mode" in points else pd.Series(None, index=points.index, dtype="object")
    is_device, serves = (mode.isin(words).to_numpy(dtype=np.bool_) for words in (CALL_MODES, ("serving",)))
    each = requests_each(number, is_device=is_device, serves=serves)
    wrong: Truths = np.any([*contradictions(number, each).values()], axis=0)
    return wrong
