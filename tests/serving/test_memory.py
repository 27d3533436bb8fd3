"""How long queues and loads remember, against closed forms."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest

import tradeoff
from tradeoff.serving.memory import dispersion_of, memory_of
from tradeoff.serving.systems import systems


def system(**asked):
    return systems(**({"max_batch_size": 1} | asked))[0]


@pytest.mark.parametrize("load", [0.8, 0.9, 0.95, 0.99])
def test_m_m_1_forgets_with_the_gap_of_its_spectrum(load):
    found = memory_of(system(request_rate=1e3 * load), 1e3, 1.0)
    assert found == pytest.approx(load / (1.0 - math.sqrt(load)) ** 2, rel=0.02)


def test_a_queue_at_capacity_never_forgets_unless_it_is_bounded():
    assert memory_of(system(request_rate=1e3), 1e3, 1.0) == math.inf
    bounded = memory_of(system(request_rate=1e3, queue_limit=9), 1e3, 1.0)
    assert bounded == pytest.approx(2.0 * 10**2 / (math.pi**2 * 2.0))


def test_clients_come_round():
    assert memory_of(system(concurrency=40, think_ms=5), 1e3, 1.0) == 80.0


def counted(load, n=2_000_000, seconds=200.0):
    times = load.arrivals_ms(n, np.random.default_rng(1)) / 1e3
    counts = np.bincount((times / seconds).astype(int))[:-1]
    return counts.var() / counts.mean()


def test_the_dispersion_of_states_is_that_of_their_counts():
    two = tradeoff.MMPP([20, 200], [1, 3])
    assert dispersion_of(two).of_counts == pytest.approx(1.0 + 2.0 * 180**2 * 3 / 16 * 0.75 / 155)
    three = tradeoff.MMPP([20, 200, 400], [1, 3, 0.5])
    assert dispersion_of(three).of_counts == pytest.approx(counted(three, n=8_000_000), rel=0.2)
    assert dispersion_of(two).memory == pytest.approx(4 * 155)


def test_of_loads_without_states():
    assert dispersion_of(tradeoff.Gamma(0.25)).of_counts == 4.0
    assert dispersion_of(system(request_rate=5).load).of_counts == 1.0
    assert dispersion_of(system(request_rate=5, load="constant").load).of_counts == 0.0


@dataclass(frozen=True)
class Unknown:
    """Requests in threes, as a load of the user's own."""

    name = "threes"
    own_rate_rps = None

    def arrivals_ms(self, n, rng):
        return np.repeat(3.0 * np.cumsum(rng.standard_exponential(n // 3 + 1)), 3)[:n]


def test_a_load_that_is_not_known_is_probed():
    found = dispersion_of(Unknown())
    assert 2.5 < found.of_counts < 6.0, "3 in the long run, 5 from one to the next"
    assert 1 <= found.memory <= 16384
