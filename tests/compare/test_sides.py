import pandas as pd
import pytest

from tests.compare.runs import LIMIT, failed, grid
from tradeoff.compare import compare
from tradeoff.objective import ObjectiveError


def said(before, after, objective=LIMIT, **options) -> str:
    with pytest.raises(ObjectiveError) as error:
        compare(before, after, objective, **options)
    return str(error.value)


def test_each_side_that_cannot_be_used_is_named():
    points = grid()
    assert said(points.iloc[:0], points) == "before holds no points: measure some first"
    assert said(points, points.iloc[:0]) == "after holds no points: measure some first"
    assert said(points, points.drop(columns="latency_p99_ms")) == "after has no column 'latency_p99_ms'"
    lacking = points.assign(latency_p99_ms=float("nan"))
    assert said(lacking, points).startswith("no point of before has a latency_p99_ms:")
    assert said(points, points, "maximize throughput at concurrency 3").startswith("before: nothing was measured at")
    every = list(range(len(points)))
    assert said(failed(points, every), failed(points, every)) == (
        "all points failed, 15 before and 15 after: see the column 'reason'"
    )


def test_what_is_no_run():
    with pytest.raises(TypeError, match="after must be a Run or its frame of points; got list"):
        compare(grid(), [1], LIMIT)


@pytest.mark.parametrize("name", ["device", "regime", "mode", "cache", "dtype", "latency_basis"])
def test_rows_that_are_never_pooled_are_never_compared_in_silence(name):
    before, after = grid(**{name: "one"}), grid(**{name: "other"})
    assert said(before, after) == (
        f"before and after differ in {name} (one before, other after): such rows are not compared, unless that is the "
        f"question; then say across=['{name}']"
    )
    found = compare(before, after, LIMIT, across=[name])
    assert len(found.table) == len(before)
    assert found.differs == {name: ("one", "other")}
    assert any(note.startswith("Meant to differ: ") and "one before, other after" in note for note in found.notes)


def test_a_value_that_is_not_stated_differs_from_one_that_is():
    assert "regime (sustained before, unstated after)" in said(grid(), grid(regime=None))


def test_rows_of_a_group_that_one_side_lacks_are_told():
    burst = grid(regime="burst", throughput=9.0)
    found = compare(pd.concat([grid(), burst]), grid(), LIMIT)
    assert found.verdict == "not_separable"
    assert "Not compared: 15 points of before with other values of regime (burst)." in found.notes
    assert found.n_before == found.n_after == 15


def test_several_groups_in_common_must_be_told_apart():
    both = pd.concat([grid(), grid(workload="a </b>")])
    assert said(both, both) == (
        "before and after both hold several values of workload (a </b>, mlp), which must not be pooled: say which, "
        "as in 'at workload \"a </b>\"'"
    )
    assert len(compare(both, both, f"{LIMIT} at workload mlp").table) == 15


def test_several_devices_on_one_side_are_not_pooled_for_being_meant_to_differ():
    both = pd.concat([grid(), grid(device="other")])
    told = said(both, grid(device="third"), across=["device"])
    assert told.startswith("before holds several values of device (a GPU, other), which must not be pooled")


def test_groups_that_differ_only_together():
    one = pd.concat([grid(workload="a", dtype="x"), grid(workload="b", dtype="y")])
    other = pd.concat([grid(workload="a", dtype="y"), grid(workload="b", dtype="x")])
    assert "no comparable group in common" in said(one, other)
