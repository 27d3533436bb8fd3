"""A fresh measurement of the chosen point: its row alone decides, and it is the same point."""

import math

import numpy as np
import pandas as pd
import pytest

import tradeoff
from tests.objective.test_decision import TEXT, batch, points
from tests.objective.test_selection import measured
from tradeoff.frames import Run
from tradeoff.objective import ObjectiveError, decide
from tradeoff.timing import Budget


def anew(frame: pd.DataFrame, **values: object):
    """Measures a row anew, with other values."""

    def measure(point: pd.Series) -> Run:
        row = frame[(frame["point_id"] == point["point_id"]).to_numpy()].reset_index(drop=True)
        return Run(row.assign(**values))

    return measure


FRAME = measured((990, 0.1, 3.0, 0.3), (980, 0.1, 3.2, 0.3), (400, 0.1, 1.0, 0.3))


def test_the_fresh_row_decides_with_its_plain_interval():
    found = decide(FRAME, TEXT, confirm=anew(FRAME, throughput_rps=900.0, throughput_rps_lo=870.0))
    assert (found.verdict, found.among, batch(found.point), batch(found.chosen)) == ("feasible", 1, 1, 1)
    assert found.intervals["throughput_rps"] == pytest.approx((900, 870, 1089))
    assert found.chosen["throughput_rps"] == 990
    assert "It was measured anew after it was chosen" in found.sentence()
    assert "chosen it was for throughput 990 requests/s" in found.sentence()
    assert "throughput 900 requests/s" in found.sentence()
    assert "the choice" not in found.sentence()


def test_a_fresh_row_that_misses_is_infeasible_and_one_that_holds_the_limit_undecided():
    slow = {"latency_p99_ms": 30.0, "latency_p99_ms_lo": 25.0, "latency_p99_ms_hi": 40.0}
    missed = decide(FRAME, TEXT, confirm=anew(FRAME, **slow))
    assert missed.verdict == "infeasible"
    assert "does not meet the objective: its p99 latency 30.0 ms" in missed.sentence()
    assert "No point meets" not in missed.sentence()
    assert decide(FRAME, TEXT, confirm=anew(FRAME, **{**slow, "latency_p99_ms_lo": 19.0})).verdict == "undecided"


def test_an_undecided_choice_may_be_settled_anew():
    frame = points(*[(100.0, 18, 15, 19.9)] * 3)
    assert decide(frame, TEXT).verdict == "undecided"
    assert decide(frame, TEXT, confirm=anew(frame)).verdict == "feasible"


def test_where_nothing_meets_it_nothing_is_measured():
    def never(point: pd.Series) -> Run:
        raise AssertionError(point)

    assert decide(points((1, 30, 29, 31)), TEXT, confirm=never).verdict == "infeasible"


@pytest.mark.parametrize(
    ("confirm", "said"),
    [
        (anew(FRAME, batch_size=64), "another point: batch_size 64 instead of 1"),
        (lambda point: Run(FRAME), "a Run of one point, Batch 1 × concurrency 1 measured anew; got a Run of 3 points"),
        (lambda point: point, "got Series"),
        (anew(FRAME, status="failed"), "chosen, and could not be measured anew: the only point failed"),
        (anew(FRAME, latency_p99_ms=math.nan, latency_p99_ms_lo=math.nan, latency_p99_ms_hi=math.nan), "no point has"),
        (True, "confirm=True takes the Run of a sweep"),
    ],
)
def test_what_is_no_fresh_measurement_is_refused(confirm, said):
    with pytest.raises(ObjectiveError, match=said):
        decide(FRAME, TEXT, confirm=confirm)


@pytest.mark.parametrize(
    ("frame", "environment", "said"),
    [
        (FRAME.assign(flags=[["not_isolated"]] * 3), {}, "live object"),
        (FRAME.assign(source="vllm"), {}, "not measured by tradeoff.sweep as this Run has it .source vllm"),
        (
            FRAME.assign(backend="nowhere", dtype="float32", mode="concurrent", cache="hot", regime="sustained"),
            {"sweeps": [{
                "workload": "nowhere.softmax", "batch_size": [1, 2, 3], "concurrency": [1], "dtype": ["float32"],
                "budget": {"name": "draft", "seconds": 0.1, "max_calls": 10},
            }]},
            "of 'nowhere.softmax' cannot be measured anew here",
        ),
    ],
)  # fmt: skip
def test_true_takes_a_sweep_of_a_workload_that_is_known_by_name(frame, environment, said):
    with pytest.raises(ObjectiveError, match=said) as caught:
        decide(Run(frame, environment=environment), TEXT, confirm=True)
    assert "confirm=lambda point" in str(caught.value)


@pytest.mark.parametrize("confirm", ["yes", 1, None])
def test_confirm_is_yes_no_or_a_function(confirm):
    with pytest.raises(TypeError, match="confirm must be True, False or a function"):
        decide(FRAME, TEXT, confirm=confirm)


def test_a_sweep_is_measured_anew_under_the_same_conditions():
    budget = Budget(name="short", seconds=0.05, max_calls=400, min_calls=10)
    run = tradeoff.sweep("numpy.softmax", batch_size=[1, 2], budget=budget, isolate=True, progress=False)
    found = decide(run, "maximize throughput", confirm=True)
    assert found.chosen["point_id"] == found.point["point_id"]
    assert found.chosen["throughput_rps"] != found.point["throughput_rps"]
    assert np.isfinite(found.point["throughput_rps"])
