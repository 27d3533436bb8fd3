import numpy as np
import pytest

from tests.tail.planted import Service, simulate
from tradeoff.tail.batches import batches_of
from tradeoff.tail.requests import requests_of
from tradeoff.tail.waiting import waiting_at_arrival, waiting_of


def taken_apart(run, *, usual_ms=None):
    requests = requests_of(run.samples)
    batches = batches_of(requests)
    workers = int(run.points["workers"].iloc[0])
    usual = float(batches.ordinary.mean()) if usual_ms is None else usual_ms
    return requests, batches, waiting_of(requests, batches, workers=workers, usual_ms=usual)


SYSTEMS = [
    {"max_batch_size": 1, "request_rate": 150},
    {"max_batch_size": 4, "request_rate": 350, "max_wait_ms": 12.0},
    {"max_batch_size": 8, "request_rate": 700, "workers": 2},
    {"max_batch_size": 4, "request_rate": 500, "workers": 3, "formation": "per_worker", "max_wait_ms": 2.0},
    {"max_batch_size": 4, "concurrency": 12, "think_ms": 5.0},
]


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_parts_are_the_waits_and_none_is_negative(system):
    times = Service(4.0, 0.5, 0.1, 0.03, 10.0)
    requests, _, found = taken_apart(simulate(times, 0, 3000, **system))
    parts = [found.policy, found.slow, found.held_up, found.larger, found.under_way, found.queue]
    waits = requests.stage("batch_wait") + requests.stage("queue_wait")
    assert sum(parts) == pytest.approx(waits, abs=1e-6)
    assert min(part.min() for part in parts) >= -1e-9


@pytest.mark.parametrize(("workers", "rate"), [(1, 100), (3, 320)])
def test_it_is_the_wait_that_a_server_without_the_excess_would_not_have_had(workers, rate):
    """Served again request by request, each by the worker that had it, without what was too long."""
    times = Service(5.0, 0.0, 0.1, 0.05, 8.0)
    run = simulate(times, 1, 4000, max_batch_size=1, request_rate=rate, workers=workers)
    requests, batches, found = taken_apart(run)
    assert (batches.slow > 0).sum() > 100
    free, without = [0.0] * workers, [0.0] * workers
    expected = []
    for came, taken, excess in zip(requests.arrival, requests.stage("model"), batches.slow, strict=True):
        worker = free.index(min(free))
        expected.append(max(0.0, free[worker] - came) - max(0.0, without[worker] - came))
        free[worker] = max(free[worker], came) + taken
        without[worker] = max(without[worker], came) + taken - excess
    assert found.slow == pytest.approx(np.array(expected), abs=1e-3)


def test_who_waits_behind_a_slow_batch_waits_for_nothing_else_when_the_load_is_light():
    run = simulate(Service(5.0, 0.0, 0.0, 0.02, 40.0), 0, 5000, max_batch_size=1, request_rate=60)
    _, _, found = taken_apart(run)
    waited = found.slow + found.under_way + found.queue > 100.0
    assert waited.sum() > 20
    assert found.slow[waited].sum() > 0.95 * (found.slow + found.under_way + found.queue)[waited].sum()


def test_without_slow_batches_nobody_waits_behind_one():
    _, _, found = taken_apart(simulate(Service(5.0, 0.5, 0.1), 0, 3000, max_batch_size=4, request_rate=500))
    assert not found.slow.any()
    assert not found.held_up.any()


def test_a_batch_that_its_limit_ends_is_the_policy_s():
    run = simulate(Service(5.0, 0.1), 0, 3000, max_batch_size=64, request_rate=100, max_wait_ms=60.0)
    requests, _, found = taken_apart(run)
    assert found.policy == pytest.approx(requests.stage("batch_wait") + requests.stage("queue_wait"), abs=1e-6)


def test_a_greedy_server_has_no_policy_to_wait_for():
    _, _, found = taken_apart(simulate(Service(5.0, 0.1), 0, 3000, max_batch_size=8, request_rate=500))
    assert not found.policy.any()


def test_one_that_finds_one_under_way_waits_for_that_alone():
    """Batches hold everybody who waits: no queue is left over when one ends."""
    run = simulate(Service(5.0, 0.01), 0, 3000, max_batch_size=64, request_rate=500)
    _, batches, found = taken_apart(run, usual_ms=1e9)
    assert not found.larger.any()
    assert found.queue.max() < 1e-5
    assert found.under_way.max() <= batches.ordinary.max() + 1e-5


def test_the_longer_end_of_a_larger_batch_is_told_apart():
    run = simulate(Service(1.0, 1.0), 0, 3000, max_batch_size=16, request_rate=400)
    _, _, found = taken_apart(run, usual_ms=2.0)
    _, _, usual = taken_apart(run, usual_ms=1e9)
    assert found.larger.any()
    assert found.larger + found.under_way == pytest.approx(usual.under_way, abs=1e-9)


@pytest.mark.parametrize("system", SYSTEMS)
def test_who_waits_at_an_arrival_is_counted_one_by_one(system):
    requests = requests_of(simulate(Service(4.0, 0.5, 0.1), 3, 400, **system).samples)
    expected = [
        sum(requests.arrival < came) + sum(requests.arrival[:number] == came) - sum(requests.start <= came)
        for number, came in enumerate(requests.arrival)
    ]
    assert waiting_at_arrival(requests).tolist() == np.maximum(0, expected).tolist()


def test_waits_without_clocks_are_a_queue():
    samples = simulate(Service(5.0, 0.0, 0.0, 0.05, 9.0), 0, 500, max_batch_size=1, request_rate=90).samples
    for name in ("scheduled_ns", "submitted_ns", "dispatched_ns", "done_ns"):
        samples[name] = samples[name].where(samples[name] < 0)
    requests = requests_of(samples)
    found = waiting_of(requests, batches_of(requests), workers=1, usual_ms=5.0)
    assert found.queue == pytest.approx(requests.stage("queue_wait"))
