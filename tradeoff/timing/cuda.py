"""The device clock: one dispatcher thread, k streams, CUDA events, completion seen by polling.

For each call in flight a slot has a stream and two pairs of events. When a call is seen to
be done its successor is launched first, on the other pair, and only then are the events of
the finished one read: the device works while the host asks.

    submitted   just before the start event is recorded
    model       elapsed(start, stop) on the call's stream
    done        the first poll that finds the stop event complete

Events are placed on the host's time line through a base event whose completion the host saw.
``elapsed_time`` is float32 milliseconds: 61 ns are lost at 1 s from the base and 1 us at 10 s,
so there is a new base at least every half second.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import Any

import numpy as np

from tradeoff.timing.block import Block, make_block
from tradeoff.timing.device import DeviceAdapter
from tradeoff.timing.floor import floor_of
from tradeoff.timing.host import collection_held_off
from tradeoff.timing.launch import probe_launch
from tradeoff.timing.raised import RaisedLog

REBASE_NS = 500_000_000
_FLOOR_CALLS = 500


class CudaRunner:
    """Times asynchronous calls with CUDA events, through the adapter of a library (torch or CuPy).

    Parameters
    ----------
    adapter
        The library's streams and events.
    clock
        The host clock, in nanoseconds.
    alone
        Let the device run idle after each call, before the next is launched: mode ``"isolated"``.
    before
        Launched, and waited for, before each call, to flush a cache; its time is cut out of the time line. With `alone`
        only.
    """

    model_clock = "cuda_event"

    def __init__(
        self,
        adapter: DeviceAdapter,
        *,
        clock: Callable[[], int] = perf_counter_ns,
        alone: bool = False,
        before: Callable[[], object] | None = None,
    ) -> None:
        self._adapter = adapter
        self._clock = clock
        self._alone = alone or before is not None
        self._before = before
        self._slots: list[_Slot] = []

    def run(self, calls: Sequence[Callable[[], object]], *, max_calls: int | None, duration_ns: int) -> Block:
        """Keep every call in flight until the time or the calls have run out (see `Runner.run`)."""
        k = len(calls)
        while len(self._slots) < k:
            self._slots.append(_Slot(number=len(self._slots), adapter=self._adapter))
        slots = self._slots[:k]
        for slot, call in zip(slots, calls, strict=True):
            slot.begin(call)
        stretch = _Stretch(
            adapter=self._adapter,
            clock=self._clock,
            slots=slots,
            quota=None if max_calls is None else max(1, max_calls // k),
            alone=self._alone,
            before=self._before,
        )
        with collection_held_off():
            stretch.run(duration_ns)
        rows = np.array(stretch.rows, dtype=np.int64).reshape(-1, 7)
        return make_block(
            slot=rows[:, 0],
            submitted_ns=rows[:, 1],
            device_start_ns=rows[:, 2],
            device_end_ns=rows[:, 3],
            done_ns=rows[:, 4],
            concurrency=k,
            deadline_ns=None if self._before is not None else stretch.deadline_ns,
            error=stretch.error,
            cut_ns=stretch.cut_ns,
            launched_ns=rows[:, 5],
            failed=rows[:, 6].astype(np.bool_),
            raised=stretch.raised.found(),
            types=frozenset(stretch.types),
        )

    def floor_ns(self) -> tuple[float, float]:
        """Cost of timing a call that launches nothing: median and 99th percentile."""
        return floor_of(self.run, calls=_FLOOR_CALLS)

    def flags(self, call: Callable[[], object]) -> list[str]:
        """Say what launching `call` tells (see `tradeoff.timing.launch`)."""
        return probe_launch(self._adapter, call, clock=self._clock).flags

    def close(self) -> None:
        """Let go of streams and events."""
        self._slots.clear()


@dataclass(frozen=True)
class _Base:
    """An event whose completion the host saw, at `host_ns`."""

    event: Any
    host_ns: int


@dataclass
class _Slot:
    """A stream with one call in flight at a time, and two pairs of events that take turns."""

    number: int
    adapter: DeviceAdapter
    call: Callable[[], object] = field(init=False)
    done_calls: int = field(init=False, default=0)
    past_deadline: bool = field(init=False, default=False)
    in_flight: bool = field(init=False, default=False)
    submitted_ns: int = field(init=False, default=0)
    launched_ns: int = field(init=False, default=0)
    start: Any = field(init=False, default=None)
    stop: Any = field(init=False, default=None)
    failure: Exception | None = field(init=False, default=None)
    returned: type = field(init=False, default=object)

    def __post_init__(self) -> None:
        self.stream = self.adapter.stream()
        self._pairs = [(self.adapter.event(), self.adapter.event()) for _ in range(2)]
        self._turn = 0

    def begin(self, call: Callable[[], object]) -> None:
        self.call, self.done_calls, self.past_deadline, self.in_flight = call, 0, False, False
        self.failure = None

    def launch(self, clock: Callable[[], int]) -> None:
        self._turn ^= 1
        self.start, self.stop = self._pairs[self._turn]
        self.adapter.use(self.stream)
        self.submitted_ns = clock()
        self.adapter.record(self.start, self.stream)
        self.failure = None
        try:
            self.returned = type(self.call())
        except Exception as error:
            self.failure = error
        self.in_flight = True
        self.adapter.record(self.stop, self.stream)
        self.launched_ns = clock()


@dataclass
class _Stretch:
    """One block: launches, polls, reads events, until every slot has crossed the deadline."""

    adapter: DeviceAdapter
    clock: Callable[[], int]
    slots: Sequence[_Slot]
    quota: int | None
    alone: bool = False
    before: Callable[[], object] | None = None
    cut_ns: int = 0
    rows: list[tuple[int, int, int, int, int, int, int]] = field(default_factory=list)
    raised: RaisedLog = field(default_factory=RaisedLog)
    types: set[type] = field(default_factory=set)
    deadline_ns: int | None = None
    error: BaseException | None = None

    def run(self, duration_ns: int) -> None:
        try:
            with self.adapter.streams_restored():
                self.adapter.synchronize()  # inputs may have been made on another stream
                self._set_base()
                self.deadline_ns = self.clock() + duration_ns
                for slot in self.slots:
                    self._launch(slot)
                self._poll()
        except KeyboardInterrupt:
            self._let_finish()
            raise
        except BaseException as error:  # MemoryError, a CUDA error: kept, with the calls until then
            # A device that a call has broken says so to whoever asks it next; the call's own error says why.
            self.error = next((slot.failure for slot in self.slots if slot.in_flight and slot.failure), error)
            self._let_finish()

    def _poll(self) -> None:
        is_done, clock = self.adapter.is_done, self.clock
        waiting = list(self.slots)
        while waiting:
            for slot in waiting:
                if is_done(slot.stop):
                    self._finish(slot, clock())
            waiting = [slot for slot in waiting if slot.in_flight]
            if clock() - self._base.host_ns >= REBASE_NS:
                self._set_base()

    def _launch(self, slot: _Slot) -> None:
        if self.before is not None:
            began = self.clock()
            self.adapter.use(slot.stream)
            self.before()
            self.adapter.synchronize()
            self.cut_ns += self.clock() - began
        slot.launch(self.clock)

    def _finish(self, slot: _Slot, done_ns: int) -> None:
        start, stop, cut_ns = slot.start, slot.stop, self.cut_ns
        submitted_ns, launched_ns = slot.submitted_ns - cut_ns, slot.launched_ns - cut_ns
        failed = slot.failure is not None
        if slot.failure is not None:
            self.raised.note(slot.failure)
            slot.failure = None
        else:
            self.types.add(slot.returned)
        slot.in_flight = False
        slot.done_calls += 1
        assert self.deadline_ns is not None  # noqa: S101  # set before the first launch
        out_of_calls = self.quota is not None and slot.done_calls >= self.quota
        slot.past_deadline = slot.past_deadline or out_of_calls or done_ns >= self.deadline_ns
        # Past the deadline a slot goes on until all are: calls that crossed it were measured under full load.
        try:
            if self.alone:
                self.adapter.synchronize()
            if not out_of_calls and not all(other.past_deadline for other in self.slots):
                self._launch(slot)
        finally:  # a launch that fails does not take the finished call with it
            start_ns = self._base.host_ns + round(self.adapter.elapsed_ms(self._base.event, start) * 1e6) - cut_ns
            model_ns = round(self.adapter.elapsed_ms(start, stop) * 1e6)
            self.rows.append(
                (slot.number, submitted_ns, start_ns, start_ns + model_ns, done_ns - cut_ns, launched_ns, failed)
            )

    def _set_base(self) -> None:
        # Polled, not synchronised: a call that waits for an event may sleep, and wake late.
        event = self.adapter.event()
        before = self.clock()
        self.adapter.record(event, self.adapter.base_stream)
        while not self.adapter.is_done(event):
            pass
        self._base = _Base(event, (before + self.clock()) // 2)

    def _let_finish(self) -> None:
        # After a failure the device may refuse to be waited for; the first error is the one that says why.
        with contextlib.suppress(Exception):
            self.adapter.synchronize()
