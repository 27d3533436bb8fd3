"""The loop under a scripted clock: the policy, late wake-ups, errors, Ctrl-C; and what it recorded, served again."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.serving.tokens.scripted import Scripted
from tests.serving.tokens.test_simulate import MS, cases, plain
from tradeoff.frames import STAGES, Run, make_points, validate_points, validate_samples
from tradeoff.serving.loads import Poisson
from tradeoff.serving.policy import Policy
from tradeoff.serving.real.replay import replay
from tradeoff.serving.systems import System
from tradeoff.serving.tokens.loop import TokenLoop, device_timed
from tradeoff.serving.tokens.policy import TokenPolicy, requests_with
from tradeoff.serving.tokens.record import identity_of
from tradeoff.serving.tokens.served import SOURCE, requests_of, served_row, steps_of
from tradeoff.serving.virtual import engine


def loop_of(case, model):
    requests = requests_with(case["prompt"], case["output"])
    policy = TokenPolicy(
        max_batch_size=case["most"], memory_tokens=case["memory"], max_prefill_tokens=case["most_prefill"]
    )
    return TokenLoop(policy, model, requests, clock=model.clock, sleep=model.sleep, interrupts=model)


def serve(case, model):
    loop, thinks = loop_of(case, model), iter([(int(time) + 1) * MS for time in case["times"]])
    if case["clients"]:
        return loop.serve_clients(case["clients"], lambda: next(thinks), until=10**12)
    return loop.serve([int(time) * MS for time in case["times"]])


def run_of(record, case, **kept):
    load = {"clients": case["clients"]} if case["clients"] else {"load": Poisson(), "request_rate_rps": 100.0}
    system = System(policy=Policy(max_batch_size=case["most"]), **load)
    identity = identity_of(
        system, prompt=1, output=1, memory=case["memory"], most_prefill=case["most_prefill"]
    )  # fmt: skip
    identity |= {"workload": "scripted", "source": SOURCE}
    made = make_points([identity])["point_id"][0]
    requests = requests_of(record, system, made)
    row = served_row(record, requests, system)
    points = make_points([identity | row])
    steps = steps_of(record, made)
    validate_points(points)
    for frame in (requests, steps):
        validate_samples(frame, points)
    import pandas as pd

    return Run(points, pd.concat([requests, steps], ignore_index=True)), requests


@settings(max_examples=30, deadline=None)
@given(case=cases())
def test_on_time_it_is_the_loop_over_every_token(case):
    def cost(step, size, number):
        return 2 * MS + size * MS // 2 if step == "prefill" else MS + size * MS // 4

    record = serve(case, Scripted(cost))
    thinks = [(int(time) + 1) * MS for time in case["times"]]
    arrivals = [(int(time) * MS, number) for number, time in enumerate(case["times"])]
    if case["clients"]:
        arrivals = [(thinks[number], number) for number in range(min(len(thinks), case["clients"]))]
    came, admitted, first, done = plain(
        arrivals, case["prompt"], case["output"], most=case["most"], memory=case["memory"],
        most_prefill=case["most_prefill"], prefill=lambda tokens: cost("prefill", tokens, 0),
        decode=lambda size: cost("decode", size, 0), think=thinks if case["clients"] else None,
    )  # fmt: skip
    for name, expected in (("arrival", came), ("admitted", admitted), ("first", first), ("done", done)):
        assert {request.number: getattr(request, name) for request in record.requests} == expected, name
    assert not record.interrupted


UNEVEN = st.lists(st.integers(1, 5 * MS), min_size=1, max_size=7)


@pytest.mark.parametrize("compiled", [True, False])
@settings(max_examples=25, deadline=None)
@given(
    case=cases(),
    costs=UNEVEN,
    lateness=st.lists(st.integers(0, MS), min_size=1, max_size=4),
    fail=st.sets(st.integers(0, 20), max_size=3),
    tick=st.integers(0, 900),
    stop_at=st.lists(st.integers(0, 40), max_size=2),
)
def test_a_recorded_run_is_the_same_under_the_virtual_clock(compiled, case, costs, lateness, fail, tick, stop_at):
    model = Scripted(
        lambda step, size, number: costs[number % len(costs)], lateness=lateness, fail=fail, tick=tick, stop_at=stop_at
    )  # fmt: skip
    record = serve(case, model)
    assert not model.held, "whoever was in has left"
    seen = len(record.requests)
    assert seen <= len(case["prompt"])
    assert record.interrupted or case["clients"] or seen == len(case["prompt"]), "arrived = done + in the system"
    assert len({request.number for request in record.requests}) == seen
    if not record.requests:
        return
    run, requests = run_of(record, case)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "loops", lambda count: engine_loops(compiled))
        (again,) = replay(run).to_dict("records")
    assert again["same"], again
    assert again["batches"] == len(record.iterations)
    assert again["requests"] == sum(request.admitted is not None for request in record.requests)
    ended = requests[requests["done_ns"].notna()]
    assert (ended[[f"{stage}_ns" for stage in STAGES]].sum(axis=1) == ended["latency_ns"]).all()
    assert (ended["overhead_ns"] >= 0).all()
    assert (ended["latency_ns"] == ended["done_ns"] - ended["scheduled_ns"]).all()
    order = ("scheduled_ns", "dispatched_ns", "device_start_ns", "device_end_ns", "done_ns")
    for earlier, later in itertools.pairwise(order):
        assert (ended[earlier] <= ended[later]).all(), (earlier, later)


def engine_loops(compiled):
    from tradeoff.serving.virtual.compiled import compiled as compile_

    return compile_() if compiled else engine.INTERPRETED


CASE = {
    "times": [10 * n for n in range(40)], "prompt": [5] * 40, "output": [3] * 40, "most": 4, "memory": None,
    "most_prefill": 8192, "clients": 0,
}  # fmt: skip


def test_a_step_that_is_another_one_is_found():
    run, _ = run_of(serve(CASE, Scripted(lambda *which: MS)), CASE)
    assert replay(run)["same"].all()
    run.samples.loc[run.samples["step"] == "decode", "done_ns"] += 1
    (again,) = replay(run).to_dict("records")
    assert not again["same"]
    assert again["largest_difference_ns"] > 0
    shorter = Run(run.points, run.samples[:-1])
    assert not replay(shorter)["same"].any(), "an iteration is missing"


def test_what_is_counted():
    record = serve(CASE, Scripted(lambda step, size, number: 2 * MS if step == "prefill" else MS, lateness=[MS // 2]))
    run, _ = run_of(record, CASE)
    row = run.points.iloc[0]
    assert row["ttft_p50_ms"] == pytest.approx(2.5), "a prefill, and the loop was late"
    assert row["tpot_p50_ms"] == row["itl_p50_ms"] == pytest.approx(1.0)
    assert row["latency_p50_ms"] == pytest.approx(4.5)
    assert row["wakeup_p99_ms"] == pytest.approx(0.5)
    assert row["at_p50_model_ms"] == pytest.approx(4.0)
    assert row["at_p50_overhead_ms"] == pytest.approx(0.5)
    assert row["tokens_per_s"] == pytest.approx(300, rel=0.05)
    assert row["throughput_rps"] == pytest.approx(100, rel=0.05)
    assert row["n"] == 35, "without the first tenth, and the last one"
    took = run.samples["device_end_ns"] - run.samples["device_start_ns"]
    assert set(took.dropna()) == {4 * MS}
    assert row["latency_p50_ms_lo"] <= row["latency_p50_ms"] <= row["latency_p50_ms_hi"]
    assert math.isnan(row["ttft_p99_ms"]), "of 35"


def test_the_time_between_tokens_has_the_prompts_of_others_in_it():
    case = CASE | {"times": [0, 2], "prompt": [5, 5], "output": [4, 2]}
    record = serve(case, Scripted(lambda step, size, number: 2 * MS if step == "prefill" else MS))
    run, _ = run_of(record, case | {"clients": 2})
    # 0: prompt until 2, when the other one comes: its prompt until 4; then steps at 5, 6, 7.
    assert [iteration.done // MS for iteration in record.iterations] == [2, 4, 5, 6, 7]
    assert run.points["itl_mean_ms"][0] == pytest.approx((3 + 1 + 1 + 1) / 4)


def test_requests_of_a_step_that_raises_are_errors_and_the_loop_goes_on():
    record = serve(CASE, Scripted(lambda *which: MS, fail={4, 30, 31, 32}))
    run, requests = run_of(record, CASE)
    row = run.points.iloc[0]
    assert row["n"] + row["n_errors"] == 35
    assert (requests["status"] == "error").sum() == 4
    assert {request.error for request in record.requests} == {None, "RuntimeError: no luck in model.py"}
    assert row["latency_p99_ms"] != row["latency_p99_ms"] or row["latency_p99_ms"] == pytest.approx(3.0)
    assert requests[requests["status"] == "error"]["latency_ns"].notna().all()
    record = serve(CASE, Scripted(lambda *which: MS, fail=range(1000)))
    run, _ = run_of(record, CASE)
    assert run.points["status"][0] == "failed"
    assert run.points["reason"][0] == "no request was served: RuntimeError: no luck in model.py"
    assert replay(run)["same"].all()


def test_ctrl_c_admits_nobody_and_finishes_what_is_under_way():
    crowd = CASE | {"times": [0] * 40}
    record = serve(crowd, Scripted(lambda *which: MS, stop_at=[5]))
    assert record.interrupted
    assert len(record.requests) == 40
    admitted = [request for request in record.requests if request.admitted is not None]
    assert all(request.given == request.output for request in admitted)
    assert 4 <= len(admitted) < 12
    run, requests = run_of(record, crowd)
    assert run.points["n_in_system"][0] == 40 - len(admitted) == (requests["status"] == "unfinished").sum()
    assert replay(run)["same"].all()


def test_a_second_ctrl_c_gives_up_what_is_under_way():
    long = CASE | {"times": [0] * 40, "output": [1000] * 40}
    record = serve(long, Scripted(lambda *which: MS, stop_at=[5, 9]))
    assert len(record.iterations) == 9
    run, requests = run_of(record, long)
    assert (requests["status"] == "unfinished").all()
    assert (requests["dispatched_ns"].notna() == requests["first_token_ns"].notna()).all()
    assert run.points["status"][0] == "failed"
    assert (run.points["n_errors"][0], run.points["n_in_system"][0]) == (0, 40)
    assert replay(run)["same"].all()


def test_ctrl_c_is_heard_while_nobody_is_there():
    naps = []

    class Napping(Scripted):
        count = property(lambda self: len(naps) > 3)

    model = Napping(lambda *which: MS)
    model.sleep = lambda seconds: (naps.append(seconds), setattr(model, "now", model.now + round(seconds * 1e9)))
    record = serve(CASE | {"times": [0] + [3_600_000] * 39}, model)
    assert record.interrupted
    assert [request.admitted for request in record.requests] == [0]
    assert max(naps) <= 0.05, "it does not sleep for an hour"


def test_a_queue_that_grows_without_end_is_given_up_when_the_last_one_has_come():
    crowd = CASE | {"times": [n // 2 for n in range(200)], "prompt": [5] * 200, "output": [9] * 200}
    model = Scripted(lambda *which: MS)
    record = loop_of(crowd, model).serve([time * MS for time in crowd["times"]], until=99 * MS)
    admitted = [request for request in record.requests if request.admitted is not None]
    assert len(record.requests) == 200
    assert len(admitted) < 60
    assert all(request.given == 9 for request in admitted), "those that are in get their tokens"
    assert record.iterations[-1].start < 120 * MS
    run, _ = run_of(record, crowd)
    assert run.points["status"][0] == "saturated"
    assert run.points["n_in_system"][0] == 200 - len(admitted)
    assert replay(run)["same"].all()


def test_what_met_a_collection_of_garbage_says_so():
    import gc

    record = serve(CASE, Scripted(lambda step, size, number: gc.collect() * 0 + MS if number == 40 else MS, tick=1))
    run, requests = run_of(record, CASE)
    steps = run.samples[run.samples["step"].notna()]
    assert "gc" in steps["label"].iloc[39]
    labelled = requests[requests["label"].fillna("").str.contains("gc")]
    assert (labelled["dispatched_ns"] <= steps["dispatched_ns"].iloc[39]).any()
    assert len(labelled) < 10


def test_more_than_can_be_served_is_saturated():
    crowd = CASE | {"times": [n // 2 for n in range(200)], "prompt": [5] * 200, "output": [9] * 200}
    record = serve(crowd, Scripted(lambda *which: MS))
    run, _ = run_of(record, crowd)
    row = run.points.iloc[0]
    assert row["status"] == "saturated"
    assert math.isnan(row["latency_p99_ms"])
    assert "are served at" in row["reason"]


def test_a_device_is_timed_by_its_own_clock():
    told = itertools.count()

    class Adapter:
        log: list = []  # noqa: RUF012

        def stream(self):
            return "stream"

        def event(self):
            return next(told)

        def use(self, stream):
            self.log.append(("use", stream))

        def record(self, event, stream):
            self.log.append(("record", event))

        def synchronize(self):
            self.log.append("synchronize")

        def elapsed_ms(self, start, stop):
            return 1.5 * (stop - start)

        def streams_restored(self):
            import contextlib

            return contextlib.nullcontext()

    adapter = Adapter()
    assert device_timed(adapter)(lambda: adapter.log.append("step")) == 1_500_000
    assert adapter.log == [("use", "stream"), ("record", 0), "step", ("record", 1), "synchronize"]
