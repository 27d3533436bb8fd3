"""The explorer in a real JupyterLab, moved by a real pointer in a real Chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pandas as pd
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import fresh_page
from tests.jupyterlab import Lab, Traffic

from .runs import grid_run

SIZES = 6
RUN = f"""import ipywidgets, tradeoff
from tests.explorer.runs import grid_run
run = grid_run(sizes={SIZES}, samples=2000)
explorer = tradeoff.Explorer(run)
explorer"""
SECOND = """second = tradeoff.Explorer(run)
knob = ipywidgets.IntSlider(min=1, max=40, description="knob")
ipywidgets.jslink((knob, "value"), (second, "concurrency"))
ipywidgets.jslink((explorer, "batch_size"), (second, "batch_size"))
display(ipywidgets.VBox([knob, second]))"""
MARKED = ("frontier", "throughput", "latency", "breakdown", "distribution")
WAIT_MS = 60_000


@pytest.fixture(scope="module")
def notebook(lab: Lab, chromium: Browser) -> Iterator[Page]:
    """One notebook with an explorer in its first output, for all tests here."""
    with fresh_page(chromium) as page:
        page.traffic = Traffic(page)  # type: ignore[attr-defined]
        lab.write("explorer.ipynb", [RUN, "pass"])
        lab.open(page, "explorer.ipynb")
        lab.run_all(page)
        ready(page, 0)
        yield page


def ready(page: Page, at: int) -> Locator:
    explorer = page.locator(".tradeoff-explorer[data-ready]").nth(at)
    explorer.wait_for(timeout=WAIT_MS)
    return explorer


def slider(explorer: Locator, column: str) -> Locator:
    return explorer.locator(f"[data-slider={column}]")


def at(explorer: Locator, column: str) -> int:
    return int(slider(explorer, column).input_value())


def thumb(explorer: Locator, column: str, place: int, *, places: int = SIZES) -> tuple[float, float]:
    """Where on the screen the thumb is when it stands at `place`."""
    box = slider(explorer, column).bounding_box()
    margin = box["height"] / 2  # the thumb's centre does not reach the ends
    return box["x"] + margin + (box["width"] - 2 * margin) * place / (places - 1), box["y"] + box["height"] / 2


def number(explorer: Locator, name: str) -> float:
    text = explorer.locator(f"[data-readout={name}]").inner_text()
    found = re.match(r"[\d.\s]+", text)
    value = float(re.sub(r"\s", "", found[0]))
    return value / 1000 if "µs" in text else value


def row(batch: int, concurrency: int) -> pd.Series:
    points = grid_run(sizes=SIZES, samples=10).points
    return points[(points["batch_size"] == batch) & (points["concurrency"] == concurrency)].iloc[0]


def shows(explorer: Locator, batch: int, concurrency: int) -> None:
    """The numbers are those of the frame, to three digits."""
    want = row(batch, concurrency)
    assert number(explorer, "throughput") == pytest.approx(want["throughput_rps"], rel=6e-3)
    assert number(explorer, "p50") == pytest.approx(want["latency_p50_ms"], rel=6e-3)
    assert number(explorer, "p99") == pytest.approx(want["latency_p99_ms"], rel=6e-3)


def marks(explorer: Locator) -> dict[str, object]:
    """Where the moving mark of each panel is; of the panels that are drawn anew at each place, what is drawn."""
    found: dict[str, object] = {}
    for name in MARKED:
        mark = explorer.locator(f"[data-panel={name}] [data-mark=here]").first
        box = mark.bounding_box()
        assert box["width"] > 0
        drawn = name in ("breakdown", "distribution")
        found[name] = mark.inner_html() if drawn else (round(box["x"], 2), round(box["y"], 2))
    return found


def test_dragging_moves_everything_and_tells_the_kernel_only_on_release(lab: Lab, notebook: Page):
    explorer = ready(notebook, 0)
    lab.run_cell(notebook, "explorer.batch_size, explorer.concurrency = 1, 4")
    slider(explorer, "batch_size").scroll_into_view_if_needed()
    expect(slider(explorer, "batch_size")).to_have_value("0")
    notebook.wait_for_timeout(300)  # what the kernel still had to say about it
    before = marks(explorer)
    notebook.traffic.clear()
    notebook.mouse.move(*thumb(explorer, "batch_size", 0))
    notebook.mouse.down()
    for place in (1, 2, 3):
        notebook.mouse.move(*thumb(explorer, "batch_size", place), steps=3)
        expect(slider(explorer, "batch_size")).to_have_value(str(place))
        shows(explorer, 2**place, 4)
        after = marks(explorer)
        assert [name for name in MARKED if after[name] == before[name]] == []
        before = after
    notebook.wait_for_timeout(300)
    assert notebook.traffic.sent == []
    assert notebook.traffic.received == []
    notebook.mouse.up()
    assert lab.run_cell(notebook, "print(explorer.batch_size, explorer.selected.batch_size)") == "8 8"


def test_keys_move_the_sliders(lab: Lab, notebook: Page):
    explorer = ready(notebook, 0)
    slider(explorer, "concurrency").focus()
    notebook.keyboard.press("Home")
    notebook.keyboard.press("ArrowRight")
    assert slider(explorer, "concurrency").get_attribute("aria-valuetext") == "concurrency 2"
    assert lab.run_cell(notebook, "print(explorer.concurrency, explorer.selected.concurrency)") == "2 2"


def test_a_declared_limit_reaches_python_and_names_the_winner(lab: Lab, notebook: Page):
    explorer = ready(notebook, 0)
    slider(explorer, "limit").focus()
    notebook.keyboard.press("Home")
    for _ in range(20):
        notebook.keyboard.press("ArrowRight")
    said = lab.run_cell(
        notebook,
        "d = tradeoff.decide(run, explorer.objective); print(explorer.limit_ms, d.verdict, d.point['batch_size'], "
        "d.point['concurrency'])",
    )
    limit, verdict, batch, concurrency = said.split()
    assert float(limit) > 0
    assert verdict == "feasible"
    expect(explorer.locator("[data-readout=winner]")).to_contain_text(f"batch {batch} × concurrency {concurrency}")


def test_setting_from_python_moves_the_sliders(lab: Lab, notebook: Page):
    explorer = ready(notebook, 0)
    lab.run_cell(notebook, "explorer.batch_size = 2; explorer.concurrency = 16; explorer.percentile = 'p50'")
    expect(slider(explorer, "batch_size")).to_have_value("1")
    expect(slider(explorer, "concurrency")).to_have_value("4")
    expect(explorer.locator("[data-select=percentile]")).to_have_value("p50")
    lab.run_cell(notebook, "explorer.percentile = 'p99'; explorer.limit_ms = 1.2345")
    expect(explorer.locator("[data-readout=objective]")).to_contain_text("p99 <= 1.2345 ms")
    shows(explorer, 2, 16)
    refused = lab.run_cell(
        notebook, "try:\n    explorer.batch_size = 3\nexcept ValueError as error:\n    print(error)\n"
    )
    assert refused == "batch_size=3 was not measured: use one of 1, 2, 4, 8, 16, 32"
    lab.run_cell(notebook, "explorer.limit_ms = None")
    expect(explorer.locator("[data-readout=objective]")).to_have_text("no objective declared")


def test_an_objective_is_read_while_it_is_typed(lab: Lab, notebook: Page):
    explorer = ready(notebook, 0)
    lab.run_cell(notebook, "explorer.objective = None")
    cells = notebook.locator(".jp-Notebook .jp-Cell").count()
    field, error = explorer.locator("[data-field=objective]"), explorer.locator("[data-readout=objective-error]")
    field.click()
    notebook.keyboard.type("MAXIMIZE throughput subject to p9 <= 1 ms")  # capitals are shortcuts of JupyterLab's
    expect(error).to_have_text("no column 'p9': did you mean p99, p95 or p90?")
    expect(field).to_have_attribute("aria-invalid", "true")
    assert error.get_attribute("aria-live") == "polite"
    assert field.get_attribute("aria-describedby") == error.get_attribute("id")
    caret_stands_under(explorer, "p9")
    assert notebook.locator(".jp-Notebook .jp-Cell").count() == cells
    assert lab.run_cell(notebook, "print(repr(explorer.objective))") == "''"
    expect(field).to_have_value("MAXIMIZE throughput subject to p9 <= 1 ms")  # stays to be mended
    field.fill("maximize throughput s.t. p95 <= 1 ms")
    expect(explorer.locator("[data-readout=objective]")).to_have_text("maximize throughput subject to p95 <= 1 ms")
    expect(field).not_to_have_attribute("aria-invalid", "true")
    expect(explorer.locator("[data-select=percentile]")).to_have_value("p95")
    said = "d = tradeoff.decide(run, explorer.objective); print(d.point['batch_size'], d.point['concurrency'])"
    batch, concurrency = lab.run_cell(notebook, said).split()
    expect(explorer.locator("[data-readout=winner]")).to_contain_text(f"batch {batch} × concurrency {concurrency}")
    expect(field).to_have_value("maximize throughput subject to p95 <= 1 ms")  # as Python writes it, once left
    field.fill("")
    expect(explorer.locator("[data-readout=objective]")).to_have_text("no objective declared")
    expect(explorer.locator("[data-readout=winner]")).to_be_hidden()
    field.fill("minimize p99 at concurrency 7")
    expect(error).to_contain_text("nothing was measured at concurrency 7: concurrency holds 1, 2, 4")
    notebook.keyboard.press("Escape")
    expect(field).to_have_value("")


def caret_stands_under(explorer: Locator, word: str) -> None:
    """The caret begins where the word does, measured with the field's own font."""
    start = explorer.locator("[data-field=objective]").evaluate(
        """(field, word) => {
             const [range, copy] = [document.createRange(), document.createElement("span")];
             const style = getComputedStyle(field);
             copy.textContent = field.value;
             Object.assign(copy.style, { position: "fixed", left: 0, top: 0, whiteSpace: "pre" });
             for (const name of ["fontFamily", "fontSize", "fontWeight"]) copy.style[name] = style[name];
             document.body.append(copy);
             range.setStart(copy.firstChild, field.value.indexOf(word));
             range.setEnd(copy.firstChild, field.value.indexOf(word) + word.length);
             const x = range.getBoundingClientRect().x;
             copy.remove();
             const inside = parseFloat(style.paddingLeft) + parseFloat(style.borderLeftWidth);
             return field.getBoundingClientRect().x + inside + x;
           }""",
        word,
    )
    caret = explorer.locator(".said .caret").bounding_box()
    assert caret["x"] == pytest.approx(start, abs=1.5)
    field = explorer.locator("[data-field=objective]").bounding_box()
    assert field["y"] + field["height"] <= caret["y"] + 1 < field["y"] + 2 * field["height"]


def test_python_declares_an_objective_and_refuses_another(lab: Lab, notebook: Page):
    explorer = ready(notebook, 0)
    lab.run_cell(
        notebook,
        "explorer.objective = tradeoff.Objective('minimize', 'p50', at=tradeoff.objective.Setting('concurrency', 4))",
    )
    expect(explorer.locator("[data-field=objective]")).to_have_value("minimize p50 at concurrency 4")
    expect(explorer.locator("[data-readout=winner]")).to_contain_text("batch 1 × concurrency 4")
    refused = lab.run_cell(
        notebook,
        "try:\n    explorer.objective = 'minimize p5'\n"
        "except tradeoff.ObjectiveError as error:\n    print(error.reason, '|', explorer.objective)\n",
    )
    assert refused.endswith("| minimize p50 at concurrency 4")
    assert refused.startswith("no column 'p5'")
    lab.run_cell(notebook, "explorer.objective = 'maximize throughput s.t. p99 <= 1 ms'")
    slider(explorer, "limit").focus()
    notebook.keyboard.press("ArrowRight")
    expect(explorer.locator("[data-field=objective]")).to_have_value("maximize throughput subject to p99 <= 1.06 ms")
    assert lab.run_cell(notebook, "print(explorer.objective, explorer.limit_ms)").endswith("p99 <= 1.06 ms 1.06")
    # A column that did not travel is sent when it is asked for, under the hands of whoever types.
    explorer.locator("[data-field=objective]").fill("minimize p99_hi")
    expect(explorer.locator("[data-readout=winner]")).to_contain_text("p99_hi")
    expect(explorer.locator("[data-field=objective]")).to_be_focused()
    lab.run_cell(notebook, "explorer.objective = None")


def test_a_second_explorer_is_cheap_and_is_linked_without_the_kernel(lab: Lab, notebook: Page):
    notebook.traffic.clear()
    lab.run_cell(notebook, SECOND)
    first, second = ready(notebook, 0), ready(notebook, 1)
    assert sum(notebook.traffic.received) <= 200_000
    handle = notebook.locator(".jp-OutputArea .widget-slider input[type=range], .jp-OutputArea .noUi-handle").first
    handle.focus()
    expect(slider(second, "concurrency")).to_have_value("0")  # the knob starts at 1
    notebook.keyboard.press("End")  # 40 was not measured: 32 is the nearest
    expect(slider(second, "concurrency")).to_have_value("5")
    slider(first, "batch_size").focus()
    notebook.keyboard.press("End")
    expect(slider(second, "batch_size")).to_have_value("5")
    shows(second, 32, 32)
    place = "second.batch_size, second.concurrency, second.selected.concurrency"
    assert lab.run_cell(notebook, f"print({place}, knob.value)") == "32 32 32 32"


def test_it_comes_back_after_a_reload(lab: Lab, notebook: Page):
    lab.run_cell(notebook, "explorer.batch_size = 16; explorer.concurrency = 1")
    lab.save(notebook)
    lab.open(notebook, "explorer.ipynb", reset=False)
    explorer = ready(notebook, 0)
    expect(slider(explorer, "batch_size")).to_have_value("4")
    shows(explorer, 16, 1)
    slider(explorer, "batch_size").focus()
    notebook.keyboard.press("ArrowRight")
    shows(explorer, 32, 1)
    assert lab.run_cell(notebook, "print(explorer.batch_size)") == "32"
