"""The stand-alone page in a real Chromium: off line, from a file, sliders alive."""

from __future__ import annotations

import os
import re
from itertools import combinations, pairwise
from math import hypot
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tradeoff import read
from tradeoff.explorer import save_page
from tradeoff.frames import Run, RunFolderError, make_points, make_samples
from tradeoff.objective import decide

from .runs import grid_run

PANELS = ("frontier", "throughput", "latency", "breakdown", "distribution")
DEMO = Path(__file__).parents[2] / "data" / "demo_cpu"
HOSTILE = '</script><img src=x onerror="window.hacked=1"><b>bold</b>'


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    return save_page(grid_run(), tmp_path_factory.mktemp("page") / "explorer.html")


def open_page(page: Page, file: Path) -> list[str]:
    """Open a file off line; returns the requests the page makes beyond it, as they come."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.context.set_offline(True)
    page.goto(file.as_uri())
    page.locator(".tradeoff-explorer[data-ready]").wait_for()
    asked.remove(file.as_uri())
    return asked


def slide(page: Page, name: str, place: int) -> None:
    """Drag a slider to a place: input events only."""
    page.locator(f"[data-slider={name}]").evaluate(
        "(el, v) => { el.value = v; el.dispatchEvent(new Event('input', { bubbles: true })); }", place
    )


def readout(page: Page, name: str) -> str:
    return page.locator(f"[data-readout={name}]").inner_text().replace("\N{NARROW NO-BREAK SPACE}", " ")


def centre(page: Page, panel: str) -> tuple[float, float]:
    box = page.locator(f"[data-panel={panel}] [data-mark=here]").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def markers(page: Page, panel: str) -> list[tuple[float, float]]:
    """Where plotly itself drew its markers."""
    return page.locator(f"[data-panel={panel}] .scatterlayer path.point").evaluate_all(
        "all => all.map(p => { const b = p.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })"
    )


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=5)
    page.mouse.up()


def distance_to_marker(page: Page, panel: str) -> float:
    x, y = centre(page, panel)
    return min(max(abs(x - a), abs(y - b)) for a, b in markers(page, panel))


def test_the_page_is_small_and_asks_for_nothing(page, file):
    assert file.stat().st_size <= 2_500_000
    asked = open_page(page, file)
    slide(page, "batch_size", 3)
    page.wait_for_timeout(300)
    assert asked == [] or all(url.startswith(("data:", "blob:")) for url in asked), asked


def test_every_panel_has_a_mark_and_a_description(page, file):
    open_page(page, file)
    for name in PANELS:
        panel = page.locator(f"[data-panel={name}]")
        assert panel.locator("[data-mark=here]").count() >= 1, name
        label = panel.locator("[role=img]").get_attribute("aria-label")
        assert len(label) > 30, name


def test_sliding_moves_the_mark_of_every_panel(page, file):
    open_page(page, file)
    for slider in ("batch_size", "concurrency"):
        shapes = {n: page.locator(f"[data-panel={n}]").inner_html() for n in PANELS}
        slide(page, slider, 3)
        for name in PANELS:
            assert page.locator(f"[data-panel={name}]").inner_html() != shapes[name], (slider, name)


def test_readouts_are_the_numbers_of_the_frame(page, file):
    open_page(page, file)
    points = grid_run().points
    for batch_place, concurrency_place in ((0, 0), (3, 1), (1, 3)):
        slide(page, "batch_size", batch_place)
        slide(page, "concurrency", concurrency_place)
        here = (points["batch_size"] == 2**batch_place) & (points["concurrency"] == 2**concurrency_place)
        (row,) = points[here].to_dict("records")
        for name, value in (("p50", row["latency_p50_ms"]), ("p99", row["latency_p99_ms"])):
            number, unit = readout(page, name).split()
            assert float(number) * {"ms": 1, "µs": 1e-3, "s": 1e3}[unit] == pytest.approx(value, rel=5e-3)
        number = re.sub(r"[^\d.]", "", readout(page, "throughput").removesuffix("requests/s"))
        assert float(number) == pytest.approx(row["throughput_rps"], rel=5e-3)
        detail = page.locator("[data-detail=p99]").inner_text().replace("\N{NARROW NO-BREAK SPACE}", "")
        assert "n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}2000" in detail


@pytest.mark.parametrize("panel", ["frontier", "throughput", "latency"])
def test_the_mark_lies_on_plotlys_own_marker(page, file, panel):
    open_page(page, file)
    for place in range(4):
        slide(page, "batch_size", place)
        slide(page, "concurrency", 3 - place)
        assert distance_to_marker(page, panel) <= 1.0
    # A zoom, by dragging a box; a pan; another width. The mark has to follow each.
    slide(page, "batch_size", 1)
    slide(page, "concurrency", 1)
    plot = f"[data-panel={panel}] .js-plotly-plot"
    whole = page.evaluate("plot => document.querySelector(plot)._fullLayout.xaxis.range.slice()", plot)
    x, y = centre(page, panel)
    drag(page, (x - 50, y - 40), (x + 60, y + 50))
    page.wait_for_timeout(150)
    assert distance_to_marker(page, panel) <= 1.0
    zoomed = page.evaluate("plot => document.querySelector(plot)._fullLayout.xaxis.range.slice()", plot)
    assert zoomed != whole
    page.keyboard.down("Shift")  # plotly pans then
    drag(page, (x, y), (x + 40, y - 30))
    page.keyboard.up("Shift")
    page.wait_for_timeout(150)
    panned = page.evaluate("plot => document.querySelector(plot)._fullLayout.xaxis.range.slice()", plot)
    assert panned != zoomed
    assert distance_to_marker(page, panel) <= 1.0
    page.set_viewport_size({"width": 1100, "height": 900})
    page.wait_for_timeout(400)
    assert distance_to_marker(page, panel) <= 1.0
    kept = page.evaluate("plot => document.querySelector(plot)._fullLayout.xaxis.range.slice()", plot)
    assert kept == pytest.approx(panned), "the zoom did not survive the new width"


def test_keys_move_the_sliders(page, file):
    open_page(page, file)
    slider = page.locator("[data-slider=concurrency]")
    slider.focus()
    for key, told in (("End", "8"), ("ArrowLeft", "4"), ("Home", "1"), ("ArrowRight", "2"), ("PageUp", "")):
        page.keyboard.press(key)
        assert told in slider.get_attribute("aria-valuetext")
    expect(page.locator("[aria-live=polite]").first).to_contain_text("concurrency")


def test_a_winner_is_named_only_under_a_declared_limit_and_is_decides(page, file):
    open_page(page, file)
    winner = page.locator("[data-readout=winner]")
    expect(winner).to_be_hidden()
    expect(page.locator("[data-readout=objective]")).to_have_text("no objective declared")
    steps = int(page.locator("[data-slider=limit]").get_attribute("max"))
    seen = set()
    for place in range(0, steps, 7):
        slide(page, "limit", place)
        text = page.locator("[data-readout=objective]").inner_text().replace("\N{NARROW NO-BREAK SPACE}", " ")
        decision = decide(grid_run(), text)
        seen.add(decision.verdict)
        if decision.verdict == "infeasible":
            assert not winner.is_visible() or "nearest" in winner.inner_text().lower()
        else:
            where = f"batch {decision.point['batch_size']} × concurrency {decision.point['concurrency']}"
            assert where in winner.inner_text().lower(), text
    assert seen >= {"feasible", "infeasible"}


def test_points_that_failed_are_holes_with_their_reason(page, tmp_path):
    run = grid_run()
    rows = run.points.to_dict("records")
    for row in rows:
        if row["batch_size"] == 8 and row["concurrency"] == 8:
            row.update(status="oom", reason="out of memory: it wanted 3 GiB", **dict.fromkeys(["throughput_rps"]))
            row.update({name: None for name in row if name.startswith("latency_p") or name.startswith("throughput")})
    open_page(page, save_page(Run(make_points(rows), run.samples), tmp_path / "holes.html"))
    slide(page, "batch_size", 3)
    slide(page, "concurrency", 3)
    text = page.locator(".tradeoff-explorer").inner_text()
    assert "it wanted 3 GiB" in text
    assert "requests/s" not in readout(page, "throughput")


def test_hostile_names_are_shown_as_text(page, tmp_path):
    rows = grid_run(sizes=2).points.to_dict("records")
    more = [{**row, "workload": name, "point_id": None} for name in (HOSTILE, "=cmd|' /C calc'!A0") for row in rows]
    points = make_points([{k: v for k, v in row.items() if k != "point_id"} for row in more])
    open_page(page, save_page(Run(points), tmp_path / "hostile.html"))
    assert page.evaluate("window.hacked") is None
    assert page.locator("img").count() == 0
    page.locator("details summary").first.click()
    assert HOSTILE in page.locator(".tradeoff-explorer").inner_text() or HOSTILE in page.content().replace(
        "&lt;", "<"
    ).replace("&gt;", ">")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert not re.search(r'(^|,)"?[=+@]', text, re.MULTILINE)


def test_an_svg_can_be_taken(page, file):
    open_page(page, file)
    with page.expect_download() as download:
        page.get_by_role("button", name="SVG").click()
    text = Path(download.value.path()).read_text()
    assert text.startswith("<svg")
    assert "<script" not in text


@pytest.mark.parametrize("width", [1400, 700, 420])
def test_nothing_runs_out_of_the_window(page, file, width):
    page.set_viewport_size({"width": width, "height": 900})
    open_page(page, file)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    boxes = [page.locator(f"[data-panel={name}]").bounding_box() for name in PANELS]
    if width < 1000:
        tops = [box["y"] for box in boxes]
        assert tops == sorted(tops), "the panels do not stack in order"
        assert len({round(box["x"]) for box in boxes}) == 1


@pytest.mark.parametrize(("scheme", "is_dark"), [("light", False), ("dark", True)])
def test_it_follows_the_colour_scheme(page, file, scheme, is_dark):
    page.emulate_media(color_scheme=scheme)
    open_page(page, file)
    colours = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", colours)[:3])) < 200) == is_dark
    page.emulate_media(color_scheme="light" if is_dark else "dark")
    expect(page.locator(".tradeoff-explorer")).to_have_attribute("data-theme", "light" if is_dark else "dark")


def test_without_scripts_there_is_a_table(chromium: Browser, file):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    assert page.locator("table tbody tr").count() == 16
    context.close()


def test_nothing_in_the_file_names_this_machine(file):
    text = file.read_text(encoding="utf-8")
    outside = re.sub(r'<script type="text/plain".*?</script>', "", text, flags=re.DOTALL)
    assert str(Path.home()) + "/" not in outside
    assert str(Path.cwd()) not in outside
    assert "default-src 'none'" in outside


def boxes(page: Page, selector: str) -> list[tuple[float, float, float, float]]:
    """Where the elements that are shown stand: left, top, right, bottom."""
    return page.locator(selector).evaluate_all(
        "all => all.map(e => e.getBoundingClientRect()).filter(b => b.width > 0)"
        ".map(b => [b.left, b.top, b.right, b.bottom])"
    )


def overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return min(one[2], other[2]) - max(one[0], other[0]) > 1 and min(one[3], other[3]) - max(one[1], other[1]) > 1


def apart(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> float:
    return hypot(max(0, one[0] - other[2], other[0] - one[2]), max(0, one[1] - other[3], other[1] - one[3]))


@pytest.mark.parametrize("width", [1400, 700])
def test_names_lie_neither_on_each_other_nor_on_the_chosen_mark(page, file, width):
    page.set_viewport_size({"width": width, "height": 1000})
    open_page(page, file)
    seen = 0
    for limit in range(0, 60, 6):
        slide(page, "limit", limit)
        for batch, concurrency in ((0, 0), (1, 2), (2, 1), (3, 3)):
            slide(page, "batch_size", batch)
            slide(page, "concurrency", concurrency)
            names = boxes(page, "[data-panel=frontier] :is(.winner-name, .runner-up-name, .limit-name)")
            (here,) = boxes(page, "[data-panel=frontier] [data-mark=here]")
            seen += len(names)
            assert not [pair for pair in combinations(names, 2) if overlap(*pair)], (limit, batch, concurrency)
            assert not [name for name in names if overlap(name, here)], (limit, batch, concurrency)
    assert seen > 40


def test_names_of_lines_stay_inside_and_off_their_lines_marks(page, file):
    open_page(page, file)
    for place in range(4):
        slide(page, "concurrency", place)
        for panel in ("throughput", "latency"):
            (frame,) = boxes(page, f"[data-panel={panel}] .plot .nsewdrag")
            names = boxes(page, f"[data-panel={panel}] .line-name")
            assert len(names) == (1 if panel == "throughput" else 2)
            (here,) = boxes(page, f"[data-panel={panel}] [data-mark=here]")
            for name in names:
                assert frame[0] - 2 <= name[0] < name[2] <= frame[2] + 2, (panel, place)
                assert not overlap(name, here), (panel, place)


def test_names_of_lines_lie_on_no_strong_line_among_many(page, tmp_path):
    open_page(page, save_page(grid_run(sizes=12, samples=20), tmp_path / "many.html"))
    for place in (0, 4, 6, 8, 11):
        slide(page, "concurrency", place)
        for panel in ("throughput", "latency"):
            lines = page.locator(f"[data-panel={panel}] .here-line").evaluate_all(
                """all => all.filter(path => path.getAttribute("d")).flatMap(path => {
                    const [far, to] = [path.getTotalLength(), path.getScreenCTM()];
                    return Array.from({ length: Math.ceil(far / 3) }, (_, at) => {
                        const place = path.getPointAtLength(3 * at).matrixTransform(to);
                        return [place.x, place.y];
                    });
                })"""
            )
            assert len(lines) > 100
            for left, top, right, bottom in boxes(page, f"[data-panel={panel}] .line-name"):
                assert not [at for at in lines if left < at[0] < right and top + 2 < at[1] < bottom - 2], (panel, place)


@pytest.mark.parametrize("percentile", ["p50", "p95", "p99"])
def test_the_names_of_winner_and_runner_up_stand_beside_their_own_rings(page, file, percentile):
    open_page(page, file)
    page.select_option("[data-select=percentile]", percentile)
    seen = 0
    for limit in range(0, 32, 2):
        slide(page, "limit", limit)
        names, rings = (
            [boxes(page, f"[data-panel=frontier] .{which}-{what}") for which in ("winner", "runner-up")]
            for what in ("name", "ring")
        )
        if not (names[1] and rings[1]):
            continue
        seen += 1
        for own, other in ((0, 1), (1, 0)):
            assert apart(names[own][0], rings[own][0]) <= apart(names[own][0], rings[other][0]), (limit, own)
    assert seen > 4


def one_batch_size() -> Run:
    points = grid_run().points
    return Run(points[(points["batch_size"] == 4) & (points["concurrency"] < 8)].reset_index(drop=True))


@pytest.mark.parametrize(
    "run",
    [lambda: grid_run(sizes=2), grid_run, lambda: grid_run(sizes=12, samples=20), one_batch_size, lambda: read(DEMO)],
    ids=["2x2", "4x4", "12x12", "one batch size", "demo"],
)
def test_the_labels_of_an_axis_reach_its_ends_and_keep_apart(page, tmp_path, run):
    page.set_viewport_size({"width": 1400, "height": 1000})
    open_page(page, save_page(run(), tmp_path / "axes.html"))
    for percentile in ("p50", "p95", "p99"):
        page.select_option("[data-select=percentile]", percentile)
        for panel, axes in (("frontier", "xy"), ("throughput", "y"), ("latency", "y")):
            (frame,) = boxes(page, f"[data-panel={panel}] .plot .nsewdrag")
            for axis in axes:
                low, high = (0, 2) if axis == "x" else (1, 3)
                labels = sorted(boxes(page, f"[data-panel={panel}] .{axis}tick text"), key=lambda box: box[low])
                assert len(labels) >= 3, (panel, axis)
                assert all(a[high] + 1 <= b[low] for a, b in pairwise(labels)), (panel, axis, percentile)
                middles = [(box[low] + box[high]) / 2 for box in labels]
                steps = [b - a for a, b in pairwise(middles)]
                bare = max(middles[0] - frame[low], frame[high] - middles[-1])
                # Where labels stand at equal distances one sees what the next would be; elsewhere not.
                most = steps[0] if max(steps) - min(steps) < 2 else 0.22 * (frame[high] - frame[low])
                assert bare <= most + 1, (panel, axis, percentile)


def test_a_limit_that_is_declared_by_sliding_looks_declared(page, file):
    open_page(page, file)
    label = page.locator("label.slider.limit")
    last = int(page.locator("[data-slider=limit]").get_attribute("max"))
    for place, declared in ((last - 3, True), (last, False), (0, True)):
        slide(page, "limit", place)
        assert ("undeclared" not in label.get_attribute("class").split()) == declared, place


def test_the_focus_frame_of_a_slider_leaves_its_labels_whole(page, file):
    open_page(page, file)
    for name in ("batch_size", "concurrency", "limit"):
        slider = page.locator(f"[data-slider={name}]")
        slider.focus()
        page.keyboard.press("ArrowLeft")  # the frame is for those who use keys
        reach = slider.evaluate(
            "el => { const s = getComputedStyle(el); return parseFloat(s.outlineWidth) + parseFloat(s.outlineOffset); }"
        )
        assert reach > 0, name
        head = page.locator(f"label:has([data-slider={name}]) .slider-head").bounding_box()
        assert slider.bounding_box()["y"] - reach >= head["y"] + head["height"] - 0.5, name


def test_the_distribution_names_what_it_can(page, tmp_path):
    open_page(page, save_page(read(DEMO), tmp_path / "demo.html"))
    for place in ((5, 0), (3, 1), (0, 2)):
        slide(page, "batch_size", place[0])
        slide(page, "concurrency", place[1])
        for percentile in ("p50", "p95", "p99"):
            page.select_option("[data-select=percentile]", percentile)
            names = boxes(page, "[data-panel=distribution] .quantile-name")
            assert not [pair for pair in combinations(names, 2) if overlap(*pair)], (place, percentile)
            told = page.locator("[data-panel=distribution] .quantile-name:visible").all_text_contents()
            assert {percentile, "p50", "mean"} <= {text.split()[0] for text in told}, (place, percentile)


@pytest.mark.parametrize(("chosen", "told"), [("p50", "p50"), ("p95", "p99"), ("p99", "p99")])
def test_where_the_time_goes_follows_the_percentile(page, file, chosen, told):
    open_page(page, file)
    page.select_option("[data-select=percentile]", chosen)
    panel = page.locator("[data-panel=breakdown]")
    expect(panel.locator(".stage-key")).to_contain_text(f"of {told}")
    assert f"At {told}:" in panel.locator(".holder").get_attribute("aria-label")
    aside = panel.get_by_text("are not kept")
    if chosen == told:
        expect(aside).to_have_count(0)
        expect(panel.locator(".row-name.chosen")).to_have_text(told)
    else:
        expect(aside).to_have_text(f"The parts of the {chosen} are not kept; told are those of the {told}.")


def failed_run(cells: slice = slice(None), *, sizes: int = 4) -> Run:
    run = grid_run(sizes=sizes, samples=20)
    points = run.points.copy()
    rows = points.index[cells]
    numbers = [name for name in points.columns if name.endswith(("_ms", "_ms_lo", "_ms_hi")) or "throughput" in name]
    points.loc[rows, numbers] = float("nan")
    points.loc[rows, ["status", "reason"]] = ["failed", "raised RuntimeError: no luck"]
    return Run(points, make_samples({}), run.environment)


def test_a_run_in_which_everything_failed_says_so(page, tmp_path):
    open_page(page, save_page(failed_run(), tmp_path / "failed.html"))
    for panel in ("frontier", "throughput", "latency"):
        expect(page.locator(f"[data-panel={panel}] .annotation-text")).to_have_text("no point here has numbers")
        assert page.locator(f"[data-panel={panel}] .ytick text").count() == 0
    expect(page.locator("[data-readout=verdict]")).to_have_text("No latency is known: there is nothing to limit.")
    assert "no luck" in readout(page, "sentence")
    said = "16 of 16 places have no numbers: 16 failed (raised RuntimeError: no luck)."
    expect(page.locator("[data-panel=frontier] .holes")).to_have_text(said)
    assert not page.locator("[data-panel=throughput] .here-column").is_visible()


def test_the_mark_of_a_hole_is_explained_where_there_are_holes(page, file, tmp_path):
    open_page(page, file)
    expect(page.get_by_text("no numbers", exact=True)).to_have_count(2)
    assert not page.get_by_text("no numbers", exact=True).first.is_visible()
    open_page(page, save_page(failed_run(slice(0, 3)), tmp_path / "holes.html"))
    for panel in ("throughput", "latency"):
        assert page.locator(f"[data-panel={panel}]").get_by_text("no numbers", exact=True).is_visible()


@pytest.mark.parametrize("width", [1400, 700])
def test_a_saved_svg_has_its_words_inside_and_its_legend(page, file, tmp_path, width):
    page.set_viewport_size({"width": width, "height": 1000})
    open_page(page, file)
    slide(page, "limit", 30)
    with page.expect_download() as taken:
        page.locator("[data-save=svg]").click()
    saved = tmp_path / "figure.svg"
    taken.value.save_as(saved)
    page.context.set_offline(False)
    page.goto(saved.as_uri())
    words = " ".join(page.locator("svg text").all_text_contents()).replace("\N{NARROW NO-BREAK SPACE}", " ")
    for word in ("here", "frontier", "ambiguous", "dominated", "winner", "runner-up", "Where the time goes here"):
        assert word in words, word
    assert page.locator("svg .hole:not(.hole-group .hole)").count() == 0, "a mark explained that is nowhere"
    (whole,) = boxes(page, "svg >> nth=0")
    foot = boxes(page, "svg >> nth=0 >> xpath=./*[local-name()='text']")
    assert len(foot) >= (1 if width > 1000 else 2)
    assert all(line[2] <= whole[2] and line[3] <= whole[3] for line in foot)


@pytest.mark.parametrize(("path", "said"), [(5, "path must be"), (None, "path must be"), ("", "must end in .html")])
def test_a_path_that_is_none(path, said):
    with pytest.raises((TypeError, ValueError), match=said):
        save_page(grid_run(sizes=1), path)


def test_a_page_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    file = tmp_path / "page.html"
    file.write_text("the page before")
    with pytest.raises(RunFolderError, match="there is no folder"):
        save_page(grid_run(sizes=1), tmp_path / "nowhere" / "page.html")
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(RunFolderError, match="is a folder"):
        save_page(grid_run(sizes=1), tmp_path / "folder.html")

    def full(self, text, **options):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(RunFolderError, match=r"page\.html: cannot write the file: No space left on device"):
        save_page(grid_run(sizes=1), file)
    monkeypatch.undo()
    assert file.read_text() == "the page before"
    assert sorted(item.name for item in tmp_path.iterdir()) == ["folder.html", "page.html"]
