import pytest

from tests.explorer.runs import grid_run
from tradeoff.frames import Run, make_points
from tradeoff.tail.point import choose


def chosen(run, point_id=None, *, batch_size=None, concurrency=None):
    return choose(run, point_id, batch_size=batch_size, concurrency=concurrency)


def run_of(*ids):
    points = make_points([{"workload": "a", "batch_size": n + 1, "throughput_rps": float(n)} for n in range(len(ids))])
    return Run(points.assign(point_id=list(ids)))


def test_an_id_or_its_beginning():
    run = run_of("abcd", "abcf", "bb", "ab")
    assert chosen(run, "abcd")[0]["point_id"] == "abcd"
    assert chosen(run, "b")[0]["point_id"] == "bb"
    assert chosen(run, "ab")[0]["point_id"] == "ab"


@pytest.mark.parametrize(
    ("point_id", "message"),
    [
        ("abc", "point_id='abc' begins the ids of 2 points: 'abcd', 'abcf'"),
        ("abxd", "did you mean 'abcd'"),
        ("zzz", "is no point of this Run; its points are 'abcd', 'abcf', 'bb', 'ab'"),
        ("", "must be the id of a point"),
        (3, "must be the id of a point, or the beginning of one; got 3"),
    ],
)
def test_one_that_is_not_there_names_those_that_are_near(point_id, message):
    with pytest.raises(ValueError, match=message):
        chosen(run_of("abcd", "abcf", "bb", "ab"), point_id)


def test_a_place_on_the_grid():
    point, why = chosen(grid_run(), batch_size=4, concurrency=2)
    assert (point["batch_size"], point["concurrency"], why) == (4, 2, "")
    with pytest.raises(ValueError, match="batch_size=3: nothing was measured there, only at 1, 2, 4, 8"):
        chosen(grid_run(), batch_size=3)


def test_of_several_the_one_of_the_frontier_with_the_highest_throughput():
    run = grid_run()
    point, why = chosen(run)
    assert point["throughput_rps"] == run.points["throughput_rps"].max()
    assert "highest throughput" in why
    assert chosen(run, batch_size=2)[0]["batch_size"] == 2


def test_a_dominated_point_or_one_that_failed_is_not_taken():
    rows = [
        {"workload": "a", "batch_size": 1, "throughput_rps": 5.0, "latency_p99_ms": 2.0, "status": "converged"},
        {"workload": "a", "batch_size": 2, "throughput_rps": 4.0, "latency_p99_ms": 3.0, "status": "converged"},
        {"workload": "a", "batch_size": 4, "throughput_rps": 9.0, "latency_p99_ms": 9.0, "status": "failed"},
    ]
    assert chosen(Run(make_points(rows)))[0]["batch_size"] == 1
    assert chosen(Run(make_points(rows[2:])))[0]["batch_size"] == 4


def test_without_numbers_the_first_of_several():
    rows = [{"workload": "a", "batch_size": size, "status": "failed"} for size in (8, 2)]
    assert chosen(Run(make_points(rows)))[0]["batch_size"] == 8


def test_no_points():
    with pytest.raises(ValueError, match="no points: measure some first"):
        chosen(Run())
