from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.stats.dependence import _DIRECT_LAGS, tau


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
    assert tau(series, 0.5) == pytest.approx(exact, rel=1e-6)


def test_independent_samples_count_as_nearly_one() -> None:
    random = np.random.default_rng(2)
    assert np.median([tau(random.random(5000), 0.5) for _ in range(30)]) == pytest.approx(1.0, abs=0.1)


def test_repeating_each_sample_m_times_makes_m_count_as_one() -> None:
    random = np.random.default_rng(4)
    found = [tau(np.repeat(random.random(2000), 8), 0.5) for _ in range(20)]
    assert np.median(found) == pytest.approx(8.0, rel=0.15)


@given(st.lists(st.floats(0, 1), max_size=50), st.floats(0, 1))
def test_stays_between_one_and_n(values: list[float], q: float) -> None:
    assert 1.0 <= tau(np.array(values), q) <= max(1, len(values))
