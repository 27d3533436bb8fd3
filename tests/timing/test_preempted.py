"""Calls that lost their core, by what the kernel counts for their thread."""

from __future__ import annotations

from pathlib import Path

import pytest

from tradeoff.timing import HostRunner, preempted
from tradeoff.timing.preempted import LONG_NS, CoreWait


@pytest.fixture
def counted(tmp_path: Path, monkeypatch):
    """A made-up count of the thread's waiting, in ns, as a function that sets it."""
    file = tmp_path / "schedstat"
    monkeypatch.setattr(preempted.sys, "platform", "linux")

    def set_to(waited_ns: int) -> None:
        file.write_text(f"12345 {waited_ns:>20} 7\n")

    set_to(0)
    set_to.path = str(file)
    return set_to


@pytest.mark.parametrize(("waited_ns", "lost"), [(0, False), (9_000, False), (10_000, True), (90_000, True)])
def test_a_tenth_of_the_call_is_a_lost_core(counted, waited_ns: int, lost: bool) -> None:
    counted(5_000_000)
    watch = CoreWait(counted.path)
    counted(5_000_000 + waited_ns)
    assert watch.has_lost(100_000) == lost
    assert not watch.has_lost(100_000)  # what was waited before is another call's
    watch.close()


def test_what_cannot_be_read_is_not_lost(tmp_path: Path) -> None:
    watch = CoreWait(str(tmp_path / "absent"))
    assert not watch.has_lost(LONG_NS)
    watch.close()


def test_the_runner_marks_the_calls_that_waited_and_no_others(counted, monkeypatch, clock) -> None:
    monkeypatch.setattr("tradeoff.timing.host.CoreWait", lambda: CoreWait(counted.path))
    waits = {2: 3_000_000, 5: 1_000_000}
    state = {"call": 0, "waited": 0}

    def call() -> bool:
        state["waited"] += waits.get(state["call"], 0)
        counted(state["waited"])
        state["call"] += 1
        clock.advance(2 * LONG_NS)
        return True

    block = HostRunner(clock=clock).run([call], max_calls=8, duration_ns=10**12)
    assert block.preempted is not None
    assert block.preempted.nonzero()[0].tolist() == [2, 5]


def test_short_calls_are_not_asked(counted, monkeypatch, clock) -> None:
    def nobody_asks(watch: object, call_ns: int) -> bool:
        raise AssertionError(call_ns)

    monkeypatch.setattr(CoreWait, "has_lost", nobody_asks)
    block = HostRunner(clock=clock).run([lambda: clock.advance(LONG_NS // 2) or True], max_calls=5, duration_ns=10**12)
    assert len(block) == 5
    assert not block.has_preempted
