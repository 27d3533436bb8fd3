"""What-if as Python sees it; what people see is in test_whatif_page."""

import gzip
import json

import pytest
from traitlets import TraitError

from tests.explorer.runs import grid_run
from tradeoff.explorer import WhatIf
from tradeoff.explorer.assets import whatif_widget_module
from tradeoff.frames import RunFolderError
from tradeoff.objective import Objective


def affine(size):
    return 4.0 + size


@pytest.fixture
def whatif():
    return WhatIf(affine, largest_batch_size=16)


def test_it_starts_at_a_load_the_server_bears(whatif):
    capacity = 16 / 20 * 1e3
    assert 0.5 * capacity < whatif.request_rate < 0.7 * capacity
    assert (whatif.loop, whatif.max_batch_size, whatif.workers, whatif.limit_ms) == ("open", 16, 1, None)
    assert repr(whatif) == "WhatIf(affine: request_rate=500, max_batch_size=16, max_wait_ms=0, workers=1)"
    slow = WhatIf(affine, largest_batch_size=16, max_batch_size=1, host_ms=5)
    assert 50 < slow.request_rate < 70


def test_the_payload_travels_packed_and_the_module_without_plotly(whatif):
    state = whatif.get_state()
    assert json.loads(gzip.decompress(state["payload"])) == whatif.payload
    assert len(state["payload"]) < 20_000
    assert len(whatif_widget_module()) < 150_000


def test_a_limit_is_an_objective(whatif):
    assert whatif.objective == ""
    whatif.limit_ms = 23.4
    assert whatif.objective == "maximize throughput subject to p99 <= 23.4 ms"
    whatif.percentile = "p95"
    assert Objective.parse(whatif.objective).constraints[0].metric == "latency_p95_ms"
    whatif.limit_ms = None
    assert whatif.objective == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("request_rate", 0), ("request_rate", "fast"), ("request_rate", float("inf")), ("request_rate", True),
        ("clients", 0), ("clients", 2.5), ("max_batch_size", 17), ("max_batch_size", None), ("workers", 9),
        ("max_wait_ms", -1), ("max_wait_ms", float("inf")), ("host_ms", float("nan")), ("loop", "half"), ("loop", []),
        ("percentile", "p42"), ("limit_ms", 0), ("needed", -5), ("think_ms", [1]),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_is_refused_and_from_the_browser_passed_over(whatif, name, value):
    before = getattr(whatif, name)
    with pytest.raises(TraitError, match=f"{name} must be"):
        setattr(whatif, name, value)
    whatif.set_state({name: value})
    assert getattr(whatif, name) == before
    with pytest.raises(ValueError, match=f"{name} must be"):
        WhatIf(affine, largest_batch_size=16, **{name: value})


def test_it_takes_what_the_browser_sends(whatif):
    whatif.set_state({"loop": "closed", "clients": 12, "max_wait_ms": 1.5, "reading": {"latency_p99_ms": 7.0}})
    assert (whatif.loop, whatif.clients, whatif.max_wait_ms) == ("closed", 12, 1.5)
    assert whatif.reading == {"latency_p99_ms": 7.0}


def test_it_simulates_what_the_sliders_say(whatif):
    whatif.max_batch_size, whatif.max_wait_ms, whatif.workers, whatif.host_ms = 8, 2.5, 2, 0.5
    row = whatif.simulate(n_requests=2000, replications=2).points.iloc[0]
    assert row["load"] == "poisson"
    assert (row["batch_size"], row["max_wait_ms"], row["workers"]) == (8, 2.5, 2)
    assert row["request_rate_rps"] == whatif.request_rate
    whatif.loop, whatif.clients, whatif.think_ms = "closed", 5, 3.0
    row = whatif.simulate(n_requests=2000, replications=2).points.iloc[0]
    assert row["load"] == "closed"
    assert (row["concurrency"], row["think_ms"]) == (5, 3.0)


def test_a_run_is_a_service():
    whatif = WhatIf(grid_run())
    assert whatif.payload["title"] == "softmax"
    assert whatif.max_batch_size == 8
    assert whatif.simulate(n_requests=1000).points["workload"].iloc[0] == "softmax"


def test_unknown_options_are_told_with_the_known_ones():
    with pytest.raises(ValueError, match="takes no 'batch_size': it can start at loop, request_rate"):
        WhatIf(affine, batch_size=4)


def test_a_page_is_written_whole_or_not_at_all(whatif, tmp_path):
    with pytest.raises(ValueError, match=r"must end in \.html"):
        whatif.save(tmp_path / "whatif.txt")
    with pytest.raises(RunFolderError):
        whatif.save(tmp_path / "nowhere" / "whatif.html")
    path = whatif.save(tmp_path / "whatif.html")
    assert path.stat().st_size < 300_000
    text = path.read_text(encoding="utf-8")
    assert "<noscript><h1>affine: what if</h1>" in text
    assert "tradeoff-plotly" not in text.split('<script type="module">')[0]
