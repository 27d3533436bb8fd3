import pandas as pd
import pytest

import tests.figures.frames as frames
import tradeoff
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
    with pytest.raises(ValueError, match="by='colour': no column 'colour'"):
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


@pytest.mark.parametrize(
    "plot", ["batch", "distribution", "frontier", "latency_breakdown", "roofline", "service"], ids=str
)
@pytest.mark.parametrize("what", [None, 5, "x", [1], pd.DataFrame({"a": [1]})], ids=str)
def test_what_is_no_run_is_refused_in_a_sentence(plot, what):
    draw = getattr(tradeoff, f"plot_{plot}")
    if plot == "roofline" and isinstance(what, pd.DataFrame):
        assert "does not say how many operations" in " ".join(frames.texts(draw(what)))
        return
    with pytest.raises(
        (TypeError, ValueError), match=r"run=\w+: pass a Run or its points|no column|none of its columns"
    ) as caught:
        draw(what)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("plot", "options", "said"),
    [
        ("frontier", {"x": 5}, "x=5: name a column of the points"),
        ("frontier", {"x": "latency_p98_ms"}, "did you mean p9"),
        ("frontier", {"by": "workload"}, "give a list of columns"),
        ("frontier", {"limit_ms": "x"}, "limit 'x' is not a number"),
        ("frontier", {"limit_ms": -1}, "p99 is always above 0"),
        ("frontier", {"limit_ms": float("nan")}, "limit nan is not a number"),
        ("frontier", {"theme": "blue"}, "theme"),
        ("batch", {"by": "workload"}, "give a list of columns"),
        ("batch", {"concurrency": "x"}, "concurrency='x': nothing was measured there, only at 1, 2"),
        ("distribution", {"batch_size": "x"}, "batch_size='x': nothing was measured there"),
        ("latency_breakdown", {"point_id": 5}, "point_id=5: nothing was measured there"),
        ("roofline", {"concurrency": 3}, "concurrency=3: nothing was measured there"),
    ],
)
def test_arguments_that_cannot_be_used_are_named(plot, options, said):
    with pytest.raises(ValueError, match=said):
        getattr(tradeoff, f"plot_{plot}")(frames.run(), **options)
