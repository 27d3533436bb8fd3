import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.figures.axes import axis, linear_ticks, log_ticks, measured_axis, tick_text

POSITIVE = st.floats(1e-9, 1e12)


@given(st.lists(POSITIVE, min_size=1, max_size=20), st.integers(4, 9))
def test_an_axis_holds_every_value_and_few_round_ticks(values, most):
    scale = axis(values, title="x", most=most)
    assert scale.log
    assert scale.low <= min(values)
    assert max(values) <= scale.high
    assert len(scale.ticks) <= most
    assert all(scale.low <= tick <= scale.high for tick in scale.ticks)
    assert len(set(map(tick_text, scale.ticks))) == len(scale.ticks)


@given(POSITIVE, st.floats(1.5, 1e9))
def test_a_log_axis_wider_than_half_an_octave_has_ticks(low, ratio):
    assert len(log_ticks(low, low * ratio)) >= 2


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(3, 9))
def test_linear_ticks_are_equal_steps(low, width, most):
    ticks = linear_ticks(low, low + width, most=most)
    assert 1 <= len(ticks) <= most
    assert np.allclose(np.diff(ticks), np.diff(ticks)[:1], rtol=1e-6, atol=1e-9)


def test_values_that_are_not_positive_make_a_linear_axis():
    assert not axis([-1.0, 0.0, 5.0], title="x").log
    assert not axis([], title="x").log
    assert not axis([math.nan, math.inf], title="x").log


def test_measured_sizes_are_the_ticks():
    assert measured_axis([8, 1, 2, 4, 2], title="b").ticks == (1, 2, 4, 8)


def test_crowded_sizes_are_thinned_and_powers_of_two_stay():
    ticks = measured_axis([*range(1, 129)], title="b", most=10).ticks
    assert ticks[0] == 1
    assert set(ticks) >= {1, 2, 4, 8, 16, 32, 64, 128}
    assert np.diff(np.log(ticks)).min() > 0.4


@pytest.mark.parametrize(
    ("value", "text"), [(0.5, "0.5"), (2000, "2000"), (10_000, "10k"), (2.5e6, "2.5M"), (1e9, "1G")]
)
def test_ticks_are_short(value, text):
    assert tick_text(value) == text


def test_the_layout_writes_the_range_of_a_log_axis_in_powers():
    layout = axis([1, 100], title="x").layout()
    assert layout["type"] == "log"
    assert layout["range"][0] < 0 < 2 < layout["range"][1]
