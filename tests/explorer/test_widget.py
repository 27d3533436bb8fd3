import gzip
import json

import ipywidgets
import pandas as pd
import pytest
from traitlets import TraitError

from tradeoff.explorer import PayloadError
from tradeoff.explorer.assets import plotly_bundle
from tradeoff.explorer.widget import Explorer
from tradeoff.frames import Run, make_points

from .runs import grid_run


@pytest.fixture
def explorer() -> Explorer:
    return Explorer(grid_run())


def test_it_starts_on_a_measured_point(explorer):
    assert (explorer.batch_size, explorer.concurrency) == (2, 2)
    assert explorer.selected["batch_size"] == 2
    assert repr(explorer) == "Explorer(softmax: 16 points, batch_size=2, concurrency=2, p99)"


def test_setting_a_value_moves_the_selection_and_tells_observers(explorer):
    seen = []
    explorer.observe(lambda change: seen.append(change["new"]["concurrency"]), "selected")
    explorer.concurrency = 8
    assert explorer.selected["concurrency"] == 8
    assert seen == [8]


@pytest.mark.parametrize("value", [3, 0, -1, "8", None, float("nan"), True])
def test_a_value_that_was_not_measured_is_refused_with_the_measured_ones(explorer, value):
    with pytest.raises(TraitError, match=r"use one of 1, 2, 4, 8"):
        explorer.batch_size = value
    assert explorer.batch_size == 2


def test_from_the_browser_the_nearest_measured_value_is_taken(explorer):
    explorer.set_state({"batch_size": 7})
    assert explorer.batch_size == 8
    assert explorer.selected["batch_size"] == 8


def test_the_selection_cannot_be_set(explorer):
    with pytest.raises(TraitError, match="read-only"):
        explorer.selected = None


def test_a_place_where_nothing_was_measured_selects_nothing():
    run = grid_run()
    holes = run.points[~((run.points["batch_size"] == 8) & (run.points["concurrency"] == 8))]
    explorer = Explorer(Run(holes, run.samples))
    explorer.batch_size, explorer.concurrency = 8, 8
    assert explorer.selected is None
    explorer.concurrency = 4
    assert explorer.selected["concurrency"] == 4


def test_other_axes_live_in_position():
    same = {"workload": "mlp", "mode": "serving", "status": "converged"}
    points = make_points(
        {**same, "batch_size": b, "max_wait_ms": w, "throughput_rps": b / (1 + w), "latency_p99_ms": w + b}
        for b in (1, 2)
        for w in (0.0, 0.5)
    )
    explorer = Explorer(points, axes=("max_wait_ms",))
    assert explorer.batch_size is None
    with pytest.raises(TraitError, match="not an axis"):
        explorer.batch_size = 1
    both = Explorer(points)
    both.position = {"max_wait_ms": 0.5}
    assert both.selected["max_wait_ms"] == 0.5
    with pytest.raises(TraitError, match=r"max_wait_ms=0\.7 was not measured"):
        both.position = {"max_wait_ms": 0.7}
    with pytest.raises(TraitError, match="'colour' is not an axis"):
        both.position = {"colour": 1}


def test_slices_keep_what_must_not_be_pooled_apart():
    run = grid_run(sizes=2)
    other = make_points([{**row, "workload": "gemm", "point_id": None} for row in run.points.to_dict("records")])
    other["point_id"] = [f"{number:012x}" for number in range(len(other))]
    explorer = Explorer(pd.concat([run.points, other], ignore_index=True))
    assert explorer.slice == {"workload": "softmax"}
    explorer.slice = {"workload": "gemm"}
    assert explorer.selected["workload"] == "gemm"
    with pytest.raises(TraitError, match="was not measured"):
        explorer.slice = {"workload": "sort"}


def test_what_travels_is_the_payload_gzipped(explorer):
    packed = explorer.get_state()["payload"]
    assert json.loads(gzip.decompress(packed)) == explorer.payload
    assert len(packed) < len(json.dumps(explorer.payload)) / 3
    assert "plotly.js v" not in explorer._esm


def test_plotly_is_sent_when_asked_for(explorer, monkeypatch):
    sent = []
    monkeypatch.setattr(explorer, "send", lambda content, buffers=None: sent.append((content, buffers)))
    explorer._handle_custom_msg({"kind": "plotly", "version": "x"}, [])
    explorer._handle_custom_msg({"kind": "weather"}, [])
    ((content, buffers),) = sent
    assert content == {"kind": "plotly", "version": plotly_bundle().version}
    assert buffers == [plotly_bundle().gzipped]
    assert explorer.payload["plotly_version"] == plotly_bundle().version


def test_it_nests_and_links_in_ipywidgets(explorer):
    slider = ipywidgets.IntSlider(min=1, max=8)
    box = ipywidgets.VBox([explorer, slider])
    ipywidgets.jslink((explorer, "batch_size"), (slider, "value"))
    ipywidgets.link((explorer, "concurrency"), (slider, "value"))
    explorer.concurrency = 4
    assert slider.value == 4
    assert box.children[0] is explorer


def test_save_keeps_the_place(explorer, tmp_path):
    explorer.batch_size = 8
    explorer.objective = "minimize p99 subject to throughput >= 5000/s at concurrency 2"
    page = explorer.save(tmp_path / "figure.html").read_text()
    assert '"batch_size":8' in page
    assert "minimize p99 subject to throughput \\u003e= 5000/s at concurrency 2" in page
    with pytest.raises(ValueError, match=r"must end in \.html"):
        explorer.save(tmp_path / "figure.png")


def test_misuse_is_named():
    with pytest.raises(PayloadError, match="no points"):
        Explorer(Run())
    with pytest.raises(ValueError, match="percentile 'p98' is not in this Run: use p50"):
        Explorer(grid_run(), percentile="p98")
    with pytest.raises(TraitError, match="percentile 'p98'"):
        Explorer(grid_run()).percentile = "p98"
