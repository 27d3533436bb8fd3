"""How often the intervals of SLO attainment, goodput and times of tokens hold the truth.

Series of latencies whose distribution is known: independent, AR(1) with a memory of 2 to 20 requests, a system that is
slow in stretches; each with planted shares beyond the limit. Requests come as a Poisson process. Then token servers,
simulated once each with short runs, whose truth is one long run of its own. Targets: at least 93 % for attainment and
goodput, 93 % for tokens as for latency.

    python benchmarks/slo_coverage.py [--runs 400]
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

import tradeoff
from tradeoff.frames import Run, make_points, make_samples
from tradeoff.stats.rate import event_rate

WANTED = 0.93
N = 4000
RATE = 200.0
LIMIT_MS = 5.0
Draw = Callable[[np.random.Generator, float], NDArray[np.float64]]


def around_the_limit(noise: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Return lognormal latencies of which a share lies beyond the limit."""
    return LIMIT_MS * np.exp(0.5 * (noise - NormalDist().inv_cdf(1.0 - share)))


def independent(random: np.random.Generator, share: float) -> NDArray[np.float64]:
    return around_the_limit(random.standard_normal(N), share)


def memory(rho: float) -> Draw:
    def draw(random: np.random.Generator, share: float) -> NDArray[np.float64]:
        noise = random.standard_normal(N)
        for at in range(1, N):
            noise[at] = rho * noise[at - 1] + math.sqrt(1.0 - rho**2) * noise[at]
        return around_the_limit(noise, share)

    return draw


def stretches(random: np.random.Generator, share: float) -> NDArray[np.float64]:
    """Slow in 5 % of the time, in stretches of 25 requests on average; all misses are in there."""
    slow, state = np.empty(N, dtype=np.bool_), bool(random.random() < 0.05)
    for at in range(N):
        slow[at] = state
        state = (random.random() >= 1 / 25) if state else (random.random() < 1 / 475)
    noise = random.standard_normal(N)
    return np.where(slow, around_the_limit(noise, share / 0.05), np.exp(0.1 * noise))


SYSTEMS: dict[str, Draw] = {
    "independent": independent, "AR(1) 0.5": memory(0.5), "AR(1) 0.9": memory(0.9), "stretches": stretches,
}  # fmt: skip


def served(random: np.random.Generator, latencies_ms: NDArray[np.float64]) -> Run:
    """Make requests of a Poisson process that take so long."""
    due = np.cumsum(random.exponential(1.0 / RATE, N))
    rate = event_rate(due, 0.0, float(due[-1]))
    point = {
        "workload": "w", "mode": "serving", "n": N, "duration_s": float(due[-1]), "status": "budget", "n_errors": 0,
        "n_rejected": 0, "throughput_rps": rate.value, "throughput_rps_lo": rate.lo, "throughput_rps_hi": rate.hi,
    }  # fmt: skip
    points = make_points([point])
    ns, latency = (due * 1e9).astype(np.int64), (latencies_ms * 1e6).astype(np.int64)
    samples = {"seq": np.arange(N), "scheduled_ns": ns, "done_ns": ns + latency, "latency_ns": latency}
    return Run(
        points,
        make_samples(samples | {"phase": "measure", "status": "ok", "point_id": points["point_id"][0], "replicate": 0}),
    )


def of_requests(runs: int) -> bool:
    reached = True
    for name, draw in SYSTEMS.items():
        for share in (0.001, 0.01, 0.04, 0.5):
            if name == "stretches" and share > 0.05:
                continue
            random, held = np.random.default_rng(1), {"attainment": 0, "goodput_rps": 0}
            for _ in range(runs):
                row = tradeoff.with_slo(served(random, draw(random, share)), f"latency <= {LIMIT_MS} ms").points.iloc[0]
                for column, truth in (("attainment", 1.0 - share), ("goodput_rps", RATE * (1.0 - share))):
                    held[column] += row[f"{column}_lo"] <= truth <= row[f"{column}_hi"]
            parts = {column: count / runs for column, count in held.items()}
            reached &= min(parts.values()) >= WANTED
            told = ", ".join(f"{column} {part:.1%}" for column, part in parts.items())
            print(f"{name:12} {share:6.1%} miss the limit: {told}", flush=True)
    return reached


TOKENS = {
    "light": {"max_batch_size": 16, "request_rate": 5},
    "busy": {"max_batch_size": 8, "request_rate": 10},
    "clients": {"max_batch_size": 8, "concurrency": 12},
}
COLUMNS = ("ttft_p50_ms", "ttft_p99_ms", "tpot_p50_ms", "tpot_p99_ms", "latency_p99_ms", "tokens_per_s", "attainment")


def of_tokens(runs: int) -> bool:
    asked = {"prefill": (2.0, 0.01), "prompt_tokens": [64, 256, 1024], "output_tokens": [1, 16, 64, 200]}
    slo, reached = "ttft <= 40 ms and tpot <= 6 ms", True
    for name, system in TOKENS.items():

        def simulated(n: int, seed: int, system: dict[str, int] = system) -> tradeoff.Run:
            return tradeoff.simulate_tokens(
                lambda size: 4.0 + 0.1 * size, **asked, **system, n_requests=n, seed=seed, slo=slo
            )

        truth = simulated(1_000_000, 0).points.iloc[0]
        held = dict.fromkeys(COLUMNS, 0)
        known = dict.fromkeys(COLUMNS, 0)
        for seed in range(1, runs + 1):
            row = simulated(10_000, seed).points.iloc[0]
            for column in COLUMNS:
                ends = row[f"{column}_lo"], row[f"{column}_hi"]
                if not any(map(math.isnan, ends)):
                    known[column] += 1
                    held[column] += ends[0] <= truth[column] <= ends[1]
        parts = {column: held[column] / known[column] for column in COLUMNS if known[column]}
        reached &= min(parts.values()) >= WANTED
        print(f"tokens, {name}: " + ", ".join(f"{column} {part:.1%}" for column, part in parts.items()), flush=True)
    return reached


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=400)
    runs = parser.parse_args().runs
    reached = [of_requests(runs), of_tokens(runs // 2)]
    print(f"{'targets reached' if all(reached) else 'targets missed'} (at least {WANTED:.0%} each)")
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
