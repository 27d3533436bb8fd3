import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.objective.test_decision import TEXT, points
from tradeoff.frames import PERCENTILES, Run, make_samples
from tradeoff.objective import Constraint, decide, judge
from tradeoff.objective.everyone import everyone, lost_of
from tradeoff.stats.quantiles import percentiles, rank_of

P99 = "latency_p99_ms"


def run_of(answered: list[float], failed: int, status: str = "error") -> Run:
    """A Run of one point: its row is made of the requests that were answered, as everywhere."""
    found = percentiles(np.array(answered), PERCENTILES)
    row = {f"latency_{name}_ms{end}": value for name, q in found.items()
           for end, value in (("", q.value), ("_lo", q.lo), ("_hi", q.hi))}  # fmt: skip
    rejected = {"rejection_rate": failed / (failed + len(answered)), "n_rejected": failed}
    lost = rejected if status == "rejected" else {"n_errors": failed}
    frame = points((100.0, math.nan, math.nan, math.nan), n=len(answered), **{**row, **lost})
    latency = [int(1e6 * value) for value in answered] + [None] * failed
    samples = make_samples({
        "point_id": frame["point_id"].iloc[0], "phase": "measure",
        "status": ["ok"] * len(answered) + [status] * failed,
        "latency_ns": pd.array(latency, dtype="Int64"),
    })  # fmt: skip
    return Run(frame, samples)


@pytest.mark.parametrize("status", ["error", "timeout", "rejected"])
@pytest.mark.parametrize("with_samples", [True, False])
def test_half_without_an_answer_meet_no_limit_on_p90(status, with_samples):
    run = run_of([1.0] * 500, 500, status)
    found = decide(run if with_samples else run.points, "maximize throughput subject to p90 <= 50 ms")
    assert found.verdict == "infeasible"
    assert "no answer" in found.sentence()
    ignored = decide(run, "maximize throughput subject to p90 <= 50 ms", errors="ignore")
    assert ignored.verdict == "feasible"
    assert "errors='ignore'" in ignored.sentence()


def test_p50_of_all_who_asked_may_be_met_but_more_than_one_in_a_hundred_is_never_plainly_feasible():
    run = run_of([1.0] * 5000, 150)
    asked = "maximize throughput subject to p50 <= 50 ms"
    assert decide(run, asked).verdict == decide(run.points, asked).verdict == "undecided"
    assert "More than 1 % of those who asked got no answer" in decide(run, asked).sentence()
    assert decide(run, "maximize throughput").verdict == "undecided"
    assert decide(run, asked + " and error_rate <= 5 %").verdict == "feasible"
    assert decide(run, asked + " and error_rate <= 1 %").verdict == "infeasible"
    assert decide(run_of([1.0] * 5000, 20), asked).verdict == "feasible"


def test_an_error_rate_near_its_limit_is_undecided():
    assert decide(run_of([1.0] * 99, 1), "maximize throughput subject to error_rate <= 1.5 %").verdict == "undecided"


def test_errors_of_how_many_is_not_stated_leave_it_open():
    frame = points((100, 5, 4, 6), n_errors=3)
    assert decide(frame, TEXT).verdict == "undecided"
    assert "of how many is not stated" in decide(frame, TEXT).sentence()


TIMES = st.lists(st.floats(0.1, 99.0), min_size=1, max_size=60)


@given(TIMES, st.integers(0, 20), st.sampled_from(list(PERCENTILES)))
def test_samples_give_the_order_statistic_with_errors_at_infinity_and_a_row_bounds_it(times, failed, which):
    times = [round(value, 3) for value in times]
    run, name, p = run_of(times, failed), f"latency_{which}_ms", PERCENTILES[which]
    true = sorted([*times, *[math.inf] * failed])[rank_of(len(times) + failed, p) - 1]
    exact = everyone(run.points, [name], run=run)[name].iloc[0]
    bound = everyone(run.points, [name])[name].iloc[0]
    if not failed:
        assert everyone(run.points, [name], run=run) is run.points
        return
    assert exact == pytest.approx(true, rel=1e-6) or exact == true
    assert bound >= true * (1 - 1e-6)


@given(TIMES, st.integers(0, 20), st.floats(0.1, 120.0), st.sampled_from(list(PERCENTILES)))
def test_errors_never_help(times, failed, limit, which):
    limit_on = Constraint(which, "<=", limit)
    clean, lossy = (judge(run_of(times, count).points, limit_on) for count in (0, failed))
    assert not (lossy[0] & ~clean[0]).any()


def test_who_fails_fast_does_not_win_by_its_p99():
    both = pd.concat([run_of([1.0] * 500, 500).points, points((90, 5, 4, 6), n=1000, batch_size=2)], ignore_index=True)
    assert decide(both, "minimize p99").point["batch_size"] == 2


def test_lost_requests_are_counted_however_they_are_stated():
    frame = pd.DataFrame({
        "n": [90, 90, 90, np.nan, 90], "n_errors": [10, 0, np.nan, np.nan, np.nan],
        "rejection_rate": [0, 0.1, 0, 0.2, np.nan], "error_rate": [np.nan, np.nan, 0.1, np.nan, np.nan],
    })  # fmt: skip
    np.testing.assert_allclose(lost_of(frame).share, [0.1, 0.1, 0.1, 0.2, 0.0])


def test_errors_takes_two_words():
    with pytest.raises(ValueError, match="errors must be 'count' or 'ignore'; got 'none'"):
        decide(points((1, 1, 1, 1)), TEXT, errors="none")


def test_an_infinite_percentile_is_never_simply_feasible():
    decision = decide(points((100, math.inf, 4, math.inf)), "minimize p99")
    assert decision.verdict == "undecided"
    assert "Its p99 latency is infinite" in decision.sentence()
