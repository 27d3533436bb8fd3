from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.stats.histogram import BUCKETS_PER_OCTAVE, HIGHEST, LOWEST, Histogram

times = st.lists(st.floats(LOWEST, HIGHEST * 0.999), min_size=1, max_size=80)
anything = st.lists(st.floats(-10, HIGHEST * 4), max_size=40)


@given(times, st.floats(0.001, 0.999))
def test_every_percentile_is_within_a_tenth_of_a_percent(values: list[float], p: float) -> None:
    exact = float(np.quantile(values, p, method="inverted_cdf"))
    assert abs(Histogram.of(values).quantile(p) / exact - 1) <= 1 / 1024 + 1e-12


@given(anything, anything, anything)
def test_merging_is_associative_commutative_and_loses_nothing(a: list[float], b: list[float], c: list[float]) -> None:
    x, y, z = Histogram.of(a), Histogram.of(b), Histogram.of(c)
    assert x.merge(y).merge(z) == x.merge(y.merge(z)) == Histogram.of(a + b + c)
    assert x.merge(y) == y.merge(x)
    assert x.merge(Histogram.of([])) == x
    assert x.merge(y).n == len(a) + len(b)


@given(anything)
def test_goes_through_json_and_back(values: list[float]) -> None:
    histogram = Histogram.of(values)
    assert Histogram.from_dict(json.loads(json.dumps(histogram.to_dict()))) == histogram


def test_values_out_of_range_are_counted_and_never_invented() -> None:
    histogram = Histogram.of([-1.0, 0.0, LOWEST / 2, 100.0, HIGHEST, math.inf])
    assert (histogram.underflow, histogram.overflow, histogram.n) == (3, 2, 6)
    assert histogram.quantile(0.25) == 0.0
    assert histogram.quantile(0.6) == pytest.approx(100.0, rel=1 / 1024)
    assert histogram.quantile(0.9) == math.inf


def test_an_empty_histogram_has_no_percentile() -> None:
    assert math.isnan(Histogram.of([]).quantile(0.5))


def test_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        Histogram.of([1.0, math.nan])


GOOD = {"buckets_per_octave": BUCKETS_PER_OCTAVE, "bucket": [3], "count": [2], "underflow": 0, "overflow": 0}


@pytest.mark.parametrize(
    "change",
    [
        {"buckets_per_octave": 128},
        {"bucket": [-1]},
        {"bucket": [10**9]},
        {"bucket": [1, 2]},
        {"count": [-2]},
        {"count": ["2"]},
        {"count": None},
        {"underflow": -1},
        {"overflow": "many"},
    ],
)
def test_a_foreign_dict_is_refused(change: dict[str, object]) -> None:
    assert Histogram.from_dict(GOOD).n == 2
    with pytest.raises(ValueError, match=r"must|buckets|bucket"):
        Histogram.from_dict(GOOD | change)


@given(times, st.data())
def test_a_weight_is_a_count(values: list[float], data: st.DataObject) -> None:
    weights = data.draw(st.lists(st.integers(0, 5), min_size=len(values), max_size=len(values)))
    assert Histogram.of(values, weights) == Histogram.of(np.repeat(values, weights))
