from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.stats.mean import _LONG, _chi_square, mean_with_interval

values = st.lists(st.floats(0.001, 1e6), min_size=1, max_size=80)


def spiky(random: np.random.Generator, n: int) -> np.ndarray:
    return np.where(random.random(n) < 1e-3, 20.0, 1.0) * np.exp(0.05 * random.standard_normal(n))


def pareto(random: np.random.Generator, n: int) -> np.ndarray:
    return random.random(n) ** (-1 / 1.5)


def lognormal(random: np.random.Generator, n: int) -> np.ndarray:
    return np.exp(random.standard_normal(n))


def autoregression(random: np.random.Generator, n: int) -> np.ndarray:
    noise = random.standard_normal(n)
    for i in range(1, n):
        noise[i] = 0.9 * noise[i - 1] + math.sqrt(1 - 0.81) * noise[i]
    return np.exp(0.3 * noise)


@pytest.mark.parametrize(
    ("draw", "truth", "least"),
    [
        (spiky, math.exp(0.05**2 / 2) * 1.019, 0.93),
        (lognormal, math.exp(0.5), 0.93),
        (autoregression, math.exp(0.045), 0.93),
        (pareto, 3.0, 0.88),  # no variance: flagged, and still held in most runs; the plain interval holds 0.79
    ],
)
def test_holds_the_mean_of_skewed_and_dependent_values(draw, truth, least) -> None:
    found = [mean_with_interval(draw(np.random.default_rng(seed), 4000)) for seed in range(400)]
    assert np.mean([each.lo <= truth <= each.hi for each in found]) >= least
    missed = [each for each in found if not each.lo <= truth <= each.hi]
    if draw is pareto:
        assert np.mean([each.rests_on_few for each in found]) > 0.95
        assert sum(not each.rests_on_few for each in missed) <= 0.02 * len(found)


def test_is_hardly_wider_than_the_plain_one_where_that_is_right() -> None:
    series = np.random.default_rng(1).normal(10.0, 1.0, 4000)
    found = mean_with_interval(series)
    plain = 1.96 * series.std(ddof=1) * math.sqrt(found.tau / 4000)
    assert (found.hi - found.lo) / 2 == pytest.approx(plain, rel=0.06)
    assert not found.rests_on_few


@given(values)
def test_the_mean_lies_within_its_interval_and_scales(series: list[float]) -> None:
    found, doubled = mean_with_interval(series), mean_with_interval(np.array(series) * 2.0)
    assert found.value == pytest.approx(np.mean(series))
    assert doubled.rests_on_few == found.rests_on_few
    if math.isfinite(found.lo):
        slack = 1e-9 * abs(found.value)
        assert found.lo - slack <= found.value <= found.hi + slack
        assert (doubled.lo, doubled.hi) == pytest.approx((2 * found.lo, 2 * found.hi), rel=1e-6, abs=1e-9)


def test_equal_values_have_an_interval_of_no_width() -> None:
    found = mean_with_interval([3.0] * 50)
    assert (found.value, found.lo, found.hi, found.rests_on_few) == (3.0, 3.0, 3.0, False)


@pytest.mark.parametrize("series", [[], [1.0, 2.0]])
def test_too_few_have_no_interval(series: list[float]) -> None:
    found = mean_with_interval(series)
    assert math.isnan(found.lo)
    assert math.isnan(found.hi)


def test_a_few_that_hardly_matter_are_not_worth_a_word() -> None:
    series = np.ones(4000)
    series[7] = 1.01
    assert not mean_with_interval(series).rests_on_few
    series[7] = 100.0
    assert mean_with_interval(series).rests_on_few


@pytest.mark.parametrize(
    ("p", "degrees", "exact"),
    [(0.975, 2, 7.378), (0.975, 3, 9.348), (0.975, 12, 23.337), (0.025, 12, 4.404), (0.975, 100, 129.561)],
)
def test_quantiles_of_chi_square(p: float, degrees: float, exact: float) -> None:
    assert _chi_square(p, degrees) == pytest.approx(exact, rel=0.015)


def test_of_a_long_series_bins_tell_the_same():
    random = np.random.default_rng(3)
    long = lognormal(random, _LONG)
    whole, short = mean_with_interval(long), mean_with_interval(long[: _LONG - 1])
    assert whole.value == pytest.approx(short.value, rel=1e-3)
    assert whole.hi - whole.lo == pytest.approx(short.hi - short.lo, rel=0.25)
    assert whole.tau == pytest.approx(1.0, abs=0.6)
    repeated = mean_with_interval(np.repeat(random.random(_LONG // 32), 32))
    assert repeated.tau == pytest.approx(32.0, rel=0.25)


def test_visits_of_a_long_series_count():
    random = np.random.default_rng(4)
    levels = np.repeat(1.0 + 0.1 * random.standard_normal(16), _LONG // 16)
    found = mean_with_interval(
        levels + 0.1 * random.standard_normal(_LONG), visits=[at * _LONG // 16 for at in range(16)]
    )
    of_visits = 2 * 2.13 * np.std(levels) / 4  # Student's of sixteen
    assert 0.9 * of_visits <= found.hi - found.lo <= 2.0 * of_visits
