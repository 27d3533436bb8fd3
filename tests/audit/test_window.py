"""Rows whose rate, window, requests and latency cannot be of one run."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import tradeoff
from tests.audit.points import CLOSED, DEVICE, findings, of
from tradeoff.frames import make_points
from tradeoff.objective import ObjectiveError
from tradeoff.timing import Conditions, measure
from tradeoff.timing.bench import Bench
from tradeoff.timing.fake import FakeRunner
from tradeoff.workloads import as_workload

BROKEN = [
    ({"throughput_rps": 0.0}, "Its throughput is 0 although requests were served"),
    ({"throughput_rps": 0.0, "n": None}, "Its throughput is 0 although requests were served"),
    ({"throughput_rps": 0.0, "duration_s": 1e-9, "n": 50}, "Its throughput is 0 although"),
    ({"throughput_rps": math.inf}, "Its throughput is infinite although"),
    ({"duration_s": 0.0}, "measured for 0 s"),
    ({"duration_s": 0.008, "n": 8}, "measured for 8.00 ms, which is shorter than a request takes, 15.0 ms"),
    ({"duration_s": 40.0}, "requests in 40.0 s are 500 requests/s, and its throughput is"),
    ({"n": 300}, "300 requests in 20.0 s are 15.0 requests/s"),
]
FINE = [
    {},
    {"throughput_rps": 0.0, "n": 0, "latency_mean_ms": None, "latency_p50_ms": None},
    {"n": 20_800},
    {"n": 16_000, "n_errors": 4_000},
    {"n": 40, "duration_s": 0.04, "throughput_rps": 900.0},
    {"duration_s": None},
    {"n": None},
]


@pytest.mark.parametrize(("changes", "said"), BROKEN, ids=[said[:30] for _, said in BROKEN])
def test_a_row_that_cannot_be_is_found_and_nobody_decides_with_it(changes, said):
    (found,) = of(findings(**changes), "window").to_dict("records")
    assert found["severity"] == "error"
    assert said in found["sentence"].replace("\u202f", " ")
    broken = make_points([CLOSED | changes])
    with pytest.raises(ObjectiveError, match="the only point contradicts itself"):
        tradeoff.decide(broken, "maximize throughput")
    both = make_points([CLOSED | changes, CLOSED | {"batch_size": 4}])
    assert tradeoff.decide(both, "maximize throughput").point["batch_size"] == 4


@pytest.mark.parametrize("changes", FINE, ids=str)
def test_a_row_that_can_be_is_not(changes):
    assert of(findings(**changes), "window").empty


def test_an_imported_frame_is_looked_at_as_well():
    frame = pd.DataFrame(
        {"n": [50, 50], "duration_s": [1e-9, 0.5], "throughput_rps": [0.0, 100.0], "latency_p50_ms": 9}
    )
    assert of(tradeoff.audit(frame), "window")["point_id"].tolist() == ["row 0"]
    as_text = frame.astype("str")
    assert of(tradeoff.audit(as_text), "window")["point_id"].tolist() == ["row 0"]


def test_a_call_is_as_many_requests_as_its_batch():
    assert of(findings(DEVICE), "window").empty, "2 500 calls of eight requests"
    (found,) = of(findings(DEVICE | {"n": 500}), "window").to_dict("records")
    assert "4\u202f000 requests in 20.0 s are 200 requests/s" in found["sentence"]


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("call_ms", [0.2, 60.0, 500.0, 3000.0])
@pytest.mark.parametrize("regime", ["sustained", "burst"])
def test_what_was_measured_is_of_one_window(concurrency, call_ms, regime):
    random = np.random.default_rng(3)
    runner = FakeRunner(duration_ns=lambda slot, i: int(call_ms * 1e6 * random.lognormal(0.0, 0.3)))
    bench = Bench(runner=runner, sleep=lambda s: None)
    how = {"batch_size": 8, "concurrency": concurrency}
    row = measure(as_workload(lambda batch: lambda: batch), **how, conditions=Conditions(regime=regime), bench=bench)
    frame = make_points([{"workload": "w", "mode": "concurrent", **how, **row.point}])
    assert of(tradeoff.audit(frame), "window").query("severity == 'error'").empty
    assert 8 * row.point["n"] / row.point["duration_s"] == pytest.approx(row.point["throughput_rps"])


def test_a_request_that_took_longer_than_the_run_is_told():
    (found,) = of(findings(latency_p99_ms=25_000.0), "window").to_dict("records")
    assert found["severity"] == "warning"
    assert "measured for 20.0 s, and its slowest requests took 25.0 s" in found["sentence"]


def test_the_explorer_calls_it_impossible():
    from tradeoff.explorer.payload import payload

    points = make_points([CLOSED | {"batch_size": 2**n, "concurrency": c} for n in range(2) for c in (8, 16)])
    points.loc[0, "throughput_rps"] = np.inf
    told = payload(tradeoff.Run(points))
    statuses = [status for one in told["slices"] for status in one["status"]]
    assert sorted(statuses) == ["budget"] * 3 + ["impossible"]
    assert "impossible" in told["unusable"]
