from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.stats.series import latencies
from tradeoff.stats.drift import FLOOR, Drift, drift


def one_at_a_time(series: NDArray[np.float64]) -> Drift:
    """Judge calls that follow each other without a pause."""
    return drift(series, np.cumsum(series))


def with_step(series: NDArray[np.float64], at: float, by: float = 0.15) -> NDArray[np.float64]:
    stepped = series.copy()
    stepped[..., int(at * series.shape[-1]) :] *= 1 + by
    return stepped


def shares(runs: NDArray[np.float64]) -> tuple[float, float]:
    """Shares of runs that are unstable, and that are neither unstable nor undecided: called steady."""
    found = [one_at_a_time(run) for run in runs]
    unstable = np.mean([each.is_unstable for each in found])
    return float(unstable), float(1 - unstable - np.mean([each.is_undecided for each in found]))


STATIONARY = [
    (400, 0.01, 0.0, "normal"),
    (400, 0.05, 0.5, "lognormal"),
    (400, 0.20, 0.5, "normal"),
    (1000, 0.20, 0.0, "lognormal"),
    (4000, 0.05, 0.5, "normal"),
    (4000, 0.20, 0.0, "normal"),
    (20_000, 0.20, 0.5, "lognormal"),
]


@pytest.mark.parametrize(("n", "sigma", "rho", "shape"), STATIONARY)
def test_a_stationary_series_raises_no_alarm(n: int, sigma: float, rho: float, shape: str) -> None:
    runs = latencies(np.random.default_rng(n), runs=min(400, 2_000_000 // n), n=n, sigma=sigma, rho=rho, shape=shape)
    # One run in a hundred, and three standard deviations of such a count: the benchmark has the runs to say it exactly.
    assert shares(runs)[0] * len(runs) <= 0.01 * len(runs) + 3 * math.sqrt(0.01 * len(runs))


@pytest.mark.parametrize("at", [0.5, 0.6, 0.75, 0.8, 0.875])
@pytest.mark.parametrize(
    ("n", "sigma", "rho"), [(400, 0.05, 0.0), (400, 0.01, 0.5), (2000, 0.2, 0.0), (4000, 0.2, 0.5)]
)
def test_a_late_step_of_15_percent_is_caught(n: int, sigma: float, rho: float, at: float) -> None:
    runs = latencies(np.random.default_rng(n), runs=200, n=n, sigma=sigma, rho=rho)
    assert shares(with_step(runs, at))[0] >= 0.99


@pytest.mark.parametrize(("n", "rho"), [(400, 0.0), (400, 0.5), (1000, 0.0), (1000, 0.5), (2000, 0.8)])
def test_where_noise_hides_the_step_the_run_is_not_called_steady(n: int, rho: float) -> None:
    runs = latencies(np.random.default_rng(n), runs=300, n=n, sigma=0.2, rho=rho)
    assert shares(with_step(runs, 0.875))[1] <= 0.01


def test_the_step_does_not_hide_itself_behind_the_dependence_it_makes() -> None:
    run = with_step(latencies(np.random.default_rng(1), runs=1, n=20_000, sigma=0.05)[0], 0.8)
    assert one_at_a_time(run).tau < 1.2


def test_without_noise_the_numbers_are_exact() -> None:
    found = one_at_a_time(with_step(np.full(1000, 2048.0), 0.75, by=0.5))
    assert (found.is_unstable, found.is_undecided) == (True, False)
    assert (found.spread, found.threshold, found.tau) == (0.5, FLOOR, pytest.approx(1.0, abs=0.1))
    assert found.medians[0] == 2048.0
    assert found.medians[-1] == 3072.0


def test_one_percent_is_not_worth_a_word() -> None:
    assert not one_at_a_time(with_step(np.full(1000, 1e6), 0.5, by=0.0099)).is_unstable
    assert one_at_a_time(with_step(np.full(1000, 1e6), 0.5, by=0.0102)).is_unstable


def test_a_constant_series_is_steady() -> None:
    found = one_at_a_time(np.full(400, 7.0))
    assert found == Drift(False, False, 0.0, FLOOR, (7.0,) * 8, found.tau)


@pytest.mark.parametrize("share", [0.5, 0.48, 0.45])
def test_two_modes_between_which_the_median_jumps_are_no_drift(share: float) -> None:
    random = np.random.default_rng(8)
    found = [one_at_a_time(np.where(random.random(1000) < share, 1.0, 1.5)) for _ in range(300)]
    assert np.mean([each.is_unstable for each in found]) <= 0.01
    assert any(each.spread > 0.3 for each in found)


@pytest.mark.parametrize("tick", [20_000, 100_000])
def test_a_coarse_clock_raises_no_alarm_and_hides_no_step(tick: int) -> None:
    runs = latencies(np.random.default_rng(9), runs=200, n=2000, sigma=0.05)
    assert shares(np.round(runs / tick) * tick)[0] <= 0.01
    assert shares(np.round(with_step(runs, 0.875) / tick) * tick)[0] >= 0.99


def test_a_slow_slope_is_a_drift() -> None:
    runs = latencies(np.random.default_rng(3), runs=100, n=2000, sigma=0.02)
    assert shares(runs * np.linspace(1.0, 1.15, 2000))[0] >= 0.99
    assert one_at_a_time(np.linspace(1e6, 1.15e6, 2000)).is_unstable


def test_a_run_that_becomes_much_slower_is_seen_though_its_last_slices_hold_few_calls() -> None:
    found = one_at_a_time(np.concatenate((np.full(1000, 1.0), np.full(10, 100.0))))
    assert found.is_unstable
    assert len(found.medians) < 8
    assert found.medians[-1] == 100.0


def test_a_pause_between_calls_is_no_drift() -> None:
    series = latencies(np.random.default_rng(5), runs=1, n=1000, sigma=0.05)[0]
    times = np.cumsum(series)
    times[500:] += 3 * times[-1]
    found = drift(series, times)
    assert not found.is_unstable
    assert len(found.medians) == 2  # the slices are of time, and those between are empty


@pytest.mark.parametrize("n", [0, 1, 7, 15])
def test_too_few_calls_for_two_slices_are_undecided(n: int) -> None:
    found = one_at_a_time(np.full(n, 2.0))
    assert (found.is_unstable, found.is_undecided, found.threshold) == (False, True, math.inf)
    assert math.isnan(found.spread)
    assert found.medians == (2.0,) * min(n, 1)


def test_calls_at_one_instant_are_undecided() -> None:
    assert drift(np.ones(100), np.zeros(100)).is_undecided


def test_a_median_of_zero_is_undecided() -> None:
    assert drift(np.zeros(100), np.arange(100)).is_undecided


samples = st.lists(st.integers(1, 50), min_size=20, max_size=200)


@given(samples, st.integers(-20, 20), st.integers(0, 10**9))
def test_unit_and_origin_do_not_matter(values: list[int], exponent: int, origin: int) -> None:
    series = np.array(values, dtype=float)
    times = np.cumsum(np.array(values))
    one, other = drift(series, times), drift(series * 2.0**exponent, times * 8 + origin)
    assert replace(other, medians=one.medians) == one or math.isnan(one.spread)
    assert np.array_equal(np.array(other.medians), np.array(one.medians) * 2.0**exponent)


@given(samples, st.randoms(use_true_random=False))
def test_the_order_in_which_calls_are_handed_over_does_not_matter(values: list[int], random: object) -> None:
    series, times = np.array(values), np.cumsum(np.array(values))
    order = list(range(len(values)))
    random.shuffle(order)  # type: ignore[attr-defined]
    one, other = drift(series, times), drift(series[order], times[order])
    assert one == other or (math.isnan(one.spread) and math.isnan(other.spread))


@given(samples, st.integers(2, 12))
def test_says_one_thing_only_and_keeps_its_definition(values: list[int], slices: int) -> None:
    found = drift(np.array(values), np.cumsum(np.array(values)), slices=slices)
    assert not (found.is_unstable and found.is_undecided)
    assert 1 <= len(found.medians) <= slices
    assert set(found.medians) <= set(values)
    if len(found.medians) > 1:
        assert found.is_unstable == (found.spread > found.threshold)
        assert found.threshold >= FLOOR
        assert found.tau >= 1.0
    if not found.is_unstable and len(found.medians) > 1:
        whole = max(found.medians) - min(found.medians)
        assert found.spread == pytest.approx(whole / np.median(found.medians))


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"latencies": [1.0, math.nan]}, "latencies"),
        ({"times_ns": [1.0, math.nan]}, "times_ns"),
        ({"times_ns": [1.0]}, "as long"),
        ({"latencies": [[1.0, 2.0]]}, "one-dimensional"),
        ({"slices": 1}, "slices"),
    ],
)
def test_misuse_names_the_argument(arguments: dict[str, object], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        drift(**({"latencies": [1.0, 2.0], "times_ns": [1.0, 2.0]} | arguments))  # type: ignore[arg-type]
