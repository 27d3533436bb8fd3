"""Accusations of the audit: healthy rows that it warns of, and planted faults that it does not see.

Run with ``python benchmarks/audit_accusations.py`` (about a minute). Rows are those of `simulate` and, a few, of
`simulate_tokens`, under every load: Poisson, gamma with a squared coefficient of variation of 4, MMPP that stays in its
states for 0.1, 1 and 10 s, evenly and unevenly, a trace, an even load, clients, all at once, bursts of eight.
Saturated rows are left out; whether a percentile has enough samples is no fault of a row, and judged by other figures.
Targets: at most 1 % of the healthy rows are warned of; every planted fault is found. Exit status 1 when missed.
"""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

import tradeoff
from tradeoff.frames import FLAGS, UNUSABLE

MOST = 0.01
SEEDS = 3
# Samples that are few, a busy machine and what else flags say are true of these rows.
TRUE_OF_THEM = {"sample_size", *FLAGS}


def per_batch(size: int) -> float:
    """Milliseconds that a batch takes."""
    return 1.0 + 0.2 * size


def healthy() -> Iterator[tuple[str, tradeoff.Run]]:
    """Give runs with which nothing is wrong."""
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        for n in (500, 5_000, 20_000):
            loads: dict[str, dict[str, Any]] = {
                "poisson": {"request_rate": [50, 300]},
                "gamma": {"request_rate": [50, 300], "load": tradeoff.Gamma(0.25)},
                "constant": {"request_rate": [50, 300], "load": "constant"},
                "trace": {"load": tradeoff.Trace(np.sort(rng.uniform(0, n / 200, n)))},
                "bursts": {"load": tradeoff.Trace(np.repeat(np.arange(n // 8) * 0.04, 8))},
                "closed": {"concurrency": [1, 4, 16]},
                "thinking": {"concurrency": [4, 16], "think_ms": 20.0, "think": "exponential"},
                "all at once": {"load": "all_at_once"},
            }
            for dwell in ((0.1, 0.1), (1, 1), (10, 10), (10, 1), (1, 10)):
                loads[f"mmpp {dwell[0]:g} and {dwell[1]:g} s"] = {"load": tradeoff.MMPP([50, 400], dwell)}
            for name, load in loads.items():
                yield (
                    name,
                    tradeoff.simulate(
                        per_batch, max_batch_size=[4, 16], max_wait_ms=[0, 2], n_requests=n, seed=seed, **load
                    ),
                )
                if seed == 0 and n == 500 and name != "all at once":
                    tokens = tradeoff.simulate_tokens(
                        per_batch,
                        prefill=0.01,
                        prompt_tokens=8,
                        output_tokens=[2, 4],
                        max_batch_size=16,
                        n_requests=n,
                        **load,
                    )
                    yield f"tokens, {name}", tokens


def faults(row: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Ways to break a healthy row of a closed loop."""
    ms = {name: value for name, value in row.items() if name.startswith("latency_") and name.endswith("_ms")}
    rate, n = row["throughput_rps"], row["n"]
    return {
        "lower end above the value": {"latency_p99_ms_lo": 1.1 * row["latency_p99_ms"]},
        "upper end below the value": {"latency_p99_ms_hi": 0.9 * row["latency_p99_ms"]},
        "ends the wrong way round": {"throughput_rps_lo": 1.2 * rate, "throughput_rps_hi": 0.8 * rate},
        "utilisation above 1": {"utilisation": 1.2},
        "utilisation in percent": {"utilisation": 85.0},
        "mean batch above the maximum": {"batch_size_mean": row["batch_size"] + 1.0},
        "mean batch below 1": {"batch_size_mean": 0.5},
        "n that contradicts rate times time": {"n": int(n / 2)},
        "duration that contradicts them": {"duration_s": 3 * row["duration_s"]},
        "closed loop with an intended rate": {"request_rate_rps": rate},
        "negative duration": {"duration_s": -1.0},
        "p50 above p90": {"latency_p50_ms": 1.1 * row["latency_p90_ms"], "latency_p50_ms_hi": np.nan},
        "p99 below p95": {"latency_p99_ms": 0.5 * row["latency_p50_ms"]},
        "mean above the longest": {"latency_max_ms": 0.5 * row["latency_mean_ms"]},
        "mean below the shortest": {"latency_min_ms": 2 * row["latency_mean_ms"]},
        "throughput above Little's law": {"throughput_rps": 3 * rate, "n": 3 * n},
        "percentage of the limit above 100": {"pct_of_limit": 170.0},
        "attainment above 1": {"attainment": 1.2},
        "errors above n": {"n_errors": 2 * n},
        "energy below 0": {"energy_j_per_item": -0.1},
        "memory below 0": {"peak_memory_bytes": -1},
        "measured in the future": {"timestamp": "2100-01-01"},
        "percentiles in s, without a mean": {
            **{name: value / 1e3 for name, value in ms.items()},
            "latency_mean_ms": np.nan,
        },
        "latency in s": {name: value / 1e3 for name, value in ms.items()},
        "latency in us": {name: 1e3 * value for name, value in ms.items()},
        "mean in s": {"latency_mean_ms": row["latency_mean_ms"] / 1e3},
        "infinite throughput": {"throughput_rps": np.inf},
        "no throughput": {"throughput_rps": 0.0},
    }


def warned(run: tradeoff.Run | pd.DataFrame) -> pd.DataFrame:
    """Return what is graver than a note."""
    findings = tradeoff.audit(run)
    return findings[(findings["severity"] > "info") & ~findings["check"].isin(TRUE_OF_THEM)]


def main() -> int:
    warnings.simplefilter("ignore")
    rows, accused, of = 0, 0, Counter[str]()
    planted, unseen = 0, Counter[str]()
    for name, run in healthy():
        points = run.points[~run.points["status"].isin(UNUSABLE)]
        findings = warned(run)
        findings = findings[findings["point_id"].isin(points["point_id"])]
        rows, accused = rows + len(points), accused + findings["point_id"].nunique()
        of.update(f"{name}: {check}" for check in findings.drop_duplicates(["point_id", "check"])["check"])
        if name != "closed":
            continue
        broken = [
            row | change | {"point_id": f"{place}: {fault}"}
            for place, row in enumerate(points.to_dict("records"))
            for fault, change in faults(row).items()
        ]
        planted += len(broken)
        seen = set(warned(pd.DataFrame(broken))["point_id"])
        unseen.update(row["point_id"].partition(": ")[2] for row in broken if row["point_id"] not in seen)
    for name, many in of.most_common():
        print(f"  {name}: {many}")
    print(f"healthy rows warned of: {accused} of {rows}, {100 * accused / rows:.2f} % (at most {100 * MOST:g} %)")
    for name, many in unseen.items():
        if many:
            print(f"  not found: {name}: {many}")
    print(f"planted faults found: {planted - sum(unseen.values())} of {planted} (all)")
    missed = accused > MOST * rows or sum(unseen.values()) > 0
    print("target missed" if missed else "targets met")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
