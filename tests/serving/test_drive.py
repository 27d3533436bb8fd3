"""`tradeoff.drive`: open and closed loops against small servers in this very process."""

from __future__ import annotations

import asyncio
import gc
import math
import os
import signal
import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import pytest

import tradeoff
from tests.ids import case_id
from tradeoff.frames import validate_points, validate_samples
from tradeoff.serving.drive import DriveInterrupted


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
    ids=case_id,
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


def test_all_points_share_one_event_loop():
    loops = set()

    async def send(number):
        loops.add(asyncio.get_running_loop())

    run = drive(send, request_rate=[50, 100], duration_s=0.2)
    assert len(run.points) == 2
    assert len(loops) == 1, "the connections of a client live on from one point to the next"


def test_nobody_is_due():
    run = drive(request_rate=1e-9)
    assert run.points["status"].tolist() == ["failed"]
    assert "no request was due" in run.points["reason"].iloc[0]
    assert len(run.samples) == 0


def test_a_server_that_does_not_keep_up_is_saturated():
    locks = defaultdict(asyncio.Lock)

    async def one_at_a_time(number):
        async with locks[asyncio.get_running_loop()]:
            await asyncio.sleep(0.004)

    row = drive(one_at_a_time, request_rate=1000).points.iloc[0]
    assert row["status"] == "saturated"
    assert "requests were due at 1\u202f000/s" in row["reason"]
    assert math.isnan(row["latency_p99_ms"])
    validate_points(drive(one_at_a_time, request_rate=1000, max_in_flight=5).points)


def test_what_cancels_itself_or_ends_the_program_is_an_error():
    async def send(number):
        raise (asyncio.CancelledError, SystemExit, KeyboardInterrupt)[number % 3]

    run = drive(send, load=tradeoff.Trace([n / 100 for n in range(9)]))
    assert (run.samples["status"] == "error").all()
    assert run.points["n_errors"].iloc[0] == 9


def test_pauses_of_this_process_are_labelled():
    async def send(number):
        await asyncio.sleep(0)
        if number % 2:
            gc.collect(0)

    samples = drive(send, load=tradeoff.Trace([n / 20 for n in range(8)])).samples
    assert (samples.loc[samples["seq"] % 2 == 1, "label"] == "gc").all()


def press_ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_waits_for_answers_and_keeps_them():
    async def send(number):
        if number == 20:
            press_ctrl_c()
        await asyncio.sleep(0.3)

    with pytest.warns(DriveInterrupted, match="stopped at point 1 of 2"):
        run = drive(send, request_rate=[200, 300], duration_s=600.0)
    assert (run.samples["status"] == "ok").all()
    assert len(run.samples) > 20


def test_ctrl_c_twice_does_not_wait_for_an_answer():
    async def send(number):
        if number == 20:
            press_ctrl_c()
            await asyncio.sleep(0.3)
            press_ctrl_c()
            await asyncio.sleep(3600)

    with pytest.warns(DriveInterrupted):
        run = drive(send, request_rate=200, duration_s=600.0, timeout_s=3600.0)
    unfinished = run.samples[run.samples["status"] == "unfinished"]
    assert unfinished["seq"].tolist() == [20]
    assert unfinished["done_ns"].isna().all()
    assert run.points["n_in_system"].tolist() == [1]
    validate_samples(run.samples)


def test_ctrl_c_twice_leaves_a_function_behind_that_blocks_its_loop():
    go_on = threading.Event()

    async def send(number):
        if number == 20:
            press_ctrl_c()
            time.sleep(0.5)  # it counts them only after each other
            press_ctrl_c()
            go_on.wait(60.0)

    with pytest.warns(DriveInterrupted):
        run = drive(send, request_rate=200, duration_s=600.0)
    go_on.set()
    assert run.samples["status"].value_counts()["unfinished"] >= 1
    assert (run.samples["status"] == "ok").sum() >= 10


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "who asks"),
        ({"send": 5, "request_rate": 5}, "send must be an async function"),
        ({"request_rate": 5, "timeout_s": 0}, "timeout_s must be seconds"),
        ({"request_rate": 5, "duration_s": math.inf}, "duration_s must be seconds"),
        ({"request_rate": 5, "max_in_flight": 0}, "max_in_flight must be"),
        (
            {"request_rate": 50, "send": lambda number: 5},
            "it returned 5, which cannot be awaited; nothing more was sent",
        ),
        ({"concurrency": 50, "send": lambda: 5}, "it returned 5, which cannot be awaited"),
        ({"request_rate": 5, "send": lambda one, two: quick(one)}, "must take the number of the request, or nothing"),
        ({"request_rate": 1e9}, "memory is kept for"),
    ],
    ids=case_id,
)
def test_what_is_refused(asked, said):
    with pytest.raises(ValueError, match=said):
        drive(**{"send": quick} | asked)


def test_a_timeout_of_the_clients_own_is_an_error_with_its_message():
    async def send(number):
        raise TimeoutError("the pool gave no connection in 2 s")

    run = drive(send, load=tradeoff.Trace([n / 100 for n in range(4)]), timeout_s=5.0)
    assert run.samples["status"].tolist() == ["error"] * 4
    said = "4 requests failed, 0 of them timed out (timeout_s=5): TimeoutError: the pool gave no connection in 2 s"
    assert run.points["reason"].tolist() == [said]
