"""The objective in the stand-alone page: put together by its parts, moved by its slider, answered as `decide` does."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from tests.explorer.test_page import boxes, open_page, overlap, readout, slide
from tradeoff.explorer import save_page
from tradeoff.frames import Run, make_points
from tradeoff.objective import Decision, Objective, decide

from .runs import grid_run

ASKED = "maximize throughput subject to p99 <= 0.8 ms"
HOSTILE = '</script><img src=x onerror="window.hacked=1"><b>bold</b>'


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return save_page(grid_run(), tmp_path_factory.mktemp("page") / "plain.html")


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    return save_page(grid_run(), tmp_path_factory.mktemp("page") / "asked.html", objective=ASKED)


def part(page: Page, name: str, value: str) -> None:
    """Choose in one of the controls of the objective."""
    control = page.locator(f"[data-part='{name}']")
    if control.evaluate("e => e.tagName") == "SELECT":
        control.select_option(value)
    else:
        control.fill(value)
        control.press("Enter")


def place(decision: Decision, row: str = "point") -> str:
    point = getattr(decision, row)
    return f"batch {point['batch_size']} × concurrency {point['concurrency']}"


def shows_what_decide_says(page: Page) -> Decision:
    decision = decide(grid_run(), readout(page, "objective"))
    assert decision.verdict == "feasible"
    assert place(decision) in readout(page, "winner")
    assert place(decision, "runner_up") in readout(page, "runner_up")
    assert ("Binding" in readout(page, "binding")) == (decision.binding is not None)
    sentence = readout(page, "sentence")
    assert f"{place(decision)} wins, runner-up {place(decision, 'runner_up')}" in sentence
    assert page.locator(".winner-ring").is_visible()
    return decision


def test_an_objective_is_put_together_part_by_part(page, file):
    open_page(page, file)
    assert not page.locator("[data-readout=winner]").is_visible()
    assert page.locator(".winner-ring").count() == 0 or not page.locator(".winner-ring").is_visible()
    assert page.locator(".winner-piece").count() == 0
    part(page, "direction", "maximize")
    part(page, "constraint-new", "latency_p95_ms")
    part(page, "limit-0", "0.7")
    part(page, "unit-0", "s")  # shows the same limit in another unit
    assert float(page.locator("[data-part=limit-0]").input_value()) == 0.0007
    part(page, "limit-0", "0.0009")
    assert readout(page, "objective") == "maximize throughput subject to p95 <= 0.9 ms"
    expect(page.locator("[data-select=percentile]")).to_have_value("p95")  # the axis on which the limit can be seen
    shows_what_decide_says(page)
    part(page, "constraint-new", "throughput_rps")
    assert page.locator("[data-part=comparison-1]").input_value() == ">="
    part(page, "limit-1", "20000")
    part(page, "at-new", "concurrency")
    part(page, "at-0", "concurrency 4")
    wanted = "maximize throughput subject to p95 <= 0.9 ms and throughput >= 20000/s at concurrency 4"
    assert readout(page, "objective") == wanted
    assert str(Objective.parse(wanted)) == wanted
    assert "concurrency 4" in place(shows_what_decide_says(page))
    page.locator("[data-remove=at-0]").click()
    page.locator("[data-remove=constraint-1]").click()
    assert readout(page, "objective") == "maximize throughput subject to p95 <= 0.9 ms"
    part(page, "direction", "minimize")
    part(page, "metric", "latency_p50_ms")
    shows_what_decide_says(page)
    part(page, "direction", "")
    assert readout(page, "objective") == "no objective declared"
    assert not page.locator("[data-readout=winner]").is_visible()
    assert page.evaluate("tradeoff.model.get('objective')") is None


def test_what_cannot_be_asked_is_said_and_leaves_the_objective(page, asked):
    open_page(page, asked)
    amount = page.locator("[data-part=limit-0]")
    for wrong in ("-1", "0", ""):
        part(page, "limit-0", wrong)
        expect(amount).to_have_attribute("aria-invalid", "true")
        assert "above 0" in readout(page, "objective-error")
        assert readout(page, "objective") == ASKED
    part(page, "limit-0", "0.9")
    assert amount.get_attribute("aria-invalid") is None
    assert readout(page, "objective-error") == ""
    part(page, "constraint-new", "latency_p99_ms")
    part(page, "comparison-1", ">=")
    part(page, "limit-1", "0.95")
    assert "p99 >= 0.95 ms and p99 <= 0.9 ms exclude each other" in readout(page, "objective-error")
    Objective.parse(readout(page, "objective"))


def test_moving_the_limit_shows_where_the_winner_changes(page, asked):
    open_page(page, asked)
    pieces = page.locator(".winner-piece")
    assert pieces.count() > 4
    edges = boxes(page, ".winner-piece")
    assert all(abs(left[2] - right[0]) <= 1.5 for left, right in pairwise(edges)), "the pieces do not follow each other"
    track = page.locator("[data-slider=limit]").bounding_box()
    assert track["x"] <= edges[0][0] <= edges[-1][2] <= track["x"] + track["width"]
    steps = int(page.locator("[data-slider=limit]").get_attribute("max"))
    seen, tops = [], set()
    for step in range(0, steps, 2):
        slide(page, "limit", step)
        tops.add(boxes(page, "[data-panel=frontier]")[0][1])
        decision = decide(grid_run(), readout(page, "objective"))
        (held,) = page.locator(".winner-piece.holds").all()
        name = f"{decision.point['batch_size']} × {decision.point['concurrency']}"
        assert held.text_content() == (name if decision.verdict == "feasible" else "none"), step
        thumb = track["x"] + 8 + (track["width"] - 16) * step / steps
        box = held.bounding_box()
        assert box["x"] - 1 <= thumb <= box["x"] + box["width"] + 1, step
        said = readout(page, "flips")
        if said:
            flip, winner = re.fullmatch(r"From ([\d.]+ \S+) on, (batch \d+ × concurrency \d+) wins\.", said).groups()
            assert place(decide(grid_run(), f"maximize throughput subject to p99 <= {flip}")) == winner
        seen.append(held.text_content())
    assert len(set(seen)) > 4
    assert len(tops) == 1, "what is below jumps while the slider moves"
    words = page.locator(f"#{page.locator('[data-slider=limit]').get_attribute('aria-describedby')}").text_content()
    assert words.count("batch") == pieces.count() - 1
    slide(page, "limit", steps)
    assert readout(page, "objective") == "no objective declared"
    assert pieces.count() == 0


def test_the_slider_moves_the_limit_it_is_told_to(page, tmp_path):
    text = "minimize p50 subject to throughput >= 10000/s and p99 <= 1.2345 ms at concurrency 8"
    open_page(page, save_page(grid_run(), tmp_path / "two.html", objective=text))
    assert readout(page, "objective") == text
    steps = int(page.locator("[data-slider=limit]").get_attribute("max"))
    assert "throughput limit" in page.locator("label.slider.limit").inner_text()
    lines = page.locator("[data-panel=frontier] .limit-line:not([display])")
    assert lines.count() == 2
    shade, frame = boxes(page, ".feasible-side")[0], boxes(page, "[data-panel=frontier] .plot .nsewdrag")[0]
    assert shade[0] == pytest.approx(frame[0], abs=2)
    assert shade[1] == pytest.approx(frame[1], abs=2)
    assert shade[2] < frame[2] - 20
    assert shade[3] < frame[3] - 20
    names = boxes(page, "[data-panel=frontier] .limit-name")
    assert len(names) == 2
    assert not overlap(*names)
    slide(page, "limit", steps - 2)  # towards a harder limit: at least
    assert "p99 <= 1.2345 ms" in readout(page, "objective")
    assert decide(grid_run(), readout(page, "objective")).objective.constraints[0].limit > 10000
    slide(page, "limit", 0)  # its loosest end is at the left
    assert readout(page, "objective") == "minimize p50 subject to p99 <= 1.2345 ms at concurrency 8"
    assert "≤ 1.23 ms" in page.locator("label.slider.limit").inner_text()
    part(page, "constraint-new", "throughput_rps")
    page.select_option("[data-select=limiting]", "throughput ≥")
    assert "throughput limit" in page.locator("label.slider.limit").inner_text()


def test_the_controls_are_reached_and_kept_by_keys(page, file):
    open_page(page, file)
    page.locator("[data-part=direction]").focus()
    page.keyboard.press("ArrowDown")
    assert readout(page, "objective") == "maximize throughput"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("t")  # subject to …: chosen by its first letter
    assert "subject to throughput >=" in readout(page, "objective")
    assert page.evaluate("document.activeElement.dataset.part") == "limit-0"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the button that takes it back
    assert readout(page, "objective") == "maximize throughput"
    for control in page.locator(".form :is(select, input, button)").all():
        assert control.get_attribute("aria-label"), control


@pytest.mark.parametrize("width", [1400, 700, 420])
def test_a_long_objective_stays_in_the_window(page, tmp_path, width):
    text = f"{ASKED} and p95 <= 0.7 ms and throughput >= 10000/s at concurrency 4 and batch_size 4"
    page.set_viewport_size({"width": width, "height": 900})
    open_page(page, save_page(grid_run(), tmp_path / "long.html", objective=text))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for left, _, right, _ in boxes(page, ".form :is(select, input, button), .answer button, .winners"):
        assert 0 <= left < right <= width


def test_names_from_files_stay_text_in_an_objective(page, tmp_path):
    rows = grid_run(sizes=2).points.to_dict("records")
    more = [
        {**row, "workload": name, "point_id": f"{name}{at}"} for name in (HOSTILE, "b") for at, row in enumerate(rows)
    ]
    points = make_points(more)
    objective = Objective.parse(f'minimize p99 at workload "{HOSTILE.replace(chr(34), chr(92) + chr(34))}"')
    open_page(page, save_page(Run(points), tmp_path / "hostile.html", objective=objective))
    assert readout(page, "objective") == str(objective)
    expect(page.locator("[data-select=workload]")).to_have_value(HOSTILE)  # the slice that is asked about
    assert page.evaluate("window.hacked") is None
    assert page.locator("img").count() == 0
    page.select_option("[data-select=workload]", "b")
    assert "Nothing was measured here at workload" in readout(page, "verdict")
    assert not page.locator("[data-readout=winner]").is_visible()
