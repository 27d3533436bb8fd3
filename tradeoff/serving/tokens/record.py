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
from tradeoff.serving.real.loop import grows_without_end
from tradeoff.serving.simulated import with_interval
from tradeoff.serving.systems import System
from tradeoff.serving.tokens.lengths import Lengths
from tradeoff.stats.quantiles import carries_estimate, rank_of

_WARM_UP, _DRAIN = 0.1, 0.01


@dataclass(eq=False)
class Tokens:
    """What happened to each request that was served; times in ns.

    Attributes
    ----------
    prompt, output
        Tokens.
    arrivals, admitted, first, done
        When it came, its prompt was begun, its first token and its last were there.
    totals
        Steps of decoding, iterations of prefill, busy time, and tokens that steps gave.
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
    totals: NDArray[np.float64]
    numbers: Lengths | None = None
    status: NDArray[np.str_] | None = None

    def are(self, status: str) -> NDArray[np.bool_]:
        """Say which requests ended so."""
        if self.status is None:
            return np.full(len(self.arrivals), status == "ok")
        found: NDArray[np.bool_] = self.status == status
        return found

    def measured(self, *, is_finite: bool) -> NDArray[np.bool_]:
        """Which requests count: all of a finite load, else neither the first tenth nor the last hundredth."""
        n = len(self.arrivals)
        place = np.empty(n, dtype=np.int64)
        place[np.argsort(self.arrivals, kind="stable")] = np.arange(n)
        inside: NDArray[np.bool_] = (place >= int(n * _WARM_UP)) & (place < n - int(n * _DRAIN))
        return np.ones(n, dtype=np.bool_) if is_finite else inside


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


def row_of(system: System, found: Sequence[Tokens]) -> dict[str, Any]:
    """Return the columns of ``points`` that say what was seen, replication by replication."""
    every = [_seen(one, system) for one in found]
    row: dict[str, Any] = {name: sum(int(one[name]) for one in every) for name in ("n", "n_errors")}
    row |= {"n_rejected": 0, "flags": [], "replicates": len(found), "rejection_rate": 0.0}
    for name in every[0]:
        if name in row or name == "grows":
            continue
        values = np.array([one[name] for one in every])
        row |= with_interval(name, values) if _has_interval(name) else {name: float(values.mean())}
    if 2 * sum(one["grows"] for one in every) > len(every):
        kept = {name: value for name, value in row.items() if not name.startswith(("latency", "ttft", "queue"))}
        told = f"{three(system.request_rate_rps)} requests/s come, {three(row['throughput_rps'])} are answered"
        return kept | {"status": "saturated", "reason": f"{told}: the queue grows, and no percentile has a value"}
    return row | {"status": "converged" if system.is_finite else "budget"}


def _has_interval(name: str) -> bool:
    return name.startswith("latency_") or name == "throughput_rps"


def _seen(tokens: Tokens, system: System) -> dict[str, float]:
    answered, measured = tokens.are("ok"), tokens.measured(is_finite=system.is_finite)
    chosen = measured & answered
    arrivals, first, done = (times[chosen] / 1e6 for times in (tokens.arrivals, tokens.first, tokens.done))
    output, network = tokens.output[chosen], system.network_ms
    start, end = _window(tokens, is_finite=system.is_finite)
    ended = answered & (tokens.done > start) & (tokens.done <= end)
    duration_s = max(end - start, 1.0) / 1e9
    several_tokens = output > 1
    per_token = (done - first)[several_tokens] / (output[several_tokens] - 1)
    whole = float(np.nanmax(tokens.done) - tokens.arrivals.min())
    seen: dict[str, float] = {
        "n": float(chosen.sum()),
        "n_errors": float((measured & tokens.are("error")).sum()),
        "duration_s": duration_s,
        "throughput_rps": float(ended.sum()) / duration_s,
        "tokens_per_s": float(tokens.output[ended].sum()) / duration_s,
        "utilisation": min(1.0, float(tokens.totals[2]) / max(whole, 1.0)),
        "batch_size_mean": float(tokens.totals[3] / max(tokens.totals[0], 1.0)),
    }
    seen["grows"] = float(_grows(tokens, system, busy=seen["utilisation"]))
    seen |= statistics("latency", done - arrivals + network, PERCENTILES)
    seen |= statistics("ttft", first - arrivals + network, PERCENTILES)
    seen |= statistics("tpot", per_token, PERCENTILES)
    waited = tokens.admitted[chosen] / 1e6 - arrivals
    return seen | statistics("queue_wait", waited, {"p50": 0.5, "p99": 0.99})


def _window(tokens: Tokens, *, is_finite: bool) -> tuple[float, float]:
    """Return from when to when answers count, in ns."""
    done = tokens.done[tokens.are("ok")]
    if not is_finite:
        start = float(np.quantile(done, _WARM_UP))
        end = float(tokens.arrivals[tokens.measured(is_finite=False)].max())
        if end > start:
            return start, end
    # All of a finite load; and all of one so short that nobody was answered before the last one came.
    return float(tokens.arrivals.min()), float(done.max())


def _grows(tokens: Tokens, system: System, *, busy: float) -> bool:
    """Say whether the queue of an open loop was one that grows without end."""
    if system.load is None or system.is_finite:
        return False
    waiting = int((~(tokens.admitted <= tokens.arrivals.max())).sum())  # or was never admitted
    return grows_without_end(system.policy, waiting=waiting, came=len(tokens.arrivals), busy=busy)


def statistics(stem: str, values: NDArray[np.float64], wanted: Mapping[str, float]) -> dict[str, float]:
    """Return the mean and percentiles of times in ms as columns; those of too few values are missing."""
    n = len(values)
    found = {f"{stem}_mean_ms": float(values.mean()) if n else math.nan}
    # Sorted once for all percentiles: numpy sorts faster than it finds five places. Of too few values there is none.
    ordered = np.sort(values)
    for name, p in wanted.items():
        known = n > 0 and carries_estimate(n, p)
        found[f"{stem}_{name}_ms"] = float(ordered[rank_of(n, p) - 1]) if known else math.nan
    return found


def samples_of(tokens: Tokens, system: System, identity: str, replicate: int) -> pd.DataFrame:
    """Return a row for each request, in the order in which they came; parts add up to the latency."""
    network = round(system.network_ms * 1e6)
    scheduled, admitted, first, done = (
        as_ns(times) for times in (tokens.arrivals, tokens.admitted, tokens.first, tokens.done)
    )
    measured = tokens.measured(is_finite=system.is_finite)
    early = tokens.arrivals < tokens.arrivals[measured].min(initial=np.inf)
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
            "phase": np.where(measured, "measure", np.where(early, "warmup", "drain")),
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
