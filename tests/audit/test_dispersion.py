"""What chance may keep away, against counts of simulated arrivals."""

import numpy as np
import pytest

from tests.audit.points import OPEN, findings, of
from tradeoff.audit.dispersion import missing_by_chance
from tradeoff.audit.rows import Rows
from tradeoff.frames import make_points
from tradeoff.serving.loads import MMPP, Constant, Gamma, Poisson

LOADS = [
    Poisson(),
    Constant(),
    Gamma(0.25),
    MMPP([50, 400], [1, 1]),
    MMPP([10, 200, 900], [2, 1, 0.5]),
]


def allowed(load, n, rate):
    row = OPEN | {"load": load.name, "load_detail": getattr(load, "detail", None), "request_rate_rps": rate}
    share, unstated = missing_by_chance(Rows(make_points([row])), np.array([n]), np.array([rate]))
    assert not unstated[0]
    return share[0]


@pytest.mark.parametrize("load", LOADS, ids=lambda each: each.name)
def test_three_standard_deviations_of_the_count(load):
    rate = load.own_rate_rps or 1e3
    window_s = 2000 / rate
    counts = []
    for seed in range(200):
        times = load.arrivals_ms(12_000, np.random.default_rng(seed)) / 1e3
        at = times[3] + 0.5 * (times[-1] - times[3] - window_s)
        counts.append(np.sum((times >= at) & (times < at + window_s)))
    expected = 3 * np.std(counts) / 2000
    assert allowed(load, 2000.0, rate) == pytest.approx(max(expected, 1 / 2000), rel=0.25)


def test_a_bursty_load_is_granted_its_bursts_and_no_more():
    short = {"throughput_rps": 800.0, "n": 16_000}
    assert len(of(findings(OPEN, **short), "achieved_rate")) == 1
    mmpp = {"load": "mmpp", "load_detail": "rates 100, 1900 requests/s, for 1, 1 s"}
    assert of(findings(OPEN, **short, **mmpp), "achieved_rate").empty
    quick = mmpp | {"load_detail": "rates 900, 1100 requests/s, for 0.01, 0.01 s"}
    assert of(findings(OPEN, **short, **quick), "achieved_rate")["severity"].tolist() == ["error"]
    assert of(findings(OPEN, **short, load="gamma"), "achieved_rate").empty
    far = {"throughput_rps": 300.0, "n": 6_000, "load": "gamma"}
    assert of(findings(OPEN, **far), "achieved_rate")["severity"].tolist() == ["warning"]
    assert of(findings(OPEN, **far | {"load_detail": "shape 0.5"}), "achieved_rate")["severity"].tolist() == ["error"]


@pytest.mark.parametrize("detail", ["rates , requests/s, for  s", "shape x", "rates 1, 2 requests/s, for 0, 0 s", "?"])
def test_any_detail_has_an_answer(detail):
    for load in ("mmpp", "gamma"):
        assert findings(OPEN, load=load, load_detail=detail) is not None
