"""The highest rate under a limit is bracketed, whatever the noise, and nobody says what the server can do."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tradeoff.objective import Objective
from tradeoff.search.load import MOST_RATES, Bracket

LIMITS = Objective.parse("maximize throughput subject to p99 <= 20 ms").constraints
CAPACITY = 1000.0
TRUTH = CAPACITY * (1.0 - 4.0 / 20.0)
"""A queue whose p99 is 4 ms / (1 - rate / capacity) reaches 20 ms at 80 % of its capacity."""


def server(noise=0.0, *, seed=0, asked=None, **more):
    random = np.random.default_rng(seed)

    def ask(rate, number):
        if asked is not None:
            asked.append(rate)
        if rate >= CAPACITY:
            return {"status": "saturated", "n": 500, "request_rate_rps": rate, "reason": "the queue grows"}
        p99 = 4.0 / (1.0 - rate / CAPACITY) * math.exp(noise * random.standard_normal())
        half = math.exp(1.96 * noise)
        return {
            "status": "budget", "n": 500, "n_errors": 0, "n_rejected": 0, "request_rate_rps": rate,
            "throughput_rps": rate, "latency_p99_ms": p99, "latency_p99_ms_lo": p99 / half,
            "latency_p99_ms_hi": p99 * half, **more,
        }  # fmt: skip

    return ask


def bracket(ask, lo=10.0, hi=50_000.0, **more):
    found = Bracket(ask, LIMITS, lo, hi, **more)
    found.run()
    return found


def test_without_noise_it_is_bisection():
    found = bracket(server(asked=(asked := [])), tolerance=0.02)
    assert found.kept_to <= TRUTH <= found.missed_from <= 1.02 * found.kept_to
    assert found.estimate() == pytest.approx(TRUTH, rel=0.02)
    assert len(asked) < 20
    assert max(asked) <= 2 * CAPACITY, "never far beyond what it turned out to bear"


def test_with_noise_the_truth_is_inside_and_open_rates_are_asked_again():
    inside = 0
    for seed in range(40):
        found = bracket(server(0.1, seed=seed))
        inside += found.kept_to <= TRUTH <= found.missed_from
        assert all(len(found.rows[rate]) == found.runs for rate, kept in found.found.items() if kept == "open")
        assert found.missed_from < 2.0 * found.kept_to
    assert inside >= 36


def test_a_range_that_keeps_everywhere_has_no_upper_end():
    found = bracket(server(), hi=300.0)
    assert (found.kept_to, found.missed_from, found.estimate()) == (300.0, math.inf, 300.0)


def test_a_range_that_misses_everywhere_is_one_look():
    found = bracket(server(asked=(asked := [])), lo=900.0)
    assert (found.kept_to, found.missed_from, found.estimate()) == (0.0, 900.0, 0.0)
    assert asked == [900.0]


def test_rows_without_any_interval_are_asked_three_times_before_anything_is_said():
    nothing = {"latency_p99_ms_lo": math.nan, "latency_p99_ms_hi": math.nan}
    found = bracket(server(0.01, **nothing), hi=20.0)
    assert {len(rows) for rows in found.rows.values()} == {3}


def test_a_percentile_that_no_run_is_long_enough_for_stays_open():
    nothing = dict.fromkeys(("latency_p99_ms", "latency_p99_ms_lo", "latency_p99_ms_hi"), math.nan)
    found = bracket(server(**nothing), hi=100.0)
    assert set(found.found.values()) == {"open"}
    assert math.isnan(found.estimate())


def test_a_load_that_loses_requests_is_missed():
    found = bracket(server(n_errors=10), hi=100.0)
    assert found.missed_from == 10.0


def test_being_stopped_leaves_what_is_known():
    ask = server(asked=(asked := []))
    found = bracket(lambda rate, number: ask(rate, number) if len(asked) < 4 else None)
    assert found.is_stopped
    assert sorted(found.found) == [10.0, 20.0, 40.0, 80.0]
    assert found.kept_to == 80.0


def test_however_noisy_it_ends():
    found = bracket(server(3.0))
    assert len(found.found) <= MOST_RATES
