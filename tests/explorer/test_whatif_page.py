"""What-if in a real Chromium: its numbers against closed forms and against `tradeoff.simulate`, off line."""

import csv
import math
import re
from itertools import pairwise

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import tradeoff
from tests.explorer.test_page import open_page, readout, slide
from tradeoff.explorer import WhatIf

MU = 1.0  # services a ms
PANELS = ("frontier", "load", "breakdown")
HOSTILE = '</script><img src=x onerror="window.hacked=1"><b>bold</b>'


def exponential(size, rng, n):
    return rng.exponential(1.0 / MU, n)


def steps_of_four(size, rng, n):
    return 4.0 + size + np.where(rng.random(n) < 0.03, 12.0, 0.0)


def filling(size):
    return 4 + 0.1 * size


def settled(page: Page) -> dict:
    page.locator(".whatif[data-settled]").wait_for(timeout=60_000)
    return page.evaluate("tradeoff.model.get('reading')")


def shown(page: Page, tmp_path, whatif: WhatIf) -> dict:
    open_page(page, whatif.save(tmp_path / "whatif.html"))
    return settled(page)


def release(page: Page, name: str, place: int) -> None:
    slide(page, name, place)
    page.locator(f"[data-slider={name}]").dispatch_event("change")


def drawn(page: Page) -> dict[str, str]:
    return {name: page.locator(f"[data-panel={name}]").inner_html().replace(str(name), "") for name in PANELS}


def test_one_queue_is_what_erlang_says(page, tmp_path):
    """M/M/1: p-quantile −ln(1−p)/(μ−λ); the limit L bears μ + ln(1−p)/L; throughput per p99 is most at μ/2."""
    limit = 20.0
    whatif = WhatIf(exponential, largest_batch_size=1, request_rate=700, limit_ms=limit, needed=10_000, title="M/M/1")
    seen = shown(page, tmp_path, whatif)
    for name, p in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
        truth = -math.log(1 - p) / (MU - 0.7)
        low, high = seen[f"latency_{name}_ms_lo"], seen[f"latency_{name}_ms_hi"]
        assert abs(seen[f"latency_{name}_ms"] - truth) < max(0.03 * truth, high - low)
    assert seen["throughput_rps"] == pytest.approx(700, rel=0.01)
    assert seen["utilisation"] == pytest.approx(0.7, rel=0.02)
    assert seen["capacity_rps"] == pytest.approx(1000, rel=0.01)
    borne = 1e3 * (MU + math.log(0.01) / limit)
    assert 0.92 * borne < seen["bears"] <= borne
    (perhaps,) = seen["perhaps_kept"]
    assert borne <= perhaps[1] < 1.08 * borne
    assert seen["turns_up_at"] == pytest.approx(500, rel=0.1)
    assert seen["devices_perhaps"] <= math.ceil(10_000 / borne) <= seen["devices"] == math.ceil(10_000 / seen["bears"])
    assert seen["replications"] >= 10


@pytest.mark.parametrize(
    "settings",
    [
        {"request_rate": 400, "max_batch_size": 8},
        {"request_rate": 900, "max_batch_size": 16, "max_wait_ms": 6.0, "workers": 2, "host_ms": 1.5},
        {"loop": "closed", "clients": 24, "think_ms": 10.0, "max_batch_size": 8, "workers": 2},
    ],
)
@pytest.mark.parametrize("formation", ["shared", "per_worker"])
def test_it_shows_what_python_simulates(page, tmp_path, settings, formation):
    whatif = WhatIf(steps_of_four, largest_batch_size=16, formation=formation, network_ms=0.5, **settings)
    seen = shown(page, tmp_path, whatif)
    row = whatif.simulate(n_requests=100_000, replications=5).points.iloc[0]
    for column, tolerance in (("throughput_rps", 0.01), ("latency_p50_ms", 0.02), ("latency_p99_ms", 0.04)):
        spread = sum(row[f"{column}_hi"] - row[column] for row in (seen, row))
        assert abs(seen[column] - row[column]) < max(tolerance * row[column], spread), column
    assert seen["utilisation"] == pytest.approx(row["utilisation"], rel=0.02)
    assert seen["batch_size_mean"] == pytest.approx(row["batch_size_mean"], rel=0.03)


def test_dragging_moves_everything_and_needs_nothing_from_outside(page, tmp_path):
    whatif = WhatIf(steps_of_four, largest_batch_size=16, request_rate=400, limit_ms=30)
    asked = open_page(page, whatif.save(tmp_path / "whatif.html"))
    settled(page)
    for name, place in (
        ("request_rate", 40),
        ("max_batch_size", 3),
        ("max_wait_ms", 60),
        ("workers", 2),
        ("host_ms", 70),
    ):
        before, said = drawn(page), readout(page, "p99")
        model = page.evaluate("tradeoff.model.get('request_rate')")
        slide(page, name, place)
        after = drawn(page)
        assert [panel for panel in PANELS if after[panel] == before[panel]] == [], name
        assert readout(page, "p99") != said
        assert page.evaluate("tradeoff.model.get('request_rate')") == model  # it is told on release only
    assert asked == []
    release(page, "request_rate", 30)
    steps = whatif.payload["steps"]
    assert page.evaluate("tradeoff.model.get('request_rate')") == steps["request_rate"][30]
    assert page.evaluate("tradeoff.model.get('workers')") == 3


def test_every_number_declares_what_it_rests_on(page, tmp_path):
    whatif = WhatIf(
        steps_of_four, largest_batch_size=16, request_rate=300, max_wait_ms=2, host_ms=0.5, limit_ms=40, needed=9000
    )
    shown(page, tmp_path, whatif)
    said = readout(page, "sentence")
    for part in (
        "Poisson arrivals, 300 requests/s", "batches of up to 16 waiting 2.00 ms at most", "1 worker", "host 500 µs",
        "p99 turns up at", "p99 ≤ 40.0 ms is kept up to", "Head-room", "n\u00a0=\u00a0", "9 000 requests/s in all take",
    ):  # fmt: skip
        assert part.replace("500 µs", "0.500 ms") in said or part in said, (part, said)
    assert readout(page, "objective") == "maximize throughput subject to p99 <= 40 ms"
    expect(page.locator(".warning")).to_have_count(1)
    assert "devices of their own" in page.locator(".warning").inner_text()


def test_beyond_capacity_there_is_no_percentile(page, tmp_path):
    whatif = WhatIf(steps_of_four, largest_batch_size=4, request_rate=5000, limit_ms=40)
    seen = shown(page, tmp_path, whatif)
    assert seen["status"] == "saturated"
    assert "latency_p99_ms" not in seen
    assert readout(page, "p99") == "beyond capacity"
    assert "Saturated: 5 000 requests/s are asked for" in readout(page, "standing")
    assert page.locator("[data-panel=frontier] [data-mark=here]").count() == 0
    assert 0 < seen["bears"] < seen["capacity_rps"]  # the curve is there all the same


def test_a_limit_no_load_keeps_is_said(page, tmp_path):
    whatif = WhatIf(steps_of_four, largest_batch_size=4, request_rate=100, limit_ms=4.5, needed=100)
    seen = shown(page, tmp_path, whatif)
    assert seen["bears"] is None
    assert seen["devices"] is None
    assert "No load that was looked at keeps p99 ≤ 4.50 ms: it is lowest" in readout(page, "bears")
    assert "no number of such servers" in readout(page, "devices")


def test_loads_that_keep_a_limit_are_an_interval_where_batches_wait(page, tmp_path):
    """At half the load requests wait longer: the limit is kept from a load on, and two servers are not enough."""
    settings = {"max_batch_size": 16, "max_wait_ms": 20.0}
    whatif = WhatIf(filling, largest_batch_size=16, request_rate=2200, limit_ms=15, needed=3000, **settings)
    seen = shown(page, tmp_path, whatif)
    ((low, high),) = seen["kept"]
    ends = tradeoff.simulate(filling, request_rate=[low, high, 1500], n_requests=100_000, replications=4, **settings)
    p99 = ends.points["latency_p99_ms"].tolist()
    assert max(p99[:2]) < 15.05
    assert p99[2] > 19
    assert re.match(r"p99 ≤ 15\.0 ms is kept from 2.\d+ to 2.\d+ requests/s", readout(page, "bears"))
    assert seen["devices"] is None
    assert "1 would get 3 000 requests/s, too many, and 2 would get 1 500 requests/s each, too few" in (
        readout(page, "devices")
    )
    page.evaluate("tradeoff.model.set('needed', 4800)")
    page.locator(".whatif:not([data-settled])").wait_for()
    assert settled(page)["devices"] == 2
    assert "take 2 such servers, with 2 400 requests/s each" in readout(page, "devices")


def test_clients_are_whole_and_the_sentence_says_what_the_number_says(page, tmp_path):
    settings = {"clients": 25, "think_ms": 10.0, "max_batch_size": 8, "max_wait_ms": 2.0}
    seen = shown(
        page,
        tmp_path,
        WhatIf(lambda size: 4 + 0.5 * size, largest_batch_size=8, loop="closed", limit_ms=20, **settings),
    )
    assert seen["latency_p99_ms"] == pytest.approx(22.0)
    assert seen["kept"] == [[1, 24]]
    assert (
        readout(page, "bears")
    ) == "p99 ≤ 20.0 ms is kept up to 24 clients. The load now does not keep it: 1 client less would."
    assert "nothing is drawn" in page.locator("[data-detail=p99]").inner_text()


def test_nothing_is_said_beyond_what_was_looked_at(page, tmp_path):
    seen = shown(page, tmp_path, WhatIf(steps_of_four, largest_batch_size=4, request_rate=100, limit_ms=10_000))
    assert seen["bears"] == seen["looked_at"][1] == pytest.approx(0.95 * seen["capacity_rps"])
    assert "the most that was looked at (95 % of capacity)" in readout(page, "bears")
    assert "beyond" not in readout(page, "bears")


def test_noisy_times_have_bands_and_all_that_is_drawn_comes_from_the_same_runs(page, tmp_path):
    rng = np.random.default_rng(2)
    times = {size: (1 + 0.1 * size) * np.where(rng.random(3000) < 0.004, 60.0, 1.0) for size in (1, 4, 8)}
    seen = shown(page, tmp_path, WhatIf(times, request_rate=400, max_batch_size=8, limit_ms=20))
    assert (
        0 < seen["latency_p50_ms"] <= seen["latency_p99_ms_lo"] <= seen["latency_p99_ms"] <= seen["latency_p99_ms_hi"]
    )
    assert seen["replications"] >= 10
    row = page.locator("[data-table=curve] [aria-current] td").all_text_contents()
    assert readout(page, "p99") in row
    assert row[-1] == str(seen["n"])
    for panel, line in (("frontier", "curve"), ("load", "curve"), ("load", "p50")):
        path = page.locator(f"[data-panel={panel}] [data-line={line}]").get_attribute("d")
        points = [tuple(map(float, point.split())) for point in path.strip("M").split("L")]
        rings = page.locator(f"[data-panel={panel}] circle.here-ring:not([display])").all()
        at = [(float(ring.get_attribute("cx")), float(ring.get_attribute("cy"))) for ring in rings]
        assert any(math.dist(ring, point) < 0.2 for ring in at for point in points), (panel, line)


def test_the_same_load_may_have_many_sliders_but_one_kept_curve(page, tmp_path):
    shown(page, tmp_path, WhatIf(steps_of_four, largest_batch_size=16, request_rate=300))
    kept = page.locator("[data-line=kept]")
    expect(kept).to_have_count(0)
    page.locator("[data-save=keep]").click()
    release(page, "max_batch_size", 3)
    settled(page)
    curve = page.locator("[data-panel=frontier] [data-line=curve]")
    assert kept.first.get_attribute("d") != curve.get_attribute("d")
    page.locator("[data-save=keep]").click()
    expect(kept.first).to_be_hidden()


def test_a_click_on_the_curve_sets_the_load(page, tmp_path):
    shown(page, tmp_path, WhatIf(steps_of_four, largest_batch_size=16, request_rate=300))
    box = page.locator("[data-panel=load] .holder").bounding_box()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + box["height"] / 2)
    assert re.match(r"At \d+ requests/s: ", page.locator("[data-panel=load] .panel-note").inner_text())
    page.mouse.click(box["x"] + 0.7 * box["width"], box["y"] + box["height"] / 2)
    load = page.evaluate("tradeoff.model.get('request_rate')")
    assert 400 < load < 700
    mark = page.locator("[data-panel=load] [data-mark=here]").bounding_box()
    assert mark["x"] == pytest.approx(box["x"] + 0.7 * box["width"], abs=3)


def test_the_closed_loop_has_clients_and_think_time(page, tmp_path):
    shown(page, tmp_path, WhatIf(steps_of_four, largest_batch_size=16, request_rate=300))
    expect(page.locator("[data-slider=clients]")).to_be_hidden()
    page.locator("[data-select=loop]").select_option(index=1)
    expect(page.locator("[data-slider=request_rate]")).to_be_hidden()
    release(page, "clients", 0)
    seen = settled(page)
    assert seen["latency_p50_ms"] == pytest.approx(5.0)  # one client never waits: 4 + 1
    assert seen["throughput_rps"] == pytest.approx(1e3 / (5 + 0.03 * 12), rel=0.02)
    release(page, "think_ms", 40)
    think = page.evaluate("tradeoff.model.get('think_ms')")
    assert settled(page)["throughput_rps"] == pytest.approx(1e3 / (5 + 0.03 * 12 + think), rel=0.02)


def test_keys_and_values_between_steps(page, tmp_path):
    shown(page, tmp_path, WhatIf(steps_of_four, largest_batch_size=16, request_rate=333.3))
    slider = page.locator("[data-slider=request_rate]")
    assert slider.get_attribute("aria-valuetext") == "load 333 requests/s"
    slider.focus()
    page.keyboard.press("ArrowRight")
    load = page.evaluate("tradeoff.model.get('request_rate')")
    assert load in (335, 355, 375)
    assert slider.get_attribute("aria-valuetext") == f"load {load} requests/s"


def test_the_curve_can_be_saved(page, tmp_path):
    shown(page, tmp_path, WhatIf(steps_of_four, largest_batch_size=16, request_rate=300, limit_ms=30))
    with page.expect_download() as download:
        page.locator("[data-save=csv]").click()
    rows = list(csv.DictReader(download.value.path().read_text().splitlines()))
    assert len(rows) >= 14
    loads = [float(row["request_rate_rps"]) for row in rows]
    assert loads == sorted(loads)
    assert all(float(row["latency_p50_ms"]) <= float(row["latency_p99_ms"]) for row in rows)
    with page.expect_download() as download:
        page.locator("[data-save=svg]").click()
    svg = download.value.path().read_text()
    assert "p99 turns up" in svg
    assert "Poisson arrivals" in svg
    assert "var(--" not in svg
    page.locator("summary", has_text="table").click()
    expect(page.locator("[data-table=curve] tbody tr")).to_have_count(len(rows))


def test_a_hostile_title_stays_text(page, tmp_path):
    shown(page, tmp_path, WhatIf(steps_of_four, largest_batch_size=2, title=HOSTILE))
    assert page.evaluate("window.hacked") is None
    assert HOSTILE in page.locator("h2").inner_text()


@pytest.mark.parametrize("width", [1400, 700, 380])
def test_nothing_overlaps_or_is_cut_off(page, tmp_path, width):
    page.set_viewport_size({"width": width, "height": 1000})
    shown(page, tmp_path, WhatIf(steps_of_four, largest_batch_size=16, request_rate=300, limit_ms=30, needed=9000))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for panel in ("frontier", "load"):
        holder = page.locator(f"[data-panel={panel}] .holder").bounding_box()
        for text in page.locator(f"[data-panel={panel}] .holder text:not([display])").all():
            box = text.bounding_box()
            assert box["x"] >= holder["x"] - 1, text.inner_text()
            assert box["x"] + box["width"] <= holder["x"] + holder["width"] + 1, text.inner_html()
    ticks = page.locator("[data-panel=load] text.tick[text-anchor=middle]:not([display])").all()
    boxes = sorted((tick.bounding_box() for tick in ticks), key=lambda box: box["x"])
    assert len(boxes) >= 3
    assert all(a["x"] + a["width"] < b["x"] for a, b in pairwise(boxes))
