from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from tradeoff.frames.columns import PERCENTILES
from tradeoff.stats.quantiles import Quantile, percentiles, quantile_with_interval
from tradeoff.timing.stopping import FIRST_LOOK, MIN_MEASURED_NS, StopRule, is_bounded, time_scale_s

TOLERANCES = {"p50": 0.01, "p95": 0.025, "p99": 0.05}


def test_looks_come_on_a_geometric_schedule() -> None:
    rule = StopRule(TOLERANCES)
    looks = []
    series = np.random.default_rng(1).exponential(1.0, 30_000)
    for n in range(1, 30_000, 7):
        if rule.is_due(n=n, measured_ns=MIN_MEASURED_NS):
            looks.append(n)
            rule.look(series[:n])
    assert looks[0] - FIRST_LOOK < 7
    assert all(1.4 < b / a < 1.6 for a, b in itertools.pairwise(looks))


def test_a_fast_call_is_not_judged_from_a_moment() -> None:
    rule = StopRule(TOLERANCES)
    assert not rule.is_due(n=10**6, measured_ns=MIN_MEASURED_NS - 1)
    assert rule.is_due(n=FIRST_LOOK, measured_ns=MIN_MEASURED_NS)


def test_a_percentile_is_bounded_from_the_numbers_of_the_table() -> None:
    series = np.random.default_rng(4).permutation(368)
    assert is_bounded(series, ["p50", "p90", "p95", "p99"])
    assert not is_bounded(series[:367], ["p99"])
    assert is_bounded(series[:72], ["p50", "p90", "p95"])
    assert not is_bounded(series[:0], ["p50"])


def test_a_steady_series_stops_and_a_wide_one_does_not() -> None:
    random = np.random.default_rng(2)
    steady, wide = StopRule(TOLERANCES), StopRule(TOLERANCES)
    assert steady.look(1e6 + random.normal(0, 1e3, 1000))
    assert steady.missing({}) == []
    uneven = random.exponential(1e6, 1000)
    assert not wide.look(uneven)
    assert "p50 is known to" in " ".join(wide.missing(percentiles(uneven, PERCENTILES)))


def test_a_narrow_run_whose_parts_differ_does_not_stop() -> None:
    random = np.random.default_rng(3)
    series = 1e6 * (1 + 0.02 * random.standard_normal(6000))
    later = series.copy()
    later[3600:] *= 1.004  # too little for any interval to be wide
    assert StopRule(TOLERANCES).look(series)
    rule = StopRule(TOLERANCES)
    assert not rule.look(later)
    assert all(rule.widths[name] <= tolerance for name, tolerance in TOLERANCES.items())
    assert rule.missing({}) == ["its parts differ in how many calls are slow"]


def test_a_row_speaks_for_what_came_back_fifty_times() -> None:
    assert time_scale_s(10.0) == 0.2


def test_too_few_samples_never_stop() -> None:
    rule = StopRule(TOLERANCES)
    assert not rule.look(np.full(50, 7))
    said = rule.missing(percentiles(np.full(50, 7), PERCENTILES))
    assert "p99 is without an interval, not known to 5 %" in said


@pytest.mark.parametrize("n", [50, 120, 372, 460, 700, 5000])
@pytest.mark.parametrize("sigma", [0.01, 0.06, 0.5])
def test_what_is_missing_is_said_in_the_numbers_that_the_row_shows(n: int, sigma: float) -> None:
    series = np.random.default_rng(n).lognormal(0.0, sigma, n)
    shown = percentiles(series, PERCENTILES)
    rule = StopRule(TOLERANCES)
    rule.look(series)
    for said in rule.missing(shown):
        name = said.split()[0]
        found, tolerance = shown[name], TOLERANCES[name]
        assert ("without" in said) == math.isinf(found.relative_half_width), said
        assert ("an upper end" in said) == (math.isnan(found.hi) and not math.isnan(found.lo)), said
        if "without" not in said:
            assert float(said.split()[4]) == pytest.approx(100 * found.relative_half_width, rel=0.06)
            assert ("99 % confidence" in said) == (found.relative_half_width <= tolerance)
    assert len(rule.missing(shown)) == sum(rule.widths[name] > TOLERANCES[name] for name in TOLERANCES)


def test_widths_that_round_alike_are_told_apart() -> None:
    rule = StopRule({"p50": 0.05}, widths={"p50": 0.06})
    (said,) = rule.missing({"p50": Quantile(0.5, 100.0, 94.98, 105.0, 500, 1.0, "")})
    assert said == "p50 is known to 5.01 %, not 5 %"


def test_an_interval_wider_than_the_value_is_not_told_in_percent() -> None:
    rule = StopRule({"p99": 0.05}, widths={"p99": 1500.0})
    (said,) = rule.missing({"p99": Quantile(0.99, 1.0, 0.5, 3000.5, 500, 1.0, "")})
    assert said == "p99 is not known: its interval is 3\u202f000 times as wide as the value itself"


def test_stopping_early_keeps_the_intervals_honest() -> None:
    # Runs that stop cover the true p99 about as often as the plain 95 % says, whatever the look at which they did.
    truth = float(np.log(100.0)) + 10.0
    covered = stopped = 0
    for trial in range(300):
        random = np.random.default_rng(trial)
        series = random.exponential(1.0, 12_000) + 10.0
        rule = StopRule({"p99": 0.05})
        n = FIRST_LOOK
        while n <= 12_000 and not rule.look(series[:n]):
            n = int(n * 1.5)
        if n <= 12_000:
            stopped += 1
            found = quantile_with_interval(series[:n], 0.99)
            covered += found.lo <= truth <= found.hi
    assert stopped > 200
    assert covered / stopped >= 0.92
