"""Ctrl-C while something is measured."""

from __future__ import annotations

import signal
import threading

import pytest

from tradeoff.serving.real.interrupts import Interrupts


@pytest.fixture(autouse=True)
def as_it_was():
    before = signal.getsignal(signal.SIGINT)
    yield
    assert signal.getsignal(signal.SIGINT) is before
    signal.signal(signal.SIGINT, before)


def test_it_is_counted_and_wakes_who_waits():
    woken = []
    with Interrupts() as interrupts:
        signal.raise_signal(signal.SIGINT)
        with interrupts.waking(lambda: woken.append(interrupts.count)):
            signal.raise_signal(signal.SIGINT)
    assert (interrupts.count, woken) == (2, [2])


def test_who_insists_gets_out():
    with Interrupts() as interrupts:
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert interrupts.count == 3


def test_a_process_that_ignores_it_goes_on_to():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interrupts() as interrupts:
            signal.raise_signal(signal.SIGINT)
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        assert interrupts.count == 0
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_leave_it_alone():
    found = []

    def elsewhere():
        with Interrupts() as interrupts:
            found.append((signal.getsignal(signal.SIGINT), interrupts.count))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert found == [(before, 0)]
