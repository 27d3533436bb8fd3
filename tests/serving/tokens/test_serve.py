"""`tradeoff.serve_tokens` for real: what is asserted is what must hold however fast the machine is."""

from __future__ import annotations

import math
import signal
import warnings

import numpy as np
import pytest
import torch

import tradeoff
from tests.ids import case_id
from tests.serving.tokens.test_transformer import model
from tradeoff.frames import STAGES, validate_points, validate_samples
from tradeoff.serving import ServeInterrupted
from tradeoff.tail.explain import explain_tails


@pytest.fixture(autouse=True)
def one_thread():
    """Several would wait for each other where other tests run beside this one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Own:
    """A model that computes nothing."""

    name, backend = "own", "python"

    def __init__(self, on_step=lambda number: None):
        self.steps, self.on_step = 0, on_step

    def prepare(self, *, places, positions, dtype, device, seed):
        self.asked = {"places": places, "positions": positions, "dtype": dtype, "device": device, "seed": seed}
        return self

    def prefill(self, prompts):
        self.decode()

    def decode(self):
        self.steps += 1
        self.on_step(self.steps)

    def leave(self, numbers):
        pass


def serve(what=None, **asked):
    given = {"prompt_tokens": [2, 6], "output_tokens": [1, 2, 5], "max_batch_size": 3, "progress": False}
    return tradeoff.serve_tokens(what or model(), **given | {"duration_s": 0.3} | asked)


@pytest.mark.parametrize(
    "asked",
    [
        {"request_rate": 300},
        {"request_rate": 300, "memory_tokens": 12, "max_prefill_tokens": 6},
        {"concurrency": 2},
        {"concurrency": 5, "think_ms": 2, "think": "exponential", "max_batch_size": 2},
        {"load": tradeoff.Trace([0.0, 0.0, 0.01, 0.02, 0.02])},
        {"load": "constant", "request_rate": 200, "n_requests": 20},
    ],
    ids=case_id,
)
def test_every_request_is_stamped_and_a_replay_is_the_same(asked, tmp_path):
    run = serve(**asked)
    validate_points(run.points)
    validate_samples(run.samples, run.points)
    requests = run.samples[run.samples["step"].isna()]
    steps = run.samples[run.samples["step"].notna()]
    row = run.points.iloc[0]
    assert len(requests) >= 1
    done = requests[requests["status"] == "ok"]
    rest = requests[requests["status"] != "ok"]
    assert rest["dispatched_ns"].isna().all(), "on a slow machine, where the queue grows, some are not admitted"
    assert set(rest["status"]) <= {"unfinished"}
    assert (done[[f"{stage}_ns" for stage in STAGES]].sum(axis=1) == done["latency_ns"]).all()
    assert (done["first_token_ns"] <= done["done_ns"]).all()
    assert steps["output_tokens"].sum() == done["output_tokens"].sum(), "every token is one of a step"
    assert steps["prompt_tokens"].sum() == done["prompt_tokens"].sum()
    assert steps["batch_size"].max() <= row["batch_size"]
    assert (row["source"], row["mode"], row["model_clock"]) == ("tradeoff.serve_tokens", "serving", "host")
    assert (row["latency_basis"], row["workload"], row["device"] is None) == ("scheduled", "transformer", False)
    assert row["tokens_per_s"] > 0
    assert row["ttft_mean_ms"] > 0 or row["status"] == "saturated", "a slow machine"
    assert row["n"] == (done["phase"] == "measure").sum()
    assert row["n_in_system"] == len(rest)
    run.save(tmp_path / "run")
    assert tradeoff.replay(tradeoff.read(tmp_path / "run"))["same"].all()


def test_it_has_the_columns_and_the_requests_of_the_simulator():
    run = serve(request_rate=200, n_requests=30, seed=5)
    simulated = tradeoff.simulate_tokens(
        lambda size: 0.2, prefill=(0.1, 0.01), prompt_tokens=[2, 6], output_tokens=[1, 2, 5], max_batch_size=3,
        request_rate=200, n_requests=30, seed=5, keep_samples=True,
    )  # fmt: skip
    assert list(run.points.columns) == list(simulated.points.columns)
    for name in ("mode", "load", "load_detail", "batch_size", "request_rate_rps", "max_prefill_tokens"):
        assert run.points[name].tolist() == simulated.points[name].tolist(), name
    both = run.samples[run.samples["step"].isna()], simulated.samples
    for name in ("seq", "scheduled_ns", "prompt_tokens", "output_tokens"):
        assert both[0][name].tolist() == both[1][name].tolist()[: len(both[0])], name


def test_lists_span_a_grid():
    run = serve(max_batch_size=[1, 2], concurrency=[1, 2], memory_tokens=[None, 20], n_requests=8)
    assert run.points["point_id"].nunique() == 8
    assert tradeoff.replay(run)["same"].all()
    assert run.points["memory_tokens"].tolist()[1::2] == [20] * 4


def test_a_model_of_ones_own_is_given_what_it_needs():
    own = Own()
    run = serve(own, concurrency=2, memory_tokens=20, prompt_tokens=6, output_tokens=[3, 4], n_requests=9, name="mine")
    assert own.asked == {"places": 2, "positions": 10, "dtype": "float32", "device": "cpu", "seed": 0}
    assert run.points["workload"].tolist() == ["mine"]
    assert tradeoff.replay(run)["same"].all()


def test_nobody_came():
    run = serve(request_rate=0.001, duration_s=0.05)
    assert run.points["status"][0] == "failed"
    assert "no request came in time" in run.points["reason"][0]
    validate_samples(run.samples, run.points)


def test_requests_of_a_step_that_raises_are_errors():
    def unlucky(number):
        if number > 40 and number % 5 == 0:
            raise OSError("no luck")

    run = serve(Own(unlucky), concurrency=2, n_requests=60)
    requests = run.samples[run.samples["step"].isna()]
    assert {"ok", "error"} == set(requests["status"])
    row = run.points.iloc[0]
    assert row["n"] + row["n_errors"] == (requests["phase"] == "measure").sum()
    assert tradeoff.replay(run)["same"].all()


def test_a_step_that_is_a_promise_is_refused_before_anything_is_served():
    class Later(Own):
        def decode(self):
            yield 1

    with pytest.raises(ValueError, match=r"model cannot be served: the call returned a generator.*inside the call"):
        serve(Later(), concurrency=1)


def test_a_step_that_fails_while_it_is_warmed_up_is_no_matter():
    class Strict(Own):
        def __init__(self):
            super().__init__()
            self.held = set()

        def prefill(self, prompts):
            assert not self.held & {number for number, _ in prompts}
            self.held |= {number for number, _ in prompts}
            self.decode()

        def decode(self):
            super().decode()
            if self.steps in (2, 5):
                raise RuntimeError("not yet")

        def leave(self, numbers):
            self.held -= set(numbers)

    assert (serve(Strict(), concurrency=2, n_requests=30).samples["status"] == "ok").all()


def test_a_model_that_cannot_be_made_is_a_failed_point():
    class Large(Own):
        def prepare(self, **asked):
            raise MemoryError("too large")

    row = serve(Large(), request_rate=50).points.iloc[0]
    assert row["status"] == "oom"
    assert "too large" in row["reason"]


def test_ctrl_c_keeps_what_was_measured():
    def stop(number):
        if number == 60:
            signal.raise_signal(signal.SIGINT)

    with pytest.warns(ServeInterrupted, match="stopped at point 1 of 2"):
        run = serve(Own(stop), concurrency=[2, 3], duration_s=60)
    assert len(run.points) == 1
    assert set(run.samples["status"]) <= {"ok", "unfinished"}
    assert tradeoff.replay(run)["same"].all()


def test_a_served_run_is_costs_of_a_simulation():
    run = serve(concurrency=3, n_requests=80)
    again = tradeoff.simulate_tokens(
        run, prompt_tokens=[2, 6], output_tokens=[1, 2, 5], max_batch_size=[1, 3], concurrency=3, n_requests=500
    )
    assert again.points["workload"].tolist() == ["transformer"] * 2
    assert (again.points["tokens_per_s"] > 0).all()
    with pytest.raises(ValueError, match="larger than the largest batch"):
        tradeoff.simulate_tokens(run, prompt_tokens=2, output_tokens=3, max_batch_size=4, concurrency=3)


def test_what_the_iterations_took_is_no_part_of_the_tail():
    run = serve(Own(), concurrency=3, n_requests=1500)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (found,) = explain_tails(run).values()
    assert found.n == run.points["n"][0]
    assert len(found.samples) == 1500


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "who asks"),
        ({"request_rate": 5, "duration_s": 0}, "duration_s must be seconds"),
        ({"request_rate": 5, "duration_s": math.nan}, "duration_s must be seconds"),
        ({"request_rate": 5, "n_requests": 0}, "n_requests must be"),
        ({"request_rate": 5, "max_batch_size": 0}, "max_batch_size=0 must be a whole number"),
        ({"concurrency": 5, "memory_tokens": 10}, "memory_tokens=10 does not hold a request of 11 tokens"),
        ({"request_rate": 5, "memory_tokens": []}, "memory_tokens must be one value or several; got an empty list"),
        ({"request_rate": 5, "memory_tokens": 0}, "memory_tokens must be a whole number"),
        ({"request_rate": 5, "max_prefill_tokens": None}, "max_prefill_tokens must be a whole number"),
        ({"request_rate": 5, "prompt_tokens": "many"}, "prompt_tokens must be a whole number"),
        ({"request_rate": 5, "output_tokens": lambda rng, n: np.zeros(n, int)}, "output_tokens must be whole numbers"),
        ({"request_rate": 5, "device": "tpu"}, "device must be"),
        ({"request_rate": 5, "dtype": "int8"}, "dtype must be one of"),
        ({"request_rate": 5, "name": ""}, "name must be text"),
        ({"request_rate": 5, "seed": -1}, "seed must be"),
        ({"request_rate": 5, "progress": 1}, "progress must be True or False"),
        ({"request_rate": 5, "concurrency": 2}, "not both"),
        ({"request_rate": 5, "think_ms": 2}, "is for closed loops"),
        ({"what": "softmax", "request_rate": 5}, "model must be"),
    ],
    ids=case_id,
)
def test_what_is_refused(asked, said):
    with pytest.raises(ValueError, match=said):
        serve(**asked)
