"""`tradeoff.serve` for real: what is asserted is what must hold however fast the machine is."""

from __future__ import annotations

import gc
import importlib
import math
import os
import signal
import threading
import time

import pytest
import torch

import tradeoff
from tests.timing.test_host import omp_threads
from tradeoff.frames import STAGES, validate_points, validate_samples
from tradeoff.serving.serve import ServeInterrupted


def trivial(batch):
    return batch


def serve(workload=trivial, **asked):
    return tradeoff.serve(workload, **{"max_batch_size": 2, "duration_s": 0.3, "progress": False} | asked)


@pytest.mark.parametrize(
    "asked",
    [
        {"request_rate": 300, "max_wait_ms": 2},
        {"concurrency": 3},
        {"concurrency": 4, "think_ms": 2, "think": "exponential", "workers": 2},
        {"request_rate": 400, "workers": 2, "formation": "per_worker", "max_wait_ms": 1, "queue_limit": 1},
        {"concurrency": 4, "max_wait_ms": math.inf},
        {"load": tradeoff.Trace([0.0, 0.0, 0.01, 0.02, 0.02])},
    ],
    ids=str,
)
def test_every_request_is_stamped_and_a_replay_is_the_same(asked):
    run = serve(**asked)
    validate_points(run.points)
    validate_samples(run.samples)
    row, samples = run.points.iloc[0], run.samples
    done = samples[samples["status"] == "ok"]
    assert len(done)
    assert (done[[f"{stage}_ns" for stage in STAGES]].sum(axis=1) == done["latency_ns"]).all()
    assert tradeoff.replay(run)["same"].all()
    assert row["source"] == "tradeoff.serve"
    assert row["mode"] == "serving"
    assert row["model_clock"] == "host"
    assert row["wakeup_p99_ms"] >= 0
    if not row["n"]:
        return
    for where in ("mean", "p50"):
        total = sum(row[f"at_{where}_{stage}_ms"] for stage in STAGES)
        if math.isfinite(row[f"latency_{where}_ms"]):  # samples that depend on each other carry no percentile
            assert total == pytest.approx(row[f"latency_{where}_ms"])


def test_lists_span_a_grid_and_host_work_is_timed():
    run = serve(
        "softmax", max_batch_size=[1, 4], concurrency=[1, 4], preprocess=lambda size: sum(range(2000)),
        postprocess=lambda out: out.sum(), n_requests=200,
    )  # fmt: skip
    assert len(run.points) == 4
    assert set(run.points["workload"]) == {"softmax"}
    assert (run.samples["pre_ns"] > 0).all()
    assert (run.samples["post_ns"] > 0).all()
    assert tradeoff.replay(run)["same"].all()
    simulated = tradeoff.simulate({1: [1.0], 4: [2.0]}, max_batch_size=4, concurrency=4, n_requests=1000)
    shared = [name for name in run.points if name in simulated.points]
    assert list(shared) == list(run.points.columns), "real and virtual rows have the same columns"


def test_requests_of_a_batch_that_raises_are_errors():
    calls = []

    def sometimes(batch):
        calls.append(batch)
        if len(calls) > 20 and len(calls) % 3 == 0:
            raise RuntimeError("no luck")

    run = serve(sometimes, max_batch_size=1, request_rate=300)
    row = run.points.iloc[0]
    assert row["n"] > 0
    assert row["n_errors"] > 0
    assert row["n"] + row["n_errors"] == (run.samples["phase"] == "measure").sum()


def test_a_workload_that_cannot_be_made_is_a_failed_point():
    def factory(batch):
        raise MemoryError("too large")

    row = serve(factory, request_rate=50).points.iloc[0]
    assert row["status"] == "failed"
    assert "too large" in row["reason"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "who asks"),
        ({"request_rate": 5, "duration_s": 0}, "duration_s must be seconds"),
        ({"request_rate": 5, "n_requests": 0}, "n_requests must be"),
        ({"request_rate": 5, "n_requests": 10**9}, "n_requests must be a whole number from 1 to"),
        ({"request_rate": 1e9, "duration_s": 5}, "memory is kept for"),
        ({"request_rate": 5, "preprocess": 3}, "preprocess must be a function"),
        ({"request_rate": 5, "device": "tpu"}, "device must be"),
        ({"request_rate": 5, "load": "all_at_once"}, "has times of its own"),
        ({"concurrency": 2, "max_batch_size": 3, "max_wait_ms": math.inf}, "never forms"),
    ],
    ids=str,
)
def test_what_is_refused(asked, said):
    with pytest.raises(ValueError, match=said):
        serve(**asked)


def test_garbage_is_collected_as_ever_and_its_pauses_are_labelled():
    calls, on = [], []

    def sometimes(batch):
        calls.append(batch)
        on.append(gc.isenabled())
        if len(calls) > 40 and len(calls) % 5 == 0:
            gc.collect(0)

    before = list(gc.callbacks)
    run = serve(sometimes, max_batch_size=1, concurrency=1, n_requests=100, duration_s=60.0)
    assert all(on)
    assert gc.callbacks == before
    # The first calls were for warming up: what is served begins where they end.
    warm = len(calls) - len(run.samples)
    met = [n for n in range(len(run.samples)) if warm + n + 1 > 40 and (warm + n + 1) % 5 == 0]
    labels = run.samples.sort_values("seq")["label"].iloc[met]
    assert len(met) > 10
    assert labels.str.split(";").map(lambda names: "gc" in names).all()


def ctrl_c(after, times=1):
    """Return a workload that presses Ctrl-C in one of its calls."""
    calls = []

    def workload(batch):
        calls.append(batch)
        if after <= len(calls) < after + times:
            os.kill(os.getpid(), signal.SIGINT)

    return workload


def test_ctrl_c_keeps_what_was_measured_and_replays():
    with pytest.warns(ServeInterrupted, match="stopped at point 1 of 2; what was measured is in the Run"):
        run = serve(ctrl_c(after=30), request_rate=[200, 300], duration_s=60.0)
    assert len(run.points) == 1
    validate_samples(run.samples)
    done = (run.samples["status"] == "ok").sum()
    assert 0 < done < 200
    assert len(run.samples) == done + run.points["n_in_system"].iloc[0]
    assert tradeoff.replay(run)["same"].all()


def test_ctrl_c_twice_does_not_wait_for_a_call_that_hangs():
    calls, go_on = [], threading.Event()

    def hangs(batch):
        calls.append(batch)
        if len(calls) == 30:
            os.kill(os.getpid(), signal.SIGINT)
            while len(calls) < 1000:
                time.sleep(0.01)
                calls.append(0)
                if len(calls) == 40:
                    os.kill(os.getpid(), signal.SIGINT)
                    go_on.wait(30.0)
                    return

    with pytest.warns(ServeInterrupted):
        run = serve(hangs, max_batch_size=1, request_rate=200, duration_s=60.0)
    go_on.set()
    assert run.samples["status"].value_counts()["unfinished"] >= 1
    assert tradeoff.replay(run)["same"].all()


def test_a_load_beyond_capacity_ends_with_its_time():
    started = threading.Event()

    def slow(batch):
        started.wait(0.02)

    run = serve(slow, max_batch_size=1, request_rate=2000)
    row = run.points.iloc[0]
    assert row["status"] == "saturated"
    assert row["n_in_system"] > 100, "those that wait are not served to the last"
    assert math.isnan(row["latency_p99_ms"])
    assert tradeoff.replay(run)["same"].all()


@pytest.mark.parametrize(("asked", "workers", "expected"), [(4, 1, 2), (4, 2, 1), (1, 1, 1)])
def test_workers_share_the_cores_in_torch(monkeypatch, asked, workers, expected):
    monkeypatch.setattr(importlib.import_module("tradeoff.serving.serve"), "usable_cores", lambda: 2)
    seen, before = set(), torch.get_num_threads()

    def workload(batch):
        if threading.current_thread() is not threading.main_thread():
            seen.add(omp_threads())

    try:
        torch.set_num_threads(asked)
        run = serve(workload, concurrency=4, workers=[workers, 3], n_requests=40)
        assert torch.get_num_threads() == asked
    finally:
        torch.set_num_threads(before)
    assert seen == {expected, 1}
    assert ["oversubscribed" in flags for flags in run.points["flags"]] == [False, True]


def test_nobody_comes():
    run = serve(request_rate=1e-9, max_wait_ms=math.inf)
    assert run.points["status"].tolist() == ["failed"]
    assert "no request came in time" in run.points["reason"].iloc[0]
    assert len(run.samples) == 0
