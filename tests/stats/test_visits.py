from __future__ import annotations

import math

import numpy as np
import pytest

from tradeoff.stats.dependence import tau_of_mean
from tradeoff.stats.quantiles import percentiles
from tradeoff.stats.visits import FEWEST, tau_over_visits

STARTS = [0, 1000, 2000, 3000, 4000]


def visits(random: np.random.Generator, *, between: float) -> np.ndarray:
    moods = np.repeat(np.exp(between * random.standard_normal(len(STARTS))), 1000)
    return moods * np.exp(0.1 * random.standard_normal(5000))


def test_visits_in_one_mood_leave_nine_of_ten_intervals_as_they_are() -> None:
    random = np.random.default_rng(1)
    differ = [tau_over_visits(lambda _: 1.0, visits(random, between=0.0), STARTS)[1] for _ in range(400)]
    assert np.mean(differ) == pytest.approx(0.1, abs=0.05)


def test_moods_that_last_for_a_visit_widen_the_interval_until_it_holds_their_median() -> None:
    held = plain = 0
    for seed in range(200):
        series = visits(np.random.default_rng(seed), between=0.2)
        found = percentiles(series, {"p50": 0.5}, visits=STARTS)["p50"]
        held += found.lo <= 1.0 <= found.hi or math.isnan(found.hi)
        alone = percentiles(series[:1000], {"p50": 0.5})["p50"]
        plain += alone.lo <= 1.0 <= alone.hi
    assert held >= 0.92 * 200
    assert plain < 0.2 * 200, "one visit knows one mood"


@pytest.mark.parametrize("starts", [[], [0], [0, 100]])
def test_fewer_than_three_visits_say_nothing(starts: list[int]) -> None:
    assert len(starts) < FEWEST
    series = np.arange(200.0)
    assert tau_over_visits(tau_of_mean, series, starts) == (tau_of_mean(series), False)


def test_visits_without_a_sample_do_not_count_and_equal_values_do_not_differ() -> None:
    series = np.arange(200.0)
    assert tau_over_visits(tau_of_mean, series, [0, 100, 200, 200]) == (tau_of_mean(series), False)
    assert tau_over_visits(tau_of_mean, np.ones(300), [0, 100, 200]) == (1.0, False)


@pytest.mark.parametrize("count", [3, 7, 13])
def test_it_is_never_less_than_one(count: int) -> None:
    series = np.arange(count * 37.0) % 2
    assert tau_over_visits(lambda _: 1.0, series, [37 * k for k in range(count)])[0] >= 1.0
