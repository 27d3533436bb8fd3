import pandas as pd
import pytest

from tradeoff.frames import FrameError, make_points, make_samples, validate_points, validate_samples

GOOD = {"workload": "softmax", "batch_size": 8, "concurrency": 2, "status": "converged"}


def problems_of(points: pd.DataFrame) -> str:
    with pytest.raises(FrameError) as caught:
        validate_points(points)
    assert len(caught.value.problems) == str(caught.value).count("\n  - ")
    return str(caught.value)


def test_good_frames_pass():
    points = make_points([GOOD, {**GOOD, "batch_size": 16, "flags": ["upper_unbounded"]}])
    samples = make_samples({"point_id": points["point_id"][0], "latency_ns": [1, 2], "overhead_ns": [-1, 0]})
    assert validate_points(points) is None
    assert validate_samples(samples, points) is None
    assert validate_points(make_points([])) is None


def test_all_problems_come_at_once():
    points = make_points([GOOD]).drop(columns=["n", "load"])
    points["status"] = "splendid"
    points["batch_size"] = 1.5
    text = problems_of(points)
    for name in ("'n'", "'load'", "'status'", "'batch_size'", "splendid", "converged"):
        assert name in text


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"batch_size": 0}, "batch_size"),
        ({"concurrency": -1}, "concurrency"),
        ({"n": -1}, "'n'"),
        ({"throughput_rps": -2.0}, "throughput_rps"),
        ({"latency_p50_ms": 3.0, "latency_p90_ms": 2.0}, "latency_p90_ms"),
        ({"latency_p99_ms": 3.0, "latency_p99_ms_hi": 2.0}, "interval"),
        ({"latency_p99_ms": 3.0, "latency_p99_ms_lo": 4.0}, "interval"),
        ({"flags": ["made_up"]}, "made_up"),
        ({"mode": "sideways"}, "isolated"),
    ],
)
def test_a_wrong_value_is_named(wrong, named):
    assert named in problems_of(make_points([{**GOOD, **wrong}]))


def test_negative_overhead_is_a_finding_not_an_error():
    assert validate_points(make_points([{**GOOD, "at_p99_overhead_ms": -0.1, "temperature_c": -4.0}])) is None


def test_a_generator_may_be_a_little_early():
    assert validate_points(make_points([{**GOOD, "schedule_delay_p50_ms": -0.1, "schedule_delay_p99_ms": 5.0}])) is None
    assert "latency_max_ms" in problems_of(make_points([{**GOOD, "latency_max_ms": -0.1}]))


def test_ids_that_occur_twice():
    assert "twice" in problems_of(make_points([GOOD, GOOD]))


def test_a_column_that_is_there_twice():
    points = make_points([GOOD])
    assert "there twice: 'n'" in problems_of(pd.concat([points, points[["n"]]], axis=1))


def test_samples_of_unknown_points():
    samples = make_samples({"point_id": "ffffffffffff", "latency_ns": [1]})
    with pytest.raises(FrameError, match="ffffffffffff"):
        validate_samples(samples, make_points([GOOD]))


def test_samples_without_a_point_and_with_negative_times():
    samples = make_samples({"latency_ns": [1, -5], "phase": "lunch"})
    with pytest.raises(FrameError, match="lunch"):
        validate_samples(samples)
    samples["phase"] = "measure"
    with pytest.raises(FrameError, match="latency_ns") as caught:
        validate_samples(samples)
    assert "point_id" in str(caught.value)
