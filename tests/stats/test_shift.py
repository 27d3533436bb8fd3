from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.stats.shift import FEWEST, shift_of_mean, shifts

TAILS = (0.95, 0.975, 0.99, 0.999)
ALARM = 0.0005


def steady(kind: str, n: int, seed: int) -> np.ndarray:
    random = np.random.default_rng([seed, n])
    noise = random.standard_normal(n)
    rho = {"AR(1) 0.5": 0.5, "AR(1) 0.9": 0.9}.get(kind, 0.0)
    for i in range(1, n if rho else 0):
        noise[i] = rho * noise[i - 1] + math.sqrt(1 - rho**2) * noise[i]
    return np.exp(0.3 * noise) * np.where(random.random(n) < 0.05, 5.0 if kind == "bimodal" else 1.0, 1.0)


@pytest.mark.parametrize("kind", ["independent", "bimodal", "AR(1) 0.5", "AR(1) 0.9"])
@pytest.mark.parametrize("n", [1000, 4000])
def test_steady_runs_raise_no_alarm(kind: str, n: int) -> None:
    found = [min(each.chance for each in shifts(steady(kind, n, seed), TAILS)) for seed in range(150)]
    assert np.mean(np.array(found) < ALARM) <= 0.01
    assert np.mean(np.array(found) < 0.05) <= 0.2, "four tests at 5 %, which depend on each other"


@pytest.mark.parametrize("n", [4000, 20_000])
def test_a_tail_that_grows_at_half_time_is_seen_and_told(n: int) -> None:
    for seed in range(25):
        series = steady("independent", n, seed)
        slowest = np.quantile(series, 0.95)
        late = (np.arange(n) >= n // 2) & (series > slowest)
        worst = min(shifts(np.where(late, 3 * series, series), TAILS), key=lambda shift: shift.chance)
        assert worst.chance < ALARM
        assert worst.at == pytest.approx(n // 2, rel=0.15)
        assert worst.after > 2 * worst.before
        assert worst.change > 0.5


def test_the_median_of_such_a_run_stands_still() -> None:
    series = steady("independent", 4000, 1)
    late = (np.arange(4000) >= 2000) & (series > np.quantile(series, 0.95))
    assert shifts(np.where(late, 3 * series, series), [0.5])[0].chance > ALARM


@given(st.lists(st.integers(0, 100), max_size=400))
def test_any_series_has_an_answer(values: list[int]) -> None:
    for found in shifts(np.array(values), (0.5, 0.99)):
        assert 0.0 <= found.chance <= 1.0
        if np.count_nonzero(np.array(values) > found.limit) < FEWEST:
            assert found.chance == 1.0
    assert 0.0 <= shift_of_mean(np.array(values)) <= 1.0


def test_the_mean_of_a_steady_run_is_even_and_of_a_step_is_not() -> None:
    chances = [shift_of_mean(steady("independent", 4000, seed)) for seed in range(100)]
    assert np.mean(np.array(chances) < 0.05) <= 0.1
    stepped = steady("independent", 4000, 1) * np.where(np.arange(4000) < 3000, 1.0, 1.2)
    assert shift_of_mean(stepped) < 1e-6
    assert shift_of_mean(np.full(10, 2.0)) == 1.0
