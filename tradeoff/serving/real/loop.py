"""The policy under the real clock.

Arrivals are made beforehand: at each decision the requests that are due have come, so that no generator can be late.
The loop is late itself at times, by as much as it takes to wake up; how late is recorded with each batch.

It ends when no request is left. Two things end it earlier, and what was not finished then is recorded as such: Ctrl-C,
and a queue that has grown without end, be it when the last request has come or when it takes too much memory, as there
is nothing more to learn from it.

Three times make a batch: when the policy lets it leave, when its worker is handed it, and when the loop has seen that
it is done. From the first to the last its worker is taken. So a run can be served again under the virtual clock, with
these times for costs: the same batches leave at the same moments (see `tradeoff.serving.real.replay`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from tradeoff.serving.batching import Batch, Batching, Rejection
from tradeoff.serving.policy import Policy
from tradeoff.serving.real.crew import Crew, Ended
from tradeoff.serving.real.disturbances import Collections, Pauses
from tradeoff.serving.real.interrupts import AT_ONCE, Interrupts

_LATE, _BUSY = 0.05, 0.9
"""Share of all requests that wait at the end of an open loop, and of the time that workers were busy, from which on
its queue counts as one that grows without end."""

_MOST_WAITING = 100_000
"""Requests at which that is looked at before the last has come."""


@dataclass(eq=False)
class BatchRecord:
    """One batch; times in ns since the beginning."""

    number: int
    free: int
    dispatch: int
    handed: int
    requests: list[tuple[int, int]]
    in_flight: int
    started: int = 0
    pre: int = 0
    model: int = 0
    post: int = 0
    done: int = 0
    error: str | None = None
    preempted: bool = False


@dataclass(eq=False)
class Record:
    """What happened: batches in the order in which they left, and requests that did not get through one.

    Attributes
    ----------
    batches, abandoned
        Those that ended, and those that were not waited for.
    rejected, waiting
        When requests came that found no place, or that still waited at the end, and their numbers.
    pauses
        When garbage was collected: beginning and end.
    interrupted
        Whether Ctrl-C ended it.
    overwhelmed
        Whether it ended because the queue grew without end.
    origin
        When it began, on the loop's clock: all other times count from there.
    """

    batches: list[BatchRecord] = field(default_factory=list)
    abandoned: list[BatchRecord] = field(default_factory=list)
    rejected: list[tuple[int, int]] = field(default_factory=list)
    waiting: list[tuple[int, int]] = field(default_factory=list)
    pauses: Pauses = field(default_factory=list)
    interrupted: bool = False
    overwhelmed: bool = False
    origin: int = 0

    @property
    def arrivals(self) -> list[int]:
        """When requests came."""
        begun = [request for batch in (*self.batches, *self.abandoned) for request in batch.requests]
        return [time for time, _ in (*begun, *self.rejected, *self.waiting)]

    @property
    def in_system(self) -> int:
        """Requests that had come and were not finished at the end."""
        return len(self.waiting) + sum(len(batch.requests) for batch in self.abandoned)


def grows_without_end(policy: Policy, *, waiting: int, came: int, busy: float) -> bool:
    """Say whether a queue has grown too long for chance, while workers had no time to spare.

    Parameters
    ----------
    policy
        Of the server; twice the batches that it has under way may always wait.
    waiting, came
        Requests, at the end of an open loop.
    busy
        Share of the time that workers were.
    """
    return waiting > max(2 * policy.max_batch_size * policy.workers, _LATE * came) and busy >= _BUSY


class Loop:
    """Serves requests until none is left.

    Parameters
    ----------
    policy
        How requests become batches.
    crew
        Who runs them; as many workers as the policy has.
    clock
        In ns.
    interrupts
        How often Ctrl-C was pressed; see `tradeoff.serving.real.interrupts`.
    """

    def __init__(
        self, policy: Policy, crew: Crew, *, clock: Callable[[], int], interrupts: Interrupts | None = None
    ) -> None:
        self._policy, self._crew, self._clock = policy, crew, clock
        self._interrupts = Interrupts() if interrupts is None else interrupts
        wait = policy.max_wait_ms * 1e6
        self._batching = Batching(policy, max_wait=wait if math.isinf(wait) else round(wait))
        self._under_way: dict[int, BatchRecord] = {}
        self._record = Record()
        self._origin = 0
        self._arrivals: Iterator[int] = iter(())
        self._announced: float = -math.inf
        self._until = math.inf
        self._again: Callable[[int], int | None] | None = None
        self._asked = 0
        self._busy = 0

    def serve(self, arrivals: Iterable[int], *, until: float = math.inf) -> Record:
        """Serve requests that arrive at these times, in ns after the beginning, ascending.

        A queue that has grown without end is given up at `until`; none is, unless that is given.
        """
        self._arrivals, self._until = iter(arrivals), until
        return self._run()

    def serve_clients(self, clients: int, think: Callable[[], int], until: int, most: int | None = None) -> Record:
        """Serve clients that think, ask and wait for the answer; nobody asks after `until`, or `most` requests.

        Clients that are rejected think again.
        """

        def again(now: int) -> int | None:
            if most is not None and self._asked >= most:
                return None
            time = now + think()
            return time if time < until else None

        self._again = again
        for _ in range(clients):
            self._ask_again(0)
        return self._run()

    def _come(self, time: int) -> None:
        self._batching.come(time, self._asked)
        self._asked += 1

    def _ask_again(self, now: int) -> None:
        if self._again is not None and (time := self._again(now)) is not None:
            self._come(time)

    def _announce(self, now: int) -> None:
        """Announce requests up to the first that is not due: all at once would take memory for each."""
        while self._announced <= now:
            time = next(self._arrivals, None)
            if time is None:
                self._announced = math.inf
            else:
                self._announced = time
                self._come(time)

    def _run(self) -> Record:
        with Collections(self._clock) as collections:
            self._origin = self._clock()
            while not self._interrupts.count and self._step():
                pass
            while self._under_way and self._interrupts.count < AT_ONCE:
                self._see(self._crew.wait(math.inf))
        record = self._record
        record.origin = self._origin
        record.pauses = collections.since(self._origin)
        record.interrupted = self._interrupts.count > 0
        record.waiting = [(int(request.time), request.number) for request in self._batching.waiting]
        record.abandoned = list(self._under_way.values())
        record.batches = [batch for batch in record.batches if batch.number not in self._under_way]
        return record

    def _is_hopeless(self, now: int) -> bool:
        """Say whether the queue has grown without end, when the last request has come or it takes too much memory."""
        waiting = self._batching.n_waiting
        if math.isinf(self._until) or (now < self._until and waiting < _MOST_WAITING):
            return False
        busy = self._busy + sum(now - batch.dispatch for batch in self._under_way.values())
        self._record.overwhelmed = grows_without_end(
            self._policy, waiting=waiting, came=self._asked, busy=busy / (max(1, now) * self._policy.workers)
        )
        if now >= self._until:
            self._until = math.inf  # what is left then is served: it does not take long
        return self._record.overwhelmed

    def _step(self) -> bool:
        """Do all that is due, then wait until something is; False when nothing ever will be."""
        now = self._clock() - self._origin
        self._announce(now)
        while not self._interrupts.count and (event := self._batching.next(until=now)) is not None:
            if isinstance(event, Rejection):
                self._record.rejected.append((int(event.request.time), event.request.number))
                self._ask_again(int(event.request.time))
            else:
                self._begin(event)
        wake = self._batching.wake
        if self._is_hopeless(now) or (not self._under_way and math.isinf(wake)):
            return False
        ended = self._crew.wait((wake - (self._clock() - self._origin)) / 1e9)
        while ended is not None:
            self._see(ended)
            ended = self._crew.wait(0.0)
        return True

    def _begin(self, batch: Batch) -> None:
        number = len(self._record.batches)
        record = BatchRecord(
            number=number,
            free=int(batch.free),
            dispatch=int(batch.dispatch),
            handed=self._clock() - self._origin,
            requests=[(int(request.time), request.number) for request in batch.requests],
            in_flight=len(self._under_way) + 1,
        )
        self._record.batches.append(record)
        self._under_way[number] = record
        self._crew.begin(number, len(record.requests))

    def _see(self, ended: Ended | None) -> None:
        if ended is None:
            return
        record = self._under_way.pop(ended.number)
        record.started, record.error = ended.started - self._origin, ended.error
        record.pre, record.model, record.post = ended.pre, ended.model, ended.post
        record.done = self._clock() - self._origin
        # The worker's thread alone: this one loses its core to each worker that it wakes, as a matter of course.
        record.preempted = ended.preempted
        self._busy += record.done - record.dispatch
        self._batching.free(record.done)
        for _ in record.requests:
            self._ask_again(record.done)
