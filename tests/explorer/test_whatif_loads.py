"""Which loads keep a limit, how many servers a load takes, what a band holds: by brute force, in the browser."""

import math

import numpy as np
import pytest
from playwright.sync_api import Page

from tradeoff.explorer.assets import _folder, join_modules

RNG = np.random.default_rng(11)


@pytest.fixture
def script(page: Page):
    def run(module: str, text: str, *given):
        page.goto("about:blank")
        page.add_script_tag(content=join_modules(_folder("js"), module))
        return page.evaluate(text, list(given))

    return run


def curve(verdicts, loads=None):
    """A curve with a limit of 10: kept (8 to 9), open (9 to 11), broken (11 to 12)."""
    bands = {"k": (8.0, 8.5, 9.0), "o": (9.0, 10.0, 11.0), "b": (11.0, 11.5, 12.0)}
    points = []
    for at, verdict in enumerate(verdicts):
        lo, value, hi = bands[verdict]
        load = float(at + 1) if loads is None else loads[at]
        throughput = {"value": load, "lo": load, "hi": load}
        p99 = {"lo": lo, "value": value, "hi": hi}
        points.append({"load": load, "status": "ok", "p99": p99, "throughput": throughput})
    return points


FEASIBLE = """([curve]) => {
  const told = (runs) => runs.map(({ from, to, below, above }) => [from.load, to.load, below, above]);
  const { kept, possible } = feasible(curve, "p99", 10);
  return [told(kept), told(possible)];
}"""


def test_intervals_lie_between_loads_that_were_looked_at(script):
    kept, possible = script("feasible.js", FEASIBLE, curve("bokkobkb"))
    assert kept == [[3, 4, 1, 6], [7, 7, 6, 8]]
    assert possible == [[2, 5, 1, 6], [7, 7, 6, 8]]
    assert script("feasible.js", FEASIBLE, curve("bbb")) == [[], []]
    assert script("feasible.js", FEASIBLE, curve("kk")) == [[[1, 2, None, None]]] * 2


def test_a_load_without_a_number_or_an_upper_end_does_not_keep_a_limit(script):
    points = curve("kkk")
    points[1]["p99"]["isOpen"] = True
    points[2] = {"load": 3.0, "status": "saturated"}
    kept, possible = script("feasible.js", FEASIBLE, points)
    assert kept == [[1, 1, None, 3]]
    assert possible == [[1, 2, None, 3]]


DEVICES = """([curve, needs, isClosed, reachesNone]) => {
  const loads = feasible(curve, "p99", 10);
  return needs.map((needed) => devicesFor(needed, loads, curve, { isClosed, reachesNone }));
}"""


@pytest.mark.parametrize("reaches_none", [False, True])
def test_servers_are_the_fewest_whose_share_keeps_the_limit(script, reaches_none):
    for _ in range(8):
        verdicts = "".join(RNG.choice(list("kkob"), 12))
        loads = np.sort(RNG.uniform(1, 100, 12)).tolist()
        needs = RNG.uniform(1, 2000, 20).tolist()
        points = curve(verdicts, loads)
        kept, _ = script("feasible.js", FEASIBLE, points)
        found = script("forecast.js", DEVICES, points, needs, False, reaches_none)
        starts = [0.0 if reaches_none and low == loads[0] else low for low, *_ in kept]
        ends = [(start, high) for start, (_, high, *_) in zip(starts, kept, strict=True)]
        for needed, told in zip(needs, found, strict=True):
            fits = [n for n in range(1, 2500) if any(low <= needed / n <= high for low, high in ends)]
            assert told["value"] == (fits[0] if fits else None), (verdicts, loads, needed)
            if fits:
                assert told["each"] == pytest.approx(needed / fits[0])
            assert told["perhaps"] is None or not fits or told["perhaps"] < fits[0]


def test_clients_are_whole_and_the_most_that_they_complete_counts(script):
    points = curve("kkkb")
    for point, throughput in zip(points, (100.0, 180.0, 150.0, 400.0), strict=True):
        point["throughput"] = {"value": throughput, "lo": throughput, "hi": throughput}
    (found,) = script("forecast.js", DEVICES, points, [1000.0], True, True)
    assert found == {"value": 6, "each": 2, "perhaps": None}


def test_what_is_read_lies_in_the_interval(script):
    pairs = [sorted(10 ** RNG.uniform(-3, 7) * RNG.uniform(1, 1 + 10 ** RNG.uniform(-4, 1), 2)) for _ in range(300)]
    told = script("format.js", "([pairs]) => pairs.map(([low, high]) => inward(low, high))", [list(p) for p in pairs])
    for (low, high), texts in zip(pairs, told, strict=True):
        a, b = (float(text.replace("\u202f", "")) for text in texts)
        assert low * (1 - 1e-11) <= a <= b <= high * (1 + 1e-11), (low, high, texts)


POOL = """(many) => many.map((replications) => {
  const pool = createPool();
  pool.empty(replications.flat().length);
  for (const one of replications) pool.add(Float64Array.from(one));
  return pool.percentiles();
})"""


def test_a_band_holds_the_percentile_and_is_made_of_latencies(script):
    truth = [-math.log(1 - p) for p in (0.5, 0.9, 0.95, 0.99)]
    held = []
    draws_of_all = RNG.exponential(1.0, (30, 12, 400)) * np.exp(RNG.normal(0, 0.02, (30, 12, 1)))  # they differ as such
    for draws, found in zip(draws_of_all, script("pool.js", POOL, *draws_of_all.tolist()), strict=True):
        everything = np.sort(draws.ravel())
        for p, one, value in zip((0.5, 0.9, 0.95, 0.99), found, truth, strict=False):
            assert one["value"] == everything[math.ceil(everything.size * p - 1e-9) - 1]
            assert {one["lo"], one["hi"]} <= set(everything.tolist())
            held.append(one["lo"] <= value <= one["hi"])
    assert np.mean(held) > 0.97  # of 120, at 99.9 %


def test_a_band_reaches_over_a_gap_where_the_share_of_slow_requests_is_not_known(script):
    """A hundredth of the requests is slow, more in some replications: p99 may be fast or slow."""
    draws = [[1.0] * (990 - extra) + [100.0] * (10 + extra) for extra in (-6, -3, -2, 0, 1, 2, 4, -5, 6, 3, -1, 0)]
    ((p50, _, _, p99, _),) = script("pool.js", POOL, draws)
    assert (p50["lo"], p50["value"], p50["hi"]) == (1.0, 1.0, 1.0)
    assert (p99["lo"], p99["hi"]) == (1.0, 100.0)
    assert p99["isOpen"] is False
    ((*_, p99, _),) = script("pool.js", POOL, [[1.0] * 100] * 11 + [[1.0] * 80 + list(range(2, 22))])
    assert p99["isOpen"] is True


SENTENCE = """([status]) => {
  const policy = { max_batch_size: 8, max_wait_ms: 0, workers: 1, host_ms: 0, think_ms: 0 };
  const asked = { limit_ms: null, needed: null, percentile: "p99" };
  const settings = { loop: "open", request_rate: 5, ...policy, ...asked };
  const result = { settings, here: { load: 5, status }, capacity: 4, curve: [], isRefined: true };
  const readouts = createWhatIfReadouts({ percentiles: ["p50", "p99"] });
  readouts.show(result);
  return [whatIfSentence(result, { turns: null }), readouts.element.textContent];
}"""


def test_a_run_that_was_too_short_is_not_called_saturated(script):
    sentence, readouts = script("whatif_words.js", SENTENCE, "too short")
    assert "too short: none of its requests was served" in sentence
    assert "none served" in readouts
    assert not any(word in sentence + readouts for word in ("aturated", "capacity", "100"))
    sentence, readouts = script("whatif_words.js", SENTENCE, "saturated")
    assert "Saturated: 5.00 requests/s are asked for and full batches serve 4.00 requests/s at most" in sentence
    assert "beyond capacity" in readouts
