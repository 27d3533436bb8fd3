"""`tradeoff.drive`: open and closed loops against small servers in this very process."""

from __future__ import annotations

import asyncio
import math
from concurrent.futures import ThreadPoolExecutor

import pytest

import tradeoff
from tradeoff.frames import validate_points, validate_samples


async def quick(number):
    await asyncio.sleep(0.002)


def drive(send=quick, **asked):
    return tradeoff.drive(send, **{"duration_s": 0.4, "progress": False} | asked)


@pytest.mark.parametrize(
    "asked",
    [
        {"request_rate": 100},
        {"concurrency": 4},
        {"concurrency": 2, "think_ms": 5},
        {"load": tradeoff.Trace([0, 0, 0.01])},
    ],
    ids=str,
)
def test_callers_are_timed_from_when_they_were_due(asked):
    run = drive(**asked)
    validate_points(run.points)
    validate_samples(run.samples)
    row, samples = run.points.iloc[0], run.samples
    assert row["source"] == "tradeoff.drive"
    assert row["latency_basis"] == "scheduled"
    assert row["workload"] == "quick"
    assert (samples["latency_ns"] >= 2_000_000).all()
    assert (samples["submitted_ns"] >= samples["scheduled_ns"]).all()
    assert (samples["latency_ns"] == samples["done_ns"] - samples["scheduled_ns"]).all()


def test_clients_wait_for_their_answers():
    at_once, most = 0, 0

    async def send():
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.001)
        at_once -= 1

    row = drive(send, concurrency=3, n_requests=60).points.iloc[0]
    assert most == 3
    assert row["n"] > 40


def test_a_server_that_falls_behind_does_not_slow_the_schedule():
    lock = asyncio.Lock()

    async def one_at_a_time(number):
        async with lock:
            await asyncio.sleep(0.01)

    samples = drive(one_at_a_time, load=tradeoff.Trace([n / 1000 for n in range(20)])).samples
    latency = samples["latency_ns"].to_numpy(dtype=float) / 1e6
    assert latency[-1] >= 20 * 10 - 19 - 1, "the last one was due when nineteen were waiting"


def test_errors_and_hanging_requests_are_counted_and_kept_apart():
    async def send(number):
        if number % 3 == 1:
            raise ConnectionError("refused")
        if number % 3 == 2:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                await asyncio.sleep(3600)  # does not even notice

    run = drive(send, load=tradeoff.Trace([n / 100 for n in range(9)]), timeout_s=0.05)
    row = run.points.iloc[0]
    assert (row["n"], row["n_errors"]) == (3, 6)
    assert "6 requests failed, 3 of them timed out (timeout_s=0.05): " in row["reason"]
    assert "refused" in row["reason"]
    assert run.samples["status"].value_counts().to_dict() == {"ok": 3, "error": 3, "timeout": 3}
    assert run.samples.loc[run.samples["status"] != "ok", "latency_ns"].isna().all()


def test_nothing_but_errors_is_a_failed_point():
    async def send(number):
        raise ConnectionError("refused")

    row = drive(send, request_rate=100).points.iloc[0]
    assert row["status"] == "failed"
    assert "refused" in row["reason"]


def test_more_than_may_be_under_way_is_rejected():
    row = drive(load=tradeoff.Trace([0.0] * 10), max_in_flight=4).points.iloc[0]
    assert (row["n"], row["n_rejected"]) == (4, 6)
    assert row["rejection_rate"] == pytest.approx(0.6)


def test_a_generator_that_is_late_is_flagged():
    async def blocks(number):
        total = 0
        for n in range(60_000):
            total += n

    row = drive(blocks, load=tradeoff.Trace([0.0] * 50)).points.iloc[0]
    assert "generator_bound" in row["flags"]
    assert row["wakeup_p99_ms"] > 0


def test_it_runs_inside_a_running_loop():
    async def notebook():
        return drive(request_rate=100, n_requests=10)

    # In a thread: a browser test before this one may have left a loop running here.
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: asyncio.run(notebook())).result().points.iloc[0]["n"] > 0


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "who asks"),
        ({"send": 5, "request_rate": 5}, "send must be an async function"),
        ({"request_rate": 5, "timeout_s": 0}, "timeout_s must be seconds"),
        ({"request_rate": 5, "duration_s": math.inf}, "duration_s must be seconds"),
        ({"request_rate": 5, "max_in_flight": 0}, "max_in_flight must be"),
    ],
    ids=str,
)
def test_what_is_refused(asked, said):
    with pytest.raises(ValueError, match=said):
        drive(**{"send": quick} | asked)
