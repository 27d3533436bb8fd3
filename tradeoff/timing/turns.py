"""A point that is measured in short blocks, in turns with another one, by whoever decides whose turn it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tradeoff.timing.block import Block
from tradeoff.timing.failure import Failure, describe_failure
from tradeoff.timing.measurement import Measurement
from tradeoff.timing.point import Point
from tradeoff.timing.point_row import measurement_of
from tradeoff.workloads.promises import Finished
from tradeoff.workloads.protocol import Call, WorkloadError


class PointInTurns(Point):
    """Measures one operating point block by block.

    Attributes
    ----------
    failure
        What ended it; None while all goes well.
    prepared_ns
        How long it took to prepare the calls.
    """

    def __post_init__(self) -> None:
        """Begin with nothing measured."""
        super().__post_init__()
        self.failure: Failure | None = None
        self.prepared_ns = 0
        self._calls: list[Call] = []

    def begin(self) -> None:
        """Prepare the calls, make the cold one and warm up."""
        self.floor_ns = self.bench.runner.floor_ns()
        self.visits = 1
        self.failure = self._guarded(self._begin_calls)

    def turn(self, duration_ns: int, *, start_up_ns: int, is_measured: bool = True) -> Block | None:
        """Keep calls in flight for a block, and return it; None when something ended it.

        Parameters
        ----------
        duration_ns
            Length of the block.
        start_up_ns
            Time at its beginning that counts as warm-up: caches hold what the other point has left there.
        is_measured
            Whether the rest counts.
        """
        if self.failure is None:
            self.failure = self._guarded(lambda: self._turn(duration_ns, start_up_ns, is_measured))
        return None if self.failure is not None else self.log.blocks[-1]

    def let_go(self) -> None:
        """Let go of the calls and their inputs, so that `make_again` finds the memory free."""
        self._calls = []
        del self.maker.first

    def make_again(self) -> None:
        """Prepare the calls once more: inputs lie elsewhere in memory then, as they would in another run."""
        if self.failure is None:
            self.failure = self._guarded(self._prepare)

    def end(self) -> Measurement:
        """Return all that is known of it; of status ``"partial"`` where no block has counted yet."""
        if self.failure is None and not self.measured_calls:
            row = {"n": 0, "status": "partial", "reason": "no call was measured", "flags": []}
            return Measurement(row, self.log.columns(), is_finished=False)
        if self.failure is None:
            self.failure = self._guarded(self._end)
        self.is_finished = True
        return measurement_of(self, self.failure)

    def _begin_calls(self) -> Failure | None:
        began_ns = time.perf_counter_ns()
        calls, flags = self.maker.make()
        self.prepared_ns = time.perf_counter_ns() - began_ns
        self.departures = tuple(getattr(self.maker.first, "departures", ()))
        self.flags += [*flags, *(["example_altered"] if self.departures else [])]
        failure = self._cold(calls[0])
        if failure is not None:
            return failure
        self._calls = self._waiting(self.maker.as_issued(calls))
        return self._warm_up(self._calls)

    def _prepare(self) -> Failure | None:
        calls, _ = self.maker.make()
        calls = self.maker.as_issued(calls)
        self._calls = [Finished(call, on_host=self.is_on_host) for call in calls] if self.waited else calls
        return None

    def _turn(self, duration_ns: int, start_up_ns: int, is_measured: bool) -> Failure | None:
        block = self.bench.runner.run(self._calls, max_calls=None, duration_ns=duration_ns)
        block = block.starting_at(block.window_ns[0] + start_up_ns) if start_up_ns else block
        self.log.add(block, phase="measure" if is_measured else "warmup")
        if block.error is not None:
            return describe_failure(block.error, batch_size=self.batch_size)
        # Each looks through all blocks, of which there may be thousands: only where this one gives a reason.
        if block.served < len(block) and (failure := self._storm()):
            return failure
        if block.types - self.types and (failure := self._odd()):
            return failure
        if is_measured:
            start, end = block.window_ns
            self.measured_ns += max(0, end - start)
            self.measured_calls += int((block.in_window & ~block.failed).sum())
        return None

    def _end(self) -> Failure | None:
        series, _, starts = self.log.measured()
        self.stop.look(series, starts)
        self.settled = replace(self._settle(), cuts=(), start_up=0.0)  # each block has had its start-up left out
        self.is_finished = True
        self._try_once_more(self._calls[0])
        return None

    def _guarded(self, step: Callable[[], Failure | None]) -> Failure | None:
        try:
            return step()
        except (KeyboardInterrupt, WorkloadError):
            raise
        except BaseException as error:  # whatever the user's code raised, or the machine refused, is a finding
            return describe_failure(error, batch_size=self.batch_size)


def counted_in(block: Block) -> tuple[NDArray[np.int64], int, float]:
    """Return the times of the served calls that count in a block, their number, and the seconds that they took.

    Whole calls in whole time, as in `tradeoff.timing.throughput`: of each slot from the first submission that counts to
    the end of its last call, on average over the slots.
    """
    counts = block.in_window
    slots = [counts & (block.slot == which) for which in np.unique(block.slot[counts])]
    spans = [int(block.done_ns[mine].max() - block.submitted_ns[mine].min()) for mine in slots]
    served = counts & ~block.failed
    seconds = sum(spans) / len(spans) / 1e9 if spans else 0.0
    return (block.done_ns - block.submitted_ns)[served], int(served.sum()), seconds
