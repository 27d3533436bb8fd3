from __future__ import annotations

import math

import numpy as np

from tradeoff.stats.quantiles import percentiles
from tradeoff.timing.stopping import GROWTH, StopRule

TOLERANCE = 0.05


def half_width(series: np.ndarray) -> float:
    return percentiles(series, {"p99": 0.99})["p99"].relative_half_width


def test_stopping_when_the_answer_is_known_takes_half_the_calls_of_a_count_for_the_worst_point() -> None:
    # As the demo's grid: most points quiet, some noisy, and one that a single count would have to serve.
    sigmas = [0.05] * 8 + [0.1] * 6 + [0.2] * 3 + [0.8]
    stopped, enough = [], []
    for seed, sigma in enumerate(sigmas):
        series = np.random.default_rng(seed).lognormal(0.0, sigma, 200_000)
        rule, n = StopRule({"p99": TOLERANCE}), 400.0
        while not rule.look(series[: int(n)]):
            n *= GROWTH
        assert n <= len(series)
        assert half_width(series[: int(n)]) <= TOLERANCE
        stopped.append(int(n))
        counts = [int(400 * 1.05**k) for k in range(200) if 400 * 1.05**k <= n]
        wide = [count for count in counts if half_width(series[:count]) > TOLERANCE]
        enough.append(max(wide, default=400))  # from here on it stays narrow: a first narrow one may be luck
    assert 2 * math.fsum(stopped) <= max(enough) * len(sigmas)
