import math
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tradeoff.explorer.preferred import MOST_STEPS, preferred_numbers, with_asked

positive = st.floats(1e-6, 1e6)


@given(positive, positive)
def test_they_reach_from_below_to_above_in_steps_an_arrow_key_can_take(one, other):
    low, high = sorted((one, other))
    steps = preferred_numbers(low, high)
    assert steps == sorted(set(steps))
    assert steps[0] <= low
    assert steps[-1] >= high
    assert len(steps) <= max(MOST_STEPS, 10 * (math.log10(high / low) + 2))
    assert all(b / a <= 1.35 for a, b in pairwise(steps))


@given(st.integers(1, 100_000))
def test_whole_ones_are_whole_and_begin_at_one(high):
    steps = preferred_numbers(1, high, whole=True)
    assert steps[0] == 1
    assert steps[-1] >= high
    assert all(step == int(step) for step in steps)
    assert steps == sorted(set(steps))


def test_people_are_offered_two_and_a_half_and_not_2_4138():
    assert {1.0, 2.5, 4.0, 6.3, 10.0} <= set(preferred_numbers(1, 10))
    assert with_asked([1.0, 2.5], [2.4138]) == [1.0, 2.4138, 2.5]
