"""What the what-if page states, held against long simulations in Python: nothing it says may be contradicted.

For each of 200 random settings (open and closed loops, wait limits, several workers, times that are constant, drawn,
spiky or recorded) the page is opened in a real Chromium, and its sentences are read when it has come to rest. What they
state is then simulated by `tradeoff.simulate` with other draws: a statement is contradicted when the 95 % interval of
the long simulation lies wholly on its other side.

- the percentile here: the long interval meets the band;
- loads that keep the limit: both ends and loads between keep it, and the load with the head-room that is told;
- loads that are told to break it, by being in no interval and not too close to call: they do;
- servers for a needed load: the share of each keeps the limit; one server fewer than the fewest told does not;
- where the tail turns up: no other load has more throughput per latency;
- the sentence says what stands beside it, and what it says of the load now is what the band says.

Run with ``python benchmarks/what_if_statements.py [--settings 200] [--first 0]``. Target: none contradicted.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd
from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

import tradeoff
from tests.browser import ARGUMENTS, find, fresh_page
from tradeoff.explorer import WhatIf

DATA = Path(__file__).parents[1] / "data" / "demo_cpu"
REQUESTS, REPLICATIONS = 100_000, 8
SETTLED_MS = 300_000
ROUNDED = 0.006
"""Three digits: how far what is read may lie from what is meant."""

UNITS = {"µs": 1e-3, "ms": 1.0, "s": 1e3}
NUMBER = r"([\d.]+)"


# --- settings -------------------------------------------------------------------------------------------------------
def service_of(random: Random, rng: np.random.Generator) -> tuple[str, Any, int]:
    """Return what it is, a service, and the largest batch."""
    base, slope, largest = 10 ** random.uniform(-0.5, 1), 10 ** random.uniform(-2, 0), random.choice([1, 4, 8, 16, 32])
    kind = random.choice(["constant", "gamma", "spiky", "recorded", "drawn"])
    if kind == "recorded":
        return kind, tradeoff.read(DATA), random.choice([1, 8, 32])
    if kind == "constant":
        return kind, lambda size: base * (1 + slope * size), largest
    if kind == "drawn":
        return kind, lambda size, rng, n: base * (1 + slope * size) * rng.gamma(4.0, 0.25, n), min(largest, 8)
    sizes = sorted({1, largest, max(1, largest // 2)})
    shape, share = random.choice([2.0, 20.0, 200.0]), 10 ** random.uniform(-3, -1.5)
    times = {
        size: base * (1 + slope * size) * rng.gamma(shape, 1 / shape, 2000)
        * np.where((rng.random(2000) < share) & (kind == "spiky"), random.uniform(3, 30), 1.0)
        for size in sizes
    }  # fmt: skip
    return kind, times, largest


def setting(seed: int) -> tuple[str, WhatIf]:
    """Return a random what-if, and what is special about it."""
    random, rng = Random(seed), np.random.default_rng(seed)  # noqa: S311
    kind, service, largest = service_of(random, rng)
    whatif = WhatIf(
        service, largest_batch_size=largest, most_workers=8, formation=random.choice(["shared", "per_worker"]),
        network_ms=random.choice([0.0, 0.0, 0.3]),
    )  # fmt: skip
    size, workers = random.randint(1, largest), random.choice([1, 1, 1, 2, 4])
    table = whatif.service.costs.table(size, workers)
    one, full = table.mean_ms(1, 1), table.mean_ms(size, workers)
    host = random.choice([0.0, 0.0, 0.3 * one])
    capacity = 1e3 * workers * size / (full + host)
    wait = random.choice([0.0, 0.0, 1.0, 1.0, 1.0]) * one * 10 ** random.uniform(-1, 1)
    whatif.max_batch_size, whatif.workers = size, workers
    whatif.host_ms, whatif.max_wait_ms = host, wait
    whatif.percentile = random.choice(["p50", "p95", "p99", "p99", "p99"])
    whatif.limit_ms = float(f"{(one + host + random.random() * wait) * 10 ** random.uniform(-0.1, 1.0):.3g}")
    whatif.needed = float(f"{capacity * 10 ** random.uniform(-0.5, 1.3):.3g}")
    if random.random() < 0.4:
        whatif.loop, whatif.clients = "closed", random.randint(1, 4 * size * workers)
        whatif.think_ms = random.choice([0.0, 1.0, 1.0]) * one * 10 ** random.uniform(-1, 1)
    else:
        whatif.request_rate = float(f"{capacity * random.uniform(0.02, 1.1):.3g}")
    told = f"{seed}: {kind}, {whatif.service.formation}"
    return f"{told}, limit {whatif.percentile} {whatif.limit_ms}, {whatif!r}", whatif


# --- what stands on the page ----------------------------------------------------------------------------------------
@dataclass
class Shown:
    """The texts that somebody reads."""

    texts: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.texts[name]

    def milliseconds(self, name: str) -> float:
        """Return the number of a readout, ms."""
        number, unit = self[name].split(" ")
        return float(number) * UNITS[unit]

    def band(self, name: str) -> tuple[float, float]:
        """Return the band under a readout, ms; the number itself where nothing is drawn."""
        detail = self[f"detail {name}"]
        if found := re.match(rf"{NUMBER} to {NUMBER} (µs|ms|s),", detail):
            return float(found[1]) * UNITS[found[3]], float(found[2]) * UNITS[found[3]]
        if found := re.match(rf"from {NUMBER} (µs|ms|s), no upper end", detail):
            return float(found[1]) * UNITS[found[2]], math.inf
        if detail.startswith("nothing is drawn"):
            return self.milliseconds(name), self.milliseconds(name)
        raise ValueError(f"no band in {detail!r}")


def shown(page: Page, path: Path) -> Shown:
    """Open the page, wait until it has come to rest, and read it."""
    page.goto(path.as_uri())
    page.locator(".whatif[data-settled]").wait_for(timeout=SETTLED_MS)
    texts = page.evaluate(
        """() => Object.fromEntries([
          ...[...document.querySelectorAll("[data-readout]")].map((e) => [e.dataset.readout, e.textContent]),
          ...[...document.querySelectorAll("[data-detail]")].map((e) => ["detail " + e.dataset.detail, e.textContent]),
        ])"""
    )
    return Shown({name: text.replace("\u202f", "").replace("\u00a0", " ") for name, text in texts.items()})


def intervals(text: str) -> list[tuple[float, float]]:
    """Read "from 1 to 2", "up to 3" and "at 4" in the order in which they stand; "up to" begins at 0."""
    found = []
    pattern = rf"up to {NUMBER}|from {NUMBER}(?: \(the least that was looked at\))? to {NUMBER}|at {NUMBER} (?:req|cl)"
    for match in re.finditer(pattern, text):
        if match[1]:
            found.append((0.0, float(match[1])))
        elif match[2]:
            found.append((float(match[2]), float(match[3])))
        else:
            found.append((float(match[4]), float(match[4])))
    return found


# --- the long simulation --------------------------------------------------------------------------------------------
@dataclass
class Truth:
    """Long simulations of a what-if's system at other loads."""

    whatif: WhatIf
    rows: dict[float, pd.Series] = field(default_factory=dict)

    def at(self, load: float) -> pd.Series:
        """Return one row of points at a load."""
        if load not in self.rows:
            w = self.whatif
            s = w.service
            way = {"request_rate": load} if w.loop == "open" else {"concurrency": int(load), "think_ms": w.think_ms}
            self.rows[load] = tradeoff.simulate(
                s.given, max_batch_size=w.max_batch_size, max_wait_ms=w.max_wait_ms, workers=w.workers,
                host_ms=w.host_ms, network_ms=s.network_ms, formation=s.formation, n_requests=REQUESTS,
                replications=REPLICATIONS, seed=s.seed + 1000, **way,
            ).points.iloc[0]  # fmt: skip
        return self.rows[load]

    def interval(self, load: float, column: str | None = None) -> tuple[float, float]:
        """Return the 95 % interval of the percentile of the limit, ms; (inf, inf) beyond capacity."""
        row = self.at(load)
        if row["status"] == "saturated":
            return math.inf, math.inf
        name = column or f"latency_{self.whatif.percentile}_ms"
        return float(row[f"{name}_lo"]), float(row[f"{name}_hi"])

    def breaks(self, load: float) -> bool:
        """Whether the limit is surely broken."""
        return self.interval(load)[0] > self.whatif.limit_ms * (1 + 1e-9)

    def keeps(self, load: float) -> bool:
        """Whether the limit is surely kept."""
        return self.interval(load)[1] < self.whatif.limit_ms * (1 - 1e-9)


# --- statements -----------------------------------------------------------------------------------------------------
def contradictions(page: Shown, whatif: WhatIf, random: Random) -> Iterator[tuple[str, bool]]:
    """Yield each statement that was checked, and whether it is contradicted."""
    truth = Truth(whatif)
    name, now = whatif.percentile, float(whatif.clients if whatif.loop == "closed" else whatif.request_rate)
    saturated = page["standing"].startswith("Saturated")
    if saturated:
        yield "saturated", truth.at(now)["status"] != "saturated"
    else:
        low, high = page.band(name)
        lo, hi = truth.interval(now)
        yield (
            f"{name} {low:.4g} to {high:.4g} here, long {lo:.4g} to {hi:.4g}",
            (hi < low * (1 - ROUNDED) or lo > high * (1 + ROUNDED)),
        )
        value = page.milliseconds(name)
        yield f"{value} in its band", not low * (1 - ROUNDED) <= value <= high * (1 + ROUNDED)
        yield "number in the sentence", f"{name} {page[name]}" not in page["sentence"]
    for row in ("turns_up", "bears", "devices"):
        yield f"{row} in the sentence", page[row] not in page["sentence"]
    kept, unclear = told_loads(page["bears"])
    yield from of_the_limit(page, truth, kept, unclear, (now, saturated), random)
    yield from of_headroom(page["bears"], truth, kept, now)
    yield from of_servers(page["devices"], truth)
    yield from of_the_knee(page["turns_up"], truth)


def told_loads(text: str) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Return the loads that keep the limit, and those that are too close to call."""
    kept_text, _, unclear_text = text.partition("too close to call ")
    kept_text, unclear_text = kept_text.split(". ")[0], unclear_text.split(". ")[0]
    return intervals(kept_text.partition(" is kept ")[2]), intervals(unclear_text)


def of_the_limit(
    page: Shown,
    truth: Truth,
    kept: list[tuple[float, float]],
    unclear: list[tuple[float, float]],
    here: tuple[float, bool],
    random: Random,
) -> Iterator[tuple[str, bool]]:
    closed, limit, (now, saturated) = truth.whatif.loop == "closed", truth.whatif.limit_ms, here
    text = page["bears"]
    for low, high in kept:
        between = [low + (high - low) * random.random() for _ in range(4)]
        if low == 0.0:
            between += [high * 10 ** random.uniform(-3, -1), high * 0.01]
        loads = {low or high, high, *between}
        for load in sorted({max(1.0, round(one)) for one in loads} if closed else loads):
            yield f"{load:.4g} keeps {limit}: long {truth.interval(load)}", truth.breaks(load)
    if "in places" not in text and "more intervals" not in text:
        spans = [*kept, *unclear]
        top = 0.9 * capacity_of(truth.whatif) if not closed else 2.0 * truth.whatif.clients
        for _ in range(4):
            load = top * random.uniform(0.02, 1.0)
            load = float(max(1, round(load))) if closed else load
            if not any(low * (1 - ROUNDED) <= load <= high * (1 + ROUNDED) for low, high in spans):
                yield f"{load:.4g} breaks {limit}: long {truth.interval(load)}", truth.keeps(load)
    if not saturated and "more intervals" not in text:
        low, high = page.band(truth.whatif.percentile)
        inside = any(a * (1 - ROUNDED) <= now <= b * (1 + ROUNDED) for a, b in kept)
        yield "kept here as the band says", high < limit * (1 - ROUNDED) and not inside and not math.isinf(high)
        yield "broken here as the band says", low > limit * (1 + ROUNDED) and any(a < now < b for a, b in kept)


def capacity_of(whatif: WhatIf) -> float:
    """Return the requests a second that all workers complete in full batches."""
    size, workers = whatif.max_batch_size, whatif.workers
    full = whatif.service.costs.table(size, workers).mean_ms(size, workers)
    return 1e3 * workers * size / (full + whatif.host_ms)


def of_headroom(text: str, truth: Truth, kept: list[tuple[float, float]], now: float) -> Iterator[tuple[str, bool]]:
    if not kept:
        return
    sign = {"more": 1, "less": -1}
    for number, unit, way in re.findall(rf"{NUMBER} (%|clients?) (more|less)", text):
        step = float(number) * (now / 100 if unit == "%" else 1.0)
        load = now + sign[way] * step
        yield f"{number} {unit} {way}: long {truth.interval(load)}", truth.breaks(load)


def of_servers(text: str, truth: Truth) -> Iterator[tuple[str, bool]]:
    closed, needed = truth.whatif.loop == "closed", truth.whatif.needed
    if found := re.search(rf"take {NUMBER} such servers?.*?, with {NUMBER} (?:req|cl)", text):
        servers, each = float(found[1]), float(found[2])
        load = each if closed else needed / servers
        yield f"{servers:.0f} servers: long {truth.interval(load)}", truth.breaks(load)
        if closed:
            most = truth.interval(load, "throughput_rps")[1]
            yield f"{servers:.0f} servers of {each:.0f} clients give {needed}", servers * most < needed * (1 - 1e-3)
        else:
            yield "what each gets", abs(each / load - 1) > ROUNDED
        perhaps = re.search(rf"perhaps {NUMBER}", text)
        fewest = float(perhaps[1]) if perhaps else servers
        if not closed and fewest > 1:
            fewer = needed / (fewest - 1)
            yield f"{fewest - 1:.0f} servers do not: long {truth.interval(fewer)}", truth.keeps(fewer)
    elif "no number of such servers keeps" in text and not closed:
        ideal = needed / capacity_of(truth.whatif)
        for servers in {max(1, math.ceil(ideal * factor)) for factor in (1.0, 1.1, 1.5, 3.0)}:
            yield f"{servers} servers do not: long {truth.interval(needed / servers)}", truth.keeps(needed / servers)


def of_the_knee(text: str, truth: Truth) -> Iterator[tuple[str, bool]]:
    closed = truth.whatif.loop == "closed"

    def power(load: float, ends: Callable[[tuple[float, float]], float]) -> float:
        row = truth.at(load)
        return 0.0 if row["status"] == "saturated" else float(row["throughput_rps"]) / ends(truth.interval(load))

    top = 0.9 * capacity_of(truth.whatif) if not closed else 2.0 * truth.whatif.clients
    if found := re.search(rf"turns up at {NUMBER} (?:req|cl)\S*(?: \({NUMBER} to {NUMBER}\))?", text):
        at = float(found[1])
        low, high = (float(found[2]), float(found[3])) if found[2] else (at, at)
    elif found := re.search(rf"does not turn up before {NUMBER}", text):
        at = low = high = float(found[1])
    else:
        return
    best = power(at, lambda ends: ends[0])
    for share in (0.25, 0.5, 0.75, 1.0):
        load = float(max(1, round(top * share))) if closed else top * share
        if not low * (1 - ROUNDED) <= load <= high * (1 + ROUNDED) and (load < high or "does not" not in text):
            yield f"turns up at {at:.4g}, not at {load:.4g}", power(load, lambda ends: ends[1]) > best * (1 + ROUNDED)


def main() -> int:
    """Check all settings, print what was contradicted, and say whether the target is met."""
    parser = argparse.ArgumentParser(description="What the what-if page states, held against long simulations.")
    parser.add_argument("--settings", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="seed of the first setting")
    given = parser.parse_args()
    checked, wrong, loops, started = 0, [], {"open": 0, "closed": 0}, time.monotonic()
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        for seed in range(given.first, given.first + given.settings):
            told, whatif = setting(seed)
            loops[whatif.loop] += 1
            with fresh_page(browser) as page:
                texts = shown(page, whatif.save(Path(temporary) / "what-if.html"))
            for statement, is_wrong in contradictions(texts, whatif, Random(seed)):  # noqa: S311
                checked += 1
                if is_wrong:
                    wrong.append(f"{told}\n    {statement}\n    {texts['sentence']}")
                    print(wrong[-1], flush=True)
        browser.close()
    settings = ", ".join(f"{n} {name}" for name, n in loops.items())
    print(f"{given.settings} settings ({settings}), {checked} statements checked in {time.monotonic() - started:.0f} s")
    print(f"contradicted: {len(wrong)} (target 0): {'met' if not wrong else 'missed'}")
    return 0 if not wrong else 1


CHROMIUM = find()

if __name__ == "__main__":
    sys.exit(main())
