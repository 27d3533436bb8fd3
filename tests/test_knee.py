import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.frames import make_points
from tradeoff.frontier import frontier
from tradeoff.knee import knee

X, Y = "latency_p99_ms", "throughput_rps"


def frame_of(*rows):
    return pd.DataFrame(rows, columns=[X, Y], dtype="float64")


def only(table):
    (row,) = table.to_dict("records")
    return row


def queue(loads):
    """One server without batches: the mean time in system of M/M/1 is 1 / (1 - load)."""
    return frame_of(*((1 / (1 - load), load) for load in loads))


def test_one_queue_turns_at_half_its_capacity():
    """Kleinrock (1979): the power of M/M/1 is largest at a load of one half, where latency is twice the service."""
    found = only(knee(queue(np.linspace(0.05, 0.95, 19))))
    assert found[Y] == pytest.approx(0.5)
    assert found[X] == pytest.approx(2.0)
    assert found["power"] == pytest.approx(0.25)
    assert found["turns"]


def test_a_curve_that_ends_before_it_turns_says_so():
    found = only(knee(queue([0.1, 0.2, 0.3, 0.4])))
    assert (found[Y], found["turns"]) == (0.4, False)


def test_a_curve_that_costs_more_than_its_share_from_the_start():
    found = only(knee(queue([0.6, 0.7, 0.8])))
    assert (found[Y], found["turns"]) == (0.6, True)


@pytest.mark.parametrize(
    "rows",
    [[], [(1, 1)], [(1, 1), (2, 2)], [(1, 1), (2, 2), (2, 2)], [(1, 3), (2, 2), (3, 1)], [(-1, 1), (0, 2), (3, 3)]],
)
def test_fewer_than_three_points_have_no_knee(rows):
    table = knee(frame_of(*rows))
    assert len(table) == min(1, len(rows))
    assert table.drop(columns=[]).isna().all(axis=None)


PLACES = st.lists(st.tuples(st.floats(0.1, 99), st.floats(0.1, 99)), min_size=3, max_size=9)


@given(PLACES, st.randoms(use_true_random=False), st.sampled_from([1e-3, 1e3]))
def test_units_the_order_of_rows_and_duplicates_do_not_matter(rows, random, unit):
    frame = frame_of(*rows).assign(point_id=[f"p{number:02}" for number in range(len(rows))])
    order = [*range(len(rows)), *range(len(rows))]
    random.shuffle(order)
    pd.testing.assert_frame_equal(knee(frame.iloc[order]), knee(frame))
    one, other = only(knee(frame)), only(knee(frame.assign(**{X: frame[X] * unit})))
    if not pd.isna(one["point_id"]):
        assert one["power"] == pytest.approx(other["power"] * unit)


@given(PLACES)
def test_no_point_of_the_frontier_has_more_power(rows):
    frame = frame_of(*rows)
    found = only(knee(frame))
    on = frame[(frontier(frame) == "frontier").to_numpy()]
    if len(on.drop_duplicates()) < 3:
        assert pd.isna(found["power"])
    else:
        assert found["power"] == pytest.approx((on[Y] / on[X]).max())
        assert found[X + "_lo"] <= found[X] <= found[X + "_hi"]


def test_intervals_say_which_points_may_be_the_knee():
    frame = frame_of((1, 10), (2, 22), (4, 40), (9, 45))
    assert only(knee(frame))[X] == 2
    assert (only(knee(frame))[X + "_lo"], only(knee(frame))[X + "_hi"]) == (2, 2)
    wide = frame.assign(**{X + "_lo": 0.95 * frame[X], X + "_hi": 1.06 * frame[X]})
    found = only(knee(wide))
    assert (found[X], found[X + "_lo"], found[X + "_hi"]) == (2, 1, 4)
    unknown = wide.assign(**{X + "_hi": math.nan})
    assert only(knee(unknown))[X + "_hi"] == 9


def test_each_group_has_a_knee_and_failed_rows_have_none():
    rows = [
        {"workload": name, X: x, Y: y * scale, "status": "converged"}
        for name, scale in (("b", 1.0), ("a", 2.0))
        for x, y in ((1.0, 10.0), (2.0, 25.0), (4.0, 30.0))
    ]
    rows.append({"workload": "a", X: 0.1, Y: 999.0, "status": "saturated"})
    table = knee(make_points(rows))
    assert table["workload"].tolist() == ["b", "a"]
    assert table[Y].tolist() == [25.0, 50.0]
    assert len(knee(make_points(rows), by=())) == 1


def test_other_axes():
    frame = pd.DataFrame({"energy": [1.0, 2.0, 4.0], X: [4.0, 1.0, 0.9]})
    found = only(knee(frame, x=X, y="energy", better={"energy": "lower"}))
    assert (found["energy"], found["power"]) == (2.0, pytest.approx(0.5))


def test_misuse_is_named():
    with pytest.raises(ValueError, match="no better direction"):
        knee(make_points([]), y="flops")
    with pytest.raises(TypeError, match="or a Run; got int"):
        knee(5)
