from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.stats.steady import StartUp, marginal_standard_errors, start_up

integers = st.lists(st.integers(-1000, 1000), min_size=1, max_size=150)


def noisy(n: int, *, seed: int, sigma: float = 0.05) -> np.ndarray:
    return 1.0 + sigma * np.random.default_rng(seed).standard_normal(n)


@given(integers)
def test_the_error_of_every_cut_is_that_of_its_definition(values: list[int]) -> None:
    batches = np.array(values, dtype=float)
    found = marginal_standard_errors(batches)
    exact = [np.var(batches[cut:]) / (len(values) - cut) for cut in range(len(values))]
    assert found == pytest.approx(exact, rel=1e-9, abs=1e-6)


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=600), st.integers(-10, 10))
def test_at_most_a_tenth_is_cut_and_the_unit_does_not_matter(values: list[int], exponent: int) -> None:
    series = np.array(values, dtype=float)
    found = start_up(series)
    assert 0 <= found.cut <= len(values) / 10
    assert (found.cut == 0) == (found.change == 0.0)
    assert start_up(series * 2.0**exponent) == found


@pytest.mark.parametrize("by", [0.3, 1.0, -0.2])
@pytest.mark.parametrize("n", [6000, 20_000])
def test_a_start_that_settles_is_cut_and_said(n: int, by: float) -> None:
    settling = 1.0 + by * np.exp(-np.arange(n) / (0.015 * n))
    found = [start_up(noisy(n, seed=seed) * settling) for seed in range(50)]
    cut = [each for each in found if each.cut]
    assert len(cut) >= 40
    assert 0.02 * n <= np.median([each.cut for each in cut]) <= 0.1 * n
    assert all(each.change * by > 0 for each in cut)
    assert np.median([each.change for each in cut]) == pytest.approx(0.75 * by, rel=0.35)


@pytest.mark.parametrize(("first", "length"), [(1.5, 300), (2.0, 150), (0.8, 400), (1.5, 500)])
def test_a_slow_spell_at_the_start_is_not_a_start_up(first: float, length: int) -> None:
    for seed in range(30):
        series = noisy(6000, seed=seed)
        series[:length] *= first
        assert start_up(series) == StartUp()


def test_a_spell_that_never_came_back_was_the_start() -> None:
    for seed in range(30):
        series = noisy(6000, seed=seed)
        series[:100] *= 1.5
        found = start_up(series)
        assert 100 <= found.cut <= 140
        assert found.change == pytest.approx(0.5, rel=0.2)


@pytest.mark.parametrize("dwell", [50, 200, 1000])
def test_of_a_system_with_slow_spells_nothing_is_cut(dwell: int) -> None:
    # A twentieth of the calls is slow, in spells; medians of five alone took two fifths of the runs' heads away.
    cuts = 0
    for seed in range(100):
        random = np.random.default_rng([seed, dwell])
        lengths = np.column_stack((random.geometric(1 / dwell / 19, 10), random.geometric(1 / dwell, 10))).ravel()
        slow = np.resize(np.repeat(np.tile([1.0, 2.0], 10), lengths), 40 * dwell + 6000)
        begin = int(random.integers(0, 40 * dwell))
        cuts += start_up(slow[begin : begin + 6000] * noisy(6000, seed=seed)).cut > 0
    assert cuts <= 2


def test_a_slower_part_after_a_faster_one_stays() -> None:
    for seed in range(30):
        series = noisy(6000, seed=seed)
        series[200:400] *= 2.0
        assert start_up(series).cut <= 200


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_of_a_steady_series_nothing_is_cut(rho: float) -> None:
    cuts = 0
    for seed in range(100):
        noise = np.random.default_rng(seed).standard_normal(3000)
        for i in range(1, 3000 if rho else 0):
            noise[i] = rho * noise[i - 1] + math.sqrt(1 - rho**2) * noise[i]
        cuts += start_up(np.exp(0.3 * noise)).cut > 0
    assert cuts <= 1


def test_a_series_that_settles_for_longer_is_left_to_the_drift() -> None:
    assert start_up(np.linspace(2.0, 1.0, 1000)) == StartUp()


def test_a_constant_series_keeps_everything() -> None:
    assert start_up(np.full(1000, 3e9)) == StartUp()


def test_one_late_call_is_no_start() -> None:
    series = noisy(2000, seed=6, sigma=0.02)
    series[[3, 120]] = 50.0
    assert start_up(series) == StartUp()


@pytest.mark.parametrize("n", [0, 1, 4, 199])
def test_a_short_series_is_kept(n: int) -> None:
    assert start_up(np.arange(n)[::-1]) == StartUp()


@pytest.mark.parametrize(("values", "match"), [([1.0, math.nan], "NaN"), ([[1.0]], "one-dimensional")])
def test_misuse_names_the_argument(values: list[float], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        start_up(values)
