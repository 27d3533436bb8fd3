"""Traces: whatever a log calls its times, the first request comes at once."""

from __future__ import annotations

import asyncio
import math
import warnings
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tradeoff
from tradeoff.arguments import ArgumentError
from tradeoff.serving.schedule import check_length
from tradeoff.serving.systems import systems
from tradeoff.serving.trace import Trace

RNG = np.random.default_rng(0)


def test_a_trace_is_what_it_was():
    trace = Trace([0.0, 0.5, 0.5, 2.0])
    assert trace.arrivals_ms(3, RNG).tolist() == [0.0, 500.0, 500.0]
    assert trace.own_rate_rps == pytest.approx(1.5)
    assert trace.lasts() == "4 requests in 2.00 s"
    assert math.isnan(Trace([1.0]).own_rate_rps)
    assert Trace([3.0, 3.0]).lasts() == "2 requests at once"
    with pytest.raises(ValueError, match="n=5: the trace has 4 requests"):
        trace.arrivals_ms(5, RNG)


@given(
    st.lists(st.floats(0, 100), min_size=1, max_size=20).map(sorted),
    st.sampled_from([0.0, -1e3, 1.7e9, 3e7]),
)
def test_only_distances_count(times, start):
    here, there = Trace(times), Trace([start + time for time in times])
    assert here.times_s[0] == there.times_s[0] == 0.0
    assert there.times_s == pytest.approx(here.times_s, abs=1e-6)


POINTS = pd.to_datetime(["2026-01-01 00:00:00", "2026-01-01 00:00:00.25", "2026-01-01 00:01:00"], format="ISO8601")


@pytest.mark.parametrize(
    "times",
    [
        POINTS,
        POINTS.tz_localize("Europe/Berlin"),
        pd.Series(POINTS, index=[7, 8, 9]),
        POINTS.to_numpy().astype("datetime64[ms]"),
        list(POINTS),
        [point.to_pydatetime() for point in POINTS.tz_localize("UTC")],
        POINTS - POINTS[0],
        [timedelta(seconds=5), timedelta(seconds=5.25), timedelta(seconds=65)],
        pd.Series([1, 1.25, 61], dtype="Float64"),
        iter([-60.0, -59.75, 0.0]),
    ],
    ids=lambda times: type(times).__name__,
)
def test_points_in_time_are_times_too(times):
    assert Trace(times).times_s.tolist() == [0.0, 0.25, 60.0]


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ([], "times_s must be one or more finite times"),
        (5.0, "in one row; got 5.0"),
        ([[1, 2], [3, 4]], "in one row"),
        ([0.0, 2.0, 1.0], r"ascending; times_s\[2\]=1.0 comes after times_s\[1\]=2.0: .* sorted by arrival"),
        ([0.0, math.nan], r"finite; times_s\[1\] is nan"),
        ([math.inf], r"finite; times_s\[0\] is inf"),
        ([POINTS[0], pd.NaT], r"finite; times_s\[1\] is NaT"),
        (POINTS[::-1], "ascending"),
        (["2026-01-01", "2026-01-02"], "pandas.to_datetime"),
        ([True, False], "times in seconds"),
        ([1, [2]], "times_s must be"),
        ([datetime(2026, 1, 1), datetime(2026, 1, 2, tzinfo=UTC)], "do not go together"),
    ],
)
def test_what_is_no_trace(times, said):
    with pytest.raises(ValueError, match=said):
        Trace(times)


def test_milliseconds_since_1970_are_told():
    with pytest.warns(
        UserWarning, match=r"begins at 1700000000000.0: .* after the year 5000.*lasts 5.00 s.*by 1000"
    ) as told:
        Trace([1.7e12, 1.7e12 + 5])
    assert told[0].filename == __file__, "it points to the line that made the trace"


def length_of(times, **asked):
    check_length(systems(max_batch_size=1, load=Trace(times)), **{"duration_s": 5.0, "n_requests": None} | asked)


def test_nobody_waits_for_days_without_a_word():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        length_of([0, 3600])
        length_of([0, 1, 1e9], n_requests=2)
    with pytest.warns(UserWarning, match="the trace is 2 requests in 5.00 hours, and that is how long it takes"):
        length_of([0, 18_000])
    with pytest.raises(ArgumentError, match=r"2 requests in 41.7 days.*divide milliseconds by 1000"):
        length_of([0, 3.6e6])


async def quick(number):
    await asyncio.sleep(0.002)


def test_the_times_of_a_log_are_served_at_once_by_all():
    log = Trace([1.7e9, 1.7e9 + 0.01, 1.7e9 + 0.02])
    runs = [
        tradeoff.drive(quick, load=log, progress=False),
        tradeoff.serve("softmax", max_batch_size=4, load=log, progress=False),
        tradeoff.simulate(lambda size: 1.0, max_batch_size=4, load=log, keep_samples=True),
        tradeoff.simulate_tokens(
            lambda size: 1.0, prefill=(1.0, 0.0), prompt_tokens=4, output_tokens=2, max_batch_size=4, load=log,
            keep_samples=True,
        ),
    ]  # fmt: skip
    for run in runs:
        row, samples = run.points.iloc[0], run.samples
        assert row["n"] == 3
        assert (samples["phase"] == "measure").all(), "all of a trace counts"
        assert samples["scheduled_ns"].tolist() == pytest.approx([0, 10_000_000, 20_000_000], abs=500)
        assert row["throughput_rps"] == pytest.approx(3 / row["duration_s"])
    assert tradeoff.replay(runs[1])["same"].all()
