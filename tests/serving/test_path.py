"""The machine that forms batches, against a calendar of events and against workers that each pull."""

from __future__ import annotations

import math
from collections import deque
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
            done = now + cost(len(taken), len(busy) + 1, len(batches))
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
    def cost(size, in_flight, number):
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
            serve_clients(clients, policy, lambda size, in_flight, number: 1.0, think_ms=lambda: 1.0, n_requests=3)
        return

    def cost(size, in_flight, number):
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
        arrivals,
        policy,
        lambda size, in_flight, number: random.randrange(8) / 4 + size,
        lambda size, in_flight, number: size / 8,
    )
    whole = path.queue_wait_ms + path.batch_wait_ms + (path.host_ms + path.model_ms)[path.batch]
    assert whole == pytest.approx(path.latency_ms, abs=1e-9)
    assert (path.queue_wait_ms >= 0).all()
    assert (path.batch_wait_ms >= 0).all()
    if policy.max_batch_size == 1 or policy.max_wait_ms == 0:
        assert (path.batch_wait_ms == 0).all()


def test_full_batches_wait_for_ever_when_nobody_comes_any_more():
    path = serve_path(
        [0.0, 1.0, 2.0], Policy(max_batch_size=2, max_wait_ms=math.inf), lambda size, in_flight, number: 1.0
    )
    assert (path.size.tolist(), path.dispatch_ms.tolist(), path.left) == ([2], [1.0], 1)


@pytest.mark.parametrize("arrivals", [[2.0, 1.0], [math.nan], [[1.0]], [math.inf]])
def test_arrivals_that_are_none(arrivals):
    with pytest.raises(ValueError, match="arrivals_ms must be finite times, ascending"):
        serve_path(arrivals, Policy(), lambda size, in_flight, number: 1.0)


@pytest.mark.parametrize("cost", [-1.0, math.nan, math.inf])
def test_a_cost_that_is_none(cost):
    with pytest.raises(ValueError, match="model_ms gave"):
        serve_path([1.0], Policy(), lambda size, in_flight, number: cost)


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


def by_workers(arrivals, policy, cost):
    """Workers that each pull from one queue, moment by moment."""
    size, wait = policy.max_batch_size, policy.max_wait_ms
    line, held, queue = list(range(policy.workers)), {}, deque()
    free, done = dict.fromkeys(line, 0.0), {}
    left, batches, rejected = list(arrivals), [], []
    while True:
        due = {worker: taken[0] + wait for worker, taken in held.items()}
        full = [worker for worker, taken in held.items() if len(taken) == size]
        moments = [*left[:1], *done.values(), *due.values()]
        moments += [max(held[worker][-1], free[worker]) for worker in full]
        moments = [moment for moment in moments if math.isfinite(moment)]
        if not moments:
            return batches, rejected
        now = min(moments)
        for worker in [worker for worker, time in done.items() if time == now]:
            del done[worker]
            free[worker] = now
            taken = [queue.popleft() for _ in range(min(size, len(queue)))]
            if taken:
                held[worker] = taken
            if len(taken) < size:
                line.append(worker)
        while left and left[0] == now:
            left.pop(0)
            if line and (len(held.get(line[0], [])) == size - 1 or held.get(line[0], [now])[0] + wait <= now):
                has_place = True
            else:
                leaving = [w for w, taken in held.items() if len(taken) == size or taken[0] + wait <= now]
                waiting = len(queue) + sum(len(taken) for w, taken in held.items() if w not in leaving)
                has_place = policy.queue_limit is None or waiting < policy.queue_limit
            if not has_place:
                rejected.append(now)
            elif not line:
                queue.append(now)
            else:
                worker = line.pop(0)
                held.setdefault(worker, []).append(now)
                if len(held[worker]) < size:
                    line.append(worker)
        for worker in [w for w, taken in held.items() if len(taken) == size or taken[0] + wait <= now]:
            taken = held.pop(worker)
            if worker in line:
                line.remove(worker)
            done[worker] = now + cost(len(taken), len(done) + 1, len(batches))
            batches.append((now, done[worker], taken))


@settings(max_examples=500)
@given(
    ARRIVALS,
    st.integers(1, 4),
    st.sampled_from([0.0, 0.5, 1.0, 3.0, math.inf]),
    st.integers(1, 3),
    st.one_of(st.none(), st.integers(0, 6)),
    st.lists(st.integers(1, 9), min_size=25, max_size=25),
)
def test_a_batch_for_each_worker_equals_workers_that_pull(arrivals, size, wait, workers, limit, costs):
    limit = limit if limit is None or math.isfinite(wait) else limit + workers * size
    policy = Policy(max_batch_size=size, max_wait_ms=wait, workers=workers, queue_limit=limit, formation="per_worker")

    def cost(size, in_flight, number):
        return costs[number] / 2 + size / 4

    path = serve_path(arrivals, policy, cost)
    expected, rejected = by_workers(arrivals, policy, cost)
    assert path.rejected_ms.tolist() == rejected
    assert sorted(path.dispatch_ms) == sorted(dispatch for dispatch, _, _ in expected)
    assert sorted(zip(path.dispatch_ms, path.size, strict=True)) == sorted((d, len(taken)) for d, _, taken in expected)
    assert len(arrivals) == sum(path.size) + len(rejected) + path.left
