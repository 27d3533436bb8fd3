"""The host clock: one thread a slot, each with one call in flight."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from itertools import repeat
from queue import SimpleQueue
from time import perf_counter_ns

import numpy as np
from numpy.typing import NDArray

from tradeoff.timing.block import Block, make_block
from tradeoff.timing.cores import cores_for, held_to
from tradeoff.timing.floor import floor_of
from tradeoff.timing.preempted import LONG_NS, CoreWait
from tradeoff.timing.raised import RaisedLog, together
from tradeoff.timing.threads import hold_this_thread_to, threads_per_call

_FLOOR_CALLS = 2000
_FAR = 1 << 62
"""A deadline that no clock reaches."""


class HostRunner:
    """Times synchronous calls with ``time.perf_counter_ns``.

    Slot 0 runs in the thread that asks, so that one call in flight needs no other thread and Ctrl-C is heard. Each
    further slot has a thread that lives as long as the runner: numerical libraries keep thread pools for every thread
    they have seen, and would build them anew for each block.

    Parameters
    ----------
    clock
        In nanoseconds.
    before
        Called before each call, to flush a cache; its time is cut out of the time line. For one call in flight only.
    pinned
        Keep each slot's thread on cores of its own, where there are enough and the system can (Linux). Threads that a
        call starts stay on them too.
    """

    model_clock = "host"

    def __init__(
        self,
        *,
        clock: Callable[[], int] = perf_counter_ns,
        before: Callable[[], object] | None = None,
        pinned: bool = False,
    ) -> None:
        self._clock = clock
        self._before = before
        self._pinned = pinned
        self._helpers: list[_Helper] = []

    def run(self, calls: Sequence[Callable[[], object]], *, max_calls: int | None, duration_ns: int) -> Block:
        """Keep every call in flight until the time or the calls have run out (see `Runner.run`)."""
        k = len(calls)
        try:
            while len(self._helpers) < k - 1:
                self._helpers.append(_Helper(number=len(self._helpers) + 1))
        except RuntimeError as error:  # the system has no more threads
            raise RuntimeError(f"{k} calls in flight need as many threads, and {error}: use fewer") from error
        quota = None if max_calls is None else max(1, max_calls // k)
        stretch = _Stretch(slots=k, quota=quota, duration_ns=duration_ns, clock=self._clock, before=self._before)
        places = cores_for(k) if self._pinned else [None] * k
        threads = threads_per_call("torch")
        logs = [_Log() for _ in calls]
        with collection_held_off():
            helpers = self._helpers[: k - 1]
            for helper, call, log, cores in zip(helpers, calls[1:], logs[1:], places[1:], strict=True):
                helper.start(partial(_on, cores, stretch.loop, call, log, threads=threads))
            try:
                _on(places[0], stretch.loop, calls[0], logs[0])
            finally:
                stretch.wait_for(helpers)
        if isinstance(stretch.error, KeyboardInterrupt):
            raise stretch.error
        # A call that ended the block has a start and no end.
        submitted = [np.array(log.submitted[: len(log.done)], dtype=np.int64) for log in logs]
        done = [np.array(log.done, dtype=np.int64) for log in logs]
        return make_block(
            slot=np.repeat(np.arange(k, dtype=np.int64), [len(times) for times in done]),
            submitted_ns=np.concatenate(submitted),
            done_ns=np.concatenate(done),
            concurrency=k,
            deadline_ns=None if self._before is not None else stretch.deadline_ns,
            error=stretch.error,
            cut_ns=stretch.cut_ns,
            failed=np.concatenate([log.marks(log.failed) for log in logs]),
            raised=together(kind for log in logs for kind in log.raised.found()),
            types=frozenset().union(*(log.types for log in logs)),
            preempted=np.concatenate([log.marks(log.preempted) for log in logs]),
        )

    def floor_ns(self) -> tuple[float, float]:
        """Cost of timing a call that does nothing: median and 99th percentile."""
        return floor_of(self.run, calls=_FLOOR_CALLS)

    def flags(self, call: Callable[[], object]) -> list[str]:
        """None: a synchronous call has no launch."""
        del call
        return []

    def close(self) -> None:
        """End the helper threads."""
        for helper in self._helpers:
            helper.stop()
        self._helpers.clear()


class _Log:
    """What one slot's calls did. Lists of ints: cheaper than storing into an array, and bounded by the block."""

    __slots__ = ("done", "failed", "preempted", "raised", "submitted", "types")

    def __init__(self) -> None:
        self.submitted: list[int] = []
        self.done: list[int] = []
        self.failed: list[int] = []
        self.preempted: list[int] = []
        self.raised = RaisedLog()
        self.types: set[type] = set()

    def marks(self, which: list[int]) -> NDArray[np.bool_]:
        """Mark some of the calls that are done: those that raised, those that lost their core."""
        marks = np.zeros(len(self.done), dtype=np.bool_)
        marks[which] = True
        return marks

    def note(self, error: Exception) -> None:
        """Note that the call under way raised, before it is noted as done."""
        self.raised.note(error)
        self.failed.append(len(self.done))


class _Stretch:
    """One block as its slots share it: the start, the deadline, the first error."""

    def __init__(
        self,
        *,
        slots: int,
        quota: int | None,
        duration_ns: int,
        clock: Callable[[], int],
        before: Callable[[], object] | None = None,
    ) -> None:
        if before is not None and slots > 1:
            raise ValueError(f"before= goes with one call in flight, and there are {slots}")
        self.before = before
        self.cut_ns = 0
        self.slots = slots
        self.quota = quota
        self.duration_ns = duration_ns
        self.clock = clock
        self.deadline_ns = _FAR
        self.error: BaseException | None = None
        self._past_deadline: list[None] = []
        self._started: list[None] = []
        self._barrier = threading.Barrier(slots)

    def wait_for(self, helpers: Sequence[_Helper]) -> None:
        """Wait until the helpers are done; Ctrl-C makes them stop after their call, and is raised later."""
        for helper in helpers:
            while True:
                try:
                    helper.wait()
                    break
                except KeyboardInterrupt as interrupt:
                    self._stop(interrupt)

    def loop(self, call: Callable[[], object], log: _Log) -> None:
        """Run one slot's calls; keep the first error of all slots."""
        try:
            self._barrier.wait()
            with closing(CoreWait()) as waited:
                if self.before is None:
                    self._loop(call, log, waited.has_lost)
                else:
                    self._loop_alone(call, log, self.before, waited.has_lost)
        except threading.BrokenBarrierError:
            pass  # another slot failed before the start and left its error
        except BaseException as error:  # MemoryError, SystemExit: whatever it was, the other slots have to stop
            self._stop(error)
            self._barrier.abort()

    def _stop(self, error: BaseException) -> None:
        if self.error is None or isinstance(error, KeyboardInterrupt):
            self.error = error
        self.deadline_ns = 0  # slots look at the deadline after each call, and at the error only past it

    def _loop(self, call: Callable[[], object], log: _Log, has_lost: Callable[[int], bool]) -> None:
        clock, submitted, done = self.clock, log.submitted.append, log.done.append
        past, last, long = False, None, LONG_NS
        # The time counts from the last slot's start: threads that compete for the interpreter start one by one.
        self._started.append(None)
        if len(self._started) == self.slots and self.error is None:
            self.deadline_ns = clock() + self.duration_ns
        for _ in repeat(None) if self.quota is None else repeat(None, self.quota):
            start = clock()
            submitted(start)
            try:
                if (kind := type(call())) is not last:
                    last = kind
                    log.types.add(kind)
                end = clock()
            except Exception as error:
                end = clock()
                log.note(error)
            done(end)
            if end - start >= long and has_lost(end - start):
                log.preempted.append(len(log.done) - 1)
            if end >= self.deadline_ns:
                # Go on until every slot's call that crossed the deadline is done: it was measured under full load.
                if not past:
                    past = True
                    self._past_deadline.append(None)
                if len(self._past_deadline) >= self.slots or self.error is not None:
                    return
        if not past:
            self._past_deadline.append(None)  # out of calls: nobody has to wait for this slot

    def _loop_alone(
        self,
        call: Callable[[], object],
        log: _Log,
        before: Callable[[], object],
        has_lost: Callable[[int], bool],
    ) -> None:
        clock = self.clock
        resumed = clock()
        self.deadline_ns = resumed + self.duration_ns
        for _ in repeat(None) if self.quota is None else repeat(None, self.quota):
            before()
            start = clock()
            self.cut_ns += start - resumed
            log.submitted.append(start - self.cut_ns)
            try:
                log.types.add(type(call()))
                resumed = clock()
            except Exception as error:
                resumed = clock()
                log.note(error)
            log.done.append(resumed - self.cut_ns)
            if resumed - start >= LONG_NS and has_lost(resumed - start):
                log.preempted.append(len(log.done) - 1)
            if resumed >= self.deadline_ns:
                return


class _Helper:
    """A thread that runs one slot's loops, one after another."""

    def __init__(self, *, number: int) -> None:
        self._todo: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._finished: SimpleQueue[None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=f"tradeoff-slot-{number}", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while (task := self._todo.get()) is not None:
            task()
            self._finished.put(None)

    def start(self, task: Callable[[], None]) -> None:
        self._todo.put(task)

    def wait(self) -> None:
        self._finished.get()

    def stop(self) -> None:
        self._todo.put(None)
        self._thread.join()


def _on(
    cores: frozenset[int] | None, loop: Callable[..., None], *arguments: object, threads: int | None = None
) -> None:
    """Run a loop with this thread on `cores`, and put the thread back where it was.

    `threads` are those that a call may use inside, where this thread may not know it.
    """
    if threads is not None:
        hold_this_thread_to(threads)
    with held_to(cores):
        loop(*arguments)


@contextmanager
def collection_held_off() -> Iterator[None]:
    """Hold garbage collection off, and put it back as it was."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
