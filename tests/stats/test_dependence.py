from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.stats.dependence import _DIRECT_LAGS, _LONG, tau, tau_of_mean


def plain_tau(values: np.ndarray, q: float) -> float:
    """The definition, lag by lag."""
    series = (values <= q).astype(float)
    centred = series - series.mean()
    variance = float((centred**2).sum())
    total = 1.0
    for lag in range(1, len(series)):
        rho = float((centred[lag:] * centred[:-lag]).sum()) / variance
        if rho <= 1e-12:
            break
        total += 2 * rho
    return min(total, float(len(series)))


@given(st.lists(st.integers(0, 5), min_size=3, max_size=60), st.integers(0, 4))
def test_equals_the_definition(values: list[int], q: int) -> None:
    series = np.array(values)
    if (series <= q).all() or (series > q).all():
        assert tau(series, q) == 1.0
    else:
        assert tau(series, q) == pytest.approx(plain_tau(series, q), abs=1e-6)


def test_many_lags_by_transform_equal_the_definition() -> None:
    random = np.random.default_rng(1)
    series = np.repeat(random.integers(0, 2, 12), 400)[:4000] + random.random(4000) * 0.1
    exact = plain_tau(series, 0.5)
    assert exact > 2 * _DIRECT_LAGS
    assert tau(series[:1023], 0.5) == pytest.approx(plain_tau(series[:1023], 0.5), rel=0.25)
    assert exact * (1 - 1e-6) <= tau(series, 0.5) <= 1.25 * exact, "bins may see a little more, and never less"


def test_independent_samples_count_as_nearly_one() -> None:
    random = np.random.default_rng(2)
    assert np.median([tau(random.random(5000), 0.5) for _ in range(30)]) == pytest.approx(1.1, abs=0.1)
    assert np.median([tau_of_mean(random.random(5000)) for _ in range(30)]) == pytest.approx(1.1, abs=0.1)


def test_repeating_each_sample_m_times_makes_m_count_as_one() -> None:
    random = np.random.default_rng(4)
    found = [tau(np.repeat(random.random(2000), 8), 0.5) for _ in range(20)]
    assert np.median(found) == pytest.approx(8.0, rel=0.15)


def test_of_a_long_series_the_bins_say_what_single_lags_would() -> None:
    random = np.random.default_rng(5)
    longer = np.repeat(random.random(20_000), 8)
    assert len(longer) >= _LONG
    assert tau(longer, 0.5) == pytest.approx(8.0, rel=0.2)
    assert tau_of_mean(longer) == pytest.approx(8.0, rel=0.2)
    assert 1.0 <= tau(random.random(_LONG), 0.99) <= 1.4


@given(st.lists(st.floats(0, 1), max_size=50), st.floats(0, 1))
def test_stays_between_one_and_n(values: list[float], q: float) -> None:
    assert 1.0 <= tau(np.array(values), q) <= max(1, len(values))


def spells(random: np.random.Generator, n: int, *, dwell: int, rare: float, often: float, share: float) -> np.ndarray:
    """Calls of which a share `rare` is slow, and in spells of `dwell` calls, `share` of all, a share `often`."""
    lengths = np.column_stack(
        (random.geometric(share / (1 - share) / dwell, n // dwell + 2), random.geometric(1 / dwell, n // dwell + 2))
    )
    often_slow = np.repeat(np.tile([False, True], len(lengths)), lengths.ravel())[:n]
    return (random.random(n) < np.where(often_slow, often, rare)).astype(float)


def test_what_is_weak_but_long_is_seen_in_bins() -> None:
    # By renewal theory: variance of the share of slow calls, over that of independent ones.
    n, dwell, rare, often, share = 100_000, 500, 0.002, 0.04, 0.2
    mean = rare + share * (often - rare)
    memory = 2.0 * dwell * (1 - share)
    exact = 1.0 + (often - rare) ** 2 * share * (1 - share) * memory / (mean * (1 - mean))
    random = np.random.default_rng(5)
    runs = [spells(random, n, dwell=dwell, rare=rare, often=often, share=share) for _ in range(20)]
    assert exact > 15
    assert np.median([tau(run, 0.5) for run in runs]) == pytest.approx(exact, rel=0.25)
    assert np.median([tau_of_mean(run) for run in runs]) == pytest.approx(exact, rel=0.25)


@given(st.lists(st.floats(0, 1e9), max_size=300))
def test_of_the_mean_too_it_stays_between_one_and_n(values: list[float]) -> None:
    assert 1.0 <= tau_of_mean(np.array(values)) <= max(1, len(values))


def test_of_the_mean_of_an_autoregression_it_is_the_closed_form() -> None:
    for rho in (0.5, 0.9):
        found = []
        for seed in range(20):
            series = np.random.default_rng(seed).standard_normal(20_000)
            for i in range(1, len(series)):
                series[i] += rho * series[i - 1]
            found.append(tau_of_mean(series))
        assert np.median(found) == pytest.approx((1 + rho) / (1 - rho), rel=0.2)


def test_values_that_differ_by_rounding_are_equal() -> None:
    assert tau_of_mean(np.cumsum(np.full(100, 0.1)) / np.arange(1, 101)) == 1.0
