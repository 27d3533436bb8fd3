"""Events a second: bursts and dependence widen the interval, and clockwork leaves one event open."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tradeoff.stats.rate import event_rate


def bursts(random, until):
    times, now = [], 0.0
    while now < until:
        dwell, rate = random.exponential(5.0), random.choice([0.2, 1.8])
        times.append(now + random.random(random.poisson(rate * dwell)) * dwell)
        now += dwell
    found = np.concatenate(times)
    return found[found < until]


def poisson(random, until):
    return np.sort(random.random(random.poisson(until)) * until)


@pytest.mark.parametrize("draw", [bursts, poisson])
def test_holds_the_truth(draw):
    random = np.random.default_rng(1)
    held = [found.lo <= 1.0 <= found.hi for found in (event_rate(draw(random, 1500.0), 0.0, 1500.0) for _ in range(80))]
    assert np.mean(held) >= 0.93


def test_clockwork_leaves_one_event_open():
    found = event_rate(np.arange(0.5, 1000.0), 0.0, 1000.0)
    assert tuple(found) == pytest.approx((1.0, 0.999, 1.001))


def test_weights_and_windows():
    found = event_rate(np.array([1.0, 2.0, 3.0, 9.0]), 1.0, 5.0, weights=[2.0, 4.0, 6.0, 100.0])
    assert found.value == 3.0
    assert math.isnan(found.lo)


def test_no_window_has_no_rate():
    assert all(math.isnan(value) for value in event_rate(np.ones(3), 1.0, 1.0))
