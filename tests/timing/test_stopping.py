from __future__ import annotations

import itertools

import numpy as np

from tradeoff.stats.quantiles import quantile_with_interval
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
    assert steady.missing() == []
    assert not wide.look(random.exponential(1e6, 1000))
    assert "p50 is known to" in " ".join(wide.missing())


def test_a_narrow_run_whose_parts_differ_does_not_stop() -> None:
    random = np.random.default_rng(3)
    series = 1e6 * (1 + 0.02 * random.standard_normal(6000))
    later = series.copy()
    later[3600:] *= 1.004  # too little for any interval to be wide
    assert StopRule(TOLERANCES).look(series)
    rule = StopRule(TOLERANCES)
    assert not rule.look(later)
    assert all(rule.widths[name] <= tolerance for name, tolerance in TOLERANCES.items())
    assert rule.missing() == ["its parts differ in how many calls are slow"]


def test_a_row_speaks_for_what_came_back_fifty_times() -> None:
    assert time_scale_s(10.0) == 0.2


def test_too_few_samples_never_stop() -> None:
    rule = StopRule(TOLERANCES)
    assert not rule.look(np.full(50, 7))
    assert "p99 is without an interval, not 5 %" in rule.missing()


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
