import pytest

import tests.figures.frames as frames
from tradeoff.figures.one_point import choose_point, heading
from tradeoff.frames import make_points


def choose(points, **asked):
    options = {"point_id": None, "batch_size": None, "concurrency": None, **asked}
    return choose_point(points, usable=lambda rows: rows["throughput_rps"].notna(), **options)


def test_by_id_and_by_place_find_the_same_point():
    points = make_points(frames.grid())
    point, why = choose(points, batch_size=4, concurrency=2)
    assert (point["batch_size"], point["concurrency"], why) == (4, 2, "")
    assert choose(points, point_id=point["point_id"])[0]["batch_size"] == 4


def test_without_a_wish_it_is_the_highest_throughput_and_says_so():
    points = make_points(frames.grid())
    point, why = choose(points)
    assert point["throughput_rps"] == points["throughput_rps"].max()
    assert "highest throughput" in heading(point, why)


def test_failed_points_are_not_chosen_unless_asked_for():
    points = make_points([*frames.grid(), frames.failed(frames.identity(batch_size=512))])
    assert choose(points)[0]["batch_size"] != 512
    assert choose(points, batch_size=512)[0]["status"] == "oom"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"batch_size": 3}, "batch_size=3: nothing was measured there, only at 1, 2, 4, 8"),
        ({"concurrency": 9}, "concurrency=9"),
        ({"point_id": "nobody"}, "point_id='nobody'"),
    ],
)
def test_a_place_nobody_measured(asked, said):
    with pytest.raises(ValueError, match=said):
        choose(make_points(frames.grid()), **asked)


def test_a_place_in_two_groups_has_to_be_named():
    points = make_points(frames.grid(workloads=("a", "b")))
    with pytest.raises(ValueError, match=r"2 comparable groups.*pass point_id=, as in a: "):
        choose(points, batch_size=4, concurrency=2)
