"""Loads: their rate, their evenness, and what they refuse."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tradeoff.serving.loads import MMPP, Constant, Gamma, Load, Poisson

LOADS = [Poisson(), Gamma(0.25), Gamma(4), Constant(), MMPP([10, 90], [2, 2]), MMPP([0, 75, 60], [1, 2, 1])]


@pytest.mark.parametrize("load", LOADS, ids=repr)
def test_the_rate_is_what_it_says(load):
    assert isinstance(load, Load)
    n, runs = 4000, 30
    rate = 1e3 if load.own_rate_rps is None else load.own_rate_rps
    rates = [1e3 * n / load.arrivals_ms(n, np.random.default_rng(seed))[-1] for seed in range(runs)]
    error = np.std(rates, ddof=1) / math.sqrt(runs)
    assert abs(np.mean(rates) - rate) <= 4 * error + 0.02 * rate


@pytest.mark.parametrize("load", LOADS, ids=repr)
def test_times_ascend_and_a_seed_gives_the_same(load):
    one, other = (load.arrivals_ms(500, np.random.default_rng(3)) for _ in range(2))
    assert (one == other).all()
    assert (np.diff(one) >= 0).all()
    assert one[0] >= 0
    assert len(one) == 500


@pytest.mark.parametrize(("load", "squared"), [(Poisson(), 1.0), (Gamma(0.25), 4.0), (Gamma(4), 0.25), (Constant(), 0)])
def test_distances_vary_as_the_law_says(load, squared):
    distances = np.diff(load.arrivals_ms(100_000, np.random.default_rng(0)))
    assert np.var(distances) / np.mean(distances) ** 2 == pytest.approx(squared, abs=0.05 + 0.03 * squared)


def test_a_modulated_process_is_more_bursty_than_poisson():
    distances = np.diff(MMPP([10, 90], [2, 2]).arrivals_ms(50_000, np.random.default_rng(0)))
    assert np.var(distances) / np.mean(distances) ** 2 > 1.5


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Gamma(0), "shape=0 must be a positive number"),
        (lambda: Gamma("5"), "shape='5' must be"),
        (lambda: Gamma(math.inf), "shape=inf must be"),
        (lambda: MMPP([1], [1]), "give two or more"),
        (lambda: MMPP([1, 2], [1]), "give two or more, as many of each"),
        (lambda: MMPP([0, 0], [1, 1]), "one of them must be above 0"),
        (lambda: MMPP([-1, 2], [1, 1]), "must be 0 or more"),
        (lambda: MMPP("ab", [1, 1]), "must be a list of numbers"),
    ],
)
def test_a_load_that_is_none(make, said):
    with pytest.raises(ValueError, match=said):
        make()
