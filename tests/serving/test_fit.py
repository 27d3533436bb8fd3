"""The fit by its laws: exact data give back their model, intervals hold the truth, units do not matter."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tradeoff.serving.fit import better_form, fit_service, ratio

POWERS = 2.0 ** np.arange(10)
COST = st.floats(min_value=1e-3, max_value=1e3)


def line(a, c, sizes=POWERS):
    return a + c * sizes


def roof(a, m, c, sizes=POWERS):
    return a + np.maximum(m, c * sizes)


def best(sizes, times, share=0.01):
    fits = fit_service(np.asarray(sizes, float), np.asarray(times, float), share * np.asarray(times, float))
    return fits[better_form(fits)]


@given(a=COST, c=COST)
def test_exact_times_give_back_the_line(a, c):
    fit = best(POWERS, line(a, c))
    assert fit.form == "affine"
    assert fit.scatter == 0.0
    assert fit.times(POWERS) == pytest.approx(line(a, c), rel=1e-6)
    assert fit.marginal == pytest.approx(c, abs=1e-6 * (a + c))
    assert fit.fixed == pytest.approx(a, abs=1e-6 * (a + c))


@given(a=st.floats(0.0, 10.0), m=st.floats(1.0, 100.0), kink=st.floats(3.0, 100.0))
def test_exact_times_give_back_the_roofline(a, m, kink):
    assume(a < m)
    fit = best(POWERS, roof(a, m, m / kink))
    assert fit.form == "roofline"
    assert (fit.fixed, fit.level, fit.marginal) == pytest.approx((a, a + m, m / kink), rel=1e-6, abs=1e-6 * m)
    assert fit.kink == pytest.approx(kink, rel=1e-6)


@given(
    times=st.lists(st.floats(min_value=0.1, max_value=10.0), min_size=6, max_size=6),
    unit=st.sampled_from([1e-9, 1e-3, 1e3, 1e9]),
)
def test_the_unit_of_time_changes_nothing(times, unit):
    sizes, times = POWERS[:6], np.array(times)
    one, other = best(sizes, times), best(sizes, unit * times)
    assert one.form == other.form
    assert other.scatter == pytest.approx(one.scatter, rel=1e-5, abs=1e-7)
    assert other.times(sizes) == pytest.approx(unit * one.times(sizes), rel=1e-5, abs=1e-6 * unit)
    assert other.half_widths(sizes) == pytest.approx(unit * one.half_widths(sizes), rel=1e-4)


@given(a=COST, c=COST, scale=st.integers(2, 1000))
def test_the_unit_of_the_batch_changes_the_marginal_cost_only(a, c, scale):
    noisy = line(a, c) * (1 + 0.02 * np.cos(np.arange(10)))
    one, other = best(POWERS, noisy), best(scale * POWERS, noisy)
    assert other.fixed == pytest.approx(one.fixed, rel=1e-6, abs=1e-9 * (a + c))
    assert scale * other.marginal == pytest.approx(one.marginal, rel=1e-6)
    assert other.half_widths(scale * POWERS) == pytest.approx(one.half_widths(POWERS), rel=1e-5)


@pytest.mark.parametrize(("scatter", "own"), [(0.0, 0.02), (0.03, 0.005), (0.03, math.nan)])
@pytest.mark.parametrize("sizes", [POWERS[:5], POWERS])
def test_intervals_hold_the_truth(scatter, own, sizes):
    rng = np.random.default_rng(1)
    held = np.zeros(3)
    spread = math.hypot(scatter, 0.0 if math.isnan(own) else own)
    for _ in range(300):
        truth = line(1.0, 0.05, sizes)
        times = truth * (1 + rng.normal(0, spread, len(sizes)))
        fit = fit_service(sizes, times, own * truth)["affine"]
        errors = fit.quantile * np.sqrt(np.diag(fit.covariance))
        amortised = ratio(fit)
        held += (
            abs(fit.fixed - 1.0) <= errors[0],
            abs(fit.marginal - 0.05) <= errors[1],
            not amortised.lo > 20 and not amortised.hi < 20,
        )
    assert (held / 300 >= 0.92).all()


def test_the_rooflines_intervals_hold_the_truth():
    rng = np.random.default_rng(2)
    held, seen = np.zeros(3), 0
    for _ in range(300):
        truth = roof(1.0, 3.0, 0.05)
        fit = fit_service(POWERS, truth * (1 + rng.normal(0, 0.02, 10)), 0.005 * truth).get("roofline")
        if fit is None:
            continue
        seen += 1
        errors = fit.quantile * np.sqrt(np.diag(fit.covariance))
        held += np.abs(fit.coefficients - (4.0, 1.0, 0.05)) <= errors
    assert seen > 270
    assert (held / seen >= 0.9).all()


@pytest.mark.parametrize(("truth", "expected"), [(line(1.0, 0.05), "affine"), (roof(1.0, 3.0, 0.05), "roofline")])
def test_the_true_form_is_chosen(truth, expected):
    rng = np.random.default_rng(3)
    chosen = [best(POWERS, truth * (1 + rng.normal(0, 0.02, 10))).form for _ in range(200)]
    assert chosen.count(expected) >= 190


def test_few_sizes_are_no_evidence_for_a_kink():
    sizes = POWERS[:5]
    assert best(sizes, roof(0.0, 4.0, 1.0, sizes)).form == "affine"


def test_times_that_grow_ever_faster_have_no_kink():
    assert best(POWERS, 0.01 * POWERS**1.5).form == "affine"


def test_one_precise_time_does_not_decide_alone():
    times = line(1.0, 0.1) * np.where(np.arange(10) == 4, 1.3, 1.0)
    own = np.where(np.arange(10) == 4, 1e-6, 0.02) * times
    fit = fit_service(POWERS, times, own)["affine"]
    assert fit.scatter > 0.02
    assert fit.times(POWERS[-1:])[0] == pytest.approx(line(1.0, 0.1)[-1], rel=0.1)


def test_scatter_is_found():
    rng = np.random.default_rng(4)
    found = []
    for _ in range(100):
        truth = line(1.0, 0.05)
        found.append(fit_service(POWERS, truth * (1 + rng.normal(0, 0.05, 10)), 1e-4 * truth)["affine"].scatter)
    assert np.median(found) == pytest.approx(0.05, rel=0.15)


def test_one_size_carries_nothing_and_two_a_line_that_nothing_checks():
    assert fit_service(np.array([4.0, 4.0]), np.array([1.0, 1.1]), np.array([0.1, 0.1])) == {}
    assert fit_service(np.empty(0), np.empty(0), np.empty(0)) == {}
    fit = best([1.0, 5.0], [3.0, 11.0])
    assert (fit.fixed, fit.marginal, fit.degrees, fit.scatter) == (pytest.approx(1.0), pytest.approx(2.0), 0, 0.0)
    # Each time is known to 1 %: the slope of the line through them to the root of the sum of squares over 4.
    expected = math.hypot(0.01 * 3, 0.01 * 11, 1e-3 * 3, 1e-3 * 11) / 4
    assert math.sqrt(fit.covariance[1, 1]) == pytest.approx(expected, rel=1e-9)


def test_a_size_measured_twice_counts_twice():
    fit = best([1.0, 1.0, 2.0, 2.0], [1.0, 1.2, 2.0, 2.2])
    assert fit.degrees == 2
    assert fit.times(np.array([1.0]))[0] == pytest.approx(1.1, rel=0.01)


def test_falling_times_have_a_falling_line():
    fit = best(POWERS, 100 - 0.1 * POWERS)
    assert fit.marginal == pytest.approx(-0.1)
    assert math.isnan(ratio(fit).value)


def test_a_ratio_whose_divisor_may_be_zero_has_no_ends():
    rng = np.random.default_rng(5)
    fit = best(POWERS[:6], 10 + 0.001 * POWERS[:6] + rng.normal(0, 0.5, 6))
    fit = fit if fit.marginal > 0 else best(POWERS[:6], 10 + 0.02 * POWERS[:6] + 0.5 * np.cos(7 * np.arange(6)))
    assert fit.marginal > 0
    assert math.isnan(ratio(fit).lo)
    assert math.isnan(ratio(fit).hi)


@given(a=COST, c=COST, share=st.floats(1e-4, 0.02))
def test_fiellers_interval_solves_its_equation(a, c, share):
    """At its ends r the test of a - r c = 0 is just on the edge: (a - r c)² = t² (Va - 2 r Vac + r² Vc)."""
    fit = best(POWERS, line(a, c) * (1 + share * np.sin(3 * np.arange(10))), share)
    found = ratio(fit)
    assume(math.isfinite(found.lo))
    for end in (found.lo, found.hi):
        variance = fit.covariance[0, 0] - 2 * end * fit.covariance[0, 1] + end**2 * fit.covariance[1, 1]
        left, right = (fit.fixed - end * fit.marginal) ** 2, fit.quantile**2 * variance
        assert left == pytest.approx(right, rel=1e-4)
