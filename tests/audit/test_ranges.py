"""Values that their column cannot have, and healthy rows of the same kind."""

import numpy as np
import pandas as pd
import pytest

from tests.audit.points import CLOSED, DEVICE, OPEN, findings, of
from tradeoff.audit import audit
from tradeoff.frames import make_points

BROKEN = [
    (CLOSED, {"latency_p99_ms_lo": 31.0}, "interval", "the lower end of its interval 31.0"),
    (CLOSED, {"latency_p99_ms_hi": 29.0}, "interval", "the upper end of its interval 29.0"),
    (CLOSED, {"latency_p99_ms_lo": 40.0, "latency_p99_ms_hi": 20.0}, "interval", "the wrong way round"),
    (CLOSED, {"throughput_rps_lo": 1100.0}, "interval", "throughput"),
    (CLOSED, {"utilisation": 1.2}, "range", "utilisation is 1.20"),
    (CLOSED, {"utilisation": 97.0}, "range", "is it in percent?"),
    (CLOSED, {"rejection_rate": 1.4}, "range", "rejection_rate is 1.40"),
    (CLOSED, {"batch_size_mean": 9.0}, "range", "9.00 requests on average, and 8 at most"),
    (CLOSED, {"batch_size_mean": 0.5}, "range", "no batch holds less than one"),
    (CLOSED, {"batch_size": 64, "batch_size_mean": 20.0}, "range", "there are 16 clients"),
    (CLOSED, {"pct_of_limit": 150.0}, "range", "It reached 150 %"),
    (DEVICE, {"n": 500}, "window", "they are not of one window"),
    (CLOSED, {"request_rate_rps": 5000.0}, "intended_rate", "5 000 requests/s are said to have been intended"),
    (CLOSED, {"request_rate_rps": 1000.0}, "intended_rate", "It is a closed loop"),
    (CLOSED, {"energy_j_per_item": -1.0}, "impossible", "energy_j_per_item is -1.00"),
    (CLOSED, {"peak_memory_bytes": -5}, "impossible", "peak_memory_bytes is -5.00"),
    (CLOSED, {"batch_size": 0}, "impossible", "batch_size is 0"),
    (CLOSED, {"queue_wait_p50_ms": 3.0, "queue_wait_p99_ms": 2.0}, "impossible", "queue wait"),
    (CLOSED, {"latency_mean_ms": 0.016}, "averages", "one of them is in another unit"),
    (CLOSED, {"ttft_mean_ms": 0.001, "ttft_p50_ms": 2.0, "ttft_p99_ms": 3.0}, "averages", "time to first token"),
    (CLOSED, {"latency_mean_ms": None, "throughput_rps": 5000.0, "n": 100_000}, "littles_law", "at least on average"),
    (
        CLOSED,
        {"latency_mean_ms": None, "latency_max_ms": 31.0, "throughput_rps": 300.0, "n": 6_000},
        "units",
        "longest known latency",
    ),
    (OPEN, {"latency_mean_ms": 0.016, "utilisation": 0.8}, "units", "the device was busy for 80.0 %"),
]


@pytest.mark.parametrize(("row", "changes", "check", "said"), BROKEN, ids=[f"{b[2]}: {b[3]}" for b in BROKEN])
def test_what_cannot_be_is_found(row, changes, check, said):
    found = of(findings(row, **changes), check)
    found = found[found["severity"] > "info"]
    assert any(said in each.replace("\u202f", " ") for each in found["sentence"]), findings(row, **changes)["sentence"]


FINE = [
    {"latency_p99_ms_lo": 30.0, "latency_p99_ms_hi": 30.0},
    {"latency_p99_ms_lo": 29.0, "latency_p99_ms_hi": np.inf},
    {"utilisation": 1.0, "rejection_rate": 0.0, "batch_size_mean": 8.0},
    {"batch_size_mean": 1.0, "pct_of_limit": 99.0, "drift_pct": 180.0},
    {"at_p99_overhead_ms": -1e-9, "temperature_c": -5.0},
    {"ttft_mean_ms": 1.1, "ttft_p50_ms": 2.0, "ttft_p99_ms": 3.0},
]


@pytest.mark.parametrize("changes", FINE, ids=str)
def test_what_can_be_is_not(changes):
    found = findings(**changes)
    assert found[found["severity"] > "info"].empty, found["sentence"].tolist()


def test_a_column_in_seconds_among_milliseconds():
    seconds = {
        name: value / 1e3 for name, value in CLOSED.items() if name.startswith("latency_") and value != "scheduled"
    }
    found = of(findings(**seconds), "littles_law")
    assert "such as s among ms" in found["sentence"][0]
    found = of(findings(**seconds | {"latency_mean_ms": None}), "units")
    assert found["severity"].tolist() == ["error"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"timestamp": "2999-01-01T00:00:00Z"}, "2999-01-01"),
        ({"started_at": 3.2e10}, "yet to come"),
        ({"date": pd.Timestamp("2200-01-01")}, "yet to come"),
        ({"slo_attainment_pct": 130.0}, "slo_attainment_pct is 130"),
        ({"gpu_util_pct": 130.0}, "gpu_util_pct is 130"),
        ({"energy_wh": -3.0}, "energy_wh is -3.00"),
        ({"custom_ms": 5.0, "custom_ms_lo": 6.0}, "custom_ms"),
    ],
)
def test_columns_of_others(changes, said):
    found = audit(pd.DataFrame([CLOSED | changes]))
    assert said in found["sentence"][0]
    assert found["severity"][0] == "error"


def test_times_that_have_been_are_fine():
    stamps = ["2024-05-01", 1.7e9, 1.7e12, 1.7e15, 1.7e18, None, "soon", ""]
    found = audit(pd.DataFrame([CLOSED | {"point_id": f"p{n}", "timestamp": each} for n, each in enumerate(stamps)]))
    assert found.empty


def test_an_id_of_rows_that_differ():
    points = pd.concat([make_points([CLOSED]), make_points([CLOSED]).assign(duration_s=20.1)], ignore_index=True)
    found = of(audit(points), "identity")
    assert (found["severity"].tolist(), found["observed"].tolist()) == (["warning"], [2.0])
    assert of(audit(pd.concat([points.iloc[:1]] * 2)), "identity").empty


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": [1]}),
        pd.DataFrame({5: [1], "timestamp": ["soon"]}),
        pd.DataFrame({"latency_p99_ms_lo": [1.0]}),
        pd.DataFrame({"attainment": ["99 %"], "utilisation": [None]}),
        pd.DataFrame({"date": [pd.NaT], "point_id": [["a"]]}),
        pd.DataFrame({"point_id": ["x", "x"], "flags": [["a"], ["b"]]}),
    ],
)
def test_frames_with_few_columns_have_an_answer(frame):
    assert audit(frame) is not None
