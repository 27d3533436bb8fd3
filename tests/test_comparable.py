import math

import numpy as np
import pandas as pd
import pytest

from tradeoff.comparable import corners_of, groups, ids_of, numbers_of, usable
from tradeoff.frames import UNUSABLE, make_points


def test_corners_by_what_is_known_of_the_interval():
    nan = math.nan
    frame = pd.DataFrame({"x": [5.0] * 4, "x_lo": [4.0, 4.0, nan, nan], "x_hi": [7.0, nan, 7.0, nan]})
    value, worst, best = corners_of(frame, "x", -1.0)
    assert value.tolist() == [-5.0] * 4
    assert worst.tolist() == [-7.0, -np.inf, -7.0, -np.inf]  # others have an interval: that of the last is not known
    assert corners_of(frame.iloc[3:], "x", -1.0)[1].tolist() == [-5.0]
    apart = corners_of(frame, "x", -1.0, [np.array([0, 1, 2]), np.array([3])])
    assert apart[1].tolist() == [-7.0, -np.inf, -7.0, -5.0]
    assert best.tolist() == [-4.0, -4.0, -5.0, -5.0]
    value, worst, best = corners_of(frame, "x", 1.0)
    assert worst.tolist() == [4.0, 4.0, -np.inf, -np.inf]
    assert best.tolist() == [7.0, 5.0, 7.0, 5.0]


@pytest.mark.parametrize("dtype", ["object", "str", "float64", "Int64"])
def test_a_column_without_any_value_is_unknown_whatever_its_type(dtype):
    assert np.isnan(numbers_of(pd.DataFrame({"x": pd.Series([None, None], dtype=dtype)}), "x")).all()


def test_ends_on_the_wrong_side_of_their_value_are_not_believed():
    frame = pd.DataFrame({"x": [5.0], "x_lo": [6.0], "x_hi": [4.0]})
    assert [part.tolist() for part in corners_of(frame, "x", 1.0)] == [[5.0], [5.0], [5.0]]


def test_groups_hold_every_known_row_once():
    points = make_points([{"workload": name, "dtype": dtype} for name in ("b", None, "a") for dtype in ("x", "y")] * 2)
    known = np.arange(len(points)) != 3
    found = list(groups(points, known, None))
    assert sorted(np.concatenate(found).tolist()) == [0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11]
    assert [rows.tolist() for rows in found][:3] == [[0, 6], [1, 7], [2, 8]]
    assert [rows.tolist() for rows in groups(points, known, ())] == [np.flatnonzero(known).tolist()]


def test_what_answers_nothing():
    points = make_points([{"status": status} for status in (*UNUSABLE, "budget", None)])
    assert usable(points).tolist() == [False] * len(UNUSABLE) + [True, True]
    assert usable(points.drop(columns="status")).all()
    rates = pd.DataFrame({"throughput_rps": [1.0, 0.0, -1.0, np.inf, np.nan]})
    assert usable(rates).tolist() == [True, False, False, False, True]


def test_rows_are_called_by_id_or_by_index():
    points = make_points([{"batch_size": 1}])
    assert ids_of(points).tolist() == points["point_id"].tolist()
    assert ids_of(pd.DataFrame(index=[("a", 1)])).tolist() == [("a", 1)]
