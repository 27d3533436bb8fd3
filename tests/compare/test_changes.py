import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.compare.changes import Ratio, at_clock, changes_of, clock_ratios, ratio_of

NAME = "latency_p99_ms"


def frame(*rows, **more):
    """Rows of value, lower and upper end."""
    columns = dict(zip((NAME, NAME + "_lo", NAME + "_hi"), map(list, zip(*rows, strict=True)), strict=True))
    return pd.DataFrame({**columns, **more}, dtype="float64")


def change(before, after):
    return changes_of(before, after, [NAME])[NAME]


POSITIVE = st.floats(0.1, 10)


@given(st.lists(st.tuples(*[POSITIVE] * 6), min_size=1, max_size=7))
def test_the_interval_of_a_ratio_excludes_1_exactly_when_the_intervals_do_not_overlap(rows):
    one, other = (
        frame(*[(value, value * min(1, low), value * max(1, high)) for value, low, high in part])
        for part in ([row[:3] for row in rows], [row[3:] for row in rows])
    )
    found = change(one, other)
    above, below = other[NAME + "_lo"] > one[NAME + "_hi"], other[NAME + "_hi"] < one[NAME + "_lo"]
    apart = above.astype(int) - below.astype(int)
    assert found.sign.tolist() == apart.tolist()
    assert np.all(found.log_lo <= found.log)
    assert np.all(found.log <= found.log_hi)
    assert ((found.log_lo > 0).astype(int) - (found.log_hi < 0).astype(int)).tolist() == apart.tolist()
    ratio = found.ratio()
    assert ratio.lo <= ratio.value * (1 + 1e-12)
    assert ratio.value <= ratio.hi * (1 + 1e-12)


@given(st.lists(st.tuples(POSITIVE, st.floats(0.5, 1), st.floats(1, 2), st.floats(0, 1)), min_size=1, max_size=9))
def test_the_median_of_the_ends_holds_the_median_of_whatever_the_intervals_hold(rows):
    """Each true ratio lies anywhere in its interval, be they dependent or not."""
    found = change(frame(*[(1, 1, 1)] * len(rows)), frame(*[(v, v * low, v * high) for v, low, high, _ in rows]))
    truth = [v * (low + part * (high - low)) for v, low, high, part in rows]
    ordered = sorted(np.log(truth))
    middle = (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
    assert found.ratio().lo <= math.exp(middle) * (1 + 1e-9)
    assert math.exp(middle) <= found.ratio().hi * (1 + 1e-9)


@pytest.mark.parametrize(
    ("before", "after", "ratio", "sign"),
    [
        ((10, 9, 11), (20, 18, 22), (2, 18 / 11, 22 / 9), 1),
        ((10, 9, 11), (10, 9, 11), (1, 9 / 11, 11 / 9), 0),
        ((10, math.nan, math.nan), (20, math.nan, math.nan), (2, 2, 2), 1),
        ((10, math.nan, math.nan), (10, math.nan, math.nan), (1, 1, 1), 0),
        ((10, 9, math.nan), (20, 18, 22), (2, 0, 22 / 9), 0),
        ((10, 9, 11), (20, 18, math.nan), (2, 18 / 11, math.inf), 1),
        ((10, 9, 11), (5, 4, math.nan), (0.5, 4 / 11, math.inf), 0),
        ((0, 0, 0), (0, 0, 0), (1, 0, math.inf), 0),
        ((0, 0, 0), (5, 4, 6), (math.inf, math.inf, math.inf), 1),
        ((5, 4, 6), (0, 0, 0), (0, 0, 0), -1),
        ((5, -1, 6), (5, 4, 6), (1, 4 / 6, math.inf), 0),
        ((math.nan, 4, 6), (5, 4, 6), (math.nan,) * 3, 0),
        ((-5, -6, -4), (5, 4, 6), (math.nan,) * 3, 1),
        ((1e-300, 1e-301, 1e-299), (1e300, 1e299, 1e301), (math.inf,) * 3, 1),
    ],
)
def test_ratios_of_one_point(before, after, ratio, sign):
    found = change(frame(before), frame(after))
    assert list(found.ratio()) == pytest.approx(ratio, nan_ok=True)
    assert found.sign.tolist() == [sign]


def test_what_failed_has_no_values():
    one, other = frame((1, 1, 1), (2, 2, 2)), frame((2, 2, 2), (2, 2, 2)).assign(status=["failed", "budget"])
    found = change(one, other)
    assert (found.n, found.ratio().value) == (1, 1.0)


def test_values_below_zero_have_no_ratio_and_more_than_half_decides():
    ends = [(-1, -1, -1), (1, 1, 1), (1, 1, 1)]
    found = change(frame(*ends), frame((5, 5, 5), (5, 5, 5), (0, 0, 0)))
    assert found.has_no_ratio
    assert (found.n, found.agreed_sign) == (3, 1)
    assert change(frame(*ends[:2]), frame((5, 5, 5), (0, 0, 0))).agreed_sign == 0


def test_no_pairs_have_no_ratio():
    found = change(frame((1, 1, 1)).iloc[:0], frame((1, 1, 1)).iloc[:0])
    assert all(map(math.isnan, found.ratio()))
    assert (found.n, found.agreed_sign, found.has_no_ratio) == (0, 0, False)


def test_time_and_rate_in_clock_cycles():
    """The same cycles at 2000 and 1000 MHz: twice the time, half the rate."""
    one = frame((1, 0.9, 1.1), throughput_rps=100.0, energy_j_per_item=1.0, sm_clock_mhz=2000.0)
    other = frame((2, 1.8, 2.2), throughput_rps=50.0, energy_j_per_item=2.0, sm_clock_mhz=1000.0)
    found = changes_of(one, other, [NAME, "throughput_rps", "energy_j_per_item"])
    assert [part.ratio(in_cycles=True).value for part in found.values()] == pytest.approx([1, 1, 2])
    assert [part.is_clocked for part in found.values()] == [True, True, False]
    assert [part.agreed_sign for part in found.values()] == [0, 0, 1]
    assert [part.vanishes().tolist() for part in found.values()] == [[True], [True], [False]]
    anew = at_clock(other, [NAME, "throughput_rps", "energy_j_per_item"], clock_ratios(one, other))
    expected = one.assign(energy_j_per_item=2.0, sm_clock_mhz=1000.0)
    pd.testing.assert_frame_equal(anew, expected)


@pytest.mark.parametrize("clocks", [(math.nan, 1000.0), (0.0, 1000.0), (1000.0, math.nan), (1000.0, 1000.0)])
def test_a_clock_that_is_not_known_or_does_not_differ_changes_nothing(clocks):
    found = change(*(frame((1 + at, 1 + at, 1 + at), sm_clock_mhz=clock) for at, clock in enumerate(clocks)))
    assert not found.is_clocked
    assert (found.agreed_sign, found.agreed_signs().tolist()) == (1, [1])


def test_a_ratio_of_two_values():
    assert ratio_of((2, 1, 4), (4, 4, 4)) == pytest.approx((2, 1, 4))
    assert ratio_of((2, math.nan, 4), (4, 4, 4)) == (pytest.approx(2), pytest.approx(1), math.inf)
    assert all(map(math.isnan, ratio_of((math.nan,) * 3, (4, 4, 4))))
    assert Ratio(1.0, 0.9, 1.1).sign == 0
