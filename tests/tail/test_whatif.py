import numpy as np
import pytest

import tradeoff
from tests.tail.planted import PLANTED, Service, made, nothing, simulate
from tradeoff.frames import Run
from tradeoff.serving.policy import Policy
from tradeoff.tail import explain_tail
from tradeoff.tail.again import Again
from tradeoff.tail.changes import Change, changes_for

LIMITED = {"max_batch_size": 16, "request_rate": 150, "max_wait_ms": 40.0}
TIMES = Service(5.0, 0.2, 0.1)


def names(*causes, **policy):
    return [change.name for change in changes_for(causes, Policy(**policy))]


def test_only_changes_that_bear_on_the_cause():
    policy = {"max_batch_size": 8, "max_wait_ms": 20.0, "workers": 2}
    assert names("wait limit", **policy) == ["Halving the wait limit to 10.0 ms", "Halving the largest batch to 4"]
    assert names("queue", **policy) == ["Doubling the largest batch to 16", "One more worker"]
    assert names("spikes", **policy) == ["Without the slow batches", "One more worker"]
    assert names("host pauses", **policy) == ["Without the pauses", "One more worker"]
    assert names("mixed batch sizes", **policy) == ["Halving the largest batch to 4", "One more worker"]
    assert len(names(**policy)) == 4
    assert names("queue", "wait limit", **policy) == [
        "Halving the wait limit to 10.0 ms", "Halving the largest batch to 4", "Doubling the largest batch to 16",
        "One more worker",
    ]  # fmt: skip
    assert names("host pauses", "spikes", **policy) == [
        "Without the slow batches", "Without the pauses", "One more worker"
    ]  # fmt: skip
    assert names("wait limit", max_batch_size=1) == []
    assert names("wait limit", max_batch_size=2, max_wait_ms=float("inf")) == ["Halving the largest batch to 1"]


def test_halving_the_limit_is_what_simulating_that_policy_gives():
    found = explain_tail(simulate(TIMES, 0, 20_000, **LIMITED))
    table = found.what_if().table.set_index("change")
    change = table.loc["Halving the wait limit to 20.0 ms"]
    there = simulate(TIMES, 0, 20_000, **LIMITED | {"max_wait_ms": 20.0}).points["latency_p99_ms"].iloc[0]
    assert change["percentile_ms"] == pytest.approx(there, rel=0.02)
    assert table.loc["As it is", "percentile_ms"] == pytest.approx(found.threshold_ms, rel=0.02)
    assert change["difference_ms"] == pytest.approx(there - found.threshold_ms, rel=0.05)
    assert change["difference_lo_ms"] < change["difference_ms"] < change["difference_hi_ms"] < 0
    said = found.what_if().sentence()
    assert said.startswith("Halving the wait limit to 20.0 ms: p99 −")
    assert "workers busy" in said


def test_one_more_worker_is_what_simulating_it_gives():
    asked = {"max_batch_size": 4, "request_rate": 600}
    found = explain_tail(simulate(TIMES, 0, 20_000, **asked))
    assert found.cause == "queue"
    change = found.what_if().table.set_index("change").loc["One more worker"]
    there = simulate(TIMES, 0, 20_000, workers=2, **asked).points["latency_p99_ms"].iloc[0]
    assert change["workers"] == 2
    assert change["percentile_ms"] == pytest.approx(there, rel=0.05)
    assert "if it does not slow the others down" in found.what_if().sentence()


def test_clients_ask_again_and_throughput_is_told():
    asked = {"max_batch_size": 8, "max_wait_ms": 30.0, "concurrency": 4, "think_ms": 5.0, "think": "exponential"}
    found = explain_tail(simulate(TIMES, 0, 20_000, **asked))
    assert found.cause == "wait limit"
    table = found.what_if().table.set_index("change")
    change = table.loc["Halving the wait limit to 15.0 ms"]
    one, other = (
        simulate(TIMES, 0, 20_000, **asked | {"max_wait_ms": limit}).points["throughput_rps"].iloc[0]
        for limit in (30, 15)
    )
    assert change["throughput_pct"] == pytest.approx(100 * (other / one - 1), abs=2)
    assert "throughput +" in found.what_if().sentence()


def test_without_slow_batches_or_pauses_the_tail_is_that_of_a_server_that_has_none():
    times = Service(5.0, 0.0, 0.1, 0.02, 12.0)
    run = simulate(times, 0, 20_000, max_batch_size=1, request_rate=60)
    change = explain_tail(run).what_if().table.set_index("change").loc["Without the slow batches"]
    calm = simulate(Service(5.0, 0.0, 0.1), 0, 20_000, max_batch_size=1, request_rate=60)
    assert change["percentile_ms"] == pytest.approx(calm.points["latency_p99_ms"].iloc[0], rel=0.05)
    pauses = explain_tail(made(PLANTED["host pauses"], 4, 8000)).what_if()
    assert pauses.sentence().startswith("Without the pauses: p99 −")


def test_nothing_is_noise_where_nothing_is_drawn():
    found = explain_tail(tradeoff.simulate(lambda size: 5.0 + size, n_requests=4000, keep_samples=True, **LIMITED))
    table = found.what_if().table
    assert table["difference_lo_ms"].to_numpy() == pytest.approx(table["difference_hi_ms"].to_numpy())


def test_what_does_not_exceed_the_noise_is_not_claimed():
    found = explain_tail(simulate(Service(5.0, 0.01, 0.1), 0, 8000, max_batch_size=64, request_rate=20))
    said = found.what_if().sentence()
    assert "Nothing beyond the simulator's noise, or below 1 %: halving the largest batch to 32" in said


def test_the_same_seed_gives_the_same_answer_and_more_draws_a_narrower_one():
    found = explain_tail(simulate(TIMES, 0, 8000, max_batch_size=4, request_rate=500))
    assert found.what_if(seed=3).sentence() == found.what_if(seed=3).sentence()
    few, many = (found.what_if(draws=draws).table.iloc[-1] for draws in (5, 60))
    assert many["difference_hi_ms"] - many["difference_lo_ms"] < few["difference_hi_ms"] - few["difference_lo_ms"]


def test_larger_batches_need_times():
    found = explain_tail(simulate(TIMES, 0, 8000, max_batch_size=4, request_rate=600))
    assert "Doubling the largest batch to 8 takes times of such batches: give them" in found.what_if().sentence()
    given = found.what_if(service=lambda size, rng, n: TIMES(size, rng, n))
    change = given.table.set_index("change").loc["Doubling the largest batch to 8"]
    there = simulate(TIMES, 0, 8000, max_batch_size=8, request_rate=600).points["latency_p99_ms"].iloc[0]
    assert change["percentile_ms"] == pytest.approx(there, rel=0.1)
    short = found.what_if(service={1: [5.0], 4: [5.8]})
    assert (
        "Doubling the largest batch to 8 cannot be told: max_batch_size=8 is larger than the largest"
        in short.sentence()
    )


def test_given_times_have_no_slow_batches_of_this_point_to_take_away():
    found = explain_tail(made(PLANTED["spikes"], 0, 4000))
    changes = found.what_if(service=lambda size: 5.0).table["change"].tolist()
    assert changes == ["As it is", "One more worker"]


def test_a_policy_that_cannot_bear_the_load_is_told():
    run = simulate(Service(20.0, 0.5), 0, 8000, max_batch_size=16, request_rate=380)
    found = explain_tail(run)
    assert found.cause is None
    what = found.what_if()
    assert what.table.set_index("change")["is_saturated"].to_dict() == {
        "As it is": False, "Halving the largest batch to 8": True, "One more worker": False,
    }  # fmt: skip
    assert "Halving the largest batch to 8: more requests come than it could serve" in what.sentence()


def test_clients_that_would_wait_for_ever_are_told():
    run = simulate(TIMES, 0, 4000, max_batch_size=4, max_wait_ms=float("inf"), concurrency=6)
    again = Again(run.points.iloc[0], run.samples, None, q=0.99, draws=5, seed=0)
    change = Change("Doubling the largest batch to 8", Policy(max_batch_size=8, max_wait_ms=float("inf")))
    assert "would leave all clients waiting" in again.why_not(change)
    assert again.why_not(Change("As it is", Policy(max_batch_size=4, max_wait_ms=float("inf")))) == ""


def test_the_order_of_slow_batches_is_missed_and_it_says_so():
    """Slow batches in a row, in one tenth of the time: drawn one by one they hurt less."""
    run = simulate(Service(5.0, 0.0, 0.0), 0, 6000, max_batch_size=1, request_rate=100)
    samples = run.samples.copy()
    rng = np.random.default_rng(0)
    free, rows = 0.0, []
    for number, came in enumerate(samples["scheduled_ns"].to_numpy(dtype=float)):
        took = 1e6 * (12.0 if number // 60 % 10 == 0 else 4.0) * rng.uniform(0.9, 1.1)
        start = max(free, came)
        rows.append((start, max(0.0, free - came), took, start + took))
        free = start + took
    start, queued, took, done = (np.rint(column).astype(int) for column in np.array(rows).T)
    samples = samples.assign(
        dispatched_ns=start, queue_wait_ns=queued, model_ns=took, done_ns=done, latency_ns=queued + took, batch_size=1
    )
    found = explain_tail(Run(run.points, samples.astype(run.samples.dtypes)))
    assert "times drawn one by one lose their order" in found.what_if().sentence()


@pytest.mark.parametrize("draws", [4, 1001, 2.5, True, "many"])
def test_draws_are_some(draws):
    with pytest.raises(ValueError, match="draws must be a whole number from 5 to 1000"):
        explain_tail(made(nothing, 0, 2000)).what_if(draws=draws)


def test_clients_that_think_by_a_function_cannot_be_asked_again():
    run = simulate(TIMES, 0, 3000, max_batch_size=2, concurrency=4, think=lambda rng, n: rng.exponential(3.0, n))
    assert "known to a function alone" in explain_tail(run).what_if().sentence()


def test_several_processes_take_turns():
    run = tradeoff.simulate(TIMES, n_requests=3000, replications=3, keep_samples=True, **LIMITED)
    found = explain_tail(run)
    assert found.what_if().table.iloc[0]["percentile_ms"] == pytest.approx(found.threshold_ms, rel=0.05)
