"""`tradeoff.simulate`: columns, statuses, flags, samples, and what it refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tradeoff
from tests.figures import frames
from tests.ids import case_id
from tradeoff.frames import STAGES, validate_points, validate_samples
from tradeoff.serving.simulate import SimulateInterrupted
from tradeoff.serving.virtual import engine


def line(size):
    return 4.0 + size


def test_lists_span_a_grid_in_the_order_of_the_arguments():
    points = tradeoff.simulate(
        line, max_batch_size=[1, 2], request_rate=[10, 20], max_wait_ms=[0, 5], workers=[1, 2], n_requests=500
    ).points
    asked = points[["batch_size", "request_rate_rps", "max_wait_ms", "workers"]].to_numpy(dtype=float).tolist()
    assert asked == [[b, r, t, c] for b in (1, 2) for r in (10, 20) for t in (0, 5) for c in (1, 2)]
    assert points["point_id"].is_unique
    validate_points(points)
    assert set(points["mode"]) == {"serving"}
    assert set(points["load"]) == {"poisson"}
    assert set(points["source"]) == {"tradeoff.simulate"}
    assert set(points["latency_basis"]) == {"scheduled"}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=60),
    st.integers(1, 4),
    st.sampled_from([0.0, 1.5, math.inf]),
    st.integers(1, 3),
    st.sampled_from([None, 12]),
    st.sampled_from(["shared", "per_worker"]),
    st.sampled_from([0.0, 0.25]),
)
def test_a_whole_path_adds_up(distances, size, wait, workers, limit, formation, host):
    times = np.cumsum(distances) / 1e4
    run = tradeoff.simulate(
        {1: [1.0, 2.0], 4: [3.0]}, max_batch_size=size, load=tradeoff.Trace(times), max_wait_ms=wait, workers=workers,
        queue_limit=limit, formation=formation, host_ms=host, network_ms=0.125, keep_samples=True,
    )  # fmt: skip
    row, samples = run.points.iloc[0], run.samples
    validate_samples(samples)
    done = samples[samples["status"] == "ok"]
    assert len(times) == len(done) + row["n_rejected"] + row["n_in_system"], "arrived = done + rejected + in system"
    assert (samples["status"] == "rejected").sum() == row["n_rejected"]
    parts = done[[f"{stage}_ns" for stage in STAGES]].sum(axis=1)
    assert (parts == done["latency_ns"]).all(), "to the nanosecond"
    assert (done["done_ns"] - done["scheduled_ns"] == done["latency_ns"]).all()
    if len(done) < 2:
        return
    latency = done["latency_ns"].to_numpy(dtype=float)
    assert row["latency_mean_ms"] == pytest.approx(latency.mean() / 1e6, rel=1e-6)
    assert row["latency_p50_ms"] == pytest.approx(np.quantile(latency, 0.5, method="inverted_cdf") / 1e6, abs=2e-6)
    # Little: requests in the system, on average over the window, are throughput times latency.
    inside = latency.sum() / 1e9 / row["duration_s"]
    assert row["throughput_rps"] * row["latency_mean_ms"] / 1e3 == pytest.approx(inside, rel=1e-6)
    batches = done.drop_duplicates("batch_id")
    busy = (batches["device_end_ns"] - batches["dispatched_ns"]).sum() / 1e9
    assert row["utilisation"] == pytest.approx(busy / workers / row["duration_s"], rel=1e-5)
    for where in ("mean", "p50"):
        total = sum(row[f"at_{where}_{stage}_ms"] for stage in STAGES)
        assert total == pytest.approx(row[f"latency_{where}_ms"], rel=1e-9)


def test_the_waterfall_at_a_percentile_adds_up_to_it():
    row = tradeoff.simulate(
        line, max_batch_size=8, request_rate=400, max_wait_ms=3, host_ms=0.5, network_ms=2
    ).points.iloc[0]
    for where in ("mean", "p50", "p99"):
        total = sum(row[f"at_{where}_{stage}_ms"] for stage in STAGES)
        assert total == pytest.approx(row[f"latency_{where}_ms"], rel=1e-9)
    assert row["at_p99_queue_wait_ms"] > row["at_p50_queue_wait_ms"]
    assert row["at_p50_overhead_ms"] == 2.0
    assert row["at_p50_pre_ms"] == pytest.approx(0.5, rel=0.2)


def test_beyond_capacity_there_is_no_percentile():
    run = tradeoff.simulate(line, max_batch_size=2, request_rate=[100, 400], keep_samples=True, n_requests=2000)
    calm, drowned = (row for _, row in run.points.iterrows())
    assert (calm["status"], drowned["status"]) == ("budget", "saturated")
    assert "400 requests/s are asked for, and full batches serve 333 at most" in drowned["reason"]
    assert math.isnan(drowned["latency_p99_ms"])
    assert set(run.samples["point_id"]) == {calm["point_id"]}


def test_beyond_capacity_a_limit_rejects_the_rest():
    row = tradeoff.simulate(line, max_batch_size=2, request_rate=1000, queue_limit=4, n_requests=20_000).points.iloc[0]
    assert row["status"] == "saturated"
    assert row["rejection_rate"] == pytest.approx(1 - 1 / 3, abs=0.01)
    assert row["latency_p99_ms"] < 6 * 4
    assert row["throughput_rps"] == pytest.approx(2e3 / 6, rel=0.01)


@pytest.mark.parametrize("clients", [None, 40])
@pytest.mark.filterwarnings("error")
def test_far_beyond_capacity_those_that_are_served_are_still_seen(clients):
    asked = {"request_rate": 1e4} if clients is None else {"concurrency": clients, "think_ms": 0.1}
    run = tradeoff.simulate(
        {1: [10.0]}, max_batch_size=1, queue_limit=1, n_requests=200_000, seed=3, keep_samples=True, **asked
    )
    row = run.points.iloc[0]
    assert row["rejection_rate"] > 0.98
    assert row["throughput_rps"] == pytest.approx(100.0)
    served = run.samples[run.samples["status"] == "ok"]
    assert row["n"] == pytest.approx(0.89 * len(served), abs=2), "the first tenth and the last hundredth are left out"
    assert (served["phase"] == "measure").sum() == row["n"]
    assert 19.0 < row["latency_p50_ms"] <= 20.0, "one is served, one waits"


@pytest.mark.filterwarnings("error")
def test_work_that_takes_no_time_has_no_rate():
    row = tradeoff.simulate({1: [0.0]}, max_batch_size=1, concurrency=1, n_requests=100).points.iloc[0]
    assert (row["status"], math.isnan(row["throughput_rps"])) == ("failed", True)
    assert "work that takes no time has no rate" in row["reason"]


def test_a_function_of_the_size_alone_may_have_many_sizes():
    row = tradeoff.simulate(line, max_batch_size=10**6, request_rate=1, n_requests=100).points.iloc[0]
    assert row["n"] > 0


def interrupted_at(monkeypatch, replication):
    """Press Ctrl-C in one of the replications."""
    see, seen = engine.see, []

    def once(*arguments, **options):
        seen.append(None)
        if len(seen) > replication:
            raise KeyboardInterrupt
        return see(*arguments, **options)

    monkeypatch.setattr(engine, "see", once)


def test_ctrl_c_keeps_replications_that_are_whole(monkeypatch):
    asked = {"max_batch_size": 2, "request_rate": [10, 20, 1e9], "n_requests": 500, "keep_samples": True}
    three = tradeoff.simulate(line, replications=3, **asked)
    interrupted_at(monkeypatch, 3)
    with pytest.warns(SimulateInterrupted, match="stopped after 3 replications of 8"):
        stopped = tradeoff.simulate(line, replications=8, **asked)
    assert stopped.points.equals(three.points)
    assert stopped.samples.equals(three.samples)


def test_ctrl_c_before_anything_is_whole_is_ctrl_c(monkeypatch):
    interrupted_at(monkeypatch, 0)
    with pytest.raises(KeyboardInterrupt):
        tradeoff.simulate(line, max_batch_size=2, request_rate=10, n_requests=500, replications=8)


def test_a_trace_is_simulated_whole_even_beyond_capacity():
    row = tradeoff.simulate(line, max_batch_size=1, load=tradeoff.Trace(np.arange(100) / 1e3)).points.iloc[0]
    assert row["status"] == "saturated"
    assert "grow with the length of the trace" in row["reason"]
    assert row["n"] == 100
    assert row["latency_p50_ms"] == pytest.approx(5 * 50 - 49)


def test_all_at_once():
    row = tradeoff.simulate(line, max_batch_size=10, load="all_at_once", n_requests=100).points.iloc[0]
    assert row["throughput_rps"] == pytest.approx(100 / (10 * 14e-3))
    assert row["load"] == "all_at_once"


def test_replications_give_intervals_and_one_gives_none():
    one, many = (
        tradeoff.simulate(line, max_batch_size=4, request_rate=300, replications=r, n_requests=5000).points.iloc[0]
        for r in (1, 8)
    )
    assert math.isnan(one["latency_p99_ms_lo"])
    assert many["latency_p99_ms_lo"] < many["latency_p99_ms"] < many["latency_p99_ms_hi"]
    assert many["replicates"] == 8
    assert many["n"] > 7 * one["n"]


def test_the_length_follows_from_the_noise_of_p99():
    calm, wild = (
        tradeoff.simulate(
            lambda size, rng, n: rng.exponential(1.0, n), max_batch_size=1, request_rate=rate
        ).points.iloc[0]
        for rate in (20, 800)
    )
    assert 4 * calm["n"] < wild["n"]
    assert calm["status"] == "converged"


def test_the_same_luck_for_all_and_the_same_answer_again():
    def again():
        return tradeoff.simulate(
            {1: [1.0, 9.0], 8: [2.0, 10.0]}, max_batch_size=[1, 4, 8], request_rate=100, max_wait_ms=2, n_requests=3000
        ).points

    first, second = again(), again()
    assert first.equals(second)


@pytest.mark.parametrize("concurrency", [None, 5])
def test_it_is_the_same_without_a_compiler(monkeypatch, concurrency):
    def points():
        asked = {"request_rate": [50, 150]} if concurrency is None else {"concurrency": concurrency, "think_ms": 3.0}
        return tradeoff.simulate(
            {1: [3.0, 4.0, 9.0], 4: [5.0, 6.0, 11.0]}, max_batch_size=[2, 4], max_wait_ms=1, n_requests=2000, **asked
        ).points

    fast = points()
    monkeypatch.setattr(engine, "loops", lambda requests: engine.INTERPRETED)
    numbers = fast.select_dtypes("number").columns
    np.testing.assert_allclose(
        fast[numbers].to_numpy(dtype=float), points()[numbers].to_numpy(dtype=float), rtol=1e-9, atol=1e-9
    )


def test_a_run_is_simulated_from_with_its_names_and_its_contention():
    rows = [frames.row(frames.identity(batch_size=b, concurrency=c)) for b in (1, 4) for c in (1, 2)]
    run = frames.run(rows)
    points = tradeoff.simulate(run, max_batch_size=[2, 4], concurrency=3, workers=[1, 2, 3], n_requests=2000).points
    assert set(points["workload"]) == set(run.points["workload"])
    assert set(points["dtype"]) == set(run.points["dtype"])
    flags = {(row["batch_size"], row["workers"]): set(row["flags"]) for _, row in points.iterrows()}
    assert all(("uncontended_service" in flags[b, w]) == (w > 2) for b, w in flags)
    assert all("interpolated_service" in flags[b, w] for b, w in flags)
    padded = tradeoff.simulate(run, max_batch_size=4, concurrency=3, pad_to="measured", n_requests=2000).points.iloc[0]
    assert "interpolated_service" not in padded["flags"]
    assert padded["pad_to"] == "measured"


def test_a_table_of_two_times():
    row = tradeoff.simulate({4: [1.0, 5.0]}, max_batch_size=4, request_rate=100, n_requests=2000).points.iloc[0]
    assert "few_service_times" in row["flags"]
    assert row["model_p50_ms"] in (1.0, 5.0)


def test_padding_costs_what_the_next_size_costs():
    common = {"load": tradeoff.Trace([0.0, 0.0, 0.0]), "max_batch_size": 3}
    between, padded = (
        tradeoff.simulate({1: [1.0], 5: [9.0]}, **common, pad_to=pad).points.iloc[0]["latency_p50_ms"]
        for pad in (None, "measured")
    )
    assert (between, padded) == (5.0, 9.0)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "who asks"),
        ({"request_rate": 0}, "request_rate must be requests a second, above 0"),
        ({"request_rate": "fast"}, "request_rate must be"),
        ({"request_rate": 5, "concurrency": 5}, "not both"),
        ({"concurrency": 0}, "concurrency must be a whole number"),
        ({"concurrency": 4, "load": "poisson"}, "give one of them"),
        ({"load": "closed"}, "needs concurrency"),
        ({"request_rate": 5, "load": "gamma"}, r"load=tradeoff\.Gamma\(shape\)"),
        ({"request_rate": 5, "load": "weekly"}, "load must be closed, poisson"),
        ({"request_rate": 5, "load": tradeoff.Trace([1.0])}, "has times of its own"),
        ({"request_rate": 5, "think_ms": 5}, "for closed loops"),
        ({"concurrency": 5, "think": "long"}, "think must be constant, exponential"),
        ({"concurrency": 5, "think_ms": 5, "think": lambda rng, n: [1.0] * n}, "think_ms has no meaning"),
        ({"concurrency": 5, "think": lambda rng, n: [1.0]}, "must give 100 times"),
        ({"concurrency": 5, "queue_limit": 2}, "for ever"),
        ({"request_rate": 5, "max_wait_ms": -1}, "max_wait_ms must be ms"),
        ({"request_rate": 5, "max_wait_ms": [0, math.nan]}, "max_wait_ms must be ms"),
        ({"request_rate": 5, "workers": 0}, "workers=0 must be a whole number"),
        ({"request_rate": 5, "formation": "both"}, "formation must be one of shared, per_worker"),
        ({"request_rate": 5, "max_batch_size": []}, "got an empty list"),
        ({"request_rate": 5, "max_batch_size": 3}, "larger than the largest batch in service, 2"),
        ({"request_rate": 5, "pad_to": "powers"}, "pad_to must be 'measured'"),
        ({"request_rate": 5, "replications": 0}, "replications must be a whole number"),
        ({"request_rate": 5, "n_requests": 10**12}, "n_requests must be .* at most"),
        ({"request_rate": 5, "host_ms": lambda size: -1.0}, r"host_ms\(1\) must give a time"),
        ({"request_rate": 5, "queue_limit": 1, "max_batch_size": 2, "max_wait_ms": math.inf}, "exclude each other"),
        ({"concurrency": 1, "max_batch_size": 2, "max_wait_ms": math.inf}, "never forms"),
    ],
    ids=case_id,
)
def test_what_is_refused(asked, said):
    with pytest.raises((ValueError, TypeError), match=said):
        tradeoff.simulate({1: [1.0], 2: [2.0]}, **{"max_batch_size": 1, "n_requests": 100} | asked)


@pytest.mark.parametrize(
    ("service", "said"),
    [
        ({}, "holds no times"),
        ({1: []}, r"impossible ones, for batch 1: .* got \[\]"),
        ({1: [1.0, -1.0]}, "impossible ones, for batch 1"),
        ({1: [math.nan]}, "impossible ones, for batch 1"),
        ({1: ["slow"]}, "impossible ones, for batch 1"),
        ({1: [[1.0], [2.0]]}, "impossible ones, for batch 1"),
        ({"1": [1.0]}, "times for a batch of '1'"),
        ({1.5: [1.0]}, "times for a batch of 1.5"),
        ({math.nan: [1.0]}, "times for a batch of nan"),
        ({True: [1.0]}, "times for a batch of True"),
        (lambda size: math.nan, r"service\(1\) must give one time"),
        (None, "service must be a Run"),
        (tradeoff.Run(), "without samples"),
    ],
    ids=case_id,
)
def test_services_that_are_none(service, said):
    with pytest.raises((ValueError, TypeError), match=said):
        tradeoff.simulate(service, max_batch_size=1, request_rate=5, n_requests=100)


def test_a_service_that_draws_has_only_so_many_sizes():
    with pytest.raises(ValueError, match="max_batch_size=20000 is more than 10000"):
        tradeoff.simulate(lambda size, rng, n: rng.random(n), max_batch_size=20_000, request_rate=5, n_requests=100)
