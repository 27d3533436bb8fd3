import math

import pytest

from tests.compare.runs import LIMIT, failed, grid, slower
from tradeoff.compare.changes import changes_of
from tradeoff.compare.limits import crossings
from tradeoff.compare.machine import machine_of
from tradeoff.objective import Objective

METRICS = ["throughput_rps", "latency_p99_ms"]


def one(p99, *, low=None, high=None, **more):
    points = grid(sizes=(1,), concurrencies=(1,), **more)
    return points.assign(latency_p99_ms=p99, latency_p99_ms_lo=low or p99, latency_p99_ms_hi=high or p99)


def crossed(before, after, objective=LIMIT):
    changes, machine = changes_of(before, after, METRICS), machine_of(before, after)
    return crossings(before, after, Objective.parse(objective), changes, machine)


@pytest.mark.parametrize(
    ("points", "met"),
    [
        (one(9.0), "yes"),
        (one(10.0), "yes"),
        (one(11.0), "no"),
        (one(9.0, low=8.0, high=11.0), "open"),
        (one(11.0, low=9.0, high=12.0), "open"),
        (one(9.0, low=8.0, high=math.nan), "open"),
        (one(12.0, low=11.0, high=math.nan), "no"),
        (one(math.nan), "open"),
        (failed(one(1.0), [0]), "no"),
        (failed(one(1.0), [0], status="saturated"), "no"),
        (one(1.0, status="unstable"), "yes"),
    ],
)
def test_a_point_meets_a_limit_misses_it_or_it_cannot_be_told(points, met):
    assert crossed(points, points).before.tolist() == [met]


@pytest.mark.parametrize(
    ("before", "after", "lost", "gained", "unclear"),
    [
        (one(9.0), one(11.0), True, False, False),
        (one(11.0), one(9.0), False, True, False),
        (one(9.0), failed(one(1.0), [0]), True, False, False),
        (one(9.0), one(math.nan), False, False, True),
        (one(math.nan), one(11.0), False, False, False),
        (one(9.0, low=8.0, high=11.0), one(12.0), False, False, False),
    ],
)
def test_only_what_is_sure_on_both_sides_has_crossed(before, after, lost, gained, unclear):
    found = crossed(before, after)
    assert [found.lost.tolist(), found.gained.tolist(), found.open_after.tolist()] == [[lost], [gained], [unclear]]
    assert not found.by_clock.any()


def test_every_limit_must_be_met_and_one_that_is_missed_is_enough():
    both = f"{LIMIT} and throughput >= 500/s"
    assert crossed(one(9.0), one(9.0, throughput=0.1), both).lost.tolist() == [True]
    assert crossed(one(9.0), one(math.nan, throughput=0.1), both).after.tolist() == ["no"]


def test_a_limit_that_is_crossed_in_time_only_is_crossed_by_the_clock():
    before = one(9.0, sm_clock_mhz=1500.0)
    after = slower(before, 1.25).assign(sm_clock_mhz=1200.0)
    assert crossed(before, after).by_clock.tolist() == [True]
    assert crossed(after, before).by_clock.tolist() == [True]
    assert crossed(before, after.assign(sm_clock_mhz=1400.0)).by_clock.tolist() == [False]
    assert crossed(before, failed(after, [0])).by_clock.tolist() == [False]
