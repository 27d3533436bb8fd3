"""What-if in a real JupyterLab: sliders need no kernel, and the kernel hears of it when they rest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import fresh_page
from tests.explorer.test_jupyterlab import WAIT_MS, number, slider, thumb
from tests.jupyterlab import Lab, Traffic

CELL = """import tradeoff
def service(size):
    return 4.0 + size
whatif = tradeoff.WhatIf(service, largest_batch_size=16, request_rate=300)
whatif"""


@pytest.fixture(scope="module")
def notebook(lab: Lab, chromium: Browser) -> Iterator[Page]:
    with fresh_page(chromium) as page:
        page.traffic = Traffic(page)  # type: ignore[attr-defined]
        lab.write("whatif.ipynb", [CELL, "pass"])
        lab.open(page, "whatif.ipynb")
        lab.run_all(page)
        page.locator(".whatif[data-settled]").wait_for(timeout=WAIT_MS)
        yield page


def test_dragging_tells_the_kernel_only_on_release(lab: Lab, notebook: Page):
    whatif = notebook.locator(".whatif")
    slider(whatif, "workers").scroll_into_view_if_needed()
    notebook.wait_for_timeout(500)
    notebook.traffic.clear()
    before = number(whatif, "p99")
    notebook.mouse.move(*thumb(whatif, "workers", 0, places=8))
    notebook.mouse.down()
    for place in (1, 2, 3):
        notebook.mouse.move(*thumb(whatif, "workers", place, places=8), steps=3)
        expect(slider(whatif, "workers")).to_have_value(str(place))
    assert number(whatif, "p99") < before
    assert notebook.traffic.sent == []
    notebook.mouse.up()
    whatif.and_(notebook.locator("[data-settled]")).wait_for(timeout=WAIT_MS)
    said = lab.run_cell(notebook, "print(whatif.workers, whatif.reading['status'], whatif.reading['latency_p99_ms'])")
    workers, status, p99 = said.split()
    assert (workers, status) == ("4", "ok")
    assert number(whatif, "p99") == pytest.approx(float(p99), rel=6e-3)


def test_python_moves_the_sliders_and_reads_what_is_shown(lab: Lab, notebook: Page):
    whatif = notebook.locator(".whatif")
    lab.run_cell(notebook, "whatif.workers, whatif.max_batch_size, whatif.limit_ms, whatif.needed = 1, 8, 25, 5000")
    expect(slider(whatif, "max_batch_size")).to_have_value("7")
    expect(whatif.locator("[data-readout=objective]")).to_have_text("maximize throughput subject to p99 <= 25 ms")
    notebook.locator(".whatif[data-settled]").wait_for(timeout=WAIT_MS)
    notebook.wait_for_timeout(300)
    said = lab.run_cell(
        notebook,
        "import math; row = whatif.simulate(n_requests=50_000, seed=9).points.iloc[0]; r = whatif.reading; "
        "print(abs(r['latency_p99_ms'] / row['latency_p99_ms'] - 1) < 0.03, "
        "r['devices'] == math.ceil(5000 / r['bears']), r['bears'] > 100)",
    )
    assert said == "True True True"
