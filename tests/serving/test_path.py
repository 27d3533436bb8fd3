"""The recursion, against a calendar of events and against closed forms."""

from __future__ import annotations

import math
from collections import deque
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.serving.loads import Poisson
from tradeoff.serving.path import serve_path
from tradeoff.serving.policy import Policy


def by_events(arrivals, policy, cost):
    """The same policy by brute force: look at every moment at which anything may happen."""
    limit, size = policy.max_wait_ms, policy.max_batch_size
    waiting, busy, batches = deque(), [], []
    left = deque(arrivals)
    now = 0.0
    while left or waiting:
        while left and left[0] <= now:
            waiting.append(left.popleft())
        busy = [done for done in busy if done > now]
        while waiting and len(busy) < policy.workers:
            if len(waiting) < size and now < waiting[0] + limit:
                break
            taken = [waiting.popleft() for _ in range(min(size, len(waiting)))]
            done = now + cost(len(taken), len(batches))
            batches.append((now, done, taken))
            busy.append(done)
            busy = [done for done in busy if done > now]
        moments = [*busy, *([left[0]] if left else []), *([waiting[0] + limit] if waiting else [])]
        later = [moment for moment in moments if moment > now and math.isfinite(moment)]
        if not later:
            break
        now = min(later)
    return batches


POLICIES = st.builds(
    Policy,
    max_batch_size=st.integers(1, 5),
    max_wait_ms=st.sampled_from([0.0, 0.5, 1.0, 3.0, math.inf]),
    workers=st.integers(1, 3),
)
# Halves: sums of them are exact, so that ties are ties.
ARRIVALS = st.lists(st.integers(0, 60), max_size=25).map(lambda times: [time / 2 for time in sorted(times)])


@given(ARRIVALS, POLICIES, st.lists(st.integers(0, 9), min_size=25, max_size=25))
def test_the_recursion_equals_a_calendar_of_events(arrivals, policy, costs):
    def cost(size, number):
        return costs[number] / 2 + size / 4

    path = serve_path(arrivals, policy, cost)
    expected = by_events(arrivals, policy, cost)
    assert path.dispatch_ms.tolist() == [dispatch for dispatch, _, _ in expected]
    assert path.done_ms.tolist() == [done for _, done, _ in expected]
    assert path.size.tolist() == [len(taken) for _, _, taken in expected]
    assert path.left == len(arrivals) - sum(path.size)


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
    ],
)
def test_a_policy_that_is_none(wrong, said):
    with pytest.raises(ValueError, match=said):
        Policy(**wrong)
