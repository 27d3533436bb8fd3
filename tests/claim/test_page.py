"""The claim's page in a real Chromium: off line, the claim on top, sliders alive below."""

import pytest

from tests.claim.runs import HOSTILE, grid, run
from tradeoff.claim import claim, read_claim


def open_page(page, file):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.context.set_offline(True)
    page.goto(file.as_uri())
    page.locator(".tradeoff-explorer[data-ready]").wait_for()
    return [url for url in asked if not url.startswith((file.as_uri(), "data:", "blob:"))]


@pytest.fixture
def shown(page, tmp_path):
    """Opens the page of a claim."""

    def show(found):
        (tmp_path / "figure.html").write_text(found.page(), "utf-8")
        assert open_page(page, tmp_path / "figure.html") == []
        return page

    return show


def test_the_claim_stands_on_top_and_the_sliders_at_its_point(bundle, page):
    assert open_page(page, bundle / "figure.html") == []
    top = page.locator("section.claim")
    assert "throughput 11\u202f300 requests/s" in top.locator("p").first.inner_text()
    assert page.locator("[data-slider=batch_size]").get_attribute("aria-valuetext") == "batch 8"
    assert page.locator("[data-slider=concurrency]").get_attribute("aria-valuetext") == "concurrency 2"
    assert page.locator("[data-readout=p99]").inner_text().startswith("1.80")
    assert "maximize throughput subject to p99 <= 2 ms" in page.locator(".tradeoff-explorer").inner_text()
    top.locator("summary").click()
    assert "every call a batch of 8" in top.inner_text()


def test_the_sliders_are_alive(bundle, page):
    open_page(page, bundle / "figure.html")
    before = page.locator("[data-readout=throughput]").inner_text()
    page.locator("[data-slider=batch_size]").press("Home")
    assert page.locator("[data-readout=throughput]").inner_text() != before


def test_the_claim_is_read_without_scripts(bundle, chromium):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((bundle / "figure.html").as_uri())
    assert "softmax: throughput subject to p99 ≤ 2 ms" in page.locator("section.claim h1").inner_text()
    context.close()


def test_hostile_names_run_nothing(bundles, page):
    assert open_page(page, bundles["hostile"] / "figure.html") == []
    assert page.evaluate("globalThis.hacked") is None
    assert HOSTILE in page.locator("section.claim h1").inner_text()
    assert page.locator("section.claim img").count() == 0


def test_marks_stand_before_the_sentence(shown):
    page = shown(claim(run([one | {"device": None} for one in grid()]), "minimize p99 at concurrency 1"))
    assert page.locator("section.claim strong").all_inner_texts() == ["INCOMPLETE"]


def test_a_third_axis_and_a_slice_are_set(shown):
    rows = [
        one | {"mode": "serving", "max_wait_ms": wait, "workers": workers, "formation": formation, "n": 5000 + at,
               "throughput_rps": one["throughput_rps"] + at, "duration_s": (5000 + at) / (one["throughput_rps"] + at),
               "latency_p99_ms": 1.0, "latency_p99_ms_hi": 1.1}
        for at, (wait, workers, formation) in enumerate(
            [(1.0, 1, "shared"), (2.0, 1, "shared"), (1.0, 2, "per_worker"), (2.0, 2, "per_worker")]
        )
        for one in grid()
    ]  # fmt: skip
    page = shown(claim(run(rows), "maximize throughput subject to p99 <= 2 ms"))
    assert page.locator("[data-slider=max_wait_ms]").get_attribute("aria-valuetext") == "wait 2 ms"
    assert "8 × concurrency 4" in page.locator("[data-readout=sentence]").inner_text()
    assert page.locator("[data-readout=throughput]").inner_text().startswith("16")


def test_a_claim_that_was_read_makes_a_page_without_distributions(bundle, shown):
    page = shown(read_claim(bundle / "figure.svg"))
    assert page.locator("[data-readout=p99]").inner_text().startswith("1.80")
