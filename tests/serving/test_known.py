"""How well p99 of a served run is known, in words: what it says follows from the interval."""

from __future__ import annotations

import math

import pytest

from tradeoff.frames import FLAGS
from tradeoff.serving.known import how_known


def row(low=9.0, high=11.0, *, n=1000, p99=10.0, tau=1.0):
    return {
        "n": n, "duration_s": 4.5, "latency_p99_ms": p99, "latency_p99_ms_lo": low, "latency_p99_ms_hi": high,
        "tau_p99": tau,
    }  # fmt: skip


def test_a_narrow_interval_is_enough():
    assert how_known(row(9.6, 10.4), is_short=False) == "p99 is known to within 4 %, from 1\u202f000 requests in 4.50 s"


@pytest.mark.parametrize(("is_short", "asked"), [(False, "duration_s=20"), (True, "n_requests=4400")])
def test_half_the_width_takes_four_times_the_requests_and_a_tenth_is_not_counted(is_short, asked):
    said = how_known(row(9.0, 11.0), is_short=is_short)
    assert said == (
        "p99 is known to within 10 % only, from 1\u202f000 requests in 4.50 s; to know it to within 5 % takes some "
        f"4\u202f000 requests ({asked})"
    )


@pytest.mark.parametrize(("tau", "needed"), [(1.0, "370"), (10.0, "3\u202f700")])
def test_without_an_upper_end_it_takes_enough_that_are_independent(tau, needed):
    said = how_known(row(high=math.nan, n=200, tau=tau), is_short=False)
    assert "200 requests in 4.50 s are too few for an upper end to the interval of p99" in said
    assert f"it takes some {needed} requests" in said
    assert "too few for a p99;" in how_known(row(math.nan, math.nan, p99=math.nan, n=20), is_short=False)


def test_what_nobody_can_ask_for_is_not_asked_for():
    assert "more than ten million requests" in how_known(row(1.0, 1e5), is_short=False)


def test_no_remedy_of_a_flag_that_served_rows_carry_names_a_budget_alone():
    for name in ("too_few_samples", "heavy_tail"):
        assert "duration_s" in FLAGS[name].remedy
        assert "n_requests" in FLAGS[name].remedy
