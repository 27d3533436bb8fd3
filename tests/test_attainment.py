import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.attainment import COLUMNS, attained_at, attainment
from tradeoff.frames import Run, make_points
from tradeoff.frontier import frontier

X, Y = "latency_p99_ms", "throughput_rps"
VALUES = st.sampled_from([1.0, 2.0, 3.0, 5.0, 8.0])
WIDTHS = st.sampled_from([0.0, 0.4, 1.5, math.nan])


@st.composite
def frames(draw, *, intervals=True):
    rows = []
    for number in range(draw(st.integers(0, 7))):
        row = {"point_id": f"p{number}", X: draw(VALUES | st.just(math.nan)), Y: 10 * draw(VALUES)}
        if intervals:
            for axis in (X, Y):
                row[axis + "_lo"] = row[axis] - draw(WIDTHS)
                row[axis + "_hi"] = row[axis] + draw(WIDTHS)
        rows.append(row)
    ends = [axis + end for axis in (X, Y) for end in ("_lo", "_hi")] if intervals else []
    return pd.DataFrame(rows, columns=["point_id", X, Y, *ends]).astype({"point_id": str, X: float, Y: float})


def brute_force(frame: pd.DataFrame, limit: float) -> tuple[float, float, float]:
    """The definition: over all rows whose value, upper end or lower end of p99 keeps the limit, the best of each."""
    value, low, high = [], [], []
    rows = [row for row in frame.to_dict("records") if not math.isnan(row[X])]
    ends_of = {name: [row.get(name + end, math.nan) for row in rows for end in ("_lo", "_hi")] for name in (X, Y)}
    bare = {name: all(map(math.isnan, ends)) for name, ends in ends_of.items()}
    for row in rows:
        ends = {name: (row.get(name + "_lo", math.nan), row.get(name + "_hi", math.nan)) for name in (X, Y)}
        if row[X] <= limit:
            value.append(row[Y])
        upper = row[X] if bare[X] else ends[X][1]
        lower = row[Y] if bare[Y] else ends[Y][0]
        if upper <= limit and not math.isnan(lower):
            low.append(lower)
        if (row[X] if math.isnan(ends[X][0]) else ends[X][0]) <= limit:
            high.append(row[Y] if math.isnan(ends[Y][1]) else ends[Y][1])
    return tuple(max(part, default=math.nan) for part in (value, low, high))


LIMITS = [0.5, 1.0, 1.4, 2.0, 2.7, 3.0, 4.4, 5.0, 8.0, 9.6, math.inf]


@given(frames())
def test_the_curve_equals_brute_force_at_every_limit(frame):
    read = attained_at(frame, LIMITS)
    if not len(read):
        assert frame[X].isna().all()
        return
    expected = [brute_force(frame, limit) for limit in LIMITS]
    np.testing.assert_array_equal(read[["value", "lo", "hi"]].to_numpy(), np.array(expected))
    values = frame.set_index("point_id")
    for row in read.itertuples():
        if not math.isnan(row.value):
            assert values.loc[row.point_id, Y] == row.value
            assert values.loc[row.point_id, X] <= row.limit


@given(frames(), st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_duplicates_matter(frame, random):
    order = [*range(len(frame)), *range(len(frame))]
    random.shuffle(order)
    pd.testing.assert_frame_equal(attainment(frame.iloc[order]), attainment(frame))


@given(frames())
def test_the_curve_never_falls_and_lies_between_its_ends(frame):
    curve = attainment(frame)
    assert curve["limit"].is_monotonic_increasing
    assert curve["limit"].is_unique
    for name in ("value", "lo", "hi"):
        known = curve[name].dropna()
        assert known.is_monotonic_increasing
        assert known.index.tolist() == list(range(len(curve) - len(known), len(curve)))
    assert not (curve["lo"] > curve["value"]).any()
    assert not (curve["value"] > curve["hi"]).any()
    assert (curve[["value", "lo", "hi"]].fillna(-1).diff().iloc[1:] != 0).any(axis=1).all()


@given(frames(intervals=False))
def test_without_intervals_the_corners_are_the_frontier(frame):
    curve = attainment(frame)
    on = frame[(frontier(frame) == "frontier").to_numpy()].drop_duplicates([X, Y]).sort_values(X)
    assert curve["limit"].tolist() == on[X].tolist()
    assert curve["value"].tolist() == curve["lo"].tolist() == curve["hi"].tolist() == on[Y].tolist()


def test_a_p99_without_an_upper_end_meets_no_limit_for_sure():
    frame = pd.DataFrame({X: [1.0], X + "_lo": [0.9], X + "_hi": [math.nan], Y: [10.0]})
    (read,) = attained_at(frame, math.inf).to_dict("records")
    assert (read["value"], read["hi"]) == (10.0, 10.0)
    assert math.isnan(read["lo"])


def test_limits_from_below_and_what_is_better_low():
    """The lowest p99 that at least so much throughput leaves: the pessimistic end is the upper one."""
    frame = pd.DataFrame(
        {Y: [10.0, 20.0, 30.0], X: [1.0, 2.0, 4.0], X + "_lo": [0.8, 1.8, 3.5], X + "_hi": [1.2, 2.5, 5]}
    )
    read = attained_at(frame, [5, 20, 20.1, 40], Y, X)
    assert read["value"].tolist()[:3] == [1.0, 2.0, 4.0]
    assert read["lo"].tolist()[:3] == [0.8, 1.8, 3.5]
    assert read["hi"].tolist()[:3] == [1.2, 2.5, 5.0]
    assert read[["value", "lo", "hi"]].iloc[3].isna().all()
    assert attainment(frame, Y, X)["limit"].tolist() == [30.0, 20.0, 10.0]


def test_rows_that_failed_or_ran_beyond_capacity_attain_nothing():
    rows = [
        {"batch_size": 1, X: 1.0, Y: 10.0, "status": "converged"},
        *({"batch_size": 9, X: 1.0, Y: 99.0, "status": status} for status in ("failed", "oom", "saturated")),
        {"batch_size": 2, X: math.inf, Y: 99.0, "status": "converged"},
    ]
    assert attainment(Run(make_points(rows)))["value"].tolist() == [10.0]


def test_groups_have_curves_of_their_own():
    points = make_points([{"workload": name, X: x, Y: x} for name in ("b", "a") for x in (1.0, 2.0)])
    curves = attainment(points)
    assert curves.columns.tolist()[:6] == [*COLUMNS, "workload"]
    assert curves["workload"].tolist() == ["b", "b", "a", "a"]
    assert len(attainment(points, by=())) == 2
    assert attained_at(points, [1, 0.5], by=["workload"])["value"].tolist()[::2] == [1.0, 1.0]


def test_nothing_measured_is_an_empty_curve():
    for points in (make_points([]), make_points([{"batch_size": 1}])):
        assert attainment(points).columns.tolist()[:5] == list(COLUMNS)
        assert len(attainment(points)) == len(attained_at(points, 1.0)) == 0


def test_frames_without_ids_are_told_by_their_index():
    frame = pd.DataFrame({X: [1.0, 2.0], Y: [1.0, 2.0]}, index=["one", "two"])
    assert attainment(frame)["point_id"].tolist() == ["one", "two"]


@pytest.mark.parametrize("limits", ["20 ms", math.nan, True, None, [1.0, "a"]])
def test_a_limit_is_a_number(limits):
    with pytest.raises(ValueError, match=r"give a number such as 20\.0, or a list of them"):
        attained_at(make_points([]), limits)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"x": "p98"}, "x='p98': no column 'p98': did you mean p9"),
        ({"x": Y}, "x and y are both"),
        ({"y": "workload"}, "must be numeric"),
        ({"y": "flops"}, "'flops' has no better direction"),
        ({"by": "workload"}, r"as in by=\['workload'\]"),
    ],
)
def test_misuse_is_named(options, said):
    with pytest.raises(ValueError, match=said):
        attainment(make_points([{"workload": "a"}]), **options)


def test_what_is_no_run_is_refused():
    with pytest.raises(TypeError, match="or a Run; got list"):
        attainment([1])
