import numpy as np
import pytest

from tests.tail import planted
from tests.tail.planted import CAUSES, PLANTED, Service, made, nothing, simulate
from tradeoff.tail import explain_tail
from tradeoff.tail.batches import batches_of
from tradeoff.tail.causes import UNDER_WAY, VARIATION, Cause, Evidence, parts_by_cause, standing_out
from tradeoff.tail.requests import requests_of
from tradeoff.tail.waiting import waiting_of

CALM = Evidence(
    median_ms=10.0, batch_ms=5.0, size_factor=1.2, is_rare_size=False, more_waiting=0.5, more_in_batch=1.0, workers=1,
    load=0.3, policy_share=0.0, slow_share=0.0, slow_factor=float("nan"),
)  # fmt: skip


def shares(**given):
    """Causes with these shares of 20 ms, each known to a tenth."""
    given = {name.replace("_", " "): share for name, share in given.items()}
    names = (*CAUSES, UNDER_WAY, VARIATION)
    return {name: Cause(name, 20 * (s := given.get(name, 0.0)), s, s - 0.1, s + 0.1) for name in names}


def named(evidence=CALM, waits=0.0, **given):
    return standing_out(shares(**given), Cause("waits", 20 * waits, waits, waits - 0.1, waits + 0.1), evidence)


@pytest.mark.parametrize("cause", ["spikes", "host pauses", "wait limit"])
def test_most_of_it_and_surely(cause):
    name = cause.replace(" ", "_")
    assert named(**{name: 0.6}) == cause
    assert named(**{name: 0.5}) is None
    unsure = {one: part._replace(share_lo=0.3) for one, part in shares(**{name: 0.9}).items()}
    assert standing_out(unsure, Cause("waits", 0, 0, 0, 0), CALM) is None


def test_what_adds_little_is_not_worth_a_word():
    assert named(CALM._replace(median_ms=200.0), spikes=0.9) is None
    assert named(CALM._replace(median_ms=150.0), spikes=0.9) == "spikes"


def test_a_queue_is_others_that_wait_and_takes_longer_than_a_batch():
    long = CALM._replace(more_waiting=3.0)
    assert named(long, queue=0.8) == "queue"
    assert named(CALM, queue=0.8) is None
    assert named(long._replace(workers=2), queue=0.8) is None
    assert named(long._replace(batch_ms=15.0), queue=0.8) is None


def test_near_capacity_all_waiting_for_a_worker_counts_when_nothing_else_stands_out():
    assert named(CALM._replace(load=0.8), waits=0.9) == "queue"
    assert named(CALM._replace(load=0.6), waits=0.9) is None
    assert named(CALM._replace(load=0.8), waits=0.9, spikes=0.7) == "spikes"


def test_a_batch_that_is_larger_must_be_rare_and_far_larger():
    large = CALM._replace(size_factor=2.0, is_rare_size=True, more_in_batch=3.0)
    assert named(large, mixed_batch_sizes=0.7) == "mixed batch sizes"
    for one in ({"size_factor": 1.9}, {"is_rare_size": False}, {"more_in_batch": 2.0}):
        assert named(large._replace(**one), mixed_batch_sizes=0.7) is None


def test_where_hardly_anything_but_the_limit_is_waited_for_it_stands_out_without_a_tail():
    assert named(CALM._replace(policy_share=0.7)) == "wait limit"
    assert named(CALM._replace(policy_share=0.6)) is None
    assert named(CALM._replace(policy_share=0.7), spikes=0.8) == "spikes"


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("make", [*PLANTED.values(), nothing])
def test_causes_make_up_the_latency(make, number):
    requests = requests_of(made(make, number, 2000).samples)
    batches = batches_of(requests)
    waiting = waiting_of(requests, batches, workers=1, usual_ms=float(batches.ordinary.mean()))
    parts = parts_by_cause(requests, batches, waiting)
    assert sum(parts.values()) == pytest.approx(requests.latency, abs=1e-6)


@pytest.mark.parametrize("number", range(6))
@pytest.mark.parametrize("cause", CAUSES)
def test_a_planted_cause_is_named(cause, number):
    assert explain_tail(made(PLANTED[cause], number, 8000)).cause == cause


@pytest.mark.parametrize("number", range(16))
def test_none_is_named_where_none_was_planted(number):
    assert explain_tail(made(nothing, number, 8000)).cause is None


@pytest.mark.parametrize(("load", "cause"), [(0.2, None), (0.35, None), (0.6, "queue"), (0.9, "queue")])
def test_a_queue_with_constant_times_stands_out_from_half_the_load_on(load, cause):
    """M/D/1: beyond p99 one waits 1.1, 1.8, 4.6 and 21 service times (Erlang 1909)."""
    run = simulate(Service(10.0, 0.0), 0, 20_000, max_batch_size=1, request_rate=100 * load)
    assert explain_tail(run).cause == cause


def test_times_that_vary_like_an_exponential_are_no_spikes():
    run = planted.simulate(lambda size, rng, n: rng.exponential(5.0, n), 0, 20_000, max_batch_size=1, concurrency=1)
    found = explain_tail(run)
    assert found.cause is None
    assert found.threshold_ms / np.median(run.samples["latency_ns"] / 1e6) == pytest.approx(6.64, rel=0.1)
