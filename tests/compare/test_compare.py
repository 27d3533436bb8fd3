import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tradeoff
from tests.compare.runs import LIMIT, grid, scaled, slower
from tradeoff.attainment import attained_at
from tradeoff.compare import compare
from tradeoff.frames import Run
from tradeoff.objective import Constraint, Objective, ObjectiveError

SWAPPED = {"better": "worse", "worse": "better", "mixed": "mixed", "not_separable": "not_separable"}
OBJECTIVES = (
    LIMIT,
    "maximize throughput",
    "minimize p99 subject to throughput >= 1500/s",
    "maximize throughput subject to p99 <= 4 ms and p50 <= 1.5 ms",
    "minimize p99 at concurrency 2",
)
FACTORS = st.sampled_from([1.0, 1.02, 1.4, 2.0, 0.6, 0.98])


GRIDS = [grid(sizes=sizes, concurrencies=(1, 2)) for sizes in ((1, 2), (1, 4), (2, 4, 8))]
few = settings(max_examples=25, deadline=None)


@st.composite
def runs(draw):
    """A grid with values of its own at each point: intervals that hold, miss or lack an end; a clock; failures."""
    points = draw(st.sampled_from(GRIDS)).copy()
    for name in ("throughput_rps", "latency_p50_ms", "latency_p99_ms"):
        factors = [draw(FACTORS) for _ in range(len(points))]
        points = scaled(points, **{name: pd.Series(factors, index=points.index)})
    which = draw(st.sampled_from(["all", "no upper end", "none"]))
    if which != "all":
        lost = [name for name in points if name.endswith("_hi" if which == "no upper end" else ("_lo", "_hi"))]
        points = points.assign(**dict.fromkeys(lost, math.nan))
    if draw(st.booleans()):
        points["sm_clock_mhz"] = [draw(st.sampled_from([1000.0, 1400.0])) for _ in range(len(points))]
    if draw(st.booleans()):
        points.loc[draw(st.integers(1, len(points) - 1)), "status"] = draw(st.sampled_from(["oom", "saturated"]))
    return points


@few
@given(runs(), st.sampled_from(OBJECTIVES))
def test_a_run_compared_with_itself_is_not_separable(points, objective):
    found = compare(points, points, objective)
    assert found.verdict == "not_separable"
    assert found.exit_status == 0
    assert (found.ratio.value == 1) == (found.before.point is not None)
    assert (found.changes["ratio"].dropna() == 1).all()
    assert (found.changes["change"] == "open").all()
    assert found.lost == found.gained == ()


@few
@given(runs(), runs(), st.sampled_from(OBJECTIVES))
def test_swapping_the_sides_turns_everything_round(one, other, objective):
    there, back = compare(one, other, objective), compare(other, one, objective)
    assert back.verdict == SWAPPED[there.verdict]
    for ratio, inverse in ((there.ratio, back.ratio), *zip(_ratios(there), _ratios(back), strict=True)):
        with np.errstate(divide="ignore"):
            turned = [1 / np.float64(part) for part in (inverse.value, inverse.hi, inverse.lo)]
        assert list(ratio) == pytest.approx(turned, nan_ok=True)
    assert (len(there.lost), len(there.gained)) == (len(back.gained), len(back.lost))
    assert there.table["met_before"].tolist() == back.table["met_after"].tolist()


def _ratios(found):
    from tradeoff.compare.changes import Ratio

    return [Ratio(row.ratio, row.lo, row.hi) for row in found.changes.itertuples()]


@few
@given(runs(), runs(), st.sampled_from(OBJECTIVES), st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_duplicates_matter(one, other, objective, random):
    def shuffled(points):
        order = [*range(len(points)), *range(len(points))]
        random.shuffle(order)
        return points.iloc[order]

    plain = compare(one, other, objective)
    mixed = compare(shuffled(one), shuffled(other), objective)
    assert (mixed.verdict, str(mixed), mixed.lost) == (plain.verdict, str(plain), plain.lost)
    pd.testing.assert_frame_equal(mixed.table, plain.table)
    pd.testing.assert_frame_equal(mixed.changes, plain.changes)


@few
@given(runs(), runs(), st.sampled_from([2.0, 3.5, 10.0]))
def test_what_is_attained_is_the_attainment_curve_at_the_limit(one, other, limit):
    asked = Objective("maximize", "throughput_rps", (Constraint("latency_p99_ms", "<=", limit),))
    found = compare(one, other, asked)
    for side, points in ((found.before, one), (found.after, other)):
        read = attained_at(points, limit)
        expected = read[["value", "lo", "hi"]].to_numpy()[0] if len(read) else [math.nan] * 3
        assert [side.value, side.lo, side.hi] == pytest.approx(list(expected), nan_ok=True)


def test_the_story_of_two_teams():
    found = compare(grid(), grid(throughput=1.38, p99=2.0), LIMIT)
    lost = int((found.table["latency_p99_ms_before"].between(5, 10)).sum())
    met = int((found.table["met_before"] == "yes").sum())
    crossed = f"{lost} of {met} points that met the limit no longer do"
    assert found.sentence() == f"throughput +38 %, but p99 doubled: {crossed}."
    assert (found.verdict, found.exit_status) == ("mixed", 1)
    assert len(found.lost) == lost
    assert set(found.lost) <= set(grid()["point_id"])


@pytest.mark.parametrize(
    ("change", "objective", "verdict"),
    [
        ({}, LIMIT, "not_separable"),
        ({"throughput": 1.02, "p99": 1.02}, LIMIT, "not_separable"),
        ({"throughput": 1.38}, LIMIT, "better"),
        ({"throughput": 0.8}, LIMIT, "worse"),
        ({"p99": 0.4}, LIMIT, "better"),
        ({"p99": 3.0}, LIMIT, "worse"),
        ({"throughput": 1.3, "p99": 3.0}, LIMIT, "mixed"),
        ({"throughput": 0.8, "p99": 0.4}, LIMIT, "mixed"),
        # Within the limit p99 decides only when nothing else does.
        ({"throughput": 1.38, "p99": 1.5}, "maximize throughput subject to p99 <= 99 ms", "better"),
        ({"p99": 1.5}, "maximize throughput subject to p99 <= 99 ms", "worse"),
        ({"p99": 0.7}, "maximize throughput subject to p99 <= 99 ms", "better"),
        ({"p99": 3.0}, "maximize throughput", "not_separable"),
        ({"p99": 3.0}, "minimize p99", "worse"),
    ],
)
def test_verdicts(change, objective, verdict):
    assert compare(grid(), grid(**change), objective).verdict == verdict


def test_what_is_attained_decides_where_no_point_matches():
    before, after = grid(sizes=(1, 2, 4)), grid(sizes=(3, 6), throughput=2.0)
    found = compare(before, after, LIMIT)
    assert (found.verdict, len(found.table)) == ("better", 0)
    assert found.sentence().startswith("no point was measured on both sides; best throughput with p99 <= 10 ms: ")
    assert found.ratio.lo > 1


def test_a_larger_grid_on_one_side_is_no_change():
    found = compare(grid(), grid(sizes=(1, 2)), LIMIT)
    assert found.verdict == "not_separable"
    assert found.ratio.hi < 1
    assert any("was not measured after: that difference does not count" in note for note in found.notes)
    assert any(note.startswith("Among the points of both, best throughput") for note in found.notes)


def test_a_change_that_vanishes_in_clock_cycles_is_one_of_the_clock():
    before = grid(sm_clock_mhz=1500.0)
    found = compare(before, slower(before, 1.25).assign(sm_clock_mhz=1200.0), LIMIT)
    assert found.verdict == "not_separable"
    assert found.sentence().startswith("throughput −20 % by the clock and p99 +25 % by the clock")
    assert "The clock was 20 % lower after (1 500 to 1 200 MHz). In clock cycles:" in _plain(found)
    assert found.changes["cycles_ratio"].tolist() == pytest.approx([1.0] * 3)
    agrees = compare(before, slower(before, 1.25).assign(sm_clock_mhz=1480.0), LIMIT)
    assert agrees.verdict == "worse"
    assert any(note.endswith("time and clock cycles agree.") for note in agrees.notes)


def test_a_change_that_the_clock_hides_is_named_and_does_not_count():
    before = grid(sm_clock_mhz=1500.0)
    found = compare(before, before.assign(sm_clock_mhz=1200.0), LIMIT)
    assert found.verdict == "not_separable"
    assert any("a change that the clock hides" in note for note in found.notes)


def test_a_limit_crossed_by_the_clock_alone_does_not_count():
    before = grid(sizes=(1, 14), concurrencies=(1,), sm_clock_mhz=1500.0)
    found = compare(before, slower(before, 1.25).assign(sm_clock_mhz=1200.0), LIMIT)
    assert (len(found.lost), found.verdict) == (1, "not_separable")
    assert "no longer does, by the clock" in found.sentence()
    unknown = compare(before.assign(sm_clock_mhz=math.nan), slower(before, 1.25), LIMIT)
    assert (len(unknown.lost), unknown.verdict) == (1, "worse")


def _plain(found):
    return str(found).replace("\u202f", " ")


def test_runs_frames_objectives_and_the_accessor():
    one, other = grid(), grid(throughput=1.5)
    text = compare(one, other, LIMIT)
    for found in (
        compare(Run(one), Run(other), Objective.parse(LIMIT)),
        one.tradeoff.compare(other, LIMIT),
        tradeoff.compare(Run(one), other, LIMIT),
    ):
        assert str(found) == str(text)
    assert isinstance(text, tradeoff.Comparison)
    assert repr(text) == f"Comparison(better: {text.sentence()})"


def test_the_table_holds_both_sides_of_each_matched_point():
    one, other = grid(), grid(throughput=1.5, sizes=(2, 4, 64))
    table = compare(one, other, LIMIT).table
    assert table[["batch_size", "concurrency"]].to_numpy().tolist() == [[b, k] for b in (2, 4) for k in (1, 2, 4)]
    assert (table["throughput_rps_ratio"].round(9) == 1.5).all()
    assert (table["throughput_rps_change"] == "higher").all()
    assert table["throughput_rps_ratio_lo"].iloc[0] == pytest.approx(1.5 * 0.96 / 1.04)
    assert table["point_id_before"].tolist() == table["point_id_after"].tolist()
    assert table["clock_ratio"].isna().all()


def test_metrics_of_the_users_own_and_values_below_zero():
    before = grid().assign(euros=np.linspace(3, 1, 15))
    found = compare(before, before.assign(euros=before["euros"] / 2), "minimize euros subject to p99 <= 10 ms")
    assert found.verdict == "better"
    assert found.sentence().startswith("euros halved")
    debts = compare(before, before.assign(euros=before["euros"] - 9), "minimize euros")
    assert (debts.verdict, debts.ratio.value) == ("better", pytest.approx(math.nan, nan_ok=True))
    assert debts.sentence() == "euros higher at 0 and lower at 15 of 15 points."


@pytest.mark.parametrize("objective", [5, None, ["maximize throughput"]])
def test_an_objective_is_text_or_an_objective(objective):
    with pytest.raises(TypeError, match="objective must be text such as"):
        compare(grid(), grid(), objective)


def test_a_mistake_in_the_objective_is_pointed_at():
    with pytest.raises(ObjectiveError, match="did you mean throughput"):
        compare(grid(), grid(), "maximize thoughput")
