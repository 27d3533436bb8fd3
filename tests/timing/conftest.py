"""A scripted device for every test of a runner."""

from __future__ import annotations

import pytest

from tradeoff.timing import Budget
from tradeoff.timing.fake import FakeDevice, ScriptedClock


@pytest.fixture
def clock() -> ScriptedClock:
    return ScriptedClock(now_ns=5_000_000_000, tick_ns=20)


@pytest.fixture
def device(clock: ScriptedClock) -> FakeDevice:
    return FakeDevice(clock, poll_ns=400)


@pytest.fixture
def quick() -> Budget:
    """A budget of hundredths of a second, for tests that are not about numbers."""
    return Budget(name="quick", seconds=0.01, max_seconds=0.02, warm_up_seconds=0.001, min_calls=5, max_calls=200)
