"""The notebooks as files, and the quickstart in a real JupyterLab; that they run is nbval's part of the suite."""

from __future__ import annotations

import copy
import re
import shutil

import pytest
from playwright.sync_api import Page, expect

from tests.jupyterlab import Lab
from tests.notebooks import FOLDER, MOST_BYTES, every_notebook, is_checked, read, tidy

NOTEBOOKS = pytest.mark.parametrize("path", every_notebook(), ids=lambda path: path.name)
WAIT_MS = 90_000


def test_there_are_notebooks():
    assert "01_quickstart.ipynb" in [path.name for path in every_notebook()]


@NOTEBOOKS
def test_a_notebook_is_small_and_holds_neither_widget_state_nor_what_differs_from_run_to_run(path):
    notebook = read(path)
    assert path.stat().st_size <= MOST_BYTES
    assert "widgets" not in notebook.metadata
    assert notebook == tidy(copy.deepcopy(notebook)), "python -m tests.notebooks puts it in order"


@NOTEBOOKS
def test_checked_cells_have_outputs_to_check(path):
    checked = [cell for cell in read(path).cells if is_checked(cell)]
    assert checked
    assert [cell.source for cell in checked if not cell.outputs] == []
    assert [cell.source for cell in checked for output in cell.outputs if output.output_type == "error"] == []


@NOTEBOOKS
def test_nothing_in_it_names_a_machine(path):
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"/(?:home|root|Users|tmp|work)/|[A-Z]:\\\\|0x[0-9a-f]{8,}", text) == []


def test_the_quickstart_runs_in_jupyterlab_and_its_sliders_move(lab: Lab, page: Page):
    """From the root of the project, too: there ``data`` lies beside the notebook."""
    shutil.copy(FOLDER / "01_quickstart.ipynb", lab.folder)
    shutil.copytree(FOLDER.parent / "data" / "demo_cpu", lab.folder / "data" / "demo_cpu")
    lab.open(page, "01_quickstart.ipynb")
    lab.run_all(page)
    recorded = page.locator(".tradeoff-explorer[data-ready]").nth(1)
    recorded.wait_for(timeout=WAIT_MS)
    winner = page.get_by_text(re.compile(r"meets the objective")).last.inner_text()
    place = re.search(r"(Batch \d+ × concurrency \d+)", winner)[1]
    expect(recorded.locator("[data-readout=winner]")).to_contain_text(place[0].lower() + place[1:])
    recorded.locator("[data-readout=winner] button").click()
    expect(recorded.locator("[data-readout=sentence]")).to_contain_text(place)
    before = recorded.locator("[data-readout=throughput]").inner_text()
    recorded.locator("[data-slider=batch_size]").focus()
    page.keyboard.press("Home")
    expect(recorded.locator("[data-readout=throughput]")).not_to_have_text(before)
    assert page.locator(".jp-OutputArea-output[data-mime-type*=stderr]").filter(has_text="Traceback").count() == 0
