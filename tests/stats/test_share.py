"""Shares of a series: exact intervals, dependence, and the few that lie beyond a limit."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.stats.share import share_at_most, share_interval


def test_ends_are_those_of_clopper_and_pearson():
    # Nobody of n: 1 - (alpha / 2)^(1/n); and the interval of 4 of 10 from published tables.
    assert share_interval(100, 0)[1] == pytest.approx(1 - 0.025 ** (1 / 100), abs=1e-9)
    assert share_interval(100, 100)[0] == pytest.approx(0.025 ** (1 / 100), abs=1e-9)
    assert share_interval(10, 4) == pytest.approx((0.1215523, 0.7376219), abs=1e-6)


@given(st.integers(1, 2000), st.data())
def test_laws(n, data):
    hits = data.draw(st.integers(0, n))
    lo, hi = share_interval(n, hits)
    assert 0.0 <= lo <= hits / n <= hi <= 1.0
    assert share_interval(n, n - hits) == pytest.approx((1 - hi, 1 - lo), abs=1e-9)
    wide = share_interval(n, hits, tau=data.draw(st.floats(1.0, 50.0)))
    assert wide[0] <= lo + 1e-9
    assert wide[1] >= hi - 1e-9


@pytest.mark.parametrize("memory", [0.0, 0.9])
@pytest.mark.parametrize("p", [0.5, 0.99])
def test_holds_the_truth_of_series_with_memory(memory, p):
    random, limit, held, times = np.random.default_rng(1), NormalDist().inv_cdf(p), 0, 100
    for _ in range(times):
        noise = random.standard_normal(2000)
        for i in range(1, len(noise)):
            noise[i] = memory * noise[i - 1] + math.sqrt(1 - memory**2) * noise[i]
        found = share_at_most(noise, limit)
        held += found.lo <= p <= found.hi
    assert held >= 0.93 * times


def test_a_limit_that_nobody_exceeds_has_the_dependence_of_the_slowest():
    random = np.random.default_rng(2)
    alone = share_at_most(random.random(5000), 2.0)
    together = share_at_most(np.repeat(random.random(500), 10), 2.0)
    assert (alone.value, alone.hi) == (together.value, together.hi) == (1.0, 1.0)
    assert together.tau > 5.0
    assert together.lo < alone.lo == pytest.approx(0.025 ** (1 / math.floor(5000 / alone.tau)))


def test_what_never_came_exceeds_every_limit():
    found = share_at_most([1.0, math.inf] * 50, 1e300)
    assert found.value == 0.5


def test_nothing_is_known_of_nothing():
    found = share_at_most([], 1.0)
    assert found.n == 0
    assert math.isnan(found.value)
    assert math.isnan(found.hi)


def test_what_is_refused():
    with pytest.raises(ValueError, match="hits must lie between 0 and n"):
        share_interval(10, 11)
    with pytest.raises(ValueError, match="NaN"):
        share_at_most([1.0, math.nan], 1.0)
