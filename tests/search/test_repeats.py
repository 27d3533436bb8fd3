"""Several runs at one load as one row."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tradeoff.search.repeats import together
from tradeoff.stats.student import t_quantile


def run(value, half=math.nan, **more):
    ends = {"latency_p99_ms_lo": value * math.exp(-half), "latency_p99_ms_hi": value * math.exp(half)}
    return {"latency_p99_ms": value, **ends, "n": 100, "duration_s": 5.0, "status": "budget", **more}


def test_runs_that_agree_share_the_uncertainty():
    row = together([run(10.0, 0.2)] * 4)
    assert row["latency_p99_ms"] == pytest.approx(10.0)
    assert math.log(row["latency_p99_ms_hi"] / 10.0) == pytest.approx(0.2 / 2)
    assert (row["n"], row["duration_s"], row["replicates"]) == (400, 20.0, 4)


def test_runs_that_differ_by_more_than_their_intervals_take_students():
    values = [8.0, 10.0, 13.0]
    logs = np.log(values)
    row = together([run(value, 0.01) for value in values])
    half = t_quantile(0.975, 2) * logs.std(ddof=1) / math.sqrt(3)
    assert math.log(row["latency_p99_ms_hi"]) == pytest.approx(logs.mean() + half, rel=1e-6)


def test_without_intervals_of_their_own_two_runs_have_none_and_three_have():
    assert math.isnan(together([run(10.0), run(11.0)])["latency_p99_ms_hi"])
    three = together([run(10.0), run(11.0), run(10.5)])
    assert three["latency_p99_ms_lo"] < 10.0 < 11.0 < three["latency_p99_ms_hi"]


def test_a_factor_stretches():
    plain, wide = (together([run(10.0, 0.2)], factor=factor)["latency_p99_ms_hi"] for factor in (1.0, 1.5))
    assert math.log(wide / 10.0) == pytest.approx(1.5 * math.log(plain / 10.0))


def test_a_run_beyond_capacity_is_the_row():
    row = together([run(10.0, 0.1), {"status": "saturated", "n": 5}])
    assert row == {"status": "saturated", "n": 5, "replicates": 2}
