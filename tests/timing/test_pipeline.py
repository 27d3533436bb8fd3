"""The pipeline on a scripted device."""

from __future__ import annotations

import numpy as np
import pytest

from tradeoff.timing.fake import FakeDevice, ScriptedClock
from tradeoff.timing.pipeline import CHUNK, PipelineRunner

US, MS = 1_000, 1_000_000


def launching(device: FakeDevice, clock: ScriptedClock, *, work_ns: int, submit_ns: int = 4 * US):
    def call() -> object:
        clock.advance(submit_ns)
        device.work(work_ns)
        return True

    return call


def test_the_launch_is_in_no_time(device, clock) -> None:
    runner = PipelineRunner(device, clock=clock)
    call = launching(device, clock, work_ns=50 * US, submit_ns=20 * US)
    block = runner.run([call], max_calls=None, duration_ns=100 * MS)
    assert block.error is None
    assert np.abs((block.done_ns - block.submitted_ns) - 50 * US).max() <= 20
    assert (block.device_start_ns == block.submitted_ns).all()
    assert runner.flags(call) == []


def test_calls_follow_each_other_without_the_gates(device, clock) -> None:
    runner = PipelineRunner(device, clock=clock)
    block = runner.run([launching(device, clock, work_ns=50 * US)], max_calls=3 * CHUNK, duration_ns=10**12)
    assert len(block) == 3 * CHUNK
    span = block.done_ns.max() - block.submitted_ns.min()
    assert span == pytest.approx(3 * CHUNK * 50 * US, rel=0.01)
    assert block.cut_ns > 0
    assert block.elapsed_ns >= span + 3 * 2 * MS, "the gates are paid for"
    assert block.window_ns[1] - block.window_ns[0] == span


def test_a_flush_is_between_the_times(device, clock) -> None:
    device.flush_ns = 300 * US
    runner = PipelineRunner(device, clock=clock, before=device.flush)
    block = runner.run([launching(device, clock, work_ns=50 * US)], max_calls=CHUNK, duration_ns=10**12)
    assert device.flushes >= CHUNK
    assert np.abs((block.done_ns - block.submitted_ns) - 50 * US).max() <= 20
    assert block.done_ns.max() - block.submitted_ns.min() == pytest.approx(CHUNK * 50 * US, rel=0.01)


def test_a_gate_that_is_too_short_is_made_longer_and_its_chunk_is_made_again(device, clock) -> None:
    runner = PipelineRunner(device, clock=clock)
    call = launching(device, clock, work_ns=10 * US, submit_ns=200 * US)  # 6.4 ms for a chunk, the first gate has 2
    block = runner.run([call], max_calls=2 * CHUNK, duration_ns=10**12)
    assert len(block) == 2 * CHUNK
    assert np.abs((block.done_ns - block.submitted_ns) - 10 * US).max() <= 20
    assert "host_bound" not in [flag for flag in runner.flags(call) if runner.late_chunks]


def test_a_host_that_no_gate_waits_for_is_flagged(device, clock) -> None:
    runner = PipelineRunner(device, clock=clock)
    call = launching(device, clock, work_ns=10 * US, submit_ns=2 * MS)
    runner.run([call], max_calls=8 * CHUNK, duration_ns=10**12)
    assert runner.flags(call) == ["host_bound"]


def test_an_error_keeps_the_chunks_before_it(device, clock) -> None:
    made = []

    def call() -> object:
        made.append(1)
        if len(made) > 2 * CHUNK + 3:
            raise MemoryError("Unable to allocate 3 GiB")
        return launching(device, clock, work_ns=MS)()

    block = PipelineRunner(device, clock=clock).run([call], max_calls=None, duration_ns=10**12)
    assert isinstance(block.error, MemoryError)
    assert len(block) == 2 * CHUNK


def test_a_pipeline_has_one_call(device, clock) -> None:
    with pytest.raises(ValueError, match="a pipeline has one call, and there are 2"):
        PipelineRunner(device, clock=clock).run([lambda: 1, lambda: 1], max_calls=1, duration_ns=1)
