"""The loop under a scripted clock: late wake-ups, errors, Ctrl-C; and what it recorded, served again."""

from __future__ import annotations

import heapq
import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.serving.laws import keeps_the_laws
from tradeoff.frames import STAGES, Run, make_points, validate_samples
from tradeoff.serving.loads import Poisson
from tradeoff.serving.policy import Policy
from tradeoff.serving.real.crew import Ended
from tradeoff.serving.real.interrupts import Interrupts
from tradeoff.serving.real.loop import Loop
from tradeoff.serving.real.record import row_of, samples_of, window_and_growth
from tradeoff.serving.real.replay import replay
from tradeoff.serving.systems import System

MS = 1_000_000


class Scripted:
    """A clock and a crew: time passes only while the loop waits, and it always wakes a little late."""

    def __init__(self, costs, lateness=(0,), fail=(), interrupt_at=()):
        self.now = 5_000
        self.costs, self.lateness, self.fail, self.interrupt_at = list(costs), list(lateness), set(fail), interrupt_at
        self.interrupts = Interrupts()
        self.ending, self.begun, self.waits, self.most = [], 0, 0, 0

    def clock(self):
        return self.now

    def begin(self, number, size):
        cost = self.costs[self.begun % len(self.costs)]
        self.begun += 1
        error = "ValueError: no" if number in self.fail else None
        heapq.heappush(self.ending, (self.now + 3 * cost, number, Ended(number, self.now, cost, cost, cost, error)))
        self.most = max(self.most, len(self.ending))

    def wait(self, timeout_s):
        if self.ending and self.ending[0][0] <= self.now:
            return heapq.heappop(self.ending)[2]
        if timeout_s <= 0:
            return None
        self.waits += 1
        if self.waits in self.interrupt_at:
            self.interrupts.count += 1
            return None
        late = self.lateness[self.waits % len(self.lateness)]
        ends = self.ending[0][0] if self.ending else math.inf
        due = self.now + round(timeout_s * 1e9) if math.isfinite(timeout_s) else math.inf
        self.now = int(min(ends, due)) + late
        return heapq.heappop(self.ending)[2] if self.ending and self.ending[0][0] <= self.now else None


def loop_of(policy, crew):
    return Loop(policy, crew, clock=crew.clock, interrupts=crew.interrupts)


def run_of(record, system, until):
    identity = system.identity | {"workload": "w", "source": "tradeoff.serve"}
    points = make_points([identity | {"flags": []}])
    window, grows = window_and_growth(record, system, until)
    samples = samples_of(record, points["point_id"][0], window)
    validate_samples(samples)
    row = row_of(record, samples, system, window, grows=grows)
    keeps_the_laws(row, samples)
    return Run(points, samples), row


POLICIES = st.builds(
    lambda size, wait, workers, limit, formation: Policy(
        max_batch_size=size, max_wait_ms=wait, workers=workers, formation=formation,
        queue_limit=None if limit is None else limit + (size * workers if math.isinf(wait) else 0),
    ),
    st.integers(1, 4),
    st.sampled_from([0.0, 0.5, 2.0, math.inf]),
    st.integers(1, 3),
    st.sampled_from([None, 0, 2]),
    st.sampled_from(["shared", "per_worker"]),
)  # fmt: skip
COSTS = st.lists(st.integers(1, MS), min_size=1, max_size=9)
LATE = st.lists(st.integers(0, MS // 2), min_size=1, max_size=5)


INTERRUPTS = st.sampled_from([(), (1,), (5,), (12,), (3, 4), (12, 13)])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 3 * MS), min_size=1, max_size=40), POLICIES, COSTS, LATE, INTERRUPTS)
def test_an_open_loop_is_what_the_virtual_clock_makes_of_it(distances, policy, costs, late, interrupts):
    arrivals = [sum(distances[: n + 1]) for n in range(len(distances))]
    crew = Scripted(costs, late, interrupt_at=interrupts)
    record = loop_of(policy, crew).serve(arrivals)
    came = len(record.arrivals)
    assert crew.most <= policy.workers
    assert came == len(arrivals) or record.interrupted
    assert sorted(record.arrivals) == arrivals[:came], "nobody is lost: arrived = done + rejected + in the system"
    assert all(batch.done > batch.dispatch for batch in record.batches)
    run, row = run_of(record, System(policy=policy, load=Poisson(), request_rate_rps=1.0), arrivals[-1] + 1)
    assert len(run.samples) == came
    assert (run.samples["status"] == "unfinished").sum() == record.in_system == row["n_in_system"]
    if came:
        (again,) = replay(run).to_dict("records")
        assert again["same"], again
        done = run.samples[run.samples["status"] == "ok"]
        assert (done[[f"{stage}_ns" for stage in STAGES]].sum(axis=1) == done["latency_ns"]).all()
        assert (done["latency_ns"] == done["done_ns"] - done["scheduled_ns"]).all()
        assert (done["overhead_ns"] >= 0).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 8), POLICIES, COSTS, LATE, st.lists(st.integers(MS // 4, MS), min_size=1, max_size=5), INTERRUPTS)
def test_a_closed_loop_is_what_the_virtual_clock_makes_of_it(clients, policy, costs, late, thinking, interrupts):
    if math.isinf(policy.max_wait_ms) and clients < policy.needed_for_a_full_batch:
        return
    crew = Scripted(costs, late, interrupt_at=interrupts)
    turn = iter(range(10**6))
    record = loop_of(policy, crew).serve_clients(clients, lambda: thinking[next(turn) % len(thinking)], until=20 * MS)
    run, _ = run_of(record, System(policy=policy, clients=clients, think_ms=1.0), 20 * MS)
    assert sorted(run.samples["scheduled_ns"]) == sorted(record.arrivals)
    if len(run.samples):
        assert replay(run)["same"].all()
    assert record.in_system <= clients


def test_an_error_is_that_of_its_batch_alone():
    policy = Policy(max_batch_size=2)
    crew = Scripted([MS], fail={1})
    record = loop_of(policy, crew).serve([n * 10 * MS for n in range(20)])
    _, row = run_of(record, System(policy=policy, load=Poisson(), request_rate_rps=100.0), 200 * MS)
    assert len(record.batches) == 20, "the loop goes on"
    assert (row["n"], row["n_errors"]) == (18, 0), "the failed one came during warm-up"
    assert row["latency_p50_ms"] == pytest.approx(3.0)
    all_failed = Scripted([MS], fail=set(range(20)))
    record = loop_of(policy, all_failed).serve([n * 10 * MS for n in range(20)])
    _, row = run_of(record, System(policy=policy, load=Poisson(), request_rate_rps=100.0), 200 * MS)
    assert row["status"] == "failed"
    assert row["reason"] == "no request was served: ValueError: no"


def test_ctrl_c_waits_for_batches_under_way_and_keeps_the_rest():
    crew = Scripted([MS], interrupt_at=(12,))
    record = loop_of(Policy(), crew).serve([n * 10 * MS for n in range(100)])
    assert record.interrupted
    assert 3 < len(record.batches) < 20
    assert not record.abandoned
    assert all(batch.done > batch.dispatch for batch in record.batches)


def test_ctrl_c_once_more_does_not_wait():
    crew = Scripted([10 * MS], interrupt_at=(4, 5))
    record = loop_of(Policy(), crew).serve([n * MS for n in range(100)])
    (abandoned,) = record.abandoned
    assert record.interrupted
    run, row = run_of(record, System(policy=Policy(), load=Poisson(), request_rate_rps=1000.0), 100 * MS)
    (unfinished,) = (
        run.samples[run.samples["status"] == "unfinished"].dropna(subset=["dispatched_ns"]).to_dict("records")
    )
    assert unfinished["dispatched_ns"] == abandoned.dispatch
    assert row["n_in_system"] == record.in_system > 1
    assert replay(run)["same"].all()


def test_how_late_the_loop_was_is_told():
    crew = Scripted([MS], lateness=[200_000])
    policy = Policy(max_batch_size=4, max_wait_ms=1)
    record = loop_of(policy, crew).serve([n * 10 * MS for n in range(50)])
    _, row = run_of(record, System(policy=policy, load=Poisson(), request_rate_rps=100.0), 500 * MS)
    assert row["wakeup_p50_ms"] == pytest.approx(0.2)
    assert row["at_p50_overhead_ms"] == pytest.approx(0.4), "once to leave, once to be seen"
    assert row["at_p50_batch_wait_ms"] == pytest.approx(1.0)


def test_more_than_can_be_served_is_saturated_and_given_up():
    policy = Policy(max_batch_size=1)
    crew = Scripted([MS])
    arrivals = [n * MS for n in range(300)]
    record = loop_of(policy, crew).serve(arrivals, until=300 * MS)
    assert len(record.batches) == pytest.approx(100, abs=2), "those that wait at the end are not served"
    run, row = run_of(record, System(policy=policy, load=Poisson(), request_rate_rps=1000.0), 300 * MS)
    assert row["status"] == "saturated"
    assert "requests came at 1\u202f000/s and were served at 333/s; 20" in row["reason"]
    assert "latency_p99_ms" not in row
    assert row["utilisation"] == pytest.approx(1.0, abs=0.02)
    assert row["n"] == pytest.approx(90, abs=2), "a request every 3 ms, but for the first tenth of 300 ms"
    assert row["n_in_system"] == pytest.approx(200, abs=2)
    assert replay(run)["same"].all()
    whole = loop_of(policy, Scripted([MS])).serve(arrivals)
    assert len(whole.batches) == 300, "a trace is served to its end"


def test_a_queue_that_takes_too_much_memory_is_given_up_before_the_end(monkeypatch):
    monkeypatch.setattr("tradeoff.serving.real.loop._MOST_WAITING", 50)
    policy = Policy(max_batch_size=1)
    record = loop_of(policy, Scripted([MS])).serve((n * MS for n in range(10**9)), until=10**9 * MS)
    assert record.overwhelmed
    assert 50 <= record.in_system <= 52
    whole = loop_of(policy, Scripted([MS])).serve([n * MS for n in range(300)])
    assert len(whole.batches) == 300, "a trace is given in memory, and served to its end"


def test_a_few_that_wait_at_the_end_of_a_short_run_are_chance():
    policy = Policy(max_batch_size=1)
    arrivals = [n * 10 * MS for n in range(40)] + [400 * MS] * 4
    record = loop_of(policy, Scripted([MS])).serve(arrivals, until=401 * MS)
    _, row = run_of(record, System(policy=policy, load=Poisson(), request_rate_rps=100.0), 401 * MS)
    assert len(record.batches) == 44
    assert row["status"] == "budget"
    assert row["utilisation"] < 0.5


def test_beyond_capacity_with_few_places_the_rest_is_rejected():
    policy = Policy(max_batch_size=1, queue_limit=2)
    record = loop_of(policy, Scripted([MS])).serve([n * MS for n in range(300)], until=300 * MS)
    _, row = run_of(record, System(policy=policy, load=Poisson(), request_rate_rps=1000.0), 300 * MS)
    assert row["status"] == "saturated"
    assert "full batches serve 333/s at most: the rest is rejected" in row["reason"]
    assert row["rejection_rate"] == pytest.approx(2 / 3, abs=0.02)
    assert row["latency_p50_ms"] >= 3.0


@pytest.mark.parametrize(
    ("arrivals", "said"),
    [([], "no request came in time at 100 requests/s"), ([1], "no request at 100 requests/s had ended when")],
)
def test_without_arrivals_it_ends(arrivals, said):
    policy = Policy(max_batch_size=4, max_wait_ms=math.inf)
    record = loop_of(policy, Scripted([MS])).serve(arrivals, until=100 * MS)
    run, row = run_of(record, System(policy=policy, load=Poisson(), request_rate_rps=100.0), 100 * MS)
    assert (row["status"], row["n"], row["n_in_system"]) == ("failed", 0, len(arrivals))
    assert said in row["reason"]
    assert len(run.samples) == len(arrivals)


def test_what_cannot_be_replayed():
    with pytest.raises(ValueError, match="nothing to replay"):
        replay(Run())
    points = make_points([System(policy=Policy(), clients=1).identity | {"source": "tradeoff.serve"}])
    with pytest.raises(ValueError, match="no samples"):
        replay(Run(points))
    assert isinstance(points, pd.DataFrame)


def test_requests_that_all_come_before_any_is_served_are_told_of_as_a_whole():
    """A million requests a second for 3 ms: what was served while they came says nothing of the server."""
    policy, crew = Policy(max_batch_size=1), Scripted([MS])
    arrivals = [n * 1000 for n in range(300)]
    record = loop_of(policy, crew).serve(arrivals, until=5000 * MS)
    _, row = run_of(record, System(policy=policy, load=Poisson(), request_rate_rps=1e6), None)
    assert row["status"] == "saturated"
    assert row["n"] == 300
    assert row["throughput_rps"] == pytest.approx(1000 / 3, rel=0.01)
    assert row["utilisation"] == pytest.approx(1.0, abs=0.02)
    assert (
        "300 requests came within 0.299 ms (1\u202f000\u202f000/s), and serving them took 0.900 s (333/s)"
        in row["reason"]
    )
    assert "not that of the workload" not in row["reason"], "its workers were busy all the time"


def test_a_worker_that_waits_for_the_loop_does_not_work():
    policy, crew = Policy(max_batch_size=1), Scripted([MS])
    record = loop_of(policy, crew).serve([n * 1000 for n in range(200)], until=5000 * MS)
    for batch in record.batches:
        batch.pre = batch.post = batch.model = MS // 100
    _, row = run_of(record, System(policy=policy, load=Poisson(), request_rate_rps=1e6), None)
    assert row["utilisation"] == pytest.approx(0.01, rel=0.05)
    assert "Its workers were busy for 1 % of the time only" in row["reason"]
