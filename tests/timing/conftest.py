"""A scripted device for every test of a runner."""

from __future__ import annotations

import pytest

from tradeoff.timing.fake import FakeDevice, ScriptedClock


@pytest.fixture
def clock() -> ScriptedClock:
    return ScriptedClock(now_ns=5_000_000_000, tick_ns=20)


@pytest.fixture
def device(clock: ScriptedClock) -> FakeDevice:
    return FakeDevice(clock, poll_ns=400)
