import pandas as pd
import pytest

import tradeoff.accessor  # noqa: F401  # registers the accessor
from tradeoff.frames import FrameError, make_points


def points() -> pd.DataFrame:
    return make_points(
        [
            {"workload": "softmax", "batch_size": 1, "throughput_rps": 10.0, "latency_p99_ms": 1.0},
            {"workload": "softmax", "batch_size": 2, "throughput_rps": 5.0, "latency_p99_ms": 2.0},
        ]
    )


def test_frontier_through_the_accessor():
    assert points().tradeoff.frontier().tolist() == ["frontier", "dominated"]


def test_attainment_and_knee_through_the_accessor():
    assert points().tradeoff.attainment(by=())["value"].tolist() == [10.0]
    assert points().tradeoff.knee()["power"].isna().tolist() == [True]


def test_decide_through_the_accessor():
    assert points().tradeoff.decide("maximize throughput subject to latency_p99_ms <= 1.5 ms").point is not None


def test_audit_through_the_accessor():
    assert set(points().tradeoff.audit()["check"]) == {"sample_size", "unstated"}


def test_validate_through_the_accessor():
    frame = points().drop(columns="n")
    with pytest.raises(FrameError, match="'n'"):
        frame.tradeoff.validate()


def test_other_frames_do_not_have_it():
    assert not hasattr(pd.DataFrame({"x": [1]}), "tradeoff")
