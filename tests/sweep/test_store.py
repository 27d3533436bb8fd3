import numpy as np
import pandas as pd

from tradeoff.frames import RunFolder, make_points, make_samples
from tradeoff.limits import Limits, recorded_limits
from tradeoff.sweep import store
from tradeoff.sweep.store import Memory, flag_gil_bound


def rows(rates: dict[int, float], **more: object) -> pd.DataFrame:
    same = {"workload": "w", "backend": "python", "batch_size": 1, "model_clock": "host", "source": "tradeoff"}
    cores = {"cores_used": 1.0, "cores_idle": 3.0}
    return make_points({**same, **cores, "concurrency": k, "calls_per_s": rate, **more} for k, rate in rates.items())


def flagged(points: pd.DataFrame) -> list[int]:
    found = flag_gil_bound(points)
    return found["concurrency"][["gil_bound" in flags for flags in found["flags"]]].tolist()


def test_two_in_flight_that_gain_nothing_are_flagged():
    assert flagged(rows({1: 100.0, 2: 110.0, 4: 120.0})) == [2, 4]
    assert flagged(rows({1: 100.0, 2: 190.0, 4: 200.0})) == []


def test_without_both_rows_nothing_can_be_told():
    assert flagged(rows({1: 100.0, 4: 100.0})) == []
    assert flagged(rows({2: 100.0, 4: 100.0})) == []
    assert flagged(rows({1: np.nan, 2: 100.0})) == []


def test_a_gpus_rows_are_left_alone():
    assert flagged(rows({1: 100.0, 2: 100.0}, model_clock="cuda_event")) == []


def test_a_flag_that_no_longer_holds_is_taken_back():
    points = rows({1: 100.0, 2: 190.0}, flags=["gil_bound", "not_isolated"])
    assert flag_gil_bound(points)["flags"].tolist() == [["gil_bound", "not_isolated"], ["not_isolated"]]


def test_without_an_idle_core_it_was_not_the_interpreters_lock():
    assert flagged(rows({1: 100.0, 2: 110.0}, cores_idle=0.2)) == []
    assert 2 not in flagged(rows({1: 100.0, 2: 110.0}, cores_idle=0.2, flags=["gil_bound"]))


def test_calls_that_wait_for_something_else_do_not_hold_the_lock():
    assert flagged(rows({1: 100.0, 2: 100.0}, cores_used=0.01)) == []


def test_on_a_busy_machine_nobody_can_tell():
    assert flagged(rows({1: 100.0, 2: 110.0}, flags=["machine_busy"])) == []


def test_rows_that_do_not_know_their_cores_stay_as_they_are():
    for flags, expected in ([], []), (["gil_bound"], [1, 2]):
        assert flagged(rows({1: 100.0, 2: 110.0}, cores_idle=None, flags=flags)) == expected


def test_no_rows_are_no_trouble():
    assert len(flag_gil_bound(make_points([]))) == 0


def test_limits_are_recorded_once_for_a_device_and_a_backend(tmp_path):
    old, new = (Limits("D", "numpy", rate, {}, "2026-01-01T00:00:00Z") for rate in (1e9, 2e9))
    other = Limits("D", "torch", 3e9, {}, "2026-01-01T00:00:00Z")
    for limits in (None, old, other, new, None):
        store.Folder(RunFolder(tmp_path / "run"), resume=True).begin({}, limits)
    assert recorded_limits(RunFolder(tmp_path / "run").environment) == [new, other]
    assert len(RunFolder(tmp_path / "run").environment["sweeps"]) == 5
    memory = store.Memory()
    memory.begin({}, None)
    assert "limits" not in memory.environment


def test_the_frame_of_samples_is_made_when_somebody_looks(monkeypatch):
    made = []
    monkeypatch.setattr(store, "make_samples", lambda columns: made.append(1) or make_samples(columns))
    memory = Memory(rows={"a": {"batch_size": 1}}, samples={"a": {"point_id": "a", "latency_ns": [1, 2]}})
    run = memory.end()
    assert not made, "a million calls take a second"
    assert run.samples["latency_ns"].tolist() == [1, 2]
    assert made == [1]
