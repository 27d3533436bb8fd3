"""What a launch tells, on a scripted device."""

from __future__ import annotations

import pytest

from tradeoff.timing.fake import FakeDevice, ScriptedClock
from tradeoff.timing.launch import Launch, probe_launch

US = 1_000


def probe(*, submit_ns: int, work_ns: int, waits: bool = False) -> Launch:
    clock = ScriptedClock(now_ns=10**9, tick_ns=20)
    device = FakeDevice(clock)

    def call() -> object:
        clock.advance(submit_ns)
        device.work(work_ns)
        if waits:
            device.synchronize()
        return True

    return probe_launch(device, call, clock=clock)


def test_work_that_outlasts_its_launch_is_the_devices() -> None:
    found = probe(submit_ns=8 * US, work_ns=500 * US)
    assert found.flags == []
    assert found.submit_ns == pytest.approx(8 * US, abs=100)
    assert found.device_ns == pytest.approx(500 * US, abs=100), "behind the gate the launch is not in it"


def test_a_launch_that_outlasts_its_work_is_the_hosts() -> None:
    assert probe(submit_ns=300 * US, work_ns=20 * US).flags == ["host_bound"]


@pytest.mark.parametrize("work_ns", [5 * US, 500 * US, 5_000 * US])
def test_a_call_that_waits_inside_cannot_return_before_the_gate(work_ns: int) -> None:
    found = probe(submit_ns=8 * US, work_ns=work_ns, waits=True)
    assert found.flags == ["sync_inside"]
    assert found.gated_submit_ns >= found.gate_ns >= 4 * found.submit_ns
