"""Peak memory: of the point, of the right process, and never 0 where nobody knows."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from tradeoff.sweep.sweep import sweep
from tradeoff.timing import Conditions, measure
from tradeoff.timing.bench import Bench, bench_of
from tradeoff.timing.fake import FakeDevice, FakeRunner, ScriptedClock
from tradeoff.timing.peak import AllocatorPeak, HostPeak

from .test_measure import MS, Scripted, noisy

MIB = 1 << 20


class Status:
    """The file in which Linux says resident memory, and the one that resets its peak."""

    def __init__(self, folder, *, resets: bool) -> None:
        self.status, self.clear = folder / "status", folder / "clear_refs"
        if resets:
            self.clear.touch()
        else:
            self.clear = folder / "not" / "there"
        self.say(100, 300)

    def say(self, resident: int, highest: int) -> None:
        self.status.write_text(f"Name:\tx\nVmHWM:\t{highest << 10} kB\nVmRSS:\t{resident << 10} kB\nThreads:\t1\n")


@pytest.mark.parametrize(
    ("highest_at_begin", "highest_at_end", "peak"),
    [(100, 120, 120), (100, 100, 100), (300, 400, 400), (300, 300, None)],
    ids=["rose after a reset", "did not rise after a reset", "rose without a reset", "an older peak hides it"],
)
def test_the_peak_is_that_since_begin_or_unknown(tmp_path, highest_at_begin, highest_at_end, peak) -> None:
    files = Status(tmp_path, resets=highest_at_begin == 100)
    host = HostPeak(files.status, files.clear)
    files.say(100, highest_at_begin)
    host.begin()
    files.say(90, highest_at_end)
    assert host.peak_bytes() == (None if peak is None else peak * MIB)


@pytest.mark.parametrize(("lives", "peak"), [([5, 7], 7), ([7, 7], None), ([None, None], None), ([0, 0], None)])
def test_without_linux_the_peak_of_the_process_counts_only_when_it_rose(tmp_path, lives, peak) -> None:
    said = iter(lives)
    host = HostPeak(tmp_path / "no", tmp_path / "no" / "no", lambda: next(said))
    host.begin()
    assert host.peak_bytes() == peak


@pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux says")
def test_this_process_is_followed() -> None:
    host = HostPeak()
    host.begin()
    before = host.peak_bytes()
    if before is None:
        pytest.skip("the system does not let the peak be reset")
    np.ones(64 * MIB, dtype=np.uint8).sum()
    assert host.peak_bytes() - before >= 60 * MIB
    host.begin()
    assert host.peak_bytes() < before + 32 * MIB, "what was given back is forgotten"


def test_an_allocator_is_asked_and_nothing_is_not_zero() -> None:
    seen = []
    peak = AllocatorPeak(reset=lambda: seen.append("reset"), peak=lambda: 5)
    peak.begin()
    assert (peak.peak_bytes(), seen) == (5, ["reset"])
    assert AllocatorPeak(reset=int, peak=int).peak_bytes() is None


def test_a_device_says_its_own_peak() -> None:
    clock = ScriptedClock(now_ns=10**9, tick_ns=20)
    device, conditions = FakeDevice(clock), Conditions()

    class Allocates(Scripted):
        def prepare(self, **how: object):
            def call() -> object:
                device.work(MS)
                device.peak = max(device.peak, 3 * MIB)
                return True

            return call

    device.peak = 900 * MIB  # of the point before
    bench = bench_of(device, conditions, clock=clock)
    assert measure(Allocates(), batch_size=1, device="cuda", bench=bench).point["peak_memory_bytes"] == 3 * MIB


def test_what_nobody_says_is_missing_and_a_broken_device_costs_nothing() -> None:
    class Broken:
        def begin(self) -> None:
            raise RuntimeError("CUDA error")

        peak_bytes = begin

    for bench in (
        Bench(runner=FakeRunner(duration_ns=noisy())),
        Bench(runner=FakeRunner(duration_ns=noisy()), peak=Broken()),
    ):
        row = measure(Scripted(), batch_size=1, bench=bench).point
        assert (row["status"], row["peak_memory_bytes"]) == ("converged", None)


def keeps(batch_size: int):
    held = np.ones(batch_size * MIB, dtype=np.uint8)
    return lambda: held[::4096].sum()


@pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux says")
def test_each_point_of_a_worker_has_its_own(quick) -> None:
    run = sweep("tests.timing.test_peak:keeps", batch_size=[1, 96], budget=quick, progress=False)
    peak = run.points.set_index("batch_size")["peak_memory_bytes"]
    if peak.isna().any():
        pytest.skip("the system does not let the peak be reset")
    assert 64 * MIB < peak[96] - peak[1] < 160 * MIB
