"""The same code beside other load is neither better nor worse; what goes the other way counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.compare.runs import LIMIT, grid, scaled, slower
from tradeoff.compare import compare
from tradeoff.compare.machine import machine_of

TURNED = {"better": "worse", "worse": "better", "mixed": "mixed", "not_separable": "not_separable"}


def told(points: pd.DataFrame, *flags: str, cpu: float = 80.0, foreign: float = 0.0, **more: object) -> pd.DataFrame:
    """Points that know their cores: flags, processor time per request, what others took."""
    columns = {"cpu_us_per_request": cpu, "foreign_load": foreign, **more}
    return points.assign(flags=[list(flags)] * len(points), **columns)


QUIET = told(grid())
BUSY = told(slower(grid(), 4.0), "machine_busy", foreign=0.48)


def test_on_quiet_machines_a_change_is_a_change():
    assert compare(QUIET, told(slower(grid(), 4.0), cpu=320.0), LIMIT).verdict == "worse"
    assert compare(told(slower(grid(), 4.0), cpu=320.0), QUIET, LIMIT).verdict == "better"


def test_calls_that_wait_on_a_quiet_machine_are_the_codes_doing():
    """A lock or a sleep that somebody added costs no processor time, and cores are free meanwhile."""
    assert compare(QUIET, told(slower(grid(), 4.0)), LIMIT).verdict == "worse"


def test_slower_beside_other_load_is_not_worse():
    found = compare(QUIET, BUSY, LIMIT)
    assert found.verdict == "not_separable"
    assert found.sentence().startswith("not separable on a busy machine: throughput −75 %")
    text = str(found)
    assert (
        "The machine was busy at 15 of 15 points after: other processes took 48 % of the cores' time at worst." in text
    )
    assert "measure both sides again on a quiet one" in text
    assert "Processor time per request changed by ±0.0 %" in text
    assert found.table["busy_after"].all()
    assert not found.table["busy_before"].any()


def test_faster_than_beside_other_load_is_not_better():
    assert compare(BUSY, QUIET, LIMIT).verdict == "not_separable"


def test_what_goes_the_other_way_counts():
    faster = told(slower(grid(), 0.25), "machine_busy", foreign=0.48)
    assert compare(QUIET, faster, LIMIT).verdict == "better"
    assert compare(faster, QUIET, LIMIT).verdict == "worse"


def test_between_two_busy_sides_nothing_can_be_told():
    for factor in (0.75, 1.5, 4.0):
        other = told(slower(grid(), factor), "machine_busy", foreign=0.3)
        assert compare(BUSY, other, LIMIT).verdict == "not_separable"


@pytest.mark.parametrize("flag", ["machine_busy", "cpu_stolen", "quota_throttled"])
def test_whatever_took_the_cores(flag):
    assert compare(QUIET, told(slower(grid(), 4.0), flag), LIMIT).verdict == "not_separable"


def test_the_pairs_that_were_quiet_decide():
    after = slower(grid(), 4.0)
    flags = [["machine_busy"] if row % 3 == 0 else [] for row in range(len(after))]
    found = compare(QUIET, told(after, cpu=320.0).assign(flags=flags), LIMIT)
    assert found.verdict == "worse"
    few = grid().assign(flags=[[] for _ in range(len(after))])
    slow_where_busy = after.where(pd.Series([bool(flag) for flag in flags]), grid()).assign(flags=flags)
    assert compare(few, slow_where_busy, LIMIT).verdict == "not_separable"


@pytest.mark.parametrize(
    ("disturbed", "verdict"),
    [(0.1, "worse"), (0.4, "worse"), (0.6, "not_separable"), (1.0, "not_separable"), (0.0, "not_separable")],
)
def test_a_rate_that_fell_by_more_than_the_disturbed_time_could_cost_fell(disturbed, verdict):
    """Half the throughput, and no tail to judge: a tenth of the time beside other load cannot have cost half of it."""
    asked = "maximize throughput"
    half = told(scaled(grid(), throughput_rps=0.5), "machine_busy", foreign=0.05, disturbed=disturbed)
    assert compare(QUIET, half, asked).verdict == verdict
    assert compare(half, QUIET, asked).verdict == TURNED[verdict]
    assert compare(QUIET, half.drop(columns="disturbed"), asked).verdict == "not_separable"


def test_limits_that_are_missed_on_a_busy_machine_do_not_count():
    found = compare(QUIET, told(scaled(grid(), latency_p99_ms=9.0), "machine_busy", foreign=0.5), LIMIT)
    assert found.verdict == "not_separable"
    assert found.lost
    assert "on a busy machine" in found.sentence()


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_swapping_the_sides_turns_it_round(factor):
    for flags in ([], ["machine_busy"]):
        other = told(slower(grid(), factor), *flags)
        assert TURNED[compare(QUIET, other, LIMIT).verdict] == compare(other, QUIET, LIMIT).verdict


def test_points_that_one_side_alone_has_do_not_count_on_a_busy_machine():
    found = compare(told(grid(sizes=(1, 2))), told(slower(grid(sizes=(4, 8)), 9.0), "machine_busy"), LIMIT)
    assert found.verdict == "not_separable"


def test_where_nobody_knows_the_load_processor_time_has_a_say():
    unknown = told(slower(grid(), 4.0), "host_load_unknown", foreign=np.nan)
    assert compare(QUIET, unknown, LIMIT).verdict == "not_separable"
    assert compare(unknown, QUIET, LIMIT).verdict == "not_separable"
    assert compare(QUIET, unknown.assign(cpu_us_per_request=320.0), LIMIT).verdict == "worse"


def test_old_runs_are_neither_busy_nor_clean():
    """They lack the columns, and what was said of them is said as ever."""
    assert compare(grid(), slower(grid(), 4.0), LIMIT).verdict == "worse"
    bare = grid().drop(columns=["flags", "cpu_us_per_request", "foreign_load", "replicates"])
    assert compare(bare, slower(bare, 4.0), LIMIT).verdict == "worse"
    marks = machine_of(bare, bare)
    assert not marks.better.any()
    assert not marks.worse.any()


def test_the_spread_between_runs_is_said_to_be_unknown():
    single, several = grid(replicates=1), grid(replicates=5)
    found = compare(single, single, LIMIT)
    assert found.sentence().endswith("; run-to-run spread unknown (replicates=1).")
    assert any("replicates" in note for note in found.notes)
    assert compare(several, single, LIMIT).sentence().endswith("; run-to-run spread unknown after (replicates=1).")
    assert "run-to-run" not in str(compare(several, several, LIMIT))
    assert "run-to-run" not in str(compare(grid(), grid(), LIMIT))  # who measured, and how often, is not stated
    assert "run-to-run" in str(compare(grid(source="tradeoff"), several, LIMIT))
