import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.explorer.payload import PayloadError, payload, to_json
from tradeoff.frames import Run, make_points

from .runs import grid_run


def test_it_is_json_and_versioned():
    content = payload(grid_run())
    assert json.loads(to_json(content)) == content
    assert (content["format"], content["version"]) == ("tradeoff.explorer", 2)


def test_axes_are_the_measured_values_in_order():
    axes = payload(grid_run())["axes"]
    assert [(axis["column"], axis["values"]) for axis in axes] == [
        ("batch_size", [1, 2, 4, 8]),
        ("concurrency", [1, 2, 4, 8]),
    ]


def test_metrics_lie_on_the_axes():
    run = grid_run()
    (one,) = payload(run)["slices"]
    for cell in range(16):
        here = (run.points["batch_size"] == 2 ** (cell // 4)) & (run.points["concurrency"] == 2 ** (cell % 4))
        value = run.points.loc[here, "throughput_rps"].item()
        assert one["metrics"]["throughput_rps"][cell] == pytest.approx(value, rel=1e-5)


def test_missing_cells_are_null():
    run = grid_run()
    content = payload(Run(run.points.iloc[1:], run.samples))
    assert content["slices"][0]["metrics"]["latency_p99_ms"].count(None) == 1
    assert content["slices"][0]["status"].count(None) == 1


def test_what_varies_besides_the_axes_becomes_a_slice():
    one, other = grid_run(sizes=2).points, grid_run(sizes=2).points.assign(workload="gemm")
    other["point_id"] = [f"{n:012x}" for n in range(4)]
    content = payload(Run(pd.concat([one, other], ignore_index=True)))
    assert [slicer["column"] for slicer in content["slicers"]] == ["workload"]
    assert [one["key"] for one in content["slices"]] == [{"workload": "softmax"}, {"workload": "gemm"}]


def test_histograms_hold_every_sample():
    content = payload(grid_run(samples=300))
    for histogram in content["slices"][0]["histograms"]:
        assert sum(histogram["counts"]) == 300
        assert len(histogram["counts"]) <= 64


def test_no_points_and_wrong_axes_are_named():
    with pytest.raises(PayloadError, match="no points"):
        payload(Run())
    with pytest.raises(PayloadError, match="colour"):
        payload(grid_run(), axes=["colour"])
    with pytest.raises(PayloadError):
        payload(grid_run(), axes=["workload"])


@given(st.text())
def test_json_for_a_page_never_closes_its_script(text):
    encoded = to_json({"name": text})
    assert "<" not in encoded
    assert json.loads(encoded) == {"name": text}


def test_a_point_of_all_failures_can_be_laid_out():
    points = make_points([{"workload": "a", "batch_size": b, "status": "failed", "reason": "why"} for b in (1, 2)])
    content = payload(Run(points))
    assert content["slices"][0]["status"] == ["failed", "failed"]
    assert content["slices"][0]["reason"] == {"0": "why", "1": "why"}


def test_memory_is_told_in_gib():
    run = grid_run(sizes=1)
    told = dict(payload(Run(run.points, run.samples, {"machine": {"memory_bytes": 25_232_932_864}}))["measured"])
    assert told["machine: memory"] == "23.5 GiB"
