"""Whether a search finds what the full grid finds, with which share of its calls, and brackets the highest rate.

100 planted systems of 30 points each: throughput that saturates with batch size and concurrency, latencies that are
lognormal, dependent (AR(1)) or spiked, a limit on p99 drawn at random. The full grid takes 4 000 calls of each point; a
search is handed the very same calls, fewer of them. The answer is the same when it is the same point, or one that may
meet the limit and whose throughput the full grid's intervals cannot tell from its own answer's. Then the recorded Run
`data/demo_cpu`, its samples handed out as if measured, under 20 limits. Then 100 simulated servers whose highest rate
is known from long simulations.

    python benchmarks/search.py [--systems 100]

Targets: the same answer in 95 of 100, 30 % of the calls; the rate inside its bracket in 90 %.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tradeoff
from tradeoff.frames import PERCENTILES, make_points
from tradeoff.objective import Objective
from tradeoff.objective.judging import met, numbers
from tradeoff.search.race import Racing
from tradeoff.search.system import Seen
from tradeoff.stats.mean import mean_with_interval
from tradeoff.stats.quantiles import percentiles

SAME, CALLS, INSIDE = 0.95, 0.30, 0.90
N = 4000
DATA = Path(__file__).parent.parent / "data" / "demo_cpu"
Samples = NDArray[np.float64]


def row_of(identity: Mapping[str, Any], latencies_ms: Samples) -> dict[str, Any]:
    """Return the row of a closed loop without time to think: throughput follows from the mean latency."""
    mean, wanted = mean_with_interval(latencies_ms), {name: PERCENTILES[name] for name in ("p50", "p99")}
    requests = 1e3 * identity["batch_size"] * identity["concurrency"]
    row = {"n": len(latencies_ms), "status": "budget", "n_errors": 0, "n_rejected": 0}
    row |= {"throughput_rps": requests / mean.value, "throughput_rps_lo": requests / mean.hi}
    row |= {"throughput_rps_hi": requests / mean.lo if mean.lo > 0 else math.nan}
    row |= {"duration_s": latencies_ms.sum() / 1e3 / identity["concurrency"], "latency_mean_ms": mean.value}
    for name, found in percentiles(latencies_ms, wanted).items():
        row |= {f"latency_{name}_ms{end}": getattr(found, part)
                for end, part in (("", "value"), ("_lo", "lo"), ("_hi", "hi"))}  # fmt: skip
    return {"workload": "planted", "mode": "concurrent", "load": "closed", **identity, **row}


class HandedOut:
    """A system whose calls have been made before: a look hands out more of them, in order."""

    def __init__(self, points: list[tuple[dict[str, Any], Samples]]) -> None:
        self.points = points

    def __len__(self) -> int:
        return len(self.points)

    def look(self, place: int, share: float) -> Seen:
        identity, latencies = self.points[place]
        calls = max(1, min(len(latencies), math.ceil(share * len(latencies))))
        return Seen(row_of(identity, latencies[:calls]), calls, len(latencies), is_finished=calls == len(latencies))

    def full_grid(self) -> Any:
        return make_points(row_of(identity, latencies) for identity, latencies in self.points)


def planted(random: np.random.Generator) -> HandedOut:
    """Make a system: a call costs a + c b, calls in flight share the device from some number on, noise of one kind."""
    fixed, each = random.uniform(0.2, 2.0), random.uniform(0.02, 0.5)
    room, kind = random.choice([1.0, 2.0, 4.0]), random.choice(["lognormal", "dependent", "spikes"])
    points = []
    for batch_size in (1, 2, 4, 8, 16, 32):
        for concurrency in (1, 2, 3, 4, 8):
            ms = (fixed + each * batch_size) * max(1.0, concurrency / room) * math.exp(random.normal(0.0, 0.03))
            noise = random.standard_normal(N)
            if kind == "dependent":
                for at in range(1, N):
                    noise[at] = 0.7 * noise[at - 1] + math.sqrt(1.0 - 0.49) * noise[at]
            latencies = ms * np.exp(random.uniform(0.05, 0.3) * noise)
            if kind == "spikes":
                latencies *= np.where(random.random(N) < random.uniform(0.0, 0.03), random.uniform(2.0, 10.0), 1.0)
            points.append(({"batch_size": batch_size, "concurrency": concurrency}, latencies))
    return HandedOut(points)


def recorded() -> HandedOut:
    """Return a Run that was recorded on a real machine, to be handed out again."""
    run = tradeoff.read(DATA)
    points = []
    for row in run.points.to_dict("records"):
        mine = run.samples[(run.samples["point_id"] == row["point_id"]) & (run.samples["phase"] == "measure")]
        identity = {name: int(row[name]) for name in ("batch_size", "concurrency")}
        points.append((identity, mine["latency_ns"].to_numpy(dtype="float64") / 1e6))
    return HandedOut(points)


def is_same(full: Any, objective: Objective, mine: tradeoff.Decision) -> tuple[bool, str]:
    """Say whether the search's point answers as the full grid's does, by the full grid's own intervals."""
    theirs = tradeoff.decide(full, objective)
    if theirs.verdict == "infeasible" or mine.verdict == "infeasible":
        return theirs.verdict == mine.verdict, f"{theirs.verdict} {mine.verdict}"
    point, best = (full[full["point_id"] == one.point["point_id"]] for one in (mine, theirs))
    if point["point_id"].iloc[0] == best["point_id"].iloc[0]:
        return True, "same"
    possible = bool(met(point, objective.constraints)[1][0])
    ends = [float(numbers(one, objective.metric + end)[0]) for one, end in ((point, "_hi"), (best, "_lo"))]
    return possible and ends[0] >= ends[1], f"{theirs.verdict} {mine.verdict} possible {possible} ends {ends}"


def race(name: str, systems: list[tuple[HandedOut, str]]) -> bool:
    same, calls, time = 0, [], []
    for number, (system, text) in enumerate(systems):
        objective = Objective.parse(text)
        racing = Racing(system, objective)
        ended = racing.run()
        rows = make_points(dict(one.row) for one in ended.seen)
        agrees, how = is_same(system.full_grid(), objective, tradeoff.decide(rows, objective))
        same += agrees
        calls.append(sum(one.calls for one in ended.seen) / sum(len(samples) for _, samples in system.points))
        time.append(sum(ended.shares) / len(system))
        if not agrees:
            print(f"  {name} {number}: {text}: {how}, settled {ended.is_settled}, calls {calls[-1]:.1%}")
    share = same / len(systems)
    print(
        f"{name}: the full grid's answer in {same} of {len(systems)}, with {np.mean(calls):.1%} of its calls "
        f"(at most {max(calls):.1%}); wanted {SAME:.0%}, {CALLS:.0%}",
        flush=True,
    )
    return share >= SAME and max(calls) <= CALLS


def limits_for(system: HandedOut, random: np.random.Generator) -> str:
    p99 = [float(np.quantile(samples, 0.99)) for _, samples in system.points]
    limit = float(np.exp(random.uniform(math.log(0.95 * min(p99)), math.log(1.1 * max(p99)))))
    return f"maximize throughput subject to p99 <= {limit:.5g} ms"


def grids(number: int) -> bool:
    found = []
    for at in range(number):
        random = np.random.default_rng([7, at])
        system = planted(random)
        found.append((system, limits_for(system, random)))
    return race("planted systems", found)


def records() -> bool:
    system, random = recorded(), np.random.default_rng(3)
    return race("data/demo_cpu", [(system, limits_for(system, random)) for _ in range(20)])


def true_rate(service: Any, policy: Mapping[str, Any], limit_ms: float) -> float:
    """Return the rate at which p99 crosses the limit, by simulations of 400 000 requests with the same luck each."""
    low, high = 1.0, 1e5
    while high > 1.004 * low:
        rate = math.sqrt(low * high)
        row = tradeoff.simulate(service, request_rate=rate, n_requests=400_000, seed=99, **policy).points.iloc[0]
        keeps = row["status"] != "saturated" and row["latency_p99_ms"] <= limit_ms
        low, high = (rate, high) if keeps else (low, rate)
    return math.sqrt(low * high)


def loads(number: int) -> bool:
    inside, widths, requests, near = 0, [], [], []
    for at in range(number):
        random = np.random.default_rng([11, at])
        fixed, each, spread = random.uniform(1, 10), random.uniform(0.05, 2.0), random.uniform(0.0, 0.4)

        def service(
            size: int,
            rng: np.random.Generator,
            n: int,
            fixed: float = fixed,
            each: float = each,
            spread: float = spread,
        ) -> Samples:
            return (fixed + each * size) * np.exp(spread * rng.standard_normal(n))

        policy = {"max_batch_size": int(random.choice([1, 4, 16])), "workers": int(random.choice([1, 2]))}
        limit_ms = (fixed + each * policy["max_batch_size"]) * math.exp(2.4 * spread) * random.uniform(1.5, 5.0)
        truth = true_rate(service, policy, limit_ms)
        server = partial(tradeoff.simulate, service, n_requests=3000, replications=3, **policy)
        asked = f"maximize throughput subject to p99 <= {limit_ms:.6g} ms"
        found = tradeoff.search(server, asked, request_rate=(truth / 30, truth * 30), seed=at, progress=False)
        inside += found.lo <= truth <= found.hi
        if not found.lo <= truth <= found.hi:
            print(f"  server {at}: {found.lo:.5g} to {found.hi:.5g}, truth {truth:.5g}")
        widths.append(found.hi / found.lo if found.lo > 0 else math.inf)
        near.append(abs(found.highest_rate_rps / truth - 1.0))
        requests.append(found.calls)
    print(
        f"highest rate: truth inside in {inside} of {number}; the bracket's ratio {np.median(widths):.2f} (median), "
        f"{np.quantile(widths, 0.9):.2f} (90 %); the estimate off by {np.median(near):.1%} (median), "
        f"{np.median(requests):.0f} requests; wanted {INSIDE:.0%}",
        flush=True,
    )
    return inside >= INSIDE * number and max(widths) < 2.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--systems", type=int, default=100)
    number = parser.parse_args().systems
    reached = [grids(number), records(), loads(number)]
    print("targets reached" if all(reached) else "targets missed")
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
