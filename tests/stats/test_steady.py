from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.stats.steady import Truncation, marginal_standard_errors, mser

integers = st.lists(st.integers(-1000, 1000), min_size=1, max_size=150)


@given(integers)
def test_the_error_of_every_cut_is_that_of_its_definition(values: list[int]) -> None:
    batches = np.array(values, dtype=float)
    found = marginal_standard_errors(batches)
    exact = [np.var(batches[cut:]) / (len(values) - cut) for cut in range(len(values))]
    assert found == pytest.approx(exact, rel=1e-9, abs=1e-6)


@given(integers, st.integers(1, 7))
def test_cuts_where_the_definition_is_smallest(values: list[int], of: int) -> None:
    found = mser(np.array(values), of=of)
    batches = [sorted(values[i : i + of])[(of - 1) // 2] for i in range(0, len(values) - of + 1, of)]
    limit = len(batches) // 2
    assert found.cut % of == 0
    assert found.cut <= limit * of <= len(values) / 2
    if limit:
        error = marginal_standard_errors(np.array(batches, dtype=float))[: limit + 1]
        assert error[found.cut // of] <= error.min() * (1 + 1e-9) + 1e-9
        assert found.is_at_limit == (found.cut == limit * of)
    else:
        assert found == Truncation(0, is_at_limit=False)


@given(integers, st.integers(-10, 10))
def test_the_unit_does_not_matter(values: list[int], exponent: int) -> None:
    series = np.array(values, dtype=float)
    assert mser(series) == mser(series * 2.0**exponent)


@pytest.mark.parametrize("settling", [50, 200, 400])
def test_a_start_that_settles_is_cut_and_little_more(settling: int) -> None:
    random = np.random.default_rng(settling)
    cuts = []
    for _ in range(100):
        slow = np.where(np.arange(2000) < settling, 1.3, 1.0)
        cuts.append(mser(slow * (1 + 0.05 * random.standard_normal(2000))).cut)
    assert min(cuts) >= settling
    assert np.median(cuts) <= settling + 100


def test_of_a_steady_series_little_is_cut() -> None:
    random = np.random.default_rng(4)
    cuts = [mser(1 + 0.05 * random.standard_normal(2000)).cut for _ in range(200)]
    assert np.median(cuts) <= 100


def test_a_series_that_never_settles_says_so() -> None:
    assert mser(np.linspace(2.0, 1.0, 1000)) == Truncation(500, is_at_limit=True)


def test_a_constant_series_keeps_everything() -> None:
    assert mser(np.full(1000, 3e9)) == Truncation(0, is_at_limit=False)


def test_one_late_call_is_no_start() -> None:
    series = np.random.default_rng(6).normal(1.0, 0.02, 2000)
    spiked = series.copy()
    spiked[[3, 120]] = 50.0
    assert mser(spiked).cut <= mser(series).cut + 100


@pytest.mark.parametrize("n", [0, 1, 4, 9])
def test_a_series_of_less_than_two_batches_is_kept(n: int) -> None:
    assert mser(np.arange(n)) == Truncation(0, is_at_limit=False)


@pytest.mark.parametrize(
    ("values", "of", "match"), [([1.0], 0, "of"), ([1.0, math.nan], 5, "NaN"), ([[1.0]], 5, "one-dimensional")]
)
def test_misuse_names_the_argument(values: list[float], of: int, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        mser(values, of=of)
