"""The CUDA runner on a scripted device: no GPU, the same on every machine."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from tradeoff.timing.cuda import REBASE_NS, CudaRunner
from tradeoff.timing.fake import FakeDevice, ScriptedClock
from tradeoff.timing.throughput import rate

MS = 1_000_000


@pytest.fixture
def runner(clock: ScriptedClock, device: FakeDevice) -> CudaRunner:
    return CudaRunner(device, clock=clock)


def launching(device: FakeDevice, clock: ScriptedClock, *, work_ns: int, submit_ns: int = 4_000):
    def call() -> object:
        clock.advance(submit_ns)
        device.work(work_ns)
        return True

    return call


def test_model_time_is_the_devices_and_latency_the_hosts(device, clock, runner) -> None:
    block = runner.run([launching(device, clock, work_ns=2 * MS)], max_calls=None, duration_ns=50 * MS)
    assert block.error is None
    model = block.device_end_ns - block.device_start_ns
    latency = block.done_ns - block.submitted_ns
    # The idle stream reaches the start event at once, so the launch of 4 us is inside: measurement.md says so.
    assert np.abs(model - (2 * MS + 4_000)).max() <= 10
    assert (latency >= model).all()
    assert (latency - model).max() < 5_000
    assert (block.device_start_ns >= block.submitted_ns - 500).all()
    assert (block.device_end_ns <= block.done_ns + 500).all()


@pytest.mark.parametrize("k", [1, 4, 32])
def test_k_streams_keep_k_calls_in_flight(device, clock, runner, k: int) -> None:
    calls = [launching(device, clock, work_ns=5 * MS) for _ in range(k)]
    block = runner.run(calls, max_calls=None, duration_ns=100 * MS)
    assert set(block.slot.tolist()) == set(range(k))
    for slot in range(k):
        mine = block.slot == slot
        assert (block.submitted_ns[mine][1:] >= block.done_ns[mine][:-1]).all()
    assert rate([block]).calls_per_s == pytest.approx(k * 200, rel=0.05)


def test_calls_have_streams_of_their_own(device, clock, runner) -> None:
    used = []
    calls = [lambda: used.append(id(device.current)) or device.work(MS) or True for _ in range(3)]
    runner.run(calls, max_calls=9, duration_ns=10**12)
    assert len(used) == 9
    assert len(set(used)) == 3
    assert id(device.base_stream) not in used


def test_events_are_made_beforehand(device, clock, runner) -> None:
    call = launching(device, clock, work_ns=100_000)
    runner.run([call], max_calls=2, duration_ns=10**12)
    made = device.events_made
    runner.run([call], max_calls=1000, duration_ns=400 * MS)
    assert device.events_made == made + 1  # the base


def test_there_is_a_new_base_at_least_every_second(device, clock, runner) -> None:
    device.poll_ns = 50_000
    block = runner.run([launching(device, clock, work_ns=30 * MS)], max_calls=None, duration_ns=20_000 * MS)
    assert device.longest_read_ms < 1000
    assert REBASE_NS < 1_000 * MS
    drift = block.done_ns - block.device_end_ns
    assert np.abs(drift).max() < 2 * device.poll_ns
    assert (np.diff(block.device_start_ns) > 0).all()


def test_a_call_longer_than_the_base_interval_is_still_timed(device, clock, runner) -> None:
    device.poll_ns = 50_000
    block = runner.run([launching(device, clock, work_ns=1_700 * MS)], max_calls=3, duration_ns=10**12)
    assert (block.device_end_ns - block.device_start_ns).tolist() == pytest.approx([1_700 * MS + 4_000] * 3, rel=1e-6)


def test_an_error_at_launch_keeps_the_calls_before(device, clock, runner) -> None:
    left = iter(range(5))

    def call() -> object:
        if next(left) == 4:
            raise MemoryError("out of memory")
        device.work(MS)
        return True

    block = runner.run([call], max_calls=None, duration_ns=10**12)
    assert isinstance(block.error, MemoryError)
    assert len(block) == 4


def test_an_asynchronous_error_ends_the_block(device, clock, runner) -> None:
    def call() -> object:
        device.work(MS)
        device.failure = RuntimeError("CUDA error: an illegal memory access was encountered")
        return True

    block = runner.run([call, call], max_calls=None, duration_ns=10**12)
    assert "illegal memory access" in str(block.error)


def test_ctrl_c_is_raised_with_the_stream_put_back(device, clock, runner) -> None:
    before = device.current

    def interrupt() -> object:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runner.run([interrupt], max_calls=None, duration_ns=MS)
    assert device.current is before
    assert gc.isenabled()


def test_max_calls_are_shared_by_the_slots(device, clock, runner) -> None:
    calls = [launching(device, clock, work_ns=MS) for _ in range(4)]
    assert np.bincount(runner.run(calls, max_calls=20, duration_ns=10**12).slot).tolist() == [5] * 4


def test_polling_sees_completion_within_a_round(device, clock, runner) -> None:
    calls = [launching(device, clock, work_ns=10 * MS) for _ in range(8)]
    block = runner.run(calls, max_calls=None, duration_ns=100 * MS)
    late = block.done_ns - block.device_end_ns
    assert late.max() < 8 * (device.poll_ns + 10_000)  # a round of polls, and launches of others in between
    assert np.median(late) < 8 * device.poll_ns + 2_000


def test_the_same_script_gives_the_same_block() -> None:
    def once():
        clock = ScriptedClock(tick_ns=20)
        device = FakeDevice(clock)
        runner = CudaRunner(device, clock=clock)
        return runner.run([launching(device, clock, work_ns=MS)] * 2, max_calls=None, duration_ns=30 * MS)

    one, two = once(), once()
    assert (one.done_ns == two.done_ns).all()
    assert (one.device_start_ns == two.device_start_ns).all()


def test_an_empty_measurement_has_a_cost(runner) -> None:
    median, tail = runner.floor_ns()
    assert 0 < median <= tail
