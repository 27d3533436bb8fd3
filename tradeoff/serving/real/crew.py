"""Workers that run batches: a thread for each, on a GPU with a stream of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, Protocol

from tradeoff.serving.real.disturbances import LostCore
from tradeoff.timing.device import DeviceAdapter
from tradeoff.timing.failure import said_by
from tradeoff.timing.threads import hold_this_thread_to
from tradeoff.workloads.promises import check_done

_POLL_S = 20e-6
"""How often a thread asks the device whether it has done."""


class Ended(NamedTuple):
    """A batch that a worker has finished; times on the loop's clock in ns."""

    number: int
    started: int
    pre: int
    model: int
    post: int
    error: str | None
    preempted: bool = False


class Crew(Protocol):
    """Who runs batches."""

    def begin(self, number: int, size: int) -> None:
        """Hand a batch to a worker that is free."""
        ...

    def wait(self, timeout_s: float) -> Ended | None:
        """Wait for a batch to end, this long at most; infinite for ever. None when none has, or `wake` was called."""
        ...


class Worker:
    """Runs one batch at a time: host work, model, host work.

    Parameters
    ----------
    calls
        The model's call for each batch size.
    preprocess
        Called with the size of each batch.
    postprocess
        Called with what the model returned.
    clock
        In ns.
    adapter
        The device whose work is asynchronous; None where a call returns when it is done.
    """

    def __init__(
        self,
        calls: Mapping[int, Callable[[], object]],
        *,
        preprocess: Callable[[int], object] | None = None,
        postprocess: Callable[[object], object] | None = None,
        clock: Callable[[], int] = time.perf_counter_ns,
        adapter: DeviceAdapter | None = None,
    ) -> None:
        self._calls, self._clock, self._adapter = calls, clock, adapter
        self._preprocess, self._postprocess = preprocess, postprocess
        self._stream: Any = None
        self._core: LostCore | None = None

    def run(self, number: int, size: int) -> Ended:
        """Run one batch; whatever it raises is said, and nothing more."""
        clock = self._clock
        core = self._core = self._core or LostCore()
        started = before_model = after_model = clock()
        error, model = None, None
        try:
            if self._preprocess is not None:
                self._preprocess(size)
                before_model = after_model = clock()
            result, model = self._call(size)
            after_model = clock()
            if self._postprocess is not None:
                self._postprocess(result)
        except BaseException as raised:  # the workload is somebody else's, and sys.exit() in it would end this thread
            error = said_by(raised)
        ended = clock()
        return Ended(
            number, started, before_model - started, model or after_model - before_model, ended - after_model, error,
            core.has_lost(ended - started),
        )  # fmt: skip

    def close(self) -> None:
        """Let go of what it keeps open; to be called in the thread that ran batches."""
        if self._core is not None:
            self._core.close()
            self._core = None

    def _call(self, size: int) -> tuple[object, int | None]:
        """Return what the model returns, and how long the device took where it has a clock of its own."""
        adapter = self._adapter
        if adapter is None:
            return check_done(self._calls[size]()), None
        if self._stream is None:
            self._stream = adapter.stream()
        adapter.use(self._stream)
        start, stop = adapter.event(), adapter.event()
        adapter.record(start, self._stream)
        result = check_done(self._calls[size]())
        adapter.record(stop, self._stream)
        while not adapter.is_done(stop):
            time.sleep(_POLL_S)
        return result, round(adapter.elapsed_ms(start, stop) * 1e6)


class Threads:
    """A crew of threads, one for each worker.

    Parameters
    ----------
    workers
        Who runs the batches.
    intra_op
        Threads that torch may use in each call; as it comes unless given.
    """

    def __init__(self, workers: Sequence[Worker], *, intra_op: int | None = None) -> None:
        self._intra_op = intra_op
        self._ended: SimpleQueue[Ended | None] = SimpleQueue()
        self._given: list[SimpleQueue[tuple[int, int] | None]] = [SimpleQueue() for _ in workers]
        self._idle: list[int] = list(range(len(workers)))
        self._of: dict[int, int] = {}
        self._threads = [
            threading.Thread(target=self._work, args=(worker, given), name=f"tradeoff-worker-{place}", daemon=True)
            for place, (worker, given) in enumerate(zip(workers, self._given, strict=True))
        ]
        for thread in self._threads:
            thread.start()

    def begin(self, number: int, size: int) -> None:
        """Hand a batch to a worker that is free."""
        place = self._idle.pop()
        self._of[number] = place
        self._given[place].put((number, size))

    def wait(self, timeout_s: float) -> Ended | None:
        """Wait for a batch to end."""
        try:
            # A wait without end would not hear Ctrl-C everywhere.
            ended = self._ended.get(timeout=min(timeout_s, 3600.0)) if timeout_s > 0.0 else self._ended.get_nowait()
        except Empty:
            return None
        if ended is None:
            return None
        self._idle.append(self._of.pop(ended.number))
        return ended

    def wake(self) -> None:
        """Make who waits look up; a signal handler may call this."""
        self._ended.put(None)

    def close(self) -> None:
        """Let the threads end; one that hangs is left behind."""
        for given in self._given:
            given.put(None)
        for thread in self._threads:
            thread.join(timeout=1.0)

    def _work(self, worker: Worker, given: SimpleQueue[tuple[int, int] | None]) -> None:
        if self._intra_op is not None:
            hold_this_thread_to(self._intra_op)
        try:
            while (batch := given.get()) is not None:
                self._ended.put(worker.run(*batch))
        finally:
            worker.close()
