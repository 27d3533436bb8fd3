from __future__ import annotations

import gc
import re
import sys
import threading
import time

import numpy as np
import pytest
import torch

from tradeoff.timing.fake import ScriptedClock
from tradeoff.timing.host import HostRunner


@pytest.fixture
def runner():
    made = HostRunner()
    yield made
    made.close()


def test_scripted_calls_are_timed_to_the_nanosecond() -> None:
    clock = ScriptedClock()
    block = HostRunner(clock=clock).run([lambda: clock.advance(300)], max_calls=None, duration_ns=1000)
    assert (block.done_ns - block.submitted_ns).tolist() == [300] * 4
    assert block.window_ns == (0, 1200), "to the end of the call that crossed the deadline"
    assert block.in_window.all()


def test_the_call_that_crosses_the_deadline_is_waited_for_and_counted() -> None:
    clock = ScriptedClock()
    block = HostRunner(clock=clock).run([lambda: clock.advance(700)], max_calls=None, duration_ns=1000)
    assert block.done_ns.tolist() == [700, 1400]
    assert block.in_window.tolist() == [True, True]


def test_max_calls_end_the_block_and_the_window() -> None:
    clock = ScriptedClock()
    block = HostRunner(clock=clock).run([lambda: clock.advance(10)], max_calls=5, duration_ns=10**9)
    assert len(block) == 5
    assert block.window_ns == (0, 50)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_every_slot_keeps_one_call_in_flight(runner: HostRunner, k: int) -> None:
    inside, most, lock = [0] * k, [0] * k, threading.Lock()

    def make(slot: int):
        def call() -> object:
            with lock:
                inside[slot] += 1
                most[slot] = max(most[slot], inside[slot])
            time.sleep(0.001)  # lets go of the interpreter, as numerical work does
            with lock:
                inside[slot] -= 1
            return True

        return call

    block = runner.run([make(slot) for slot in range(k)], max_calls=None, duration_ns=60_000_000)
    assert most == [1] * k
    assert sorted(set(block.slot.tolist())) == list(range(k))
    for slot in range(k):
        mine = block.slot == slot
        assert (block.submitted_ns[mine][1:] >= block.done_ns[mine][:-1]).all()
    start, end = block.window_ns
    assert end > start
    for slot in range(k):  # all k in flight from the window's start to its end
        mine = block.slot == slot
        assert block.submitted_ns[mine].min() <= start
        assert block.done_ns[mine].max() >= end
    assert (np.diff(block.submitted_ns) >= 0).all()


def test_slots_share_max_calls(runner: HostRunner) -> None:
    block = runner.run([bool, bool, bool], max_calls=30, duration_ns=10**10)
    assert np.bincount(block.slot).tolist() == [10, 10, 10]


@pytest.mark.parametrize("failing", [0, 1, 2])
@pytest.mark.parametrize("kind", [MemoryError, SystemExit])
def test_what_does_not_pass_by_itself_stops_all_slots_and_is_kept(runner: HostRunner, failing: int, kind: type) -> None:
    def fail() -> object:
        raise kind("no")

    calls = [fail if slot == failing else bool for slot in range(3)]
    block = runner.run(calls, max_calls=None, duration_ns=3_600_000_000_000)
    assert isinstance(block.error, kind)
    assert failing not in block.slot
    assert runner.run([bool] * 3, max_calls=3, duration_ns=10**9).error is None


def test_calls_before_the_end_are_kept(runner: HostRunner) -> None:
    left = iter([1, 2, 3])
    block = runner.run([lambda: next(left, None) or sys.exit(3)], max_calls=None, duration_ns=10**12)
    assert isinstance(block.error, SystemExit)
    assert len(block) == block.served == 3


@pytest.mark.parametrize("before", [None, bool])
def test_a_call_that_raises_is_marked_and_the_others_go_on(before) -> None:
    clock, made = ScriptedClock(), iter(range(100))

    def flaky() -> object:
        clock.advance(100)
        number = next(made)
        if number % 4 == 1:
            raise ValueError(f"number {number}")
        return number

    block = HostRunner(clock=clock, before=before).run([flaky], max_calls=12, duration_ns=10**9)
    assert block.error is None
    assert block.failed.tolist() == [False, True, False, False] * 3
    assert (block.done_ns - block.submitted_ns).tolist() == [100] * 12
    (kind,) = block.raised
    assert (kind.type, kind.said, kind.count) == ("ValueError", "ValueError: number 1", 3)
    assert re.fullmatch(r"test_host\.py, line \d+, in test_a_call.*flaky", kind.where)
    assert block.types == {int}


def test_types_of_results_are_noted(runner: HostRunner) -> None:
    answers = iter([1, 2, 2.0, None, "x", 3])
    block = runner.run([lambda: next(answers)], max_calls=6, duration_ns=10**12)
    assert block.types == {int, float, type(None), str}


@pytest.mark.parametrize("slot", [0, 1])
def test_ctrl_c_stops_all_slots_and_is_raised(runner: HostRunner, slot: int) -> None:
    def interrupt() -> object:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runner.run([interrupt if i == slot else bool for i in range(2)], max_calls=None, duration_ns=10**13)
    assert gc.isenabled()
    assert runner.run([bool] * 2, max_calls=2, duration_ns=10**9).error is None


@pytest.mark.parametrize("was_on", [True, False])
def test_collection_is_held_off_and_put_back(runner: HostRunner, was_on: bool) -> None:
    seen = []
    (gc.enable if was_on else gc.disable)()
    try:
        runner.run([lambda: seen.append(gc.isenabled()) or True], max_calls=3, duration_ns=10**9)
        assert gc.isenabled() is was_on
    finally:
        gc.enable()
    assert seen == [False] * 3


def test_threads_live_as_long_as_the_runner() -> None:
    before = threading.active_count()
    runner = HostRunner()
    seen = set()
    for _ in range(3):
        runner.run([lambda: seen.add(threading.get_ident()) or True] * 4, max_calls=4, duration_ns=10**9)
    assert len(seen) == 4
    runner.close()
    assert threading.active_count() == before


def test_the_floor_is_positive_and_ordered(runner: HostRunner) -> None:
    median, tail = runner.floor_ns()
    assert 0 < median <= tail


def omp_threads() -> int:
    """What OpenMP would use in this thread."""
    return int(re.search(r"omp_get_max_threads\(\) : (\d+)", torch.__config__.parallel_info())[1])


def test_what_torch_was_told_holds_in_every_slot(runner):
    before, seen = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 1):
            torch.set_num_threads(threads)
            runner.run([lambda: seen.append(omp_threads())] * 3, max_calls=3, duration_ns=10**9)
            assert seen == [threads] * 3
            seen.clear()
    finally:
        torch.set_num_threads(before)
