"""The real loop: 2000 requests a second of a workload that takes no time, under four policies.

Prints for each how late the loop woke up, what became of the requests, and whether the virtual clock gives the same
again; beside it how late a thread of this machine wakes that only waits. Targets: the rate is sustained, wake-up p99
at most 1 ms, arrived = done + rejected + in flight, and the replay is the same to the nanosecond. Run with
``python benchmarks/real_loop.py [--seconds 20]``.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

import numpy as np

import tradeoff
from tradeoff.environment import usable_cores
from tradeoff.serving.schedule import arrivals_of
from tradeoff.serving.systems import systems

RATE, LIMIT_MS, SEED = 2000.0, 1.0, 0
POLICIES = {
    "greedy": {"max_batch_size": 8},
    "waits 2 ms": {"max_batch_size": 8, "max_wait_ms": 2.0},
    "two workers": {"max_batch_size": 4, "max_wait_ms": 1.0, "workers": 2, "formation": "per_worker"},
    "four places": {"max_batch_size": 8, "max_wait_ms": 2.0, "queue_limit": 4},
}


def trivial(batch_size: int) -> Callable[[], int]:
    return lambda: batch_size


def woken_late_ms(seconds: float) -> tuple[float, float]:
    """Return p50 and p99 of how late a thread is woken that waits half a ms for something that never comes."""
    queue: SimpleQueue[None] = SimpleQueue()
    late, end = [], time.perf_counter() + seconds
    while (due := time.perf_counter() + 0.0005) < end:
        try:
            queue.get(timeout=0.0005)
        except Empty:
            late.append(1e3 * (time.perf_counter() - due))
    p50, p99 = np.quantile(late, [0.5, 0.99])
    return float(p50), float(p99)


def arrivals(policy: dict[str, object], seconds: float) -> int:
    """Count the requests of a load, apart from the loop."""
    (system,) = systems(request_rate=RATE, **policy)
    return sum(
        1 for _ in arrivals_of(system, np.random.default_rng([SEED, 0, 0]), until=round(seconds * 1e9), most=None)
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="2000 requests a second through the real loop.")
    parser.add_argument("--seconds", type=float, default=20.0, help="of serving under each policy")
    seconds = parser.parse_args().seconds
    met = True
    print(f"{RATE:g} requests/s for {seconds:g} s; wake-up of the loop beside that of a thread that only waits, ms")
    print(f"other work here: load {os.getloadavg()[0]:.1f} on {usable_cores()} cores")
    for name, policy in POLICIES.items():
        idle = woken_late_ms(2.0)
        run = tradeoff.serve(trivial, request_rate=RATE, duration_s=seconds, seed=SEED, progress=False, **policy)
        row, became = run.points.iloc[0], run.samples["status"].value_counts()
        done, rejected, left = (int(became.get(status, 0)) for status in ("ok", "rejected", "unfinished"))
        came = arrivals(policy, seconds)
        (again,) = tradeoff.replay(run).to_dict("records")
        is_sustained = row["status"] == "budget" and row["throughput_rps"] >= 0.98 * RATE * (1 - row["rejection_rate"])
        checks = {
            "wake-up": row["wakeup_p99_ms"] <= LIMIT_MS, "rate": is_sustained,
            "counts": came == done + rejected + left == len(run.samples), "replay": again["same"],
        }  # fmt: skip
        met &= all(checks.values())
        labels = run.samples["label"].fillna("").str.split(";").explode().value_counts()
        print(
            f"{name:>12}: p50 {row['wakeup_p50_ms']:.3f} p99 {row['wakeup_p99_ms']:.3f} (idle {idle[0]:.3f}, "
            f"{idle[1]:.3f}); {row['throughput_rps']:.0f}/s in batches of {row['batch_size_mean']:.1f}, latency p50 "
            f"{row['latency_p50_ms']:.2f} p99 {row['latency_p99_ms']:.2f}; arrived {came} = done {done} + rejected "
            f"{rejected} + in flight {left}; replay differs by {again['largest_difference_ns']:.0f} ns in "
            f"{again['batches']} batches; garbage met {labels.get('gc', 0)}, preempted {labels.get('preempted', 0)}"
        )
        if missed := [check for check, is_met in checks.items() if not is_met]:
            print(f"{'':>12}  missed: {', '.join(missed)}")
    print("targets met" if met else "targets missed")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
