"""Simulated rows say what is doubtful about the times they rest on, and how few there are."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tradeoff
from tradeoff.audit import audit
from tradeoff.frames import Run, make_points, make_samples, point_id
from tradeoff.serving.progress import AFTER_S, Progress
from tradeoff.serving.resampled import resample

WHO = {"workload": "net", "backend": "torch", "dtype": "float32", "device": "cpu", "mode": "eager", "concurrency": 1}


def measured(flags_of_size, *, calls=2000, status="converged"):
    """A sweep whose batch of size b takes about b ms."""
    rows, samples = [], []
    for size, flags in flags_of_size.items():
        row = WHO | {"batch_size": size, "status": status, "flags": flags, "foreign_load": 0.5, "n": calls}
        rows.append(row)
        times = np.random.default_rng(size).gamma(9.0, size * 1e6 / 9.0, calls).astype(np.int64)
        samples.append(
            make_samples({"point_id": point_id(row), "phase": "measure", "latency_ns": times, "model_ns": times})
        )
    import pandas as pd

    return Run(make_points(rows), pd.concat(samples, ignore_index=True))


def simulated(service, largest=1, **asked):
    run = tradeoff.simulate(service, **{"max_batch_size": largest, "request_rate": 50, "progress": False} | asked)
    return run, run.points.iloc[0]


def test_flags_of_the_times_are_flags_of_what_is_simulated():
    run, row = simulated(measured({1: ["machine_busy", "heavy_tail"], 2: [], 4: ["cpu_stolen"]}))
    assert {"machine_busy", "service_times_doubtful"} <= set(row["flags"])
    assert "cpu_stolen" not in row["flags"], "no batch is of 4"
    assert "batch 1: other processes took 50 % of the cores' time, heavy tail" in row["reason"]
    assert {"machine_busy", "service_times_doubtful"} <= set(audit(run)["check"])
    said = str(tradeoff.decide(run, "lowest latency_p99_ms"))
    assert "are in doubt" in said
    assert "busy machine" in said


@pytest.mark.parametrize(("largest", "doubtful"), [(2, False), (3, True), (4, True)])
def test_a_size_between_two_measured_ones_rests_on_both(largest, doubtful):
    _, row = simulated(measured({1: [], 2: [], 4: ["machine_busy"]}), largest)
    assert ("service_times_doubtful" in row["flags"]) == doubtful


def test_a_restless_point_is_doubtful_and_a_quiet_one_is_not():
    _, row = simulated(measured({1: []}, status="unstable"))
    assert "batch 1: unstable" in row["reason"]
    _, row = simulated(measured({1: ["not_isolated"]}))
    assert not {"service_times_doubtful", "machine_busy"} & set(row["flags"])
    assert row["status"] == "converged"


def test_few_calls_give_no_upper_end_and_many_a_wider_interval():
    rng = np.random.default_rng(3)
    _, few = simulated({1: rng.exponential(5.0, 24)}, request_rate=100)
    assert math.isnan(few["latency_p99_ms_hi"])
    assert "upper_unbounded" in few["flags"]
    _, some = simulated({1: rng.exponential(5.0, 1000)}, request_rate=100)
    _, many = simulated({1: rng.exponential(5.0, 100_000)}, request_rate=100)
    assert "upper_unbounded" not in some["flags"]
    widths = [math.log(one["latency_p99_ms_hi"] / one["latency_p99_ms_lo"]) for one in (some, many)]
    assert widths[0] > 0.15, "p99 of an exponential is known to 7 % from 1000 calls, and queueing adds"
    assert widths[1] < widths[0]


def test_one_time_a_size_is_no_sample():
    _, row = simulated({1: 5.0}, request_rate=100)
    assert math.isfinite(row["latency_p99_ms_hi"])
    _, again = simulated(lambda size: 5.0, request_rate=100)
    assert (row["latency_p99_ms_lo"], row["latency_p99_ms_hi"]) == pytest.approx(
        (again["latency_p99_ms_lo"], again["latency_p99_ms_hi"])
    )


def test_a_resample_is_as_many_of_the_same_values_in_order():
    values = np.sort(np.random.default_rng(0).random(500))
    found = resample(values, np.random.default_rng(1))
    assert len(found) == 500
    assert (np.diff(found) >= 0).all()
    assert set(found) < set(values)


def test_how_far_it_is_is_said_after_two_seconds_and_not_before(capsys):
    now = [0.0]
    with Progress(show=True, clock=lambda: now[0]) as bar:
        bar.update(1000, "replication 1 of 5, 1 point")
        assert capsys.readouterr().err == ""
        now[0] = AFTER_S
        bar.update(2000, "replication 2 of 5, 1 point")
    assert "3.00k requests" in capsys.readouterr().err
    with Progress(show=False, clock=lambda: now[0]) as bar:
        now[0] += 2 * AFTER_S
        bar.update(1000, "replication 1 of 5, 1 point")
    assert capsys.readouterr().err == ""
