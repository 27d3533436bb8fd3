import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.frames import Run, make_points
from tradeoff.frontier import LABELS, frontier

NUMBERS = st.sampled_from([1.0, 2.0, 3.0, 4.0, np.inf, -np.inf, np.nan])


def as_objects(labels: pd.Series) -> list[object]:
    return [None if pd.isna(value) else str(value) for value in labels]


def label(*rows: tuple[float, float]) -> list[object]:
    return as_objects(frontier(pd.DataFrame(rows, columns=["latency_p99_ms", "throughput_rps"], dtype="float64")))


def brute_force(frame: pd.DataFrame, axes: dict[str, int]) -> list[object]:
    """The definition, read out loud: every row against every other."""

    rows = frame.to_dict("records")
    rate = "throughput_rps"

    def competes(row: dict) -> bool:
        served = rate not in row or np.isnan(row[rate]) or 0 < row[rate] < np.inf
        return served and not any(np.isnan(row[axis]) for axis in axes)

    def is_bare(row: dict, axis: str) -> bool:
        return np.isnan(row.get(axis + "_lo", np.nan)) and np.isnan(row.get(axis + "_hi", np.nan))

    nobody = {axis: all(is_bare(other, axis) for other in rows if competes(other)) for axis in axes}

    def pessimistic(row: dict) -> list[float]:
        """An end that is missing is unknown, unless nobody who competes has any."""
        ends = []
        for axis, sign in axes.items():
            end = row.get(axis + ("_lo" if sign > 0 else "_hi"), np.nan)
            ends.append(min(sign * row[axis], sign * end if not np.isnan(end) else np.inf if nobody[axis] else -np.inf))
        return ends

    def optimistic(row: dict) -> list[float]:
        far = [row.get(axis + ("_hi" if sign > 0 else "_lo"), np.nan) for axis, sign in axes.items()]
        return [
            sign * row[axis] if np.isnan(end) else max(sign * row[axis], sign * end)
            for (axis, sign), end in zip(axes.items(), far, strict=True)
        ]

    def values(row: dict) -> list[float]:
        return [sign * row[axis] for axis, sign in axes.items()]

    def dominates(one: list[float], other: list[float]) -> bool:
        return all(a >= b for a, b in zip(one, other, strict=True)) and any(
            a > b for a, b in zip(one, other, strict=True)
        )

    labels: list[object] = []
    for row in rows:
        rest = [other for other in rows if other is not row and competes(other)]
        if not competes(row):
            labels.append(None)
        elif any(dominates(pessimistic(other), optimistic(row)) for other in rest):
            labels.append("dominated")
        elif any(dominates(values(other), values(row)) for other in rest):
            labels.append("ambiguous")
        else:
            labels.append("frontier")
    return labels


def random_cases(axes: list[str], *, cases: int, seed: int) -> pd.DataFrame:
    """Small cases in one frame, told apart by the column ``case``; missing ends stay missing."""
    rng = np.random.default_rng(seed)
    case = np.repeat(np.arange(cases), rng.integers(1, 9, cases))
    n = len(case)
    pool = np.array([1.0, 2.0, 3.0, 4.0, 5.0, np.nan, np.inf, -np.inf])
    weights = np.array([6, 3, 3, 3, 3, 1, 0.5, 0.5])
    frame = pd.DataFrame({"case": case})
    for axis in axes:
        frame[axis] = rng.choice(pool, n, p=weights / weights.sum())
        for end, sign in (("_lo", -1), ("_hi", 1)):
            width = rng.choice([0.0, 0.5, 1.0, 2.0, np.nan], n)
            without = rng.random(cases)[case] < 0.4
            frame[axis + end] = np.where(without, np.nan, frame[axis] + sign * width)
    return frame


def assert_equal_to_brute_force(frame: pd.DataFrame, axes: dict[str, int]) -> None:
    labels = frontier(frame, *list(axes)[:2], more=list(axes)[2:], by=["case"])
    for _, rows in frame.groupby("case"):
        assert as_objects(labels[rows.index]) == brute_force(rows, axes), rows.to_dict("list")


def test_two_axes_equal_brute_force_on_thousands_of_cases():
    axes = {"latency_p99_ms": -1, "throughput_rps": 1}
    assert_equal_to_brute_force(random_cases(list(axes), cases=3_000, seed=7), axes)


@pytest.mark.parametrize("number", [3, 4])
def test_more_axes_equal_brute_force(number):
    every = {"latency_p99_ms": -1, "throughput_rps": 1, "energy_j_per_item": -1, "tokens_per_s": 1}
    axes = dict(itertools.islice(every.items(), number))
    assert_equal_to_brute_force(random_cases(list(axes), cases=500, seed=11), axes)


def test_many_axes_across_blocks_equal_two_axes():
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"latency_p99_ms": rng.random(5_000), "throughput_rps": rng.random(5_000)})
    frame["energy_j_per_item"] = 1.0
    pd.testing.assert_series_equal(frontier(frame, more=["energy_j_per_item"]), frontier(frame))


@given(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=7), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows, random):
    order = list(range(len(rows)))
    random.shuffle(order)
    labels = label(*rows)
    assert label(*[rows[place] for place in order]) == [labels[place] for place in order]


@given(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=7))
def test_duplicating_every_row_changes_no_label(rows):
    assert label(*rows, *rows) == label(*rows) * 2


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 5)), min_size=1, max_size=9))
def test_some_row_is_always_on_the_frontier(rows):
    assert "frontier" in label(*[(float(a), float(b)) for a, b in rows])


def test_ties_and_duplicates_are_on_the_frontier():
    assert label((1, 10), (1, 10), (2, 10), (1, 9)) == ["frontier", "frontier", "dominated", "dominated"]


def test_nothing_one_row_and_nan_rows():
    assert label() == []
    assert label((5, 1)) == ["frontier"]
    assert label((np.nan, 1), (2, np.nan), (3, 3)) == [None, None, "frontier"]


def test_infinite_latency_is_worse_than_any():
    assert label((np.inf, 10), (1, 10)) == ["dominated", "frontier"]


def test_intervals_that_overlap_are_ambiguous():
    frame = pd.DataFrame({"latency_p99_ms": [1.0, 1.1], "throughput_rps": [10.0, 10.0]})
    assert as_objects(frontier(frame)) == ["frontier", "dominated"]
    frame["latency_p99_ms_lo"] = [0.9, 0.95]
    frame["latency_p99_ms_hi"] = [1.2, np.nan]
    assert as_objects(frontier(frame)) == ["frontier", "ambiguous"]


@pytest.mark.parametrize("missing", [("_hi",), ("_lo", "_hi")])
def test_a_p99_without_an_upper_end_dominates_nobody_for_sure(missing):
    frame = pd.DataFrame({"latency_p99_ms": [1.0, 9.0], "throughput_rps": [20.0, 10.0]})
    frame["latency_p99_ms_lo"], frame["latency_p99_ms_hi"] = [0.9, 8.9], [1.1, 9.1]
    assert as_objects(frontier(frame)) == ["frontier", "dominated"]
    for end in missing:
        frame.loc[0, f"latency_p99_ms{end}"] = np.nan
    assert as_objects(frontier(frame)) == ["frontier", "ambiguous"]
    assert as_objects(frontier(frame.drop(columns="latency_p99_ms_hi"))) == ["frontier", "ambiguous"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "failed"}, {"status": "oom"}, {"status": "saturated"}, {"status": " FAILED"},
        {"throughput_rps": np.inf}, {"throughput_rps": 0.0}, {"duration_s": 0.0},
    ],
)  # fmt: skip
def test_rows_that_failed_or_cannot_be_never_compete(wrong):
    good = [
        {"batch_size": b, "n": 1000, "throughput_rps": 100.0 * b, "latency_p99_ms": 1.0 + b, "status": "converged"}
        for b in (1, 2)
    ]
    bad = {"batch_size": 4, "n": 1000, "throughput_rps": 1e6, "latency_p99_ms": 0.1, "status": "converged"} | wrong
    assert as_objects(frontier(make_points([*good, bad]))) == ["frontier", "frontier", None]


def test_rows_that_are_never_pooled_do_not_compete():
    points = make_points(
        [
            {
                "workload": name,
                "regime": regime,
                "batch_size": batch,
                "latency_p99_ms": 1.0 * batch,
                "throughput_rps": 1.0,
            }
            for name in ("a", "b")
            for regime in ("burst", None)
            for batch in (1, 2)
        ]
    )
    assert as_objects(frontier(points)) == ["frontier", "dominated"] * 4
    assert as_objects(frontier(points, by=["workload"])).count("frontier") == 4
    assert as_objects(frontier(points, by=())) == ["frontier", "dominated"] * 4


def test_the_index_of_the_frame_is_kept_even_with_equal_labels():
    frame = pd.DataFrame({"latency_p99_ms": [1.0, 2.0, 1.0], "throughput_rps": [1.0, 1.0, 2.0]}, index=["a", "a", "b"])
    labels = frontier(frame)
    assert labels.index.tolist() == ["a", "a", "b"]
    assert as_objects(labels) == ["dominated", "dominated", "frontier"]


def test_labels_are_ordered():
    frame = pd.DataFrame({"latency_p99_ms": [1.0, 2.0], "throughput_rps": [1.0, 1.0]})
    labels = frontier(frame)
    assert (labels > "dominated").tolist() == [True, False]
    assert set(labels.cat.categories) == set(LABELS)


def test_columns_of_the_users_own_need_a_direction():
    frame = pd.DataFrame({"latency_p99_ms": [1.0, 2.0], "euros": [5.0, 4.0]})
    with pytest.raises(ValueError, match=r"'euros' has no better direction.*'higher'"):
        frontier(frame, y="euros")
    assert as_objects(frontier(frame, y="euros", better={"euros": "lower"})) == ["frontier", "frontier"]
    assert as_objects(frontier(frame, y="euros", better={"euros": "higher"})) == ["frontier", "dominated"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"x": "latency_p98_ms"}, "x='latency_p98_ms': no column 'latency_p98_ms': did you mean p9"),
        ({"x": "workload"}, "must be numeric"),
        ({"x": "throughput_rps"}, "different columns"),
        ({"more": ["n", "flops", "bytes"]}, "two to four"),
        ({"by": ["colour"]}, "by='colour': no column 'colour'"),
    ],
)
def test_misuse_is_named(options, said):
    points = make_points([{"workload": "a", "batch_size": 1}])
    with pytest.raises(ValueError, match=said):
        frontier(points, **options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"x": 5}, "x=5: name a column of the points"),
        ({"by": "workload"}, r"by='workload': give a list of columns, as in by=\['workload'\]"),
        ({"by": 5}, r"by=5: give a list of columns, as in by=\['workload'\]"),
        ({"x": "latncy_p99"}, "did you mean p99"),
        ({"more": "flops"}, r"more='flops': give a list of columns"),
        ({"more": None}, "more=None: give a list of columns"),
        ({"better": "lower"}, "better='lower': give a mapping"),
    ],
)
def test_axes_and_groups_that_are_none(options, said):
    with pytest.raises(ValueError, match=said):
        frontier(make_points([]), **options)


def test_columns_that_cannot_be_compared_are_named():
    frame = pd.DataFrame({"latency_p99_ms": [1.0, 2.0], "throughput_rps": [1.0, 2.0]})
    with pytest.raises(ValueError, match="'throughput_rps' is in the frame 2 times: keep one"):
        frontier(pd.concat([frame, frame[["throughput_rps"]]], axis=1))
    with pytest.raises(ValueError, match="'throughput_rps' holds complex128"):
        frontier(frame.assign(throughput_rps=[1j, 2j]))
    with pytest.raises(ValueError, match="'throughput_rps_lo' holds str"):
        frontier(frame.assign(throughput_rps_lo="low"))
    with pytest.raises(ValueError, match=r"by=.'flags'.: such columns hold text or numbers, not lists"):
        frontier(frame.assign(flags=[["a"], []]), by=["flags"])


def test_a_run_has_the_frontier_of_its_points():
    points = make_points([{"batch_size": b, "latency_p99_ms": 1.0 * b, "throughput_rps": 1.0} for b in (1, 2)])
    pd.testing.assert_series_equal(frontier(Run(points)), frontier(points))


@pytest.mark.parametrize("points", [None, 5, "x", [1]])
def test_what_is_no_frame_is_refused(points):
    with pytest.raises(TypeError, match="points must be a frame of points"):
        frontier(points)
