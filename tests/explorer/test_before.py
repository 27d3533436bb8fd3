"""Two Runs in one explorer: which slices belong together, both frontiers on the same axes, what has changed."""

from __future__ import annotations

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from tests.explorer.test_page import boxes, open_page, readout, slide
from tradeoff.explorer import PayloadError, save_page
from tradeoff.explorer.payload import payload
from tradeoff.explorer.widget import Explorer
from tradeoff.frames import Run, make_points
from tradeoff.objective import decide

from .runs import grid_run

ASKED = "maximize throughput subject to p99 <= 0.8 ms"
LATENCIES = r"^latency_p99_ms"


def slower(run: Run, *, throughput: float = 0.5, p99: float = 0.8) -> Run:
    """The same Run with less throughput and a shorter tail, without its largest batch."""
    points = run.points[run.points["batch_size"] < 8].reset_index(drop=True)
    for pattern, factor in ((r"^throughput_rps", throughput), (LATENCIES, p99)):
        names = list(points.filter(regex=pattern))
        points[names] = points[names] * factor
    return Run(points, run.samples)


def with_columns(run: Run, **columns: str) -> Run:
    rows = [{**row, **columns, "point_id": None} for row in run.points.to_dict("records")]
    for at, row in enumerate(rows):
        row["point_id"] = f"{columns}{at}"
    return Run(make_points(rows))


def both(*runs: Run) -> Run:
    return Run(pd.concat([run.points for run in runs], ignore_index=True))


@pytest.fixture
def compared(page: Page, tmp_path) -> Page:
    page.set_viewport_size({"width": 1400, "height": 1000})
    open_page(page, save_page(grid_run(), tmp_path / "two.html", objective=ASKED, before=slower(grid_run())))
    return page


def test_slices_that_agree_in_what_varies_belong_together():
    gemm, softmax = (with_columns(grid_run(sizes=2), workload=name) for name in ("gemm", "softmax"))
    old = with_columns(grid_run(sizes=2), workload="softmax", dtype="float16")
    assert payload(both(gemm, softmax), before=softmax)["before"]["matches"] == [None, 0]
    assert payload(softmax, before=both(gemm, softmax))["before"]["matches"] == [1]
    # What is the same all over each of them may differ: it is what was changed.
    assert payload(softmax, before=old)["before"]["matches"] == [0]
    assert payload(both(softmax, old), before=old)["before"]["matches"] == [None, 0]


def test_both_frontiers_stand_on_axes_that_stand_still(compared):
    def drawn() -> tuple[list[float], int, int]:
        plot = "document.querySelector('[data-panel=frontier] .js-plotly-plot')"
        ranges = compared.evaluate(f"[{plot}._fullLayout.xaxis.range, {plot}._fullLayout.yaxis.range].flat()")
        points = compared.locator("[data-panel=frontier] .scatterlayer path.point").count()
        return ranges, points, compared.locator("[data-panel=frontier] .scatterlayer path.js-line").count()

    toggle = compared.locator("[data-toggle=before]")
    assert toggle.get_attribute("aria-pressed") == "true"
    ranges, points, lines = drawn()
    assert (points, lines) == (16 + 12, 2)
    assert compared.locator("[data-mark=before]").is_visible()
    label = compared.locator("[data-panel=frontier] [role=img]").get_attribute("aria-label")
    assert "the run before is drawn dotted" in label
    assert "Winner: " in label
    toggle.focus()
    compared.keyboard.press("Enter")
    assert toggle.get_attribute("aria-pressed") == "false"
    expect(compared.locator("[data-panel=frontier] path.point")).to_have_count(16)
    assert drawn() == (ranges, 16, 1)
    assert not compared.locator("[data-mark=before]").is_visible()
    assert "Before:" not in readout(compared, "sentence")
    toggle.click()
    expect(compared.locator("[data-panel=frontier] path.point")).to_have_count(28)
    assert drawn()[0] == ranges


def test_the_mark_before_lies_on_its_point_and_the_sentence_tells_the_change(compared):
    slide(compared, "batch_size", 1)
    slide(compared, "concurrency", 2)
    compared.locator("[data-slider=concurrency]").dispatch_event("change")
    (mark,) = boxes(compared, "[data-mark=before]")
    middle = ((mark[0] + mark[2]) / 2, (mark[1] + mark[3]) / 2)
    points = boxes(compared, "[data-panel=frontier] .scatterlayer path.point")
    near = min(max(abs(middle[0] - (a + c) / 2), abs(middle[1] - (b + d) / 2)) for a, b, c, d in points)
    assert near <= 1
    sentence = readout(compared, "sentence")
    assert "now throughput +100 %, p99 +25 %" in sentence
    slide(compared, "batch_size", 3)
    compared.locator("[data-slider=batch_size]").dispatch_event("change")
    assert "Not measured before." in readout(compared, "sentence")
    assert not compared.locator("[data-mark=before]").is_visible()


def test_the_winner_before_is_that_of_the_other_run(compared):
    decision = decide(slower(grid_run()), ASKED)
    where = f"batch {decision.point['batch_size']} × concurrency {decision.point['concurrency']}"
    assert where in readout(compared, "before")
    compared.locator("[data-readout=before] button").click()
    assert int(compared.locator("[data-slider=batch_size]").input_value()) == [1, 2, 4].index(
        decision.point["batch_size"]
    )


def test_small_changes_within_the_intervals_are_called_so(page, tmp_path):
    open_page(page, save_page(grid_run(), tmp_path / "same.html", before=slower(grid_run(), throughput=1, p99=0.99)))
    assert "now throughput unchanged, p99 +1 % (intervals overlap)" in readout(page, "sentence")


def test_another_run_that_cannot_be_compared_is_named():
    with pytest.raises(PayloadError, match="before: this Run has no points"):
        payload(grid_run(), before=Run())
    with pytest.raises(PayloadError, match="before is str, not a Run"):
        Explorer(grid_run(), before="results")
    failed = make_points([{"batch_size": 1, "concurrency": 1, "status": "failed", "reason": "why"}])
    assert payload(grid_run(), before=Run(failed))["before"]["matches"] == [0]


def test_a_widget_keeps_the_other_run_in_its_page(tmp_path):
    explorer = Explorer(grid_run(), before=slower(grid_run()).points)
    assert explorer.payload["before"]["matches"] == [0]
    assert '"matches":[0]' in explorer.save(tmp_path / "page.html").read_text()
