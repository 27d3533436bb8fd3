"""From what was seen under the virtual clock to a row of ``points``."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tradeoff.digits import counted, three
from tradeoff.frames import NEVER_POOLED, PERCENTILES, STAGES, Run
from tradeoff.serving.costs import Costs
from tradeoff.serving.model import ServiceModel
from tradeoff.serving.systems import System
from tradeoff.serving.virtual.grid import Integers, Numbers
from tradeoff.serving.virtual.kernels import SEEN
from tradeoff.serving.window import WHOLE_RUN
from tradeoff.stats.student import t_quantile

SOURCE = "tradeoff.simulate"
_KEPT = ("workload", "backend", "device", "dtype", "regime", "cache")


@dataclass(eq=False)
class Seen:
    """What was seen of one system, replication by replication.

    Attributes
    ----------
    system
        What was simulated.
    capacity_rps
        Requests a second that it can serve.
    beyond
        Whether it is asked for as many, or more.
    is_simulated
        Whether something could be seen at all.
    error
        Relative standard error of p99 to expect, by short runs; NaN when that was not asked for.
    """

    system: System
    capacity_rps: float
    beyond: bool
    is_simulated: bool
    error: float = math.nan
    values: list[Numbers] = field(default_factory=list)
    outcomes: list[Integers] = field(default_factory=list)

    def add(self, values: Numbers, outcome: Integers) -> None:
        """Add a replication."""
        self.values.append(values)
        self.outcomes.append(outcome)


def who_of(service: Any) -> dict[str, Any]:
    """Return the columns that say whose times were used."""
    who: dict[str, Any] = {"workload": "service", "source": SOURCE, "model_clock": "none"}
    if isinstance(service, ServiceModel):
        return who | {name: service.group[name] for name in _KEPT if name in service.group}
    if isinstance(service, Run):
        for name in (name for name in _KEPT if name in NEVER_POOLED or name in service.points):
            values = service.points[name].dropna().unique()
            if len(values) == 1:
                who[name] = values[0]
    elif callable(service):
        name = getattr(service, "__name__", "")
        who["workload"] = name if name.isidentifier() else "service"
    return who


def row_of(seen: Seen, who: dict[str, Any], costs: Costs, *, aimed_at: float | None) -> dict[str, Any]:
    """Return a row of ``points``."""
    row = who | seen.system.identity | {"flags": flags_of(seen.system, costs, pad=who["pad_to"] is not None)}
    status, reason = _status(seen, aimed_at)
    row |= {"status": status, "reason": reason, "n_errors": 0}
    if seen.values:
        why = _why_nothing(seen)
        if why:
            n, rejected = _total(seen, "n"), _total(seen, "rejected")
            row |= {"rejection_rate": rejected / (n + rejected)} if rejected else {}
            left = int(sum(outcome[2] for outcome in seen.outcomes))
            return row | {"status": "failed", "reason": why, "n": n, "n_rejected": rejected, "n_in_system": left}
        row |= _columns(seen)
        if not seen.system.is_finite and row["n"] == sum(int(outcome[0]) for outcome in seen.outcomes):
            row["flags"].append(WHOLE_RUN)
        missing = [name for name in ("p50", "p90", "p95", "p99") if not math.isfinite(row[f"latency_{name}_ms"])]
        if missing:
            row["flags"].append("too_few_samples")
    return row


def flags_of(system: System, costs: Costs, *, pad: bool) -> list[str]:
    """Return what to know of a row for the times that it rests on."""
    size, workers, found = system.policy.max_batch_size, system.policy.workers, []
    if workers > 1 and (not costs.levels or costs.levels[-1] < workers):
        found.append("uncontended_service")
    if costs.is_interpolated(size) and not pad:
        found.append("interpolated_service")
    if costs.fewest(size) < 100:
        found.append("few_service_times")
    return found


def _status(seen: Seen, aimed_at: float | None) -> tuple[str, str | None]:
    if seen.beyond:
        system, offered = seen.system, three(seen.system.request_rate_rps)
        most = f"{offered} requests/s are asked for, and full batches serve {three(seen.capacity_rps)} at most"
        if not seen.is_simulated:
            return "saturated", f"{most}: the queue grows without end, and no percentile has a value"
        if system.policy.queue_limit is not None:
            return "saturated", f"{most}: the rest is rejected, and percentiles are those of requests that were served"
        return "saturated", f"{most}: percentiles grow with the length of the trace"
    if seen.system.is_finite:
        return "converged", None
    if aimed_at is not None:
        if seen.error <= aimed_at:
            return "converged", None
        return "budget", f"p99 has a standard error of {three(100 * seen.error)} %: take more replications"
    return "budget", "n_requests was given: take several replications to see what p99 is worth"


def _why_nothing(seen: Seen) -> str:
    """Say why there is no rate; empty where there is one."""
    if not _total(seen, "n"):
        rejected = _total(seen, "rejected")
        if rejected:
            return f"no request was served: {counted(rejected, 'request')} came, and found no place (queue_limit)"
        return "no request was served: all wait for a batch that is never full"
    if not sum(one[SEEN.index("duration")] for one in seen.values) > 0:
        return "all was done at the moment at which it began: work that takes no time has no rate"
    return ""


def _total(seen: Seen, name: str) -> int:
    return int(sum(one[SEEN.index(name)] for one in seen.values))


def _columns(seen: Seen) -> dict[str, Any]:
    values = {name: np.array([one[at] for one in seen.values]) for at, name in enumerate(SEEN)}
    outcomes = np.array(seen.outcomes)
    n, rejected, batches = (int(values[name].sum()) for name in ("n", "rejected", "batches"))
    duration_s, workers = float(values["duration"].sum()) / 1e3, seen.system.policy.workers
    network = seen.system.network_ms
    with np.errstate(divide="ignore", invalid="ignore"):
        throughput = with_interval("throughput_rps", 1e3 * values["n"] / values["duration"], n / duration_s)
    row: dict[str, Any] = {
        "n": n,
        "n_rejected": rejected,
        "n_in_system": int(outcomes.sum(axis=0)[2]),
        "rejection_rate": rejected / (n + rejected),
        "duration_s": duration_s,
        "utilisation": 1e-3 * float(values["busy"].sum()) / (duration_s * workers),
        "calls_per_s": batches / duration_s,
        "batch_size_mean": n / batches,
        **throughput,
    }
    share = values["n"] / n

    def mean(name: str) -> float:
        """Return the mean over all requests, whichever replication they are of."""
        return float(np.where(share > 0, values[name], 0.0) @ share)

    for stem in ("latency", "model"):
        row |= with_interval(f"{stem}_mean_ms", values[f"{stem}_mean"], mean(f"{stem}_mean"))
        for name in PERCENTILES:
            row |= with_interval(f"{stem}_{name}_ms", values[f"{stem}_{name}"])
    for stem in ("queue_wait", "batch_wait"):
        row |= {f"{stem}_mean_ms": mean(f"{stem}_mean")}
        row |= {f"{stem}_{name}_ms": _mean(values[f"{stem}_{name}"]) for name in ("p50", "p99")}
    for where in ("mean", "p50", "p99"):
        total = row[f"latency_{where}_ms"]
        parts = dict.fromkeys(STAGES, 0.0)
        for stage in ("pre", "batch_wait", "queue_wait", "model"):
            parts[stage] = mean(f"{stage}_mean") if where == "mean" else _mean(values[f"at_{where}_{stage}"])
        parts["overhead"] = network
        known = math.isfinite(total)
        row |= {f"at_{where}_{stage}_ms": value if known else math.nan for stage, value in parts.items()}
    row["replicates"] = len(seen.values)
    return row


def with_interval(name: str, values: Numbers, pooled: float | None = None) -> dict[str, float]:
    """Return the mean of independent replications, or a `pooled` value, with Student's interval; one has none."""
    mean = _mean(values) if pooled is None else pooled
    if len(values) == 1:
        return {name: mean, f"{name}_lo": math.nan, f"{name}_hi": math.nan}
    half = t_quantile(0.975, len(values) - 1) * float(values.std(ddof=1)) / math.sqrt(len(values))
    return {name: mean, f"{name}_lo": max(0.0, mean - half), f"{name}_hi": mean + half}


def _mean(values: Numbers) -> float:
    return float(values.mean())
