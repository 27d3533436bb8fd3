import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.stats.paired import FEWEST_ROUNDS, ratio_of_medians, ratio_of_quantiles, ratio_of_rates

ALPHA = 0.05


def times(rounds: int, each: int, *, seed: int, factor: float = 1.0, mood=None):
    rng = np.random.default_rng(seed)
    where = np.repeat(np.arange(rounds), each)
    level = 1.0 if mood is None else mood[where]
    return factor * level * np.exp(0.3 * rng.standard_normal(rounds * each)), where


def of_quantiles(before, after, p=0.99, alpha=ALPHA):
    return ratio_of_quantiles(before[0], after[0], before[1], after[1], p, alpha=alpha)


def test_the_pseudomedian_is_that_of_all_pairs_and_its_interval_is_the_signed_rank_tests():
    # By hand (Hollander & Wolfe, Nonparametric Statistical Methods, example 3.1: depression scales of nine patients).
    differences = [-0.952, 0.147, -1.022, -0.430, -0.620, -0.590, -0.490, 0.080, -0.010]
    found = ratio_of_medians(differences, alpha=0.05)
    walsh = np.sort([(a + b) / 2 for i, a in enumerate(differences) for b in differences[i:]])
    assert found.value == pytest.approx(np.median(walsh), abs=1e-6)
    assert walsh[0] <= found.lo <= -0.7
    assert any(abs(walsh - found.lo) < 1e-6)
    assert any(abs(walsh - found.hi) < 1e-6)


@given(st.lists(st.floats(-1, 1, allow_nan=False), min_size=8, max_size=40), st.floats(-2, 2))
def test_medians_move_with_their_ratios_and_turn_round_with_their_signs(values, by):
    found, moved = ratio_of_medians(values, alpha=ALPHA), ratio_of_medians(np.add(values, by), alpha=ALPHA)
    turned = ratio_of_medians(np.negative(values), alpha=ALPHA)
    assert moved.value == pytest.approx(found.value + by, abs=1e-6)
    assert turned.value == pytest.approx(-found.value, abs=1e-6)
    assert found.lo <= found.value <= found.hi


def test_a_few_rounds_that_met_a_change_of_mood_do_not_hide_a_small_difference():
    rng = np.random.default_rng(1)
    ratios = 0.02 + 0.01 * rng.standard_normal(100)
    ratios[rng.choice(100, 10, replace=False)] += rng.choice([-0.5, 0.5], 10)
    found = ratio_of_medians(ratios, alpha=ALPHA)
    assert found.lo > 0.015
    assert found.hi < 0.025
    of_a_mean = 1.96 * ratios.std() / 10.0
    assert found.half_width < of_a_mean / 5.0


def test_equal_rounds_are_known_exactly():
    found = ratio_of_medians([0.25] * 20, alpha=ALPHA)
    assert (found.lo, found.hi) == pytest.approx((0.25, 0.25))


@pytest.mark.parametrize("rounds", [0, 1, FEWEST_ROUNDS - 1])
def test_few_rounds_have_no_interval(rounds):
    assert math.isinf(ratio_of_medians([0.1] * rounds, alpha=ALPHA).half_width)
    ones = np.ones(rounds)
    assert math.isinf(ratio_of_rates(ones, ones, 2 * ones, ones, alpha=ALPHA).half_width)
    made = times(rounds, 500, seed=0) if rounds else (np.zeros(0), np.zeros(0, dtype=int))
    assert math.isinf(of_quantiles(made, made).half_width)


def test_the_ratio_of_rates_is_that_of_the_sums():
    rng = np.random.default_rng(1)
    calls, then = rng.poisson(100, 50), rng.poisson(150, 50)
    found = ratio_of_rates(calls, np.full(50, 0.01), then, np.full(50, 0.01), alpha=ALPHA)
    assert found.value == pytest.approx(math.log(then.sum() / calls.sum()))
    assert found.lo < math.log(1.5) < found.hi


def test_what_both_sides_share_is_in_no_interval():
    """A mood that makes rounds three times slower widens no interval where it meets both sides alike."""
    mood = np.where(np.random.default_rng(2).random(60) < 0.3, 3.0, 1.0)
    same = np.full(60, 0.01)
    found = ratio_of_rates(100 / mood, same, 98 / mood, same, alpha=ALPHA)
    assert found.half_width < 1e-9
    shared = of_quantiles(times(60, 400, seed=3, mood=mood), times(60, 400, seed=4, mood=mood))
    plain = of_quantiles(times(60, 400, seed=3), times(60, 400, seed=4))
    assert shared.half_width < 2.0 * plain.half_width  # fewer calls are in slow rounds, and they decide on p99
    assert shared.lo < 0 < shared.hi


def test_a_mood_of_one_sides_own_widens_the_intervals():
    own = np.where((np.arange(64) // 16) % 2 == 0, 1.5, 1.0)
    same = np.full(64, 0.01)
    mine = ratio_of_rates(100 / own, same, np.full(64, 80.0), same, alpha=ALPHA)
    assert mine.tau > 4
    assert mine.half_width > 0.1


@pytest.mark.parametrize("p", [0.9, 0.99])
def test_quantiles_of_scaled_times_have_their_ratio(p):
    before, after = times(40, 1000, seed=5), times(40, 1000, seed=6, factor=1.2)
    found = of_quantiles(before, after, p)
    cuts = [np.quantile(each, p, method="inverted_cdf") for each, _ in (before, after)]
    assert found.value == pytest.approx(math.log(cuts[1] / cuts[0]))
    assert found.lo < math.log(1.2) < found.hi
    turned = of_quantiles(after, before, p)
    assert (turned.lo, turned.hi) == pytest.approx((-found.hi, -found.lo), abs=2e-3)


def test_calls_that_all_take_as_long_are_known_exactly():
    where = np.repeat(np.arange(20), 100)
    found = ratio_of_quantiles(np.full(2000, 100), np.full(2000, 110), where, where, 0.99, alpha=ALPHA)
    assert (found.value, found.lo, found.hi) == pytest.approx((math.log(1.1),) * 3, abs=1e-4)


def test_few_slow_calls_leave_an_end_open_and_too_few_have_no_value():
    few = times(20, 10, seed=7), times(20, 10, seed=8)
    assert math.isinf(of_quantiles(*few).half_width)
    assert math.isnan(of_quantiles(times(20, 4, seed=7), times(20, 4, seed=8)).value)


def test_no_winner_is_invented_by_moods_that_last_and_a_coin_decides_who_has_the_turn():
    """Both sides are the same, the machine is moody, each round's difference has either sign: at most 5 % of 400."""
    rng, wrong = np.random.default_rng(9), 0
    for _ in range(400):
        level = np.cumsum(rng.standard_normal(60)) * 0.05
        ratios = rng.choice([-1, 1], 60) * np.abs(np.diff(level, append=level[-1]))
        found = ratio_of_medians(ratios, alpha=ALPHA)
        wrong += found.lo > 0 or found.hi < 0
    assert wrong <= 400 * 0.05 + 2.33 * math.sqrt(400 * 0.05 * 0.95)
