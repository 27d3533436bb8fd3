from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.stats.quantiles import (
    TOO_FEW_SAMPLES,
    UPPER_UNBOUNDED,
    percentiles,
    quantile_ranks,
    quantile_with_interval,
    rank_of,
)

ALL = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999}


@pytest.mark.parametrize(("p", "n"), [(0.5, 6), (0.9, 36), (0.95, 72), (0.99, 368), (0.999, 3688)])
def test_the_interval_exists_from_the_published_n_on(p: float, n: int) -> None:
    assert quantile_ranks(n, p)[1] <= n
    assert quantile_ranks(n - 1, p)[1] == n
    assert math.isfinite(quantile_with_interval(np.arange(n), p).hi)
    assert not math.isfinite(quantile_with_interval(np.arange(n - 1), p).hi)


@pytest.mark.parametrize(("p", "n"), [(0.5, 33), (0.9, 180), (0.95, 364), (0.99, 1835)])
def test_ten_samples_lie_above_the_upper_rank_from_the_published_n_on(p: float, n: int) -> None:
    assert n - quantile_ranks(n, p)[1] >= 10
    assert min(m - quantile_ranks(m, p)[1] for m in range(n, n + 500)) >= 9
    assert n - 1 - quantile_ranks(n - 1, p)[1] < 10


def test_a_p999_is_good_from_about_18390_on() -> None:
    good = next(n for n in range(18_000, 19_000) if n - quantile_ranks(n, 0.999)[1] >= 10)
    assert good == pytest.approx(18_390, rel=0.002)


@pytest.mark.parametrize(
    ("n", "flag"), [(99, TOO_FEW_SAMPLES), (100, UPPER_UNBOUNDED), (367, UPPER_UNBOUNDED), (368, "")]
)
def test_what_a_p99_says_with_few_samples(n: int, flag: str) -> None:
    found = quantile_with_interval(np.arange(n, dtype=float), 0.99)
    assert found.flag == flag
    assert math.isnan(found.value) == math.isnan(found.lo) == (flag == TOO_FEW_SAMPLES)
    assert math.isnan(found.hi) == (flag != "")


@given(st.lists(st.floats(0.1, 1e9), min_size=6, max_size=400), st.sampled_from([0.5, 0.9, 0.95]))
def test_estimate_is_an_observed_value_and_lies_inside_its_interval(values: list[float], p: float) -> None:
    found = quantile_with_interval(values, p)
    if found.flag == TOO_FEW_SAMPLES:
        return
    assert found.value in values
    assert found.value == np.quantile(values, p, method="inverted_cdf")
    assert found.lo <= found.value
    assert math.isnan(found.hi) or found.value <= found.hi


@given(st.integers(1, 5000), st.sampled_from([0.5, 0.9, 0.95, 0.99, 0.999]), st.floats(1.0, 50.0))
def test_dependence_never_narrows(n: int, p: float, tau: float) -> None:
    lower, upper = quantile_ranks(n, p)
    wider_lower, wider_upper = quantile_ranks(n, p, tau=tau)
    assert wider_lower <= lower
    assert wider_upper >= upper


def test_existence_is_judged_at_n_over_tau() -> None:
    assert quantile_with_interval(np.arange(3680.0), 0.99, tau=10.0).flag == ""
    assert quantile_with_interval(np.arange(3670.0), 0.99, tau=10.0).flag == UPPER_UNBOUNDED
    assert quantile_with_interval(np.arange(990.0), 0.99, tau=10.0).flag == TOO_FEW_SAMPLES


@given(st.lists(st.integers(1, 1000), min_size=50, max_size=300), st.floats(0.001, 1000))
def test_the_unit_does_not_matter(values: list[int], unit: float) -> None:
    series = np.array(values, dtype=float)
    one, other = quantile_with_interval(series, 0.9), quantile_with_interval(series * unit, 0.9)
    assert (other.value, other.lo, other.hi) == pytest.approx(
        (one.value * unit, one.lo * unit, one.hi * unit), nan_ok=True
    )


def test_no_sample_is_no_percentile_and_no_error() -> None:
    assert {q.flag for q in percentiles(np.array([]), ALL).values()} == {TOO_FEW_SAMPLES}


def test_relative_half_width_of_a_constant_is_zero_and_without_interval_infinite() -> None:
    assert quantile_with_interval(np.full(1000, 7.0), 0.99).relative_half_width == 0.0
    assert quantile_with_interval(np.full(200, 7.0), 0.99).relative_half_width == math.inf


@pytest.mark.parametrize("arguments", [{"n": 0}, {"p": 0.0}, {"p": 1.0}, {"alpha": 0.0}, {"tau": 0.5}, {"p": math.nan}])
def test_misuse_names_the_argument(arguments: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(arguments))):
        quantile_ranks(**({"n": 10, "p": 0.5} | arguments))


def test_nan_and_matrices_are_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        quantile_with_interval([1.0, math.nan], 0.5)
    with pytest.raises(ValueError, match="one-dimensional"):
        quantile_with_interval(np.ones((2, 2)), 0.5)


def test_rank_of_is_not_moved_by_rounding() -> None:
    assert [rank_of(100, 0.99), rank_of(1000, 0.999), rank_of(10, 0.9), rank_of(1, 0.5)] == [99, 999, 9, 1]


def _coverage(make: object, truths: dict[str, float], *, n: int, trials: int, seed: int) -> dict[str, float]:
    random = np.random.default_rng(seed)
    hits = dict.fromkeys(truths, 0)
    for _ in range(trials):
        found = percentiles(make(random, n), {name: ALL[name] for name in truths})  # type: ignore[operator]
        for name, truth in truths.items():
            hits[name] += found[name].lo <= truth <= found[name].hi
    return {name: count / trials for name, count in hits.items()}


Z = {"p50": 0.0, "p95": 1.6448536269514722, "p99": 2.3263478740408408}


@pytest.mark.parametrize("n", [1000, 4000])
def test_coverage_of_independent_samples(n: int) -> None:
    covered = _coverage(lambda r, n: r.standard_normal(n), Z, n=n, trials=1000, seed=n)
    assert all(0.93 <= share <= 0.99 for share in covered.values()), covered


def test_coverage_of_a_p999() -> None:
    truth = {"p999": 3.090232306167813}
    covered = _coverage(lambda r, n: r.standard_normal(n), truth, n=10_000, trials=500, seed=999)
    assert 0.93 <= covered["p999"] <= 0.99


def test_coverage_of_a_lognormal_with_spikes() -> None:
    # 2 % of the calls take ten times as long: the true quantiles are those of 200 million draws' closed form, solved.
    def make(random: np.random.Generator, n: int) -> np.ndarray:
        return np.exp(0.1 * random.standard_normal(n)) * np.where(random.random(n) < 0.02, 10.0, 1.0)

    truths = {name: _spiky_quantile(ALL[name]) for name in Z}
    covered = _coverage(make, truths, n=2000, trials=700, seed=5)
    assert all(0.93 <= share <= 0.99 for share in covered.values()), covered


def _spiky_quantile(p: float) -> float:
    def cdf(x: float) -> float:
        def one(shift: float) -> float:
            return 0.5 * (1 + math.erf((math.log(x) - shift) / 0.1 / math.sqrt(2)))

        return 0.98 * one(0.0) + 0.02 * one(math.log(10.0))

    low, high = 0.01, 100.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if cdf(middle) < p else (low, middle)
    return low


@pytest.mark.parametrize("rho", [0.5, 0.8])
def test_coverage_of_samples_that_follow_each_other(rho: float) -> None:
    def make(random: np.random.Generator, n: int) -> np.ndarray:
        series = np.empty(n)
        noise = random.standard_normal(n) * math.sqrt(1 - rho**2)
        last = random.standard_normal()
        for i in range(n):
            last = rho * last + noise[i]
            series[i] = last
        return series

    covered = _coverage(make, Z, n=4000, trials=500, seed=11)
    assert all(0.93 <= share <= 0.99 for share in covered.values()), covered
