import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tradeoff.accessor  # noqa: F401  # registers the accessor
from tests.audit.points import CLOSED, DEVICE, OPEN, findings, sampled
from tradeoff.audit import CHECKS, FINDING_COLUMNS, SEVERITIES, audit
from tradeoff.frames import FLAGS, POINT_COLUMNS, Run, make_points, make_samples

NUMBERS = st.sampled_from([np.nan, 0.0, 1e-300, 0.5, 1.0, 5.0, 16.0, 20.0, 1000.0, 1e300, np.inf, -1.0])
WHOLE = st.sampled_from([None, 0, 1, 8, 16, 400, 20_000])
HOSTILE = st.sampled_from([None, "", "=1+1", "<b>%s %d %%</b>", "a\nb\x1b[2J", "a GPU"])


def value_of(column):
    if column.allowed:
        return st.sampled_from([None, *column.allowed])
    kinds = {"str": HOSTILE, "Int64": WHOLE, "float64": NUMBERS}
    return kinds.get(column.dtype, st.lists(st.sampled_from(list(FLAGS)), max_size=3, unique=True))


ROWS = st.lists(
    st.tuples(
        st.sampled_from([CLOSED, OPEN, DEVICE, {}]),
        st.sets(st.sampled_from([name for name in POINT_COLUMNS if name != "point_id"]), max_size=6).flatmap(
            lambda names: st.fixed_dictionaries({name: value_of(POINT_COLUMNS[name]) for name in names})
        ),
    ).map(lambda both: both[0] | both[1]),
    max_size=6,
)


def frame_of(rows) -> pd.DataFrame:
    return make_points([{**row, "point_id": f"{number:03d}"} for number, row in enumerate(rows)])


def assert_is_a_frame_of_findings(found: pd.DataFrame) -> None:
    assert tuple(found.columns) == FINDING_COLUMNS
    assert isinstance(found["severity"].dtype, pd.CategoricalDtype)
    assert found["severity"].dtype.ordered
    assert found["severity"].cat.categories.tolist() == list(SEVERITIES)
    assert found["observed"].dtype == found["expected"].dtype == np.float64
    for name in ("point_id", "check", "sentence"):
        assert found[name].dtype == pd.Series([], dtype="str").dtype
        assert found[name].notna().all()
    assert found["severity"].notna().all()
    assert found.index.equals(pd.RangeIndex(len(found)))


@pytest.mark.parametrize("points", [make_points([]), pd.DataFrame(), pd.DataFrame({"point_id": []}), Run()])
def test_no_row_has_no_finding(points):
    found = audit(points)
    assert len(found) == 0
    assert_is_a_frame_of_findings(found)


def test_a_row_with_which_nothing_is_wrong_has_none():
    assert_is_a_frame_of_findings(findings())
    assert len(findings()) == 0


@settings(max_examples=100)
@given(rows=ROWS, seed=st.integers(0, 99))
def test_any_frame_has_the_same_findings_in_any_order(rows, seed):
    points = frame_of(rows)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = audit(points)
    assert_is_a_frame_of_findings(found)
    assert set(found["check"]) <= {*CHECKS, *FLAGS}
    assert set(found["point_id"]) <= set(points["point_id"])
    # What the table of flags says of a flag may well be that something is unknown; a number must not be.
    ours = found.loc[~found["check"].isin(list(FLAGS)), "sentence"]
    assert not found["sentence"].str.contains(r"%s|%%|\n|\x1b|nan", regex=True).any(), found["sentence"].tolist()
    assert not ours.str.contains("unknown").any(), ours.tolist()
    assert not found.duplicated(["point_id", "check", "sentence"]).any()
    others = found[found["check"] != "sample_size"]
    assert not others.duplicated(["point_id", "check"]).any(), others["sentence"].tolist()
    again = points.iloc[np.random.default_rng(seed).permutation(len(points))]
    pd.testing.assert_frame_equal(audit(again), found)
    pd.testing.assert_frame_equal(audit(pd.concat([points, again])), found)


@settings(max_examples=30)
@given(rows=ROWS)
def test_rows_are_judged_one_by_one(rows):
    points = frame_of(rows)
    alone = [audit(points.iloc[[place]]) for place in range(len(points))]
    every = audit(points)
    # Whether all failed is the only thing that rows have to do with each other.
    parts = [one[one["check"] != "measured"] for one in alone]
    assert sum(map(len, parts)) == (every["check"] != "measured").sum()
    for place, one in enumerate(parts):
        mine = every[(every["point_id"] == f"{place:03d}") & (every["check"] != "measured")]
        assert mine["sentence"].tolist() == one["sentence"].tolist()


def test_the_worst_come_first():
    found = findings(OPEN, n=50, n_errors=3, device=None, flags=["gil_bound"])
    codes = found["severity"].cat.codes.tolist()
    assert codes == sorted(codes, reverse=True)
    assert set(found["severity"]) == set(SEVERITIES)


def test_a_run_its_points_and_the_accessor_say_the_same():
    points = make_points([CLOSED | {"n": 200}])
    pd.testing.assert_frame_equal(audit(Run(points)), audit(points))
    pd.testing.assert_frame_equal(points.tradeoff.audit(), audit(points))


def test_samples_are_read_only_when_there_are_points():
    def read():
        raise AssertionError("the samples were read")

    assert audit(Run(make_points([]), read)).empty


@pytest.mark.parametrize(
    "missing", ["point_id", "phase", "status", "latency_ns", "replicate", "scheduled_ns", "done_ns"]
)
def test_samples_that_lack_a_column_tell_less(missing):
    run = sampled(CLOSED, phase="measure", latency_ns=np.arange(100), replicate=0)
    assert audit(Run(run.points, run.samples.drop(columns=missing))) is not None


@settings(max_examples=60)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "point_id": st.sampled_from(["000", "001", "elsewhere", None]),
                "phase": st.sampled_from(["cold", "warmup", "measure", "drain", None]),
                "status": st.sampled_from(["ok", "error", "timeout", None]),
                "replicate": st.sampled_from([0, 1, None]),
                **{
                    f"{name}_ns": st.sampled_from([None, -1, 0, 10**6, 10**15])
                    for name in ("latency", "scheduled", "submitted", "done")
                },
            }
        ),
        max_size=12,
    ),
    st.sampled_from([None, 0, 1, 5, 400]),
)
def test_any_samples_will_do(samples, n):
    frame = make_samples({name: [one[name] for one in samples] for name in (samples[0] if samples else ())})
    points = frame_of([CLOSED | {"n": n}, OPEN | {"n": n, "latency_basis": "send"}])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_is_a_frame_of_findings(audit(Run(points, frame)))


@pytest.mark.parametrize("wrong", [None, "results", {"n": 1}, [CLOSED]])
def test_what_is_no_run_is_named(wrong):
    with pytest.raises(TypeError, match=f"got {type(wrong).__name__}"):
        audit(wrong)


def test_numbers_as_text_and_text_as_anything():
    points = make_points([CLOSED | {"n": 200, "duration_s": 0.2}, DEVICE])
    loose = points.astype(dict.fromkeys(points.columns, "object"))
    for name in ("n", "throughput_rps", "latency_mean_ms", "latency_p99_ms", "concurrency"):
        loose[name] = [None if pd.isna(value) else str(value) for value in loose[name]]
    loose["flags"] = ["", "gil_bound; made_up"]
    found = audit(loose)
    assert found[found["check"] == "sample_size"]["sentence"].tolist() == audit(points)["sentence"].tolist()[:2]
    assert {"gil_bound", "unknown_flag"} <= set(found["check"])


def test_columns_of_rubbish_are_missing_columns():
    rubbish = [["a"], {"b": 1}, object(), True, 1j, pd.Timestamp("2026-01-01"), b"5", "five"]
    points = pd.DataFrame(dict.fromkeys(POINT_COLUMNS, rubbish))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = audit(points)
    assert set(found["check"]) == {"measured", "unknown_flag"}
    assert (found["check"] == "measured").sum() == len(rubbish)


def test_integers_as_floats_and_categories_are_what_they_say():
    points = make_points([CLOSED | {"n": 200, "n_errors": 3, "flags": ["gil_bound"]}])
    other = points.astype({"n": "float64", "concurrency": "float64", "mode": "category", "load": "category"})
    pd.testing.assert_frame_equal(audit(other), audit(points))


def test_a_column_that_is_there_twice_counts_once():
    points = make_points([CLOSED])
    assert audit(pd.concat([points, points[["n", "load"]]], axis=1)).empty


def test_rows_without_an_id_are_called_by_their_place():
    points = make_points([CLOSED | {"n": 200}] * 2).drop(columns="point_id")
    points.index = ["a", "b"]
    assert set(audit(points)["point_id"]) == {"row a", "row b"}
    half = make_points([CLOSED | {"n": 200}, {}])
    half.loc[1, "point_id"] = None
    assert "row 1" in set(audit(half)["point_id"])
    assert set(audit(points.assign(point_id=[7, 8]))["point_id"]) == {"7", "8"}


def test_rows_that_share_an_id_and_differ_are_both_told():
    points = make_points([CLOSED | {"n": n, "duration_s": 0.2} for n in (200, 201)]).assign(point_id="same")
    found = audit(points)
    assert found["observed"].tolist() == [2.0, 200.0, 201.0, 200.0, 201.0]
    assert found["check"].tolist().count("identity") == 1
    pd.testing.assert_frame_equal(audit(points.iloc[::-1]), found)


@pytest.mark.parametrize("index", [pd.MultiIndex.from_tuples([(1, "a"), (1, "b")]), [5, 5], pd.Index([None, 2.5])])
def test_any_index_will_do(index):
    points = make_points([CLOSED | {"n": 200}, OPEN | {"n": 200}])
    wanted = audit(points)
    points.index = index
    pd.testing.assert_frame_equal(audit(points), wanted)


def test_nothing_is_changed():
    points = make_points([CLOSED | {"n": 200, "flags": ["gil_bound"]}])
    before = points.copy(deep=True)
    audit(points)
    pd.testing.assert_frame_equal(points, before)


def test_flags_are_findings_with_the_severity_of_the_table():
    for name, flag in FLAGS.items():
        found = findings(flags=[name])
        assert found["check"].tolist() in ([name], ["contention"])
        assert found["severity"].tolist() == [flag.severity]
        if found["check"][0] == name:
            assert found["sentence"].tolist() == [f"{flag.meaning} {flag.remedy}"]


def test_a_hostile_flag_is_text():
    points = make_points([CLOSED])
    points["flags"] = [["=cmd|' /C calc'!A0 %s\n\x1b[2J"]]
    (sentence,) = audit(points)["sentence"]
    assert "%s" in sentence
    assert "\n" not in sentence
    assert "\x1b" not in sentence


def test_every_check_says_what_it_looks_for():
    for name, check in CHECKS.items():
        assert name == check.name
        assert check.label
        assert check.rule.endswith(".")
        assert set(check.tells) <= set(FLAGS)
