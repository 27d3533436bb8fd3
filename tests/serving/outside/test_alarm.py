"""An event loop that is woken in time."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from tradeoff.serving.outside.alarm import Alarm


def run(body):
    async def in_time():
        return await asyncio.wait_for(body(asyncio.get_running_loop()), 30)

    # In a thread of its own: while a browser is open for other tests, a loop runs in this one.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, in_time()).result()


def test_it_rings_in_order_and_never_early():
    async def body(loop):
        alarm = Alarm(loop, clock=time.perf_counter_ns)
        start, rung = time.perf_counter_ns(), []

        async def wait(number, after_ns):
            await alarm.at(start + after_ns)
            rung.append((number, time.perf_counter_ns() - start >= after_ns))

        await asyncio.gather(wait(0, 30_000_000), wait(1, 1_000_000), wait(2, 15_000_000), wait(3, -5))
        alarm.close()
        return rung

    assert run(body) == [(3, True), (1, True), (2, True), (0, True)]


def test_all_can_be_woken_at_once_and_times_far_away_are_no_trouble():
    async def body(loop):
        alarm = Alarm(loop, clock=time.perf_counter_ns)
        futures = [alarm.at(time.perf_counter_ns() + far) for far in (10**18, 10**30)]
        await asyncio.sleep(0.01)
        assert not any(future.done() for future in futures)
        alarm.ring()
        assert all(future.done() for future in futures)
        alarm.close()

    run(body)


def test_who_no_longer_waits_is_left_alone():
    async def body(loop):
        alarm = Alarm(loop, clock=time.perf_counter_ns)
        gone, there = alarm.at(time.perf_counter_ns() + 1_000_000), alarm.at(time.perf_counter_ns() + 5_000_000)
        gone.cancel()
        await there
        alarm.close()
        return gone.cancelled(), there.done()

    assert run(body) == (True, True)
