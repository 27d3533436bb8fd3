import numpy as np
import pandas as pd
import pytest

from tests.compare.runs import LIMIT, grid
from tradeoff.compare import compare
from tradeoff.compare.matching import keys_of, match
from tradeoff.frames import make_points
from tradeoff.objective import ObjectiveError


def test_points_are_the_same_whoever_measured_them():
    found = match(grid(source="tradeoff"), grid(source="another tool", sizes=(16, 4)), ())
    assert found.on == ("batch_size", "concurrency")
    assert found.pairs[0].tolist() == [6, 7, 8, 12, 13, 14]
    assert found.pairs[1].tolist() == [3, 4, 5, 0, 1, 2]


def test_a_policy_that_has_one_value_before_and_another_after_is_meant_to_differ():
    found = match(grid(max_wait_ms=2.0), grid(max_wait_ms=10.0, workers=2), ())
    assert len(found.pairs[0]) == 15
    assert found.differs == {"max_wait_ms": (2.0, 10.0), "workers": (None, 2.0)}


def test_a_load_that_differs_is_not():
    assert len(match(grid(concurrencies=(1,)), grid(concurrencies=(2,)), ()).pairs[0]) == 0
    assert len(match(grid(concurrencies=(1,)), grid(concurrencies=(2,)), ("concurrency",)).pairs[0]) == 5
    assert len(match(grid(load="poisson"), grid(), ()).pairs[0]) == 0


def test_a_policy_that_varies_is_part_of_what_a_point_is():
    one = pd.concat([grid(max_wait_ms=wait) for wait in (2.0, 5.0)], ignore_index=True)
    found = match(one, grid(max_wait_ms=5.0), ())
    assert found.on == ("batch_size", "concurrency", "max_wait_ms")
    assert found.pairs[0].tolist() == list(range(15, 30))


def test_columns_that_a_side_lacks_are_missing_there():
    older = grid().drop(columns=["host_ms", "network_ms", "pad_to", "load_detail"])
    assert len(match(older, grid(), ()).pairs[0]) == 15


def test_frames_without_identity_are_matched_by_id_or_not_at_all():
    one = pd.DataFrame({"point_id": ["a", "b"], "throughput_rps": [1.0, 2.0]})
    other = pd.DataFrame({"point_id": ["c", "b"], "throughput_rps": [1.0, 2.0]})
    found = match(one, other, ())
    assert (found.on, found.pairs[0].tolist(), found.pairs[1].tolist()) == (("point_id",), [1], [1])
    bare = match(one.drop(columns="point_id"), other, ())
    assert (bare.on, len(bare.pairs[0])) == ((), 0)


def test_a_point_that_is_there_twice_with_different_results_is_refused():
    before, twice = grid(sizes=(2,), concurrencies=(1,)), pd.concat([grid(), grid(throughput=2.0)])
    with pytest.raises(ObjectiveError) as error:
        compare(before, twice, LIMIT)
    assert str(error.value) == (
        "after holds 2 rows of one point (load closed, batch_size 1, concurrency 1), with different results: "
        "keep one of them"
    )
    with pytest.raises(ObjectiveError, match="they differ in source: keep one"):
        compare(before, pd.concat([grid(source="a"), grid(source="b")]), LIMIT)
    with pytest.raises(ObjectiveError, match="they differ in max_wait_ms"):
        compare(before, pd.concat([grid(max_wait_ms=1.0), grid(max_wait_ms=2.0)]), LIMIT, across=["max_wait_ms"])


def test_keys_are_equal_whatever_made_them():
    one = make_points([{"batch_size": 2, "workload": "a"}])
    other = pd.DataFrame({"batch_size": [2.0], "workload": pd.Series(["a"], dtype=object)})
    names = ["batch_size", "workload", "dtype"]
    assert keys_of(one, names) == keys_of(other, names) == [(2.0, "a", None)]
    assert keys_of(pd.DataFrame({"batch_size": [np.nan]}), ["batch_size"]) == [(None,)]
    assert keys_of(one, []) == [()]


@pytest.mark.parametrize(
    ("across", "said"),
    [
        ("device", r"as in across=\['device'\]"),
        (5, r"across=5: give a list of columns, as in across=\['device'\]"),
        (["devise"], "'devise' is not part of what a point is; did you mean device"),
        (["throughput_rps"], "'throughput_rps' is not part of what a point is"),
        ([None], "None is not part of what a point is"),
    ],
)
def test_columns_that_are_meant_to_differ_are_checked(across, said):
    with pytest.raises(ValueError, match=said):
        compare(grid(), grid(), LIMIT, across=across)
