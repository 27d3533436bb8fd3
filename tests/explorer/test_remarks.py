"""What is said of points besides their numbers: the audit's findings, and what makes the tail."""

from __future__ import annotations

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from tests.explorer.test_page import boxes, open_page, readout, slide
from tradeoff.audit import audit
from tradeoff.explorer import save_page
from tradeoff.explorer.payload import payload
from tradeoff.explorer.remarks import Remarks
from tradeoff.explorer.widget import Explorer

from .runs import grid_run

HOSTILE = '</script><img src=x onerror="window.hacked=1">'
TAIL = "72 % of the extra 11 ms is batch wait."


def finding(point_id: str | None, check: str, severity: str, sentence: str) -> dict[str, object]:
    return {"point_id": point_id, "check": check, "severity": severity, "sentence": sentence, "observed": 1.0}


def remarks() -> Remarks:
    """Of the points of `grid_run`: one finding about all, three more about the first, a tail of the first two."""
    ids = list(grid_run().points["point_id"])
    rows = [
        finding(ids[0], "averages", "info", "A mean stands alone."),
        finding(ids[0], "sample_size", "warning", f"Too few samples {HOSTILE}."),
        finding(ids[0], "errors", "error", "All of them failed."),
        finding(None, "unstated", "info", "No hardware is named."),
        finding("of no point here", "errors", "error", "Never shown."),
    ]
    return Remarks(pd.DataFrame(rows), {ids[0]: TAIL, ids[1]: HOSTILE})


@pytest.fixture
def remarked(page: Page, tmp_path, monkeypatch) -> Page:
    monkeypatch.setattr("tradeoff.explorer.remarks.remarks_on", lambda run: remarks())
    open_page(page, save_page(grid_run(), tmp_path / "remarked.html"))
    return page


def go(page: Page, batch_size: int, concurrency: int) -> None:
    for name, place in (("batch_size", batch_size), ("concurrency", concurrency)):
        slide(page, name, place)
        page.locator(f"[data-slider={name}]").dispatch_event("change")


def test_findings_are_laid_on_their_cells_the_worst_first():
    found = payload(grid_run(), remarks=remarks())["findings"]
    assert [severity for severity, _, _ in found["said"]] == ["error", "warning", "info", "info"]
    (cells,) = found["cells"]
    told = {cell: [found["said"][place][1] for place in places] for cell, places in cells.items()}
    assert told["0"] == ["errors", "sample size", "averages", "unstated"]
    assert all(told[str(cell)] == ["unstated"] for cell in range(1, 16))
    assert "Never shown" not in str(found)
    assert payload(grid_run())["findings"] is None
    nothing = Remarks(pd.DataFrame(columns=["point_id", "check", "severity", "sentence"]))
    assert payload(grid_run(), remarks=nothing)["findings"] == {"said": [], "cells": [{}]}


def test_what_is_told_is_what_the_audit_finds():
    run = grid_run()
    explorer = Explorer(run)
    (cells,) = explorer.payload["findings"]["cells"]
    told = {
        (cell, explorer.payload["findings"]["said"][place][2]) for cell, places in cells.items() for place in places
    }
    where = {
        name: str(cell) for cell, name in enumerate(run.points.sort_values(["batch_size", "concurrency"])["point_id"])
    }
    found = audit(run)
    assert told == {(where[name], text) for name, text in zip(found["point_id"], found["sentence"], strict=True)}


def test_the_sentence_tells_of_the_audit_and_the_list_holds_it(remarked):
    go(remarked, 0, 0)
    told = "Audit: 1 error, 1 warning, 2 notes: errors, sample size."
    assert told in readout(remarked, "sentence")
    audit = remarked.locator("details.audit")
    audit.locator("summary").click()
    assert audit.locator("li").count() == 4
    assert audit.locator("li").nth(1).inner_text() == f"warning Sample size: Too few samples {HOSTILE}."
    assert remarked.evaluate("window.hacked") is None
    go(remarked, 2, 2)
    assert "Audit: 1 note: unstated." in readout(remarked, "sentence")
    assert audit.locator("li").count() == 1
    remarked.get_by_text("table", exact=True).click()
    cells = remarked.locator("table tbody tr").first.locator("td").all_inner_texts()
    assert "1 error, 1 warning, 2 notes" in cells


def test_an_audit_without_findings_says_so_and_no_audit_says_nothing(page, tmp_path, monkeypatch):
    monkeypatch.setattr("tradeoff.explorer.remarks.remarks_on", lambda run: Remarks())
    open_page(page, save_page(grid_run(), tmp_path / "plain.html"))
    assert "Audit" not in page.locator(".tradeoff-explorer").inner_text()
    assert page.locator("[data-readout=p99]").evaluate("e => e.tagName") == "SPAN"  # no tail is known: no button
    nothing = Remarks(pd.DataFrame(columns=["point_id", "check", "severity", "sentence"]))
    monkeypatch.setattr("tradeoff.explorer.remarks.remarks_on", lambda run: nothing)
    open_page(page, save_page(grid_run(), tmp_path / "clean.html"))
    assert "Audit: no finding." in readout(page, "sentence")
    assert not page.locator("details.audit").is_visible()


def test_p99_tells_what_makes_the_tail_by_pointer_and_by_key(remarked):
    go(remarked, 0, 0)
    p99, tail = (remarked.locator(f"[data-readout={name}]") for name in ("p99", "tail"))
    assert not tail.is_visible()
    expect(p99).to_have_attribute("aria-expanded", "false")
    p99.click()
    expect(tail).to_have_text(TAIL)
    assert TAIL in readout(remarked, "sentence")  # which is read out
    assert p99.get_attribute("aria-controls") == tail.get_attribute("id")
    slide(remarked, "concurrency", 1)
    expect(tail).to_have_text(HOSTILE)
    slide(remarked, "concurrency", 3)
    expect(tail).to_have_text("What makes the tail is not known here.")
    p99.focus()
    remarked.keyboard.press("Enter")
    assert not tail.is_visible()
    assert remarked.evaluate("window.hacked") is None
    # A click on a p99 of the panel: the sliders go there, and its tail is told.
    marks = boxes(remarked, "[data-panel=latency] .scatterlayer path.point")
    left, top, right, bottom = min(marks, key=lambda box: (round(box[0]), -box[1]))
    remarked.mouse.click((left + right) / 2, (top + bottom) / 2)
    expect(remarked.locator("[data-slider=batch_size]")).to_have_value("0")
    expect(tail).to_have_text(TAIL)
