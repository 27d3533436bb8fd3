"""Systems whose truth is known: calls made before, handed out bit by bit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tradeoff.frames import PERCENTILES
from tradeoff.search.system import Seen
from tradeoff.stats.mean import mean_with_interval
from tradeoff.stats.quantiles import percentiles

N = 2000


def row_of(batch_size: int, concurrency: int, latencies_ms: np.ndarray, **more: Any) -> dict[str, Any]:
    """Return the row of a closed loop: throughput follows from the mean latency."""
    mean, requests = mean_with_interval(latencies_ms), 1e3 * batch_size * concurrency
    row = {
        "workload": "planted", "batch_size": batch_size, "concurrency": concurrency, "n": len(latencies_ms),
        "n_errors": 0, "n_rejected": 0, "status": "budget", "throughput_rps": requests / mean.value,
        "throughput_rps_lo": requests / mean.hi, "throughput_rps_hi": requests / mean.lo,
    }  # fmt: skip
    for name, found in percentiles(latencies_ms, {name: PERCENTILES[name] for name in ("p50", "p99")}).items():
        row |= {f"latency_{name}_ms": found.value, f"latency_{name}_ms_lo": found.lo, f"latency_{name}_ms_hi": found.hi}
    return row | more


class Planted:
    """Points whose latencies are lognormal around ``means``, in ms; every look is written down."""

    def __init__(self, means: dict[tuple[int, int], float], *, sigma: float = 0.1, fails: Any = (), seed: int = 0):
        random = np.random.default_rng(seed)
        self.places = list(means)
        self.latencies = [mean * np.exp(sigma * random.standard_normal(N)) for mean in means.values()]
        self.fails = set(fails)
        self.looks: list[tuple[tuple[int, int], float]] = []

    def __len__(self) -> int:
        return len(self.places)

    def look(self, place: int, share: float) -> Seen:
        where = self.places[place]
        self.looks.append((where, share))
        if where in self.fails:
            row = {"workload": "planted", "batch_size": where[0], "concurrency": where[1], "n": 0, "status": "failed"}
            return Seen(row, 0, 0.0, is_finished=True)
        calls = math.ceil(share * N)
        return Seen(row_of(*where, self.latencies[place][:calls]), calls, N, is_finished=share >= 1.0)

    def shares(self) -> dict[tuple[int, int], float]:
        return {where: share for where, share in self.looks}  # noqa: C416  # the last look counts
