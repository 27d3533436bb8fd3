"""Bytes on the websocket between JupyterLab and its kernel: a first explorer, a second one, and moves.

The grid is 12 × 12 with 2 000 samples a point. Run with ``python benchmarks/widget_traffic.py``. Targets: a second
explorer adds at most 200 kB, dragging sends nothing. Exit status 1 when one is missed.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.browser import ARGUMENTS, find, fresh_page
from tests.jupyterlab import Lab, Traffic, running_lab

MAKE = "from tests.explorer.runs import grid_run\nimport tradeoff\nrun = grid_run(sizes=12, samples=2000)"
SHOW = "display(tradeoff.Explorer(run))"
SECOND_BYTES = 200_000


def step(lab: Lab, page: Page, traffic: Traffic, name: str, source: str, explorers: int) -> int:
    """Run one cell, wait for its explorer, and print what that took."""
    traffic.clear()
    lab.run_cell(page, source)
    for at in range(explorers):
        page.locator(".tradeoff-explorer[data-ready]").nth(at).wait_for(timeout=60_000)
    page.wait_for_timeout(1000)
    return told(name, traffic)


def told(name: str, traffic: Traffic) -> int:
    """Print what has passed; return what the kernel sent."""
    print(f"{name:40} {sum(traffic.received):>12,} B from the kernel {sum(traffic.sent):>10,} B to it")
    return sum(traffic.received)


def main() -> int:
    """Print bytes for each step."""
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as driver:
        folder = Path(temporary)
        (folder / "notebooks").mkdir()
        browser = driver.chromium.launch(executable_path=find(), args=list(ARGUMENTS))
        with running_lab(folder, folder / "notebooks") as lab, fresh_page(browser) as page:
            traffic = Traffic(page)
            lab.open(page, lab.write("traffic.ipynb", [MAKE, "pass"]))
            lab.run_all(page)
            step(lab, page, traffic, "a cell that prints", "", 0)
            step(lab, page, traffic, "first explorer", SHOW, 1)
            second = step(lab, page, traffic, "second explorer", f"{SHOW}; {SHOW}", 2) // 2
            print(f"{'of which each':40} {second:>12,} B")
            traffic.clear()
            thumb = page.locator("[data-slider=batch_size]").first
            box = thumb.bounding_box()
            assert box is not None
            page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
            page.mouse.down()
            for at in range(50):
                page.mouse.move(box["x"] + box["width"] * (at % 25) / 25, box["y"] + box["height"] / 2)
            page.wait_for_timeout(500)
            told("dragged through 50 places", traffic)
            dragged = sum(traffic.sent)
            page.mouse.up()
            page.wait_for_timeout(500)
            told("and released", traffic)
        browser.close()
    met = second <= SECOND_BYTES and dragged == 0
    print(f"targets {'met' if met else 'missed'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
