"""Threads that run batches, for real."""

from __future__ import annotations

import math
import sys

import pytest

from tradeoff.serving.real.crew import Threads, Worker


def broken(size):
    raise OSError(f"no batch of {size}")


@pytest.fixture
def crew():
    calls = {1: lambda: "one", 2: lambda: broken(2)}
    posted = []
    worker = Worker(calls, preprocess=lambda size: size, postprocess=posted.append)
    threads = Threads([worker, Worker(calls)])
    threads.posted = posted
    yield threads
    threads.close()


def test_batches_run_side_by_side_and_errors_are_told(crew):
    crew.begin(0, 1)
    crew.begin(1, 2)
    ended = {one.number: one for one in (crew.wait(math.inf), crew.wait(10.0))}
    assert ended[0].error is None
    assert "no batch of 2" in ended[1].error
    assert all(part >= 0 for part in ended[0][2:5])
    assert crew.wait(0.0) is None
    assert crew.wait(0.001) is None


def test_a_workload_that_wants_to_end_the_program_ends_its_batch():
    threads = Threads([Worker({1: lambda: sys.exit(3)})])
    threads.begin(0, 1)
    assert threads.wait(10.0).error == "SystemExit: 3"
    threads.begin(1, 1)
    assert threads.wait(10.0).number == 1, "the thread is still there"
    threads.close()


def test_who_waits_can_be_woken(crew):
    crew.wake()
    assert crew.wait(math.inf) is None


def test_a_worker_times_each_part():
    now = [0]

    def clock():
        now[0] += 10
        return now[0]

    seen = []
    ended = Worker({3: lambda: "out"}, preprocess=seen.append, postprocess=seen.append, clock=clock).run(7, 3)
    assert seen == [3, "out"]
    assert ended[:-1] == (7, 10, 10, 10, 10, None)


class Device:
    """A device that is done when it is asked for the third time."""

    def __init__(self):
        self.asked, self.used = 0, []

    def stream(self):
        return "stream"

    def use(self, stream):
        self.used.append(stream)

    def event(self):
        return object()

    def record(self, event, stream):
        pass

    def is_done(self, event):
        self.asked += 1
        return self.asked >= 3

    def elapsed_ms(self, start, stop):
        return 1.5


def test_asynchronous_work_is_timed_by_its_own_clock():
    device = Device()
    ended = Worker({1: lambda: None}, adapter=device).run(0, 1)
    assert ended.model == 1_500_000
    assert device.asked == 3
    assert device.used == ["stream"]
