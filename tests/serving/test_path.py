"""The recursion, against a calendar of events and against closed forms."""

from __future__ import annotations

import math
from collections import deque
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradeoff.serving.loads import Poisson
from tradeoff.serving.path import serve_clients, serve_path
from tradeoff.serving.policy import Policy


def by_events(arrivals, policy, cost, again=lambda time: None):
    """The same policy by brute force: look at every moment at which anything may happen."""
    limit, size = policy.max_wait_ms, policy.max_batch_size
    waiting, busy, batches, rejected = deque(), [], [], []
    left = sorted(arrivals)
    now = 0.0

    def would_still_wait():
        idle, queue = policy.workers - sum(done > now for done in busy), list(waiting)
        while queue and idle and (len(queue) >= size or now >= queue[0] + limit):
            queue, idle = queue[size:], idle - 1
        return len(queue)

    while left or waiting:
        while left and left[0] <= now:
            waiting.append(left.pop(0))
            if policy.queue_limit is not None and would_still_wait() > policy.queue_limit:
                rejected.append(waiting.pop())
                left = sorted([*left, *filter(None, [again(now)])])
        busy = [done for done in busy if done > now]
        while waiting and len(busy) < policy.workers:
            if len(waiting) < size and now < waiting[0] + limit:
                break
            taken = [waiting.popleft() for _ in range(min(size, len(waiting)))]
            done = now + cost(len(taken), len(batches))
            batches.append((now, done, taken))
            left = sorted([*left, *filter(None, [again(done) for _ in taken])])
            busy = [done for done in [*busy, done] if done > now]
        moments = [*busy, *([left[0]] if left else []), *([waiting[0] + limit] if waiting else [])]
        later = [moment for moment in moments if moment > now and math.isfinite(moment)]
        if not later and not (left and left[0] <= now):
            break
        now = min(later) if later else now
    return batches, rejected


def policy_of(size, wait, workers, limit):
    return Policy(
        max_batch_size=size,
        max_wait_ms=wait,
        workers=workers,
        queue_limit=None if limit is None else limit if math.isfinite(wait) else limit + size,
    )


POLICIES = st.builds(
    policy_of,
    st.integers(1, 5),
    st.sampled_from([0.0, 0.5, 1.0, 3.0, math.inf]),
    st.integers(1, 3),
    st.one_of(st.none(), st.integers(0, 6)),
)
# Halves: sums of them are exact, so that ties are ties.
ARRIVALS = st.lists(st.integers(0, 60), max_size=25).map(lambda times: [time / 2 for time in sorted(times)])


@settings(max_examples=500)
@given(ARRIVALS, POLICIES, st.lists(st.integers(0, 9), min_size=25, max_size=25))
def test_the_recursion_equals_a_calendar_of_events(arrivals, policy, costs):
    def cost(size, number):
        return costs[number] / 2 + size / 4

    path = serve_path(arrivals, policy, cost)
    expected, rejected = by_events(arrivals, policy, cost)
    assert path.rejected_ms.tolist() == rejected
    assert path.dispatch_ms.tolist() == [dispatch for dispatch, _, _ in expected]
    assert path.done_ms.tolist() == [done for _, done, _ in expected]
    assert path.size.tolist() == [len(taken) for _, _, taken in expected]
    assert len(arrivals) == sum(path.size) + len(rejected) + path.left


@settings(max_examples=300)
@given(
    st.integers(1, 6),
    POLICIES,
    st.lists(st.integers(0, 9), min_size=60, max_size=60),
    st.lists(st.integers(1, 12), min_size=60, max_size=60),
)
def test_a_closed_loop_equals_a_calendar_of_events(clients, policy, costs, thinking):
    if math.isinf(policy.max_wait_ms) and clients < policy.max_batch_size:
        with pytest.raises(ValueError, match="never forms"):
            serve_clients(clients, policy, lambda size, number: 1.0, think_ms=lambda: 1.0, n_requests=3)
        return

    def cost(size, number):
        return 0.5 + costs[number] / 2 + size / 4

    # The same for all, so that it does not matter in which order clients that come together are asked.
    think = thinking[0] / 2
    path = serve_clients(clients, policy, cost, think_ms=lambda: think, n_requests=20)
    asked = min(clients, 20)

    def again(time):
        nonlocal asked
        asked += 1
        return time + think if asked <= 20 else None

    expected, rejected = by_events([think] * asked, policy, cost, again)
    assert path.dispatch_ms.tolist() == [dispatch for dispatch, _, _ in expected]
    assert path.size.tolist() == [len(taken) for _, _, taken in expected]
    assert path.arrival_ms.tolist() == [time for _, _, taken in expected for time in taken]
    assert path.rejected_ms.tolist() == rejected
    assert len(path.arrival_ms) + len(rejected) + path.left == 20


@given(ARRIVALS, POLICIES, st.integers(0, 2**16))
def test_the_parts_of_a_latency_add_up(arrivals, policy, seed):
    random = Random(seed)  # noqa: S311
    path = serve_path(
        arrivals, policy, lambda size, number: random.randrange(8) / 4 + size, lambda size, number: size / 8
    )
    whole = path.queue_wait_ms + path.batch_wait_ms + (path.host_ms + path.model_ms)[path.batch]
    assert whole == pytest.approx(path.latency_ms, abs=1e-9)
    assert (path.queue_wait_ms >= 0).all()
    assert (path.batch_wait_ms >= 0).all()
    if policy.max_batch_size == 1 or policy.max_wait_ms == 0:
        assert (path.batch_wait_ms == 0).all()


def means(policy, cost, *, rate, n=20_000, runs=20):
    """Mean latency and its standard error, of independent runs, the first tenth of each left out."""
    found = []
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        arrivals = Poisson(rate * 1e3).times_ms(n, rng)
        found.append(serve_path(arrivals, policy, cost(rng)).latency_ms[n // 10 :].mean())
    return float(np.mean(found)), float(np.std(found, ddof=1) / math.sqrt(runs))


def constant(time):
    return lambda rng: lambda size, number: time


def exponential(rng):
    drawn = rng.exponential(1.0, 20_000).tolist()
    return lambda size, number: drawn[number]


def erlang_wait(c, a):
    """Mean wait of M/M/c at service rate 1: Erlang's C formula."""
    b = 1.0
    for k in range(1, c + 1):
        b = a * b / (k + a * b)
    return b / (1 - (a / c) * (1 - b)) / (c - a)


@pytest.mark.parametrize(
    ("policy", "cost", "rate", "expected"),
    [
        (Policy(), exponential, 0.5, 1 / (1 - 0.5)),  # M/M/1
        (Policy(workers=2), exponential, 1.2, 1 + erlang_wait(2, 1.2)),
        (Policy(workers=4), exponential, 2.4, 1 + erlang_wait(4, 2.4)),
        (Policy(), constant(1.0), 0.5, 1.5),  # M/D/1, Pollaczek and Khinchine
        # Greedy batches with tau(k) = 4 + k, exact by the chain of queue lengths at dispatch.
        (Policy(max_batch_size=2), lambda rng: lambda size, number: 4.0 + size, 0.2, 8.8259575327),
        (Policy(max_batch_size=4), lambda rng: lambda size, number: 4.0 + size, 0.4, 12.9119872),
        # The wait limit only, workers never short: B, T, lambda = 6, 1.5, 2; the service takes no time.
        (Policy(max_batch_size=6, max_wait_ms=1.5, workers=50), constant(0.0), 2.0, 0.8559447345),
    ],
    ids=["M/M/1", "M/M/2", "M/M/4", "M/D/1", "greedy 2", "greedy 4", "wait limit"],
)
def test_closed_forms(policy, cost, rate, expected):
    mean, error = means(policy, cost, rate=rate)
    assert abs(mean - expected) < 4 * error
    assert error < 0.02 * expected


def repaired(clients, workers, think, time):
    """Throughput and latency of M/M/c//N (machine repair), by its balance equations."""
    weights = [1.0]
    for n in range(1, clients + 1):
        weights.append(weights[-1] * (clients - n + 1) / think * time / min(n, workers))
    rate = sum(w * (clients - n) / think for n, w in enumerate(weights)) / sum(weights)
    return rate, clients / rate - think


@pytest.mark.parametrize(("clients", "workers"), [(10, 1), (10, 2), (4, 3)])
def test_machine_repair(clients, workers):
    rate, latency = repaired(clients, workers, 5.0, 1.0)
    found = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        costs, thinking = rng.exponential(1.0, 20_000).tolist(), iter(rng.exponential(5.0, 20_100).tolist())
        path = serve_clients(
            clients, Policy(workers=workers), lambda size, number, costs=costs: costs[number],
            think_ms=lambda thinking=thinking: next(thinking), n_requests=20_000,
        )  # fmt: skip
        found.append((len(path.arrival_ms) / path.done_ms[-1], path.latency_ms[1000:].mean()))
    for values, expected in zip(zip(*found, strict=True), (rate, latency), strict=True):
        error = np.std(values, ddof=1) / math.sqrt(len(values))
        assert abs(np.mean(values) - expected) < 4 * error + 1e-3 * expected


@pytest.mark.parametrize(("limit", "rate"), [(10, 0.9), (3, 2.0), (0, 0.7)])
def test_the_share_that_is_rejected_is_that_of_m_m_1_k(limit, rate):
    places = limit + 1  # those that wait, and the one in service
    expected = rate**places * (1 - rate) / (1 - rate ** (places + 1))
    found = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        path = serve_path(Poisson(rate * 1e3).times_ms(20_000, rng), Policy(queue_limit=limit), exponential(rng))
        found.append(len(path.rejected_ms) / 20_000)
    assert abs(np.mean(found) - expected) < 4 * np.std(found, ddof=1) / math.sqrt(len(found))


def test_full_batches_wait_for_ever_when_nobody_comes_any_more():
    path = serve_path([0.0, 1.0, 2.0], Policy(max_batch_size=2, max_wait_ms=math.inf), lambda size, number: 1.0)
    assert (path.size.tolist(), path.dispatch_ms.tolist(), path.left) == ([2], [1.0], 1)


@pytest.mark.parametrize("arrivals", [[2.0, 1.0], [math.nan], [[1.0]], [math.inf]])
def test_arrivals_that_are_none(arrivals):
    with pytest.raises(ValueError, match="arrivals_ms must be finite times, ascending"):
        serve_path(arrivals, Policy(), lambda size, number: 1.0)


@pytest.mark.parametrize("cost", [-1.0, math.nan, math.inf])
def test_a_cost_that_is_none(cost):
    with pytest.raises(ValueError, match="model_ms gave"):
        serve_path([1.0], Policy(), lambda size, number: cost)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"max_batch_size": 0}, "max_batch_size=0 must be a whole number"),
        ({"workers": 1.5}, r"workers=1\.5 must be a whole number"),
        ({"max_wait_ms": -1}, "max_wait_ms=-1 must be a number of ms"),
        ({"max_wait_ms": math.nan}, "max_wait_ms=nan must be"),
        ({"max_wait_ms": "1 ms"}, "max_wait_ms='1 ms' must be"),
        ({"queue_limit": -1}, "queue_limit=-1 must be a whole number"),
        ({"queue_limit": 3, "max_batch_size": 4, "max_wait_ms": math.inf}, "exclude each other"),
    ],
)
def test_a_policy_that_is_none(wrong, said):
    with pytest.raises(ValueError, match=said):
        Policy(**wrong)
