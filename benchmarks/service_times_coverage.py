"""Whether the interval of a simulated p99 holds the truth where the service is known from a few calls only.

The service is exponential, so the system is M/M/1 and its p99 known in closed form; each draw simulates from 25, 100 or
1000 calls of it. An interval without an upper end, and a row that says ``saturated`` because the calls it was given say
so, promise nothing on that side and count as holding it; how many have both ends is printed beside. Then what the
resamples cost, in time of the processor.

    python benchmarks/service_times_coverage.py            # 100 draws
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from unittest import mock

import numpy as np

import tradeoff

WANTED, MOST_TIMES = 0.90, 1.5
MEAN_MS = 5.0


def main() -> int:
    """Print coverage and cost; 1 where one misses its target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=100)
    draws = parser.parse_args().draws
    missed = False
    for load in (0.3, 0.5, 0.8):
        for calls in (25, 100, 1000):
            held, both, low_missed = cover(load, calls, draws)
            missed |= held < WANTED * draws
            print(
                f"load {load:.1f}, {calls:5d} calls: {held} of {draws} hold the true p99 (wanted {WANTED:.0%}), "
                f"{both} with both ends, {low_missed} begin above it"
            )
    ratio = cost()
    missed |= ratio > MOST_TIMES
    print(f"time of a call with resamples over one without: {ratio:.2f} (wanted <= {MOST_TIMES})")
    return int(missed)


def cover(load: float, calls: int, draws: int) -> tuple[int, int, int]:
    """Count rows that hold the truth, those with both ends, and those that begin above the truth."""
    truth = math.log(100.0) * MEAN_MS / (1.0 - load)
    held = both = above = 0
    for draw in range(draws):
        row = simulate(np.random.default_rng(draw).exponential(MEAN_MS, calls), load, draw)
        low, high = row["latency_p99_ms_lo"], row["latency_p99_ms_hi"]
        held += not (low > truth or high < truth)
        both += math.isfinite(low) and math.isfinite(high)
        above += low > truth
    return held, both, above


def simulate(times: np.ndarray, load: float, seed: int) -> dict:
    """Return the row of M/M/1 whose service is known from some calls."""
    rate = 1e3 * load / MEAN_MS
    run = tradeoff.simulate({1: times}, max_batch_size=1, request_rate=rate, seed=seed, progress=False)
    return run.points.iloc[0].to_dict()


def cost() -> float:
    """Return how much longer a call takes for the resamples: the median of paired calls, in time of the processor."""
    times, ratios = np.random.default_rng(0).exponential(MEAN_MS, 1000), []
    simulate(times, 0.5, 0)
    for seed in range(15):
        with_them = spent(times, seed)
        with mock.patch.object(sys.modules["tradeoff.serving.simulate"], "widened", lambda *given: given[2]):
            ratios.append(with_them / spent(times, seed))
    return float(np.median(ratios))


def spent(times: np.ndarray, seed: int) -> float:
    """Return the processor time of one call."""
    began = time.process_time()
    simulate(times, 0.5, seed)
    return time.process_time() - began


if __name__ == "__main__":
    sys.exit(main())
