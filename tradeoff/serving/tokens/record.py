"""From what happened to requests of tokens to rows of ``points`` and of ``samples``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.arguments import shown
from tradeoff.digits import three
from tradeoff.frames import PERCENTILES, make_samples
from tradeoff.serving.known import how_known
from tradeoff.serving.real.loop import grows_without_end
from tradeoff.serving.simulated import with_interval
from tradeoff.serving.systems import System
from tradeoff.serving.tokens.lengths import Lengths
from tradeoff.serving.window import WHOLE_RUN, Window, growing_window, window_of
from tradeoff.slo import SLO, asked_of, columns_of, share_of_replications
from tradeoff.stats.quantiles import carries_estimate, rank_of
from tradeoff.stats.share import share_at_most
from tradeoff.timing.summary import statistics as summarised
from tradeoff.timing.summary import time_columns, wait_columns


@dataclass(eq=False)
class Tokens:
    """What happened to each request that was served; times in ns.

    Attributes
    ----------
    prompt, output
        Tokens.
    arrivals, admitted, first, done
        When it came, its prompt was begun, its first token and its last were there.
    counted
        A row for each of some moments, ascending: when, and what there was until then of steps of decoding, iterations
        of prefill, busy time, and tokens that steps gave. From before the first to after the last of all.
    numbers
        Which request each is; their places unless given.
    status
        ``"ok"``, ``"error"`` or ``"unfinished"``; all are answered unless given. What has not happened is NaN.
    """

    prompt: Lengths
    output: Lengths
    arrivals: NDArray[np.float64]
    admitted: NDArray[np.float64]
    first: NDArray[np.float64]
    done: NDArray[np.float64]
    counted: NDArray[np.float64]
    numbers: Lengths | None = None
    status: NDArray[np.str_] | None = None

    def are(self, status: str) -> NDArray[np.bool_]:
        """Say which requests ended so."""
        if self.status is None:
            return np.full(len(self.arrivals), status == "ok")
        found: NDArray[np.bool_] = self.status == status
        return found

    def between(self, start: float, end: float) -> NDArray[np.float64]:
        """Return what there was between two moments of what is `counted`."""
        when, totals = self.counted[:, 0], self.counted[:, 1:]
        return np.array([np.diff(np.interp([start, end], when, column))[0] for column in totals.T])

    def window(self, system: System, *, until: int | None = None) -> tuple[Window, bool]:
        """Return the window of the row, and whether the queue was one that grows without end.

        Parameters
        ----------
        system
            What was served.
        until
            When requests ceased to come, in ns; None where they did with the last of them.
        """
        due, ended, answered = self.arrivals, self.done + 1e6 * system.network_ms, self.are("ok")
        if system.load is not None and not system.is_finite and len(due):
            growing = growing_window(due, until=until)
            waiting = int((~(self.admitted <= due.max())).sum())  # or was never admitted
            busy = float(self.between(0.0, due.max())[2]) / max(float(due.max()), 1.0)
            if answered.any() and grows_without_end(system.policy, waiting=waiting, came=len(due), busy=busy):
                return growing, True
        found = window_of(due, ended, answered, until=until, clients=system.clients, is_finite=system.is_finite)
        return found, False


def identity_of(
    system: System, *, prompt: Any, output: Any, memory: int | None, most_prefill: int
) -> dict[str, Any]:  # fmt: skip
    """Return the columns that say what is served: the system, its memory, and what requests are."""

    def told(value: Any) -> str:
        return "of a function" if callable(value) else shown(value)

    found = system.identity
    detail = f"tokens: prompt {told(prompt)}, output {told(output)}"
    found["load_detail"] = "; ".join(part for part in (found["load_detail"], detail) if part)
    return found | {"memory_tokens": memory, "max_prefill_tokens": most_prefill}


def row_of(system: System, found: Sequence[Tokens], *, until: int | None = None) -> dict[str, Any]:
    """Return the columns of ``points`` that say what was seen, replication by replication.

    `until` is as in `Tokens.window`.
    """
    windows = [one.window(system, until=until) for one in found]
    every = [_seen(one, system, window) for one, (window, _) in zip(found, windows, strict=True)]
    if len(found) > 1:
        every = [
            seen | _percentiles(one, system, window)
            for seen, one, (window, _) in zip(every, found, windows, strict=True)
        ]
    values = {name: np.array([one[name] for one in every]) for name in every[0]}
    within = _within(found[0], system, windows[0][0]) if len(found) == 1 else {}
    whole = all(window.is_whole for window, _ in windows) and not system.is_finite
    row: dict[str, Any] = {name: int(values[name].sum()) for name in ("n", "n_errors", "n_tpot")}
    row |= {"n_rejected": 0, "flags": [WHOLE_RUN] if whole else [], "replicates": len(found), "rejection_rate": 0.0}
    row["duration_s"] = float(values["duration_s"].sum())
    share = values["duration_s"] / row["duration_s"]
    for name in values:
        if name in row:
            continue
        pooled = float(values[name] @ share) if name in _RATES else None
        if name == "latency_mean_ms" and row["n"]:
            pooled = float(np.where(values["n"] > 0, values[name], 0.0) @ values["n"] / row["n"])
        statistic = with_interval(name, values[name], pooled)
        row |= statistic if _has_interval(name) else {name: statistic[name]}
    row |= within
    if 2 * sum(grows for _, grows in windows) > len(found):
        waits = ("latency", "ttft", "queue")
        kept = {name: value for name, value in row.items() if not name.startswith(waits)}
        told = f"requests come at {three(system.request_rate_rps)}/s and are served at {three(row['throughput_rps'])}/s"
        return kept | {"status": "saturated", "reason": f"{told}: the queue grows, and no percentile has a value"}
    if system.is_finite:
        return row | {"status": "converged"}
    return row | {"status": "budget", "reason": how_known(row, is_short=until is None)}


def slo_of(slo: SLO, system: System, found: Sequence[Tokens], row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of SLO attainment and goodput, from every request; of a queue that grows, nothing."""
    if row["status"] == "saturated":
        return columns_of(slo)
    margins = []
    for at, one in enumerate(found):
        samples = samples_of(one, system, "", at)
        margins.append(slo.margins(samples[samples["phase"] == "measure"]))
    if len(margins) == 1:
        share = share_at_most(margins[0], 1.0)
        return columns_of(slo, (share.value, share.lo, share.hi), asked_of(row))
    n = np.array([len(one) for one in margins], dtype=float)
    shares = np.array([np.mean(one <= 1.0) if len(one) else 0.0 for one in margins])
    return columns_of(slo, share_of_replications(shares, n), asked_of(row))


_RATES = ("throughput_rps", "tokens_per_s", "calls_per_s", "utilisation")
"""What is divided by the length of the window."""


_TIMES = ("latency", "ttft", "tpot", "queue_wait")
"""What requests of tokens are timed by."""


def _has_interval(name: str) -> bool:
    return name.startswith(_TIMES) or name in ("throughput_rps", "tokens_per_s")


def _counted(tokens: Tokens, system: System, window: Window) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Say which requests are of the window, and which of them were answered."""
    measured = window.phases(tokens.arrivals, tokens.done + 1e6 * system.network_ms) == "measure"
    return measured, measured & tokens.are("ok")


def times_of(tokens: Tokens, chosen: NDArray[np.bool_], network_ms: float) -> dict[str, NDArray[np.float64]]:
    """Return the times of some requests by name, in ms, in the order in which they came.

    A request of one token has no time per token: it is not in ``tpot``.
    """
    places = np.flatnonzero(chosen)
    places = places[np.argsort(tokens.arrivals[places], kind="stable")]
    arrivals, admitted, first, done = (
        times[places] / 1e6 for times in (tokens.arrivals, tokens.admitted, tokens.first, tokens.done)
    )
    output = tokens.output[places]
    several = output > 1
    return {
        "latency": done - arrivals + network_ms,
        "ttft": first - arrivals + network_ms,
        "tpot": (done - first)[several] / (output[several] - 1),
        "queue_wait": admitted - arrivals,
    }


def _within(tokens: Tokens, system: System, window: Window) -> dict[str, float]:
    """Return the statistics of a single run with the intervals that it has of its own."""
    _, chosen = _counted(tokens, system, window)
    times = times_of(tokens, chosen, system.network_ms)
    row = wait_columns("queue_wait", 1e6 * times["queue_wait"])
    for name in ("latency", "ttft", "tpot"):
        row |= time_columns(name, *summarised(1e6 * times[name]))
    ended = tokens.done + 1e6 * system.network_ms
    for name, weights in (("throughput_rps", None), ("tokens_per_s", tokens.output[chosen].astype(float))):
        _, low, high = window.rate(tokens.arrivals[chosen], ended[chosen], weights)
        row |= {f"{name}_lo": low, f"{name}_hi": high}
    return row


def _seen(tokens: Tokens, system: System, window: Window) -> dict[str, float]:
    measured, chosen = _counted(tokens, system, window)
    output, duration_s = tokens.output[chosen], window.duration_s
    steps, prefills, busy, given = tokens.between(window.start, window.end)
    return {
        "n": float(chosen.sum()),
        "n_errors": float((measured & tokens.are("error")).sum()),
        "n_tpot": float((output > 1).sum()),
        "duration_s": duration_s,
        "throughput_rps": float(chosen.sum()) / duration_s,
        "tokens_per_s": float(output.sum()) / duration_s,
        "calls_per_s": (steps + prefills) / duration_s,
        "utilisation": min(1.0, busy / (1e9 * duration_s)),
        "batch_size_mean": given / steps if steps > 0 else math.nan,
    }


def _percentiles(tokens: Tokens, system: System, window: Window) -> dict[str, float]:
    """Return the statistics of one of several replications, whose differences make the intervals."""
    _, chosen = _counted(tokens, system, window)
    times = times_of(tokens, chosen, system.network_ms)
    row = _statistics("queue_wait", times["queue_wait"], {"p50": 0.5, "p99": 0.99})
    for name in ("latency", "ttft", "tpot"):
        row |= _statistics(name, times[name], PERCENTILES)
    return row


def _statistics(stem: str, values: NDArray[np.float64], wanted: Mapping[str, float]) -> dict[str, float]:
    """Return the mean and percentiles of times in ms as columns; those of too few values are missing."""
    n = len(values)
    found = {f"{stem}_mean_ms": float(values.mean()) if n else math.nan}
    # Sorted once for all percentiles: numpy sorts faster than it finds five places. Of too few values there is none.
    ordered = np.sort(values)
    for name, p in wanted.items():
        known = n > 0 and carries_estimate(n, p)
        found[f"{stem}_{name}_ms"] = float(ordered[rank_of(n, p) - 1]) if known else math.nan
    return found


def samples_of(
    tokens: Tokens, system: System, identity: str, replicate: int, *, until: int | None = None
) -> pd.DataFrame:
    """Return a row for each request, in the order in which they came; parts add up to the latency.

    `until` is as in `Tokens.window`.
    """
    network = round(system.network_ms * 1e6)
    scheduled, admitted, first, done = (
        as_ns(times) for times in (tokens.arrivals, tokens.admitted, tokens.first, tokens.done)
    )
    window, _ = tokens.window(system, until=until)
    nothing = np.zeros(len(tokens.arrivals), dtype=np.int64)
    frame = make_samples(
        {
            "seq": np.arange(len(nothing)) if tokens.numbers is None else tokens.numbers,
            "scheduled_ns": scheduled,
            "submitted_ns": scheduled,
            "dispatched_ns": admitted,
            "device_start_ns": admitted,
            "device_end_ns": done,
            "done_ns": done + network,
            "pre_ns": nothing,
            "batch_wait_ns": nothing,
            "queue_wait_ns": admitted - scheduled,
            "model_ns": done - admitted,
            "post_ns": nothing,
            "overhead_ns": nothing + network,
            "latency_ns": done + network - scheduled,
            "first_token_ns": first + network,
            "prompt_tokens": tokens.prompt,
            "output_tokens": tokens.output,
            "phase": window.phases(tokens.arrivals, tokens.done + 1e6 * system.network_ms),
            "status": "ok" if tokens.status is None else tokens.status,
            "point_id": identity,
            "replicate": replicate,
        }
    )
    return frame.sort_values(["scheduled_ns", "seq"], kind="stable", ignore_index=True)


def as_ns(times: NDArray[np.float64]) -> Any:
    """Return times as whole nanoseconds, with what is NaN missing."""
    missing = np.isnan(times)
    return pd.arrays.IntegerArray(np.where(missing, 0, times).astype(np.int64), missing)
