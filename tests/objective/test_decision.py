from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.frames import Run, make_points
from tradeoff.objective import Constraint, ObjectiveError, Setting, decide, judge, rows_at

TEXT = "maximize throughput subject to p99 <= 20 ms"


def points(*rows: tuple[float, float, float, float], **more: object) -> pd.DataFrame:
    """Rows of throughput, p99 and its interval; batch sizes count up."""
    return make_points(
        {
            "workload": "softmax",
            "batch_size": number,
            "concurrency": 1,
            "throughput_rps": throughput,
            "latency_p99_ms": p99,
            "latency_p99_ms_lo": low,
            "latency_p99_ms_hi": high,
            "status": "converged",
            **more,
        }
        for number, (throughput, p99, low, high) in enumerate(rows, start=1)
    )


def narrow(*rows: tuple[float, float, float, float]) -> pd.DataFrame:
    """The same with the columns that matter only: quick enough to make by the hundred."""
    frame = pd.DataFrame(
        rows, columns=["throughput_rps", "latency_p99_ms", "latency_p99_ms_lo", "latency_p99_ms_hi"], dtype="float64"
    )
    return frame.assign(point_id=[f"{number:03d}" for number in range(len(frame))])


def batch(row: pd.Series | None) -> int | None:
    return None if row is None else int(row["batch_size"])


def test_the_best_point_that_surely_meets_the_limit_wins():
    frame = points((100, 5, 4, 6), (200, 15, 14, 16), (300, 30, 29, 31), (150, 10, 9, 11))
    decision = decide(frame, TEXT)
    assert (decision.verdict, batch(decision.point), batch(decision.runner_up)) == ("feasible", 2, 4)
    assert decision.binding == Constraint("p99", "<=", 20)
    assert "Batch 2 × concurrency 1 meets the objective" in decision.sentence()


def test_nothing_binds_when_the_best_of_all_meets_the_limit():
    decision = decide(points((100, 5, 4, 6), (90, 30, 29, 31)), TEXT)
    assert decision.binding is None
    assert "No constraint binds" in decision.sentence()


def test_an_interval_that_holds_the_limit_is_undecided():
    decision = decide(points((100, 19, 18, 21), (50, 30, 29, 31)), TEXT)
    assert (decision.verdict, batch(decision.point)) == ("undecided", 1)
    assert "measure longer" in decision.sentence()


def test_an_unknown_upper_end_is_never_feasible():
    assert decide(points((100, 5, 4, np.nan)), TEXT).verdict == "undecided"
    assert decide(points((100, 30, 29, np.nan)), TEXT).verdict == "infeasible"


@pytest.mark.parametrize(("value", "verdict"), [(1.0, "undecided"), (19.9, "undecided"), (20.1, "infeasible")])
def test_a_percentile_without_any_interval_meets_no_limit_for_sure(value, verdict):
    decision = decide(points((100, value, np.nan, np.nan)), TEXT)
    assert decision.verdict == verdict
    assert "Nothing is known about the spread of its p99 latency" in decision.sentence()
    assert "Its intervals hold a limit" not in decision.sentence()
    without = points((100, value, np.nan, np.nan)).drop(columns=["latency_p99_ms_lo", "latency_p99_ms_hi"])
    assert decide(without, TEXT).verdict == verdict


def test_other_columns_without_intervals_are_judged_by_value_and_it_is_said():
    frame = points((100, 5, 4, 6)).assign(energy_j_per_item=1.0)
    decision = decide(frame, TEXT + " and energy_j_per_item <= 2")
    assert decision.verdict == "feasible"
    assert "Nothing is known about the spread of its energy per request" in decision.sentence()
    assert "Nothing is known" not in decide(frame, TEXT + " and concurrency <= 2").sentence()


def test_of_an_interval_only_one_end_of_which_is_known_the_other_is_unknown():
    assert decide(points((100, 21, np.nan, 25)), TEXT).verdict == "undecided"
    assert decide(points((100, 15, np.nan, 19)), TEXT).verdict == "feasible"
    slow = points((500, 5, 4, 6)).assign(throughput_rps_hi=600.0)
    assert decide(slow, "minimize p99 subject to throughput >= 400/s").verdict == "undecided"


def test_an_undecided_point_that_might_win_is_named():
    decision = decide(points((100, 5, 4, 6), (200, 19, 18, 22)), TEXT)
    assert (batch(decision.point), batch(decision.contender)) == (1, 2)
    assert "Undecided but better: Batch 2" in decision.sentence()


def test_nobody_meets_it_names_the_nearest_and_the_constraint():
    frame = points((100, 30, 29, 31), (50, 25, 24, 26), (10, 90, 89, 91))
    decision = decide(frame, TEXT + " and throughput >= 20/s")
    assert (decision.verdict, batch(decision.point)) == ("infeasible", 2)
    assert decision.shortfall == Constraint("p99", "<=", 20)
    assert "No point meets" in decision.sentence()
    assert "misses p99 <= 20 ms by 5.00 ms (25 %)" in decision.sentence()


def test_a_row_that_lacks_a_metric_is_not_said_to_miss_it():
    frame = points((100, 5, 4, 6), (100, np.nan, np.nan, np.nan))
    frame["energy_j_per_item"] = [np.nan, 1.0]
    decision = decide(frame, TEXT + " and energy_j_per_item <= 2")
    assert decision.verdict == "infeasible"
    assert "was not measured" in decision.sentence()


def test_rows_at_names_a_column_that_is_not_there():
    with pytest.raises(ObjectiveError, match="no column 'workers'"):
        rows_at(points((1, 1, 1, 1)).drop(columns="workers"), Setting("workers", 1))


def test_who_asks_for_the_worse_is_told():
    assert "p99 latency is better the other way round" in decide(points((1, 5, 4, 6)), "maximize p99").sentence()
    assert "other way round" not in decide(points((1, 5, 4, 6)), "minimize p99").sentence()


def test_a_percentile_without_support_says_what_it_takes():
    frame = points((1, np.nan, np.nan, np.nan), n=60)
    said = "p99 takes 100 independent samples, and 368 for its interval; the points have 60 at most"
    with pytest.raises(ObjectiveError, match=said):
        decide(frame, TEXT)


def test_rejected_and_failed_requests_are_told_beside_the_answer():
    frame = points((1, 5, 4, 6), n=65, n_errors=10, rejection_rate=0.25)
    assert "Of its requests 25 % rejected and 10 % failed: they are in no percentile." in decide(frame, TEXT).sentence()
    assert "Of its requests" not in decide(points((1, 5, 4, 6), n_errors=0, rejection_rate=0.0), TEXT).sentence()


def test_what_did_not_hold_still_is_told():
    decision = decide(points((1, 5, 4, 6), status="unstable", drift_pct=2.13), TEXT)
    assert "Mind: it was unstable while it was measured, drifting by 2.13 %" in decision.sentence()


def test_points_of_a_stopped_sweep_say_so_and_how_to_go_on():
    frame = points((1, 5, 4, 6), (2, 8, 7, 9), status="partial")
    said = decide(frame, TEXT).sentence()
    assert "Mind: this point was measured only in part (partial): go on" in said
    assert "2 of 2 points were measured in part (partial): go on with the sweep (resume=True, --resume)." in said
    other = frame.assign(status=["partial", "converged"])
    said = decide(other, TEXT).sentence()
    assert "Mind" not in said
    assert "1 of 2 points was measured in part" in said
    undecided = decide(points((1, 19, 17, 22), status="partial"), TEXT).sentence()
    assert "Its intervals hold a limit: go on with the sweep" in undecided
    assert "measure longer" not in undecided
    with pytest.raises(ObjectiveError, match="Some are measured in part: go on with the sweep"):
        decide(points((1, np.nan, np.nan, np.nan), n=60, status="partial"), TEXT)
    assert "in part" not in decide(points((1, 5, 4, 6)), TEXT).sentence()


@pytest.mark.parametrize(("rows", "said"), [(1, "the only point is saturated"), (2, "all 2 points are saturated")])
def test_beyond_capacity_is_not_called_failed(rows, said):
    frame = points(*[(1, np.nan, np.nan, np.nan)] * rows, status="saturated")
    with pytest.raises(ObjectiveError, match=said):
        decide(frame, TEXT)


def test_filter_first_then_the_best():
    # The best feasible point lies off the unconstrained frontier: row 2 is dominated by row 1 but row 1 has no room.
    frame = points((300, 10, 10, 10), (200, 12, 12, 12))
    frame["energy_j_per_item"] = [5.0, 1.0]
    assert batch(decide(frame, TEXT + " and energy_j_per_item <= 2").point) == 2


def test_settings_hold_columns():
    frame = pd.concat([points((100, 5, 4, 6), concurrency=1), points((900, 5, 4, 6), concurrency=8)], ignore_index=True)
    assert decide(frame, TEXT + " at concurrency 1").point["throughput_rps"] == 100
    with pytest.raises(ObjectiveError, match=r"nothing was measured at concurrency 3: concurrency holds 1, 8"):
        decide(frame, TEXT + " at concurrency 3")


def test_what_must_not_be_pooled_is_refused():
    frame = pd.concat([points((100, 5, 4, 6)), points((900, 5, 4, 6), workload="gemm")], ignore_index=True)
    with pytest.raises(ObjectiveError, match=r"differ in workload \(gemm, softmax\).*'at workload gemm'"):
        decide(frame, TEXT)
    assert decide(frame, TEXT + " at workload softmax").point["throughput_rps"] == 100


def test_failed_rows_do_not_answer_and_do_not_make_groups():
    frame = pd.concat(
        [points((100, 5, 4, 6)), points((900, 5, 4, 6), workload="gemm", status="failed")], ignore_index=True
    )
    assert decide(Run(frame), TEXT).point["workload"] == "softmax"


@pytest.mark.parametrize(
    ("frame", "text", "said"),
    [
        (make_points([]), TEXT, "there are no points"),
        (points((1, 1, 1, 1), status="failed"), TEXT, "the only point failed"),
        (points((1, np.nan, np.nan, np.nan)), TEXT, "no point has a latency_p99_ms"),
        (points((np.nan, 1, 1, 1)), TEXT, "no point has a throughput_rps"),
        (points((1, 1, 1, 1)).drop(columns="latency_p99_ms"), TEXT, "no column 'latency_p99_ms'"),
        (points((1, 1, 1, 1)), "maximize ttft_p99", "no point has a ttft_p99_ms"),
    ],
)
def test_what_cannot_be_answered_has_its_own_sentence(frame, text, said):
    with pytest.raises(ObjectiveError, match=said):
        decide(frame, text)


ROWS = st.lists(
    st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=8
)


def upper_ends(rows: list[tuple[int, int, int, int]]) -> list[float]:
    """Upper ends of p99 that allow for the choice, row by row: the rule written out."""

    def out(row: tuple[int, int, int, int], among: int) -> float:
        factor = NormalDist().inv_cdf(1 - 0.025 / among) / NormalDist().inv_cdf(0.975)
        return row[1] * ((row[1] + row[3]) / row[1]) ** factor if among > 1 else row[1] + row[3]

    lows, wide = [p - below for _, p, below, _ in rows], [out(row, len(rows)) for row in rows]
    among = [
        sum(low <= wide[at] and high >= lows[at] for low, high in zip(lows, wide, strict=True))
        for at in range(len(rows))
    ]
    return [out(row, m) for row, m in zip(rows, among, strict=True)]


@given(ROWS, st.integers(1, 12))
def test_decide_equals_reading_every_row(rows, limit):
    frame = narrow(*[(t, p, p - below, p + above) for t, p, below, above in rows])
    decision = decide(frame, f"maximize throughput subject to p99 <= {limit} ms")
    sure = [row[0] for row, high in zip(rows, upper_ends(rows), strict=True) if high <= limit]
    maybe = [t for t, p, below, _ in rows if p - below <= limit]
    if sure:
        assert decision.verdict == "feasible"
        assert decision.point["throughput_rps"] == max(sure)
    elif maybe:
        assert decision.verdict == "undecided"
        assert decision.point["throughput_rps"] == max(maybe)
    else:
        assert decision.verdict == "infeasible"
        assert decision.point["latency_p99_ms"] == min(p for _, p, _, _ in rows)


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows, random):
    frame = narrow(*[(t, p, p, p) for t, p, _, _ in rows])
    order = list(range(len(frame)))
    random.shuffle(order)
    one, other = decide(frame, TEXT), decide(frame.iloc[order], TEXT)
    assert one.point["point_id"] == other.point["point_id"]


@given(ROWS, st.integers(1, 12), st.sampled_from(["<=", ">="]))
def test_sure_implies_possible(rows, limit, comparison):
    frame = narrow(*[(t, p, p - below, p + above) for t, p, below, above in rows])
    sure, possible = judge(frame, Constraint("p99", comparison, limit))
    assert (possible | ~sure).all()


@pytest.mark.parametrize("points", [None, "x", {}, 5, pd.Series([1.0])])
def test_what_is_no_frame_of_points_is_refused(points):
    with pytest.raises(TypeError, match="points must be a Run or its frame of points; got"):
        decide(points, "minimize p99")


@pytest.mark.parametrize("objective", [None, 5, ["minimize p99"]])
def test_what_is_no_objective_is_refused(objective):
    with pytest.raises(TypeError, match="objective must be text such as 'maximize throughput"):
        decide(make_points([]), objective)


def test_a_point_from_a_busy_machine_says_so() -> None:
    rows = points((1, 5, 4, 6)).assign(flags=[["machine_busy"]], foreign_load=0.482)
    told = "Mind: it was measured on a busy machine (other processes took 48 % of the cores' time)"
    assert told in decide(rows, TEXT).sentence()
    assert "busy" not in decide(rows.assign(flags=[["host_load_unknown"]]), TEXT).sentence()
    assert told in decide(rows, "maximize throughput subject to p99 <= 1 us").sentence()
    stolen = rows.assign(flags=[["cpu_stolen", "quota_throttled"]], steal=0.1, throttled=None)
    assert "the hypervisor took 10 % of the cores' time and a quota" in decide(stolen, TEXT).sentence()


def test_others_that_a_busy_machine_held_back_are_counted() -> None:
    rows = points((9, 5, 4, 6), (2, 5, 4, 6), (4, 5, 4, 6))
    rows = rows.assign(flags=[[], ["machine_busy"], ["machine_busy"]])
    found = decide(rows, TEXT)
    assert found.others_busy == 2
    assert "Of the other points 2 were measured on a busy machine, and may be better." in found.sentence()
    assert "Mind" not in found.sentence()
