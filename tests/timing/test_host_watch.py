"""Reading again and again while something runs: slices that follow each other and leave nothing out."""

from __future__ import annotations

import threading
from itertools import count, pairwise

from tradeoff.timing.host_counters import HostReading
from tradeoff.timing.host_watch import HostWatch, slices_of


class Counters:
    """A machine whose clock goes on by 10 ms at each reading, and whose other processes take a core."""

    def __init__(self):
        self._number, self.is_closed, self.three = count(), False, threading.Event()

    def read(self):
        at = next(self._number)
        if at == 3:
            self.three.set()
        return HostReading(at_ns=at * 10_000_000, cores=2, idle_s=0.01 * at, counted_s=0.02 * at, own_s=0.0)

    def close(self):
        self.is_closed = True


def test_it_reads_at_both_ends_and_between_and_lets_go():
    counters = Counters()
    with HostWatch(counters, every_s=0.001) as watch:
        assert counters.three.wait(10)
    assert counters.is_closed
    assert not watch._thread.is_alive()
    slices = watch.slices(origin=10_000_000)
    assert len(slices) >= 3
    assert slices[0].start == -10_000_000
    assert all(before.end == after.start for before, after in pairwise(slices))
    assert all(abs(one.load.foreign_share - 0.5) < 1e-9 for one in slices)


def test_the_end_is_read_even_where_the_watched_raised():
    counters = Counters()
    try:
        with HostWatch(counters, every_s=60.0) as watch:
            raise KeyError
    except KeyError:
        pass
    assert [one.start for one in watch.slices()] == [0]
    assert counters.is_closed


def test_two_readings_at_one_moment_are_no_slice():
    reading = HostReading(at_ns=5, cores=1)
    assert slices_of([reading, reading]) == []
