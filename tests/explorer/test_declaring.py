"""The objective of the widget: text or an Objective, held against the points, never changed by what is wrong."""

import pytest
from traitlets import TraitError

from tradeoff.explorer import save_page
from tradeoff.explorer.widget import Explorer
from tradeoff.frames import Run, make_points
from tradeoff.objective import Constraint, Objective, ObjectiveError, Setting, decide

from .runs import grid_run

ASKED = "maximize throughput subject to p99 <= 0.8 ms"


@pytest.fixture
def explorer() -> Explorer:
    return Explorer(grid_run(), objective=ASKED)


def two_workloads() -> Run:
    rows = grid_run(sizes=2).points.to_dict("records")
    more = [{**row, "workload": "gemm", "point_id": f"{at}", "tokens_per_s": 5.0 + at} for at, row in enumerate(rows)]
    return Run(make_points([*rows, *more]))


def test_it_is_text_that_decide_takes(explorer):
    assert explorer.objective == ASKED
    assert decide(explorer.run, explorer.objective).verdict == "feasible"
    assert Explorer(grid_run()).objective == ""
    assert repr(explorer).endswith(f"{ASKED})")


def test_it_is_set_as_text_in_short_or_as_an_objective(explorer):
    seen = []
    explorer.observe(lambda change: seen.append(change["new"]), "objective")
    explorer.objective = "maximise throughput s.t. p95 <= 700 us"
    explorer.objective = Objective("minimize", "p50", (Constraint("throughput", ">=", 500),), Setting("concurrency", 4))
    assert seen == [
        "maximize throughput subject to p95 <= 0.7 ms",
        "minimize p50 subject to throughput >= 500/s at concurrency 4",
    ]
    for nothing in (None, "", "  "):
        explorer.objective = ASKED
        explorer.objective = nothing
        assert explorer.objective == ""


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("maximize p9", "no column 'p9'"),
        ("maximize throughput subject to p99 <= 3", "needs a unit"),
        ("maximize throughput at concurrency 7", "concurrency holds 1, 2, 4, 8"),
        ("minimize ttft_p99", "no point has a ttft_p99_ms"),
        ("maximize throughput subject to p99 <= 1 ms and p99 >= 2 ms", "exclude each other"),
        (5, "not int"),
        (["maximize throughput"], "not list"),
        ({"direction": "maximize"}, "no objective"),
        (Objective("maximize", "my column"), "no column 'my column'"),
        (Objective("maximize", "throughput", at=(Setting("workload", 3.0),)), "reads as another objective"),
    ],
)
def test_what_cannot_be_asked_is_refused_and_leaves_the_one_before(explorer, wrong, said):
    with pytest.raises(ObjectiveError, match=said) as caught:
        explorer.objective = wrong
    assert isinstance(caught.value, TraitError)
    assert explorer.objective == ASKED
    with pytest.raises(ObjectiveError):
        Explorer(grid_run(), objective=wrong)


def test_an_error_says_where_it_is(explorer):
    with pytest.raises(ObjectiveError) as caught:
        explorer.objective = "minimize throughpt"
    assert (caught.value.position, caught.value.length) == (9, len("throughpt"))
    assert str(caught.value).endswith(f"\n  {' ' * 9}{'^' * 9}")
    assert "\n" not in caught.value.reason


def test_the_axis_and_the_drop_downs_follow_an_objective():
    explorer = Explorer(two_workloads(), objective="maximize throughput s.t. p95 <= 1 ms at workload gemm")
    assert explorer.percentile == "p95"
    assert explorer.slice == {"workload": "gemm"}
    assert explorer.selected["workload"] == "gemm"
    explorer.objective = "minimize p50 at workload softmax"
    assert explorer.slice == {"workload": "softmax"}
    explorer.slice = {"workload": "gemm"}  # who looks elsewhere asks the same
    assert explorer.objective == "minimize p50 at workload softmax"
    explorer.objective = "maximize tokens_per_s"  # known of one slice only
    assert Explorer(two_workloads(), objective=ASKED, percentile="p50").percentile == "p50"


def test_a_limit_in_ms_is_short_for_an_objective(explorer):
    assert explorer.limit_ms == 0.8
    explorer.limit_ms = 1.25
    assert explorer.objective == "maximize throughput subject to p99 <= 1.25 ms"
    explorer.objective = "minimize p50 subject to throughput >= 500/s"
    assert explorer.limit_ms is None
    explorer.percentile = "p95"
    explorer.limit_ms = 3
    assert explorer.objective == "minimize p50 subject to p95 <= 3 ms and throughput >= 500/s"
    explorer.limit_ms = None
    assert explorer.objective == ""
    assert Explorer(grid_run(), limit_ms=2).objective == "maximize throughput subject to p99 <= 2 ms"
    for wrong in (0, -1, "2", True, float("nan")):
        with pytest.raises(TraitError, match="a positive number of milliseconds"):
            explorer.limit_ms = wrong
    with pytest.raises(ValueError, match="not both"):
        Explorer(grid_run(), objective=ASKED, limit_ms=2)


def test_the_browser_is_told_its_parts_and_writes_them(explorer):
    parts = explorer.get_state()["objective"]
    assert parts["constraints"] == [{"metric": "latency_p99_ms", "comparison": "<=", "limit": 0.8}]
    parts["constraints"][0]["limit"] = 0.9
    explorer.set_state({"objective": parts})
    assert explorer.objective == "maximize throughput subject to p99 <= 0.9 ms"
    for hostile in ({"metric": "x"}, {**parts, "constraints": [{"metric": {}}]}, "maximize p9", 7, [1]):
        explorer.set_state({"objective": hostile})
        assert explorer.objective == "maximize throughput subject to p99 <= 0.9 ms"
    explorer.set_state({"objective": None})
    assert explorer.objective == ""


def test_what_is_typed_is_answered_with_what_is_wrong(explorer, monkeypatch):
    sent = []
    monkeypatch.setattr(explorer, "send", lambda content, buffers=None: sent.append(content))
    for number, text in enumerate(("maximize p9", "minimize p50", None, {"a": 1}, 4)):
        explorer._handle_custom_msg({"kind": "objective", "number": number, "text": text}, [])
    assert [content["number"] for content in sent] == [0, 1, 2, 3, 4]
    wrong, right, nothing, *others = (content["error"] for content in sent)
    assert (wrong["position"], wrong["length"]) == (9, 2)
    assert right is None
    assert nothing is None
    assert all(other["position"] is None for other in others)
    assert explorer.objective == ""


def test_a_column_that_did_not_travel_is_sent_when_it_is_asked_for(explorer):
    assert "latency_p99_ms_hi" not in explorer.payload["metrics"]
    explorer.objective = "minimize p99_hi"
    assert "latency_p99_ms_hi" in explorer.payload["metrics"]


def test_a_page_opens_with_its_objective(tmp_path):
    page = save_page(
        two_workloads(), tmp_path / "a.html", objective=Objective("minimize", "p50", at=Setting("workload", "gemm"))
    )
    assert '"text":"minimize p50 at workload gemm"' in page.read_text()
    with pytest.raises(ObjectiveError, match="no column 'p9'"):
        save_page(grid_run(), tmp_path / "b.html", objective="maximize p9")
    assert not (tmp_path / "b.html").exists()
