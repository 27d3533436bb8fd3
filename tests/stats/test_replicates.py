from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stats.series import normal
from tradeoff.stats.quantiles import TOO_FEW_SAMPLES, UPPER_UNBOUNDED, percentiles, quantile_with_interval
from tradeoff.stats.replicates import pooled_percentiles, pooled_quantile

ALL = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
times = st.lists(st.integers(1, 1000), min_size=10, max_size=80)


@given(times, st.sampled_from([0.5, 0.9]))
def test_one_process_is_the_plain_percentile(values: list[int], p: float) -> None:
    plain, pooled = percentiles(values, {"p": p})["p"], pooled_quantile([values], p)
    assert repr(plain) == repr(pooled)


def test_processes_that_differ_give_students_interval_in_closed_form() -> None:
    # Constants 1, e, e**2: their logarithms have mean 1 and standard deviation 1, and t(0.975, 2) = 4.3027.
    found = pooled_quantile([np.full(100, math.exp(i)) for i in range(3)], 0.5)
    half = 4.302652729911275 / math.sqrt(3)
    assert found.value == pytest.approx(math.e)
    assert (found.lo, found.hi) == pytest.approx((math.exp(1 - half), math.exp(1 + half)))
    assert (found.n, found.flag) == (300, "")


def test_processes_that_agree_give_the_pooled_interval() -> None:
    random = np.random.default_rng(1)
    shuffled = [random.permutation(np.arange(1.0, 1001.0)) for _ in range(4)]
    found = pooled_quantile(shuffled, 0.9)
    plain = quantile_with_interval(np.concatenate(shuffled), 0.9, tau=found.tau)
    assert found == plain


@given(st.lists(times, min_size=1, max_size=4), st.sampled_from([0.5, 0.9]))
def test_never_narrower_than_pooled_and_holds_the_estimate(series: list[list[int]], p: float) -> None:
    found = pooled_quantile(series, p)
    plain = quantile_with_interval([value for part in series for value in part], p, tau=found.tau)
    assert repr((found.value, found.flag, found.n)) == repr((plain.value, plain.flag, plain.n))
    assert math.isnan(found.hi) == math.isnan(plain.hi)
    if not math.isnan(found.value):
        assert found.lo <= min(plain.lo, found.value)
    if not math.isnan(found.hi):
        assert found.hi >= max(plain.hi, found.value)


@given(st.lists(times, min_size=2, max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_the_processes_does_not_matter(series: list[list[int]], random: object) -> None:
    one = pooled_quantile(series, 0.5)
    random.shuffle(series)  # type: ignore[attr-defined]
    other = pooled_quantile(series, 0.5)
    fields = ("value", "lo", "hi", "tau")
    assert [getattr(one, name) for name in fields] == pytest.approx([getattr(other, name) for name in fields])


@given(st.lists(times, min_size=2, max_size=4), st.integers(-10, 10))
def test_the_unit_does_not_matter(series: list[list[int]], exponent: int) -> None:
    one = pooled_quantile(series, 0.5)
    other = pooled_quantile([np.array(part) * 2.0**exponent for part in series], 0.5)
    found, expected = (other.value, other.lo, other.hi), (one.value, one.lo, one.hi)
    assert found == pytest.approx(tuple(end * 2.0**exponent for end in expected), nan_ok=True)


def test_dependence_is_counted_within_processes_not_across_them() -> None:
    random = np.random.default_rng(2)
    far_apart = [random.random(1000) + 10 * i for i in range(4)]
    assert pooled_quantile(far_apart, 0.5).tau < 1.5
    repeated = [np.repeat(random.random(500), 8) for _ in range(4)]
    assert pooled_quantile(repeated, 0.5).tau == pytest.approx(9.5, rel=0.2), "bins add a little"


@pytest.mark.parametrize(("n", "flag"), [(20, TOO_FEW_SAMPLES), (60, UPPER_UNBOUNDED), (120, "")])
def test_what_n_carries_is_judged_over_all_processes(n: int, flag: str) -> None:
    random = np.random.default_rng(3)
    found = pooled_quantile([random.permutation(np.arange(1.0, n + 1)) for _ in range(4)], 0.99)
    assert found.flag == flag
    assert math.isnan(found.hi) == (flag != "")
    assert math.isnan(found.value) == (flag == TOO_FEW_SAMPLES)


def test_processes_without_calls_are_left_out_and_none_at_all_is_no_error() -> None:
    assert pooled_quantile([[1.0, 2.0] * 20, []], 0.5) == pooled_quantile([[1.0, 2.0] * 20], 0.5)
    assert pooled_quantile([], 0.5).flag == pooled_quantile([[]], 0.5).flag == TOO_FEW_SAMPLES


def test_a_clock_so_coarse_that_it_shows_zero_gives_the_pooled_interval() -> None:
    assert pooled_quantile([[0] * 50, [1] * 50], 0.5).lo == 0.0


def test_processes_that_differ_beyond_measure_do_not_overflow() -> None:
    found = pooled_quantile([np.full(50, 1e-300), np.full(50, 1e300)], 0.5)
    assert math.isfinite(found.hi)
    assert found.hi >= 1e300


@pytest.mark.parametrize("between", [0.0, 0.02, 0.2])
def test_the_interval_covers_the_typical_process(between: float) -> None:
    random = np.random.default_rng(int(100 * between))
    z = {"p50": 0.0, "p95": 1.6448536269514722, "p99": 2.3263478740408408}
    hits, trials = dict.fromkeys(z, 0), 400
    for _ in range(trials):
        shift = between * random.standard_normal((5, 1))
        found = pooled_percentiles(list(np.exp(shift + normal(random, runs=5, n=600, sigma=0.1))), ALL)
        for name, score in z.items():
            hits[name] += found[name].lo <= math.exp(0.1 * score) <= found[name].hi
    covered = {name: count / trials for name, count in hits.items()}
    assert all(share >= 0.93 for share in covered.values()), covered


def test_all_calls_as_one_run_would_not_cover_it() -> None:
    random = np.random.default_rng(7)
    hits = 0
    for _ in range(200):
        shift = 0.05 * random.standard_normal((5, 1))
        plain = quantile_with_interval(np.exp(shift + normal(random, runs=5, n=600, sigma=0.1)).ravel(), 0.5)
        hits += plain.lo <= 1.0 <= plain.hi
    assert hits < 120
