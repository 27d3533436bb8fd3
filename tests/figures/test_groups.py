import pandas as pd
import pytest

from tests.figures.frames import HOSTILE, failed, grid, identity
from tradeoff.figures.groups import groups_of, place, points_of, why_absent
from tradeoff.frames import Run, make_points


def test_one_group_says_what_it_is_in_the_subtitle():
    shared, groups = groups_of(make_points(grid()))
    assert shared == "softmax · numpy · a CPU · float32 · mode concurrent · sustained · closed loop"
    assert [group.title for group in groups] == [""]


def test_groups_are_named_by_what_differs_only():
    points = make_points(grid(workloads=("softmax", "gemm")) + grid(regime="burst"))
    shared, groups = groups_of(points)
    assert "softmax" not in shared
    assert [group.title for group in groups] == ["gemm · sustained", "softmax · burst", "softmax · sustained"]
    assert sum(len(group.rows) for group in groups) == len(points)


def test_a_missing_value_makes_a_group_of_its_own():
    _, groups = groups_of(make_points([*grid(), *grid(cache="hot")]))
    assert sorted(group.title for group in groups) == ["cache hot", "no cache"]


def test_by_overrides_and_is_checked():
    points = make_points(grid(workloads=("softmax", "gemm")))
    assert len(groups_of(points, by=())[1]) == 1
    with pytest.raises(ValueError, match="'colour' is not in the points"):
        groups_of(points, by=["colour"])


def test_no_points_no_groups():
    assert groups_of(make_points([])) == ("", [])


def test_the_order_of_rows_does_not_matter():
    points = make_points(grid(workloads=("softmax", "gemm", HOSTILE)))
    titles = [group.title for group in groups_of(points)[1]]
    assert [group.title for group in groups_of(points.iloc[::-1])[1]] == titles


def test_places_and_reasons():
    row = make_points([failed(identity(batch_size=512, concurrency=8))]).iloc[0]
    assert place(row) == "batch 512 × concurrency 8"
    assert why_absent(row) == "out of memory: tried to allocate 2 GiB"
    assert why_absent(make_points([identity()]).iloc[0]) == "no value"
    assert place(pd.Series({"point_id": "abc"})) == "point abc"


def test_points_of_a_run_or_a_frame():
    points = make_points(grid())
    assert points_of(Run(points)) is points
    assert points_of(points) is points
    with pytest.raises(TypeError, match="pass a Run"):
        points_of([1])
