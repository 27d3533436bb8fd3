"""From what was seen under the virtual clock to a row of ``points``."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from tradeoff.digits import counted, three
from tradeoff.frames import NEVER_POOLED, PERCENTILES, STAGES, Run
from tradeoff.serving.costs import Costs
from tradeoff.serving.model import ServiceModel
from tradeoff.serving.pooled import Known, interval, known_of, pooled
from tradeoff.serving.systems import System
from tradeoff.serving.virtual.counts import Counts
from tradeoff.serving.virtual.grid import Integers, Numbers
from tradeoff.serving.virtual.kernels import SEEN
from tradeoff.serving.window import WHOLE_RUN
from tradeoff.slo import SLO, asked_of, columns_of, share_of_replications
from tradeoff.stats.student import t_quantile

SOURCE = "tradeoff.simulate"

ERROR = 0.025
"""Standard error of p99, relative, up to which a point is `converged`."""

MOST_GIVEN = 20_000_000
"""Requests of a replication that may be asked for: each takes some hundred bytes."""

MEMORIES = 50.0
"""Memories of queue and load that each replication of a point that is `converged` must have seen."""

_MEMORIES_OF_AN_INTERVAL = 10.0
"""Those below which replications do not say how far off they are, for all of them are off to the same side."""

_KEPT = ("workload", "backend", "device", "dtype", "regime", "cache")


class Replication(NamedTuple):
    """What was seen of a system in one replication: see `tradeoff.serving.virtual.engine.Seen`."""

    values: Numbers
    outcome: Integers
    over: Integers
    counts: Counts


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
    memory
        Requests after which queue and load have forgotten what was.
    """

    system: System
    capacity_rps: float
    beyond: bool
    is_simulated: bool
    memory: float
    replications: list[Replication] = field(default_factory=list)

    def add(self, found: Replication) -> None:
        """Add a replication."""
        self.replications.append(found)
        self.__dict__.pop("known", None)

    def anew(self) -> Seen:
        """Return nothing seen of the same system."""
        return replace(self, replications=[])

    def column(self, name: str) -> Numbers:
        """Return what was seen of one thing in each replication."""
        at = SEEN.index(name)
        return np.array([one.values[at] for one in self.replications])

    @property
    def counts(self) -> list[Counts]:
        """Latencies of each replication."""
        return [one.counts for one in self.replications]

    @property
    def shortest(self) -> float:
        """Requests that count, of the shortest replication, in memories of queue and load."""
        least = float(self.column("n").min()) if self.replications else 0.0
        return least / self.memory if self.memory > 0 else math.inf

    @cached_property
    def known(self) -> Known:
        """How well p99 is known."""
        over = np.array([one.over for one in self.replications])
        return known_of(self.column("latency_p99"), self.counts, over, self.column("n"), 0.99, self.shortest)

    @property
    def error(self) -> float:
        """Relative standard error of p99, at the upper end of what it may be."""
        return self.known.at_most

    @property
    def is_known(self) -> bool:
        """Whether p99 is known well enough."""
        return self.shortest >= MEMORIES and self.error <= ERROR


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


def row_of(seen: Seen, who: dict[str, Any], costs: Costs, *, most: int) -> dict[str, Any]:
    """Return a row of ``points``; `most` requests are simulated of each at most."""
    row = who | seen.system.identity | {"flags": flags_of(seen.system, costs, pad=who["pad_to"] is not None)}
    status, reason = _status(seen, most)
    row |= {"status": status, "reason": reason, "n_errors": 0}
    if seen.replications:
        why = _why_nothing(seen)
        if why:
            n, rejected = _total(seen, "n"), _total(seen, "rejected")
            row |= {"rejection_rate": rejected / (n + rejected)} if rejected else {}
            left = int(sum(one.outcome[2] for one in seen.replications))
            return row | {"status": "failed", "reason": why, "n": n, "n_rejected": rejected, "n_in_system": left}
        row |= _columns(seen)
        if not seen.system.is_finite and row["n"] == sum(int(one.outcome[0]) for one in seen.replications):
            row["flags"].append(WHOLE_RUN)
        missing = [name for name in ("p50", "p90", "p95", "p99") if not math.isfinite(row[f"latency_{name}_ms"])]
        if missing:
            row["flags"].append("too_few_samples")
    return row


def slo_of(seen: Seen, row: dict[str, Any], slo: SLO) -> dict[str, Any]:
    """Return the columns of SLO attainment and goodput, of a limit on the latency; of too large a load, nothing."""
    if not seen.replications or not row["n"] or row["status"] == "saturated":
        return columns_of(slo)
    ((_, limit),) = slo.limits_ms
    came = seen.column("n") + seen.column("rejected")
    bounds = np.array([one.share_at_most(limit) for one in seen.counts]) * (seen.column("n") / came)[:, None]
    share, low, high = share_of_replications(bounds.mean(axis=1), came)
    half = 0.5 * float(np.diff(bounds, axis=1).mean())
    low, high = np.clip([low - half, high + half], 0.0, 1.0).tolist()  # one replication has no interval: NaN stays
    return columns_of(slo, (share, low, high), asked_of(row))


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


def _status(seen: Seen, most: int) -> tuple[str, str | None]:
    if seen.beyond:
        system, offered = seen.system, three(seen.system.request_rate_rps)
        limit = f"{offered} requests/s are asked for, and full batches serve {three(seen.capacity_rps)} at most"
        if not seen.is_simulated:
            return "saturated", f"{limit}: the queue grows without end, and no percentile has a value"
        if system.policy.queue_limit is not None:
            return "saturated", f"{limit}: the rest is rejected, and percentiles are those of requests that were served"
        return "saturated", f"{limit}: percentiles grow with the length of the trace"
    if seen.system.is_finite or seen.is_known:
        return "converged", None
    return "budget", _what_it_takes(seen, most)


def _what_it_takes(seen: Seen, most: int) -> str:
    """Say why p99 is not known well enough, and what it would take."""
    if math.isinf(seen.memory):
        return "the load is so near capacity that the queue forgets nothing: ask for less, or for more of the service"
    times, n = len(seen.replications), float(seen.column("n").mean())
    each = 1.5 * MEMORIES * seen.memory
    said = []
    if seen.shortest < MEMORIES:
        said.append(
            f"the replications are too short: a busy spell lasts some {three(seen.memory)} requests here, each "
            f"replication counts {three(seen.shortest * seen.memory)}, and it takes {three(MEMORIES * seen.memory)} "
            f"({MEMORIES:g} spells)"
        )
    # Of shorter ones the error is not known either.
    if seen.error > ERROR and seen.shortest >= _MEMORIES_OF_AN_INTERVAL:
        error = f"up to {three(100 * seen.error)} %" if seen.error < 0.5 else "more than half its value"
        said.append(f"the standard error of p99 is {error}, and {100 * ERROR:g} % is wanted")
        if math.isfinite(seen.error):
            each = max(each, 1.2 * n * (seen.error / ERROR) ** 2)
    if each > MOST_GIVEN:
        times, each = math.ceil(times * each / MOST_GIVEN), MOST_GIVEN
    return (
        f"{'; '.join(said)}: ask for n_requests={math.ceil(each)}, replications={times}, which is some "
        f"{three(times * each)} requests in all (a point gets {three(most)} at most unless you ask for more)"
    )


def _why_nothing(seen: Seen) -> str:
    """Say why there is no rate; empty where there is one."""
    if not _total(seen, "n"):
        rejected = _total(seen, "rejected")
        if rejected:
            return f"no request was served: {counted(rejected, 'request')} came, and found no place (queue_limit)"
        return "no request was served: all wait for a batch that is never full"
    if not seen.column("duration").sum() > 0:
        return "all was done at the moment at which it began: work that takes no time has no rate"
    return ""


def _total(seen: Seen, name: str) -> int:
    return int(seen.column(name).sum())


def _columns(seen: Seen) -> dict[str, Any]:
    values = {name: seen.column(name) for name in SEEN}
    outcomes = np.array([one.outcome for one in seen.replications])
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
        for name, p in PERCENTILES.items():
            own, column = values[f"{stem}_{name}"], f"{stem}_{name}_ms"
            are_one = stem == "latency" and len(own) > 1 and not seen.system.is_finite
            within = seen.known if are_one and name == "p99" else None
            row |= _percentile(column, own, seen.counts, p, within) if are_one else with_interval(column, own)
    if seen.shortest < _MEMORIES_OF_AN_INTERVAL:
        row |= dict.fromkeys((name for name in row if name.endswith(("_lo", "_hi"))), math.nan)
    for stem in ("queue_wait", "batch_wait"):
        row |= with_interval(f"{stem}_mean_ms", values[f"{stem}_mean"], mean(f"{stem}_mean"))
        for name in ("p50", "p99"):
            row |= with_interval(f"{stem}_{name}_ms", values[f"{stem}_{name}"])
    for where in ("mean", "p50", "p99"):
        total = row[f"latency_{where}_ms"]
        parts = dict.fromkeys(STAGES, 0.0)
        for stage in ("pre", "batch_wait", "queue_wait", "model"):
            parts[stage] = mean(f"{stage}_mean") if where == "mean" else _mean(values[f"at_{where}_{stage}"])
        # Of all replications together it is not exactly the mean of theirs: the parts are made to add up to it.
        whole = sum(parts.values())
        parts = {stage: value * (total - network) / whole if whole > 0 else value for stage, value in parts.items()}
        parts["overhead"] = network
        known = math.isfinite(total)
        row |= {f"at_{where}_{stage}_ms": value if known else math.nan for stage, value in parts.items()}
    row["replicates"] = len(seen.replications)
    return row


def with_interval(name: str, values: Numbers, pooled: float | None = None) -> dict[str, float]:
    """Return the mean of independent replications, or a `pooled` value, with Student's interval; one has none."""
    mean = _mean(values) if pooled is None else pooled
    if len(values) == 1:
        return {name: mean, f"{name}_lo": math.nan, f"{name}_hi": math.nan}
    half = t_quantile(0.975, len(values) - 1) * float(values.std(ddof=1)) / math.sqrt(len(values))
    return {name: mean, f"{name}_lo": max(0.0, mean - half), f"{name}_hi": mean + half}


def _percentile(name: str, own: Numbers, counts: list[Counts], p: float, known: Known | None) -> dict[str, float]:
    """Return a percentile of all replications together, with its interval.

    It is the wider, at each end, of what replications say by how they differ, and of what is `known` from within them:
    a handful of them may agree by chance.
    """
    together = pooled(own, counts, p)
    low, high = interval(own, together)
    if known is not None and not math.isnan(known.low):
        low, high = min(low, known.low), max(high, known.high)
    return {name: together, f"{name}_lo": low, f"{name}_hi": high}


def _mean(values: Numbers) -> float:
    return float(values.mean())
