"""From what happened to requests of tokens to rows of ``points`` and of ``samples``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.arguments import shown
from tradeoff.frames import PERCENTILES, make_samples
from tradeoff.serving.simulated import with_interval
from tradeoff.serving.systems import System
from tradeoff.stats.quantiles import carries_estimate

_WARM_UP, _DRAIN = 0.1, 0.01

Lengths = NDArray[np.int64]


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
    """

    prompt: Lengths
    output: Lengths
    arrivals: NDArray[np.float64]
    admitted: NDArray[np.float64]
    first: NDArray[np.float64]
    done: NDArray[np.float64]
    totals: NDArray[np.float64]

    def measured(self, *, is_finite: bool) -> NDArray[np.bool_]:
        """Which requests count: all of a finite load, else neither the first tenth nor the last hundredth."""
        n = len(self.arrivals)
        place = np.empty(n, dtype=np.int64)
        place[np.argsort(self.arrivals, kind="stable")] = np.arange(n)
        inside: NDArray[np.bool_] = (place >= int(n * _WARM_UP)) & (place < n - int(n * _DRAIN))
        return np.ones(n, dtype=np.bool_) if is_finite else inside


def detail_of(memory: int | None, prompt: Any, output: Any) -> str:
    """Say what requests were, in a few words."""

    def told(value: Any) -> str:
        return "of a function" if callable(value) else shown(value)

    held = "" if memory is None else f", memory for {memory}"
    return f"tokens: prompt {told(prompt)}, output {told(output)}{held}"


def row_of(system: System, found: Sequence[Tokens]) -> dict[str, Any]:
    """Return the columns of ``points`` that say what was seen, replication by replication."""
    every = [_seen(one, system) for one in found]
    row: dict[str, Any] = {"n": sum(int(one["n"]) for one in every), "n_errors": 0, "n_rejected": 0, "flags": []}
    row |= {"replicates": len(found), "rejection_rate": 0.0}
    for name in every[0]:
        if name == "n":
            continue
        values = np.array([one[name] for one in every])
        row |= with_interval(name, values) if _has_interval(name) else {name: float(values.mean())}
    grows = every[0]["backlog"]
    del row["backlog"]
    if system.load is not None and not system.is_finite and grows > 0.05:
        kept = {name: value for name, value in row.items() if not name.startswith(("latency", "ttft", "queue"))}
        told = f"{system.request_rate_rps:g} requests/s come, {row['throughput_rps']:.3g} are answered"
        return kept | {"status": "saturated", "reason": f"{told}: the queue grows, and no percentile has a value"}
    status = "converged" if system.is_finite else "budget"
    return row | {"status": status}


def _has_interval(name: str) -> bool:
    return name.startswith("latency_") or name == "throughput_rps"


def _seen(tokens: Tokens, system: System) -> dict[str, float]:
    chosen = tokens.measured(is_finite=system.is_finite)
    arrivals, first, done = (times[chosen] / 1e6 for times in (tokens.arrivals, tokens.first, tokens.done))
    output = tokens.output[chosen]
    network = system.network_ms
    start = float(arrivals.min()) if system.is_finite else float(np.quantile(tokens.done / 1e6, _WARM_UP))
    end = float((tokens.done / 1e6).max()) if system.is_finite else float(arrivals.max())
    ended = (tokens.done / 1e6 > start) & (tokens.done / 1e6 <= end)
    duration = max(end - start, 1e-9)
    several_tokens = output > 1
    per_token = (done - first)[several_tokens] / (output[several_tokens] - 1)
    steps = max(tokens.totals[0], 1.0)
    seen: dict[str, float] = {
        "n": float(chosen.sum()),
        "duration_s": duration / 1e3,
        "throughput_rps": float(ended.sum()) / duration * 1e3,
        "tokens_per_s": float(tokens.output[ended].sum()) / duration * 1e3,
        "utilisation": min(1.0, float(tokens.totals[2]) / max(float(tokens.done.max() - tokens.arrivals.min()), 1.0)),
        "batch_size_mean": float(tokens.totals[3] / steps),
        # What share of the time that requests came the last of them waited: of a queue that grows it does not vanish.
        "backlog": float((tokens.done.max() - tokens.arrivals.max()) / max(tokens.arrivals.max(), 1.0)),
    }
    seen |= _statistics("latency", done - arrivals + network, PERCENTILES)
    seen |= _statistics("ttft", first - arrivals + network, PERCENTILES)
    seen |= _statistics("tpot", per_token, PERCENTILES)
    waited = tokens.admitted[chosen] / 1e6 - arrivals
    return seen | _statistics("queue_wait", waited, {"p50": 0.5, "p99": 0.99})


def _statistics(stem: str, values: NDArray[np.float64], wanted: Any) -> dict[str, float]:
    n = len(values)
    found = {f"{stem}_mean_ms": float(values.mean()) if n else math.nan}
    for name, p in wanted.items():
        known = n > 0 and carries_estimate(n, p)
        found[f"{stem}_{name}_ms"] = float(np.quantile(values, p, method="inverted_cdf")) if known else math.nan
    return found


def samples_of(tokens: Tokens, system: System, identity: str, replicate: int) -> pd.DataFrame:
    """Return a row for each request, in the order in which they came; parts add up to the latency."""
    network = round(system.network_ms * 1e6)
    scheduled, admitted, first, done = (
        times.astype(np.int64) for times in (tokens.arrivals, tokens.admitted, tokens.first, tokens.done)
    )
    measured = tokens.measured(is_finite=system.is_finite)
    early = tokens.arrivals < tokens.arrivals[measured].min(initial=np.inf)
    frame = make_samples(
        {
            "seq": np.arange(len(scheduled)),
            "scheduled_ns": scheduled,
            "submitted_ns": scheduled,
            "dispatched_ns": admitted,
            "device_start_ns": admitted,
            "device_end_ns": done,
            "done_ns": done + network,
            "pre_ns": np.zeros_like(done),
            "batch_wait_ns": np.zeros_like(done),
            "queue_wait_ns": admitted - scheduled,
            "model_ns": done - admitted,
            "post_ns": np.zeros_like(done),
            "overhead_ns": np.full_like(done, network),
            "latency_ns": done + network - scheduled,
            "first_token_ns": first + network,
            "output_tokens": tokens.output,
            "phase": np.where(measured, "measure", np.where(early, "warmup", "drain")),
            "status": "ok",
            "point_id": identity,
            "replicate": replicate,
        }
    )
    return frame.sort_values(["scheduled_ns", "seq"], kind="stable", ignore_index=True)
