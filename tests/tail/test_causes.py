from itertools import combinations

import numpy as np
import pytest

from tests.tail import planted
from tests.tail.planted import CAUSES, PLANTED, Service, made, nothing, simulate
from tradeoff.tail import explain_tail
from tradeoff.tail.batches import batches_of
from tradeoff.tail.causes import VARIATION, Cause, Evidence, parts_by_cause, standing_out
from tradeoff.tail.compared import ALL_CAUSES
from tradeoff.tail.requests import requests_of
from tradeoff.tail.waiting import waiting_of

CALM = Evidence(
    median_ms=10.0, batch_ms=5.0, size_factor=1.2, is_rare_size=False, more_in_batch=1.0, more_waiting=0.5,
    queue_ms=20.0, workers=1, load=0.3, policy_share=0.0, slow_share=0.0, slow_factor=float("nan"),
)  # fmt: skip


def shares(**given):
    """Causes with these shares of 20 ms, each known to a tenth."""
    given = {name.replace("_", " "): share for name, share in given.items()}
    return {name: Cause(name, 20 * (s := given.get(name, 0.0)), s, s - 0.1, s + 0.1) for name in ALL_CAUSES}


def named(evidence=CALM, causes=None, **given):
    causes = causes or shares(**{VARIATION: 1.0 - sum(given.values()), **given})

    def together(*names):
        whole = sum(causes[name].share for name in names)
        return Cause(" and ".join(names), 20 * whole, whole, sum(causes[name].share_lo for name in names), whole)

    return standing_out(causes, together, evidence).named


@pytest.mark.parametrize("cause", ["spikes", "host pauses", "wait limit"])
def test_most_of_it_and_surely(cause):
    name = cause.replace(" ", "_")
    assert named(**{name: 0.6}) == (cause,)
    assert named(**{name: 0.5}) == ()
    unsure = {one: part._replace(share_lo=0.2) for one, part in shares(**{name: 0.9}).items()}
    assert named(causes=unsure) == ()


@pytest.mark.parametrize(("one", "other"), list(combinations(["spikes", "host pauses", "wait limit"], 2)))
def test_several_that_together_make_most_of_it_are_named_largest_first(one, other):
    first, second = (name.replace(" ", "_") for name in (one, other))
    assert named(**{first: 0.36, second: 0.4}) == (other, one)
    assert named(**{first: 0.8, second: 0.15}) == (one, other)
    assert named(**{first: 0.8, second: 0.1}) == (one,)
    assert named(**{first: 0.36, second: 0.1}) == ()


def test_three_at_once():
    assert named(spikes=0.3, host_pauses=0.25, wait_limit=0.2) == ("spikes", "host pauses", "wait limit")


def test_what_adds_little_is_not_worth_a_word():
    assert named(CALM._replace(median_ms=200.0), spikes=0.9) == ()
    assert named(CALM._replace(median_ms=150.0), spikes=0.9) == ("spikes",)


def test_a_tail_that_hardly_takes_longer_has_no_cause():
    assert named(CALM._replace(median_ms=2000.0, policy_share=0.9), wait_limit=0.9) == ()


def test_a_queue_is_others_that_wait_and_takes_longer_than_a_batch():
    long = CALM._replace(more_waiting=3.0)
    assert named(long, queue=0.8) == ("queue",)
    assert named(CALM, queue=0.8) == ()
    assert named(long._replace(workers=2), queue=0.8) == ()
    assert named(long._replace(queue_ms=7.4), queue=0.8) == ()


def test_where_nobody_knows_how_many_wait_the_time_is_enough():
    assert named(CALM._replace(more_waiting=float("nan")), queue=0.8) == ("queue",)


def test_near_capacity_it_takes_no_more_to_be_a_queue():
    assert named(CALM._replace(load=0.8, queue_ms=1.0), queue=0.9) == ("queue",)
    assert named(CALM._replace(load=0.6, queue_ms=1.0), queue=0.9) == ()


def test_a_batch_that_is_larger_must_be_far_larger_and_rare_unless_near_capacity():
    large = CALM._replace(size_factor=2.0, is_rare_size=True, more_in_batch=3.0)
    assert named(large, mixed_batch_sizes=0.7) == ("mixed batch sizes",)
    for one in ({"size_factor": 1.9}, {"is_rare_size": False}, {"more_in_batch": 2.0}):
        assert named(large._replace(**one), mixed_batch_sizes=0.7) == ()
    assert named(large._replace(is_rare_size=False, load=0.8), mixed_batch_sizes=0.7) == ("mixed batch sizes",)


def test_a_wait_that_everybody_has_is_no_cause_of_the_tail():
    """A limit whose share was -0.2 % was named, because the tail hardly did anything else."""
    alike = CALM._replace(policy_share=0.9, median_ms=100.0)
    assert named(alike) == ()
    assert named(alike, wait_limit=0.02) == ()
    assert named(alike, spikes=0.8) == ("spikes",)
    assert named(alike._replace(median_ms=500.0), wait_limit=0.8) == ("wait limit",)  # 3 % more, of what all take


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("make", [*PLANTED.values(), nothing])
def test_causes_make_up_the_latency(make, number):
    requests = requests_of(made(make, number, 2000).samples)
    batches = batches_of(requests)
    waiting = waiting_of(requests, batches, workers=1, usual_ms=float(batches.ordinary.mean()))
    for load in (0.3, 0.8):
        parts = parts_by_cause(requests, batches, waiting, load)
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
