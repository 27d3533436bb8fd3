"""The policy under the real clock.

Arrivals are made beforehand: at each decision the requests that are due have come, so that no generator can be late.
The loop is late itself at times, by as much as it takes to wake up; how late is recorded with each batch.

Three times make a batch: when the policy lets it leave, when its worker is handed it, and when the loop has seen that
it is done. From the first to the last its worker is taken. So a run can be served again under the virtual clock, with
these times for costs: the same batches leave at the same moments (see `tradeoff.serving.real.replay`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from tradeoff.serving.batching import Batch, Batching, Rejection
from tradeoff.serving.policy import Policy
from tradeoff.serving.real.crew import Crew, Ended

Status = Literal["ok", "error", "rejected"]


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


@dataclass(eq=False)
class Record:
    """What happened: batches in the order in which they left, and requests that did not get into one."""

    batches: list[BatchRecord] = field(default_factory=list)
    rejected: list[tuple[int, int]] = field(default_factory=list)
    left: int = 0
    interrupted: bool = False

    @property
    def arrivals(self) -> list[int]:
        """When requests came that were served or rejected."""
        return [time for batch in self.batches for time, _ in batch.requests] + [time for time, _ in self.rejected]

    @property
    def arrived(self) -> int:
        """Requests that came: in a batch that ended, rejected, or still there."""
        return sum(len(batch.requests) for batch in self.batches) + len(self.rejected) + self.left


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
    """

    def __init__(self, policy: Policy, crew: Crew, *, clock: Callable[[], int]) -> None:
        self._policy, self._crew, self._clock = policy, crew, clock
        wait = policy.max_wait_ms * 1e6
        self._batching = Batching(policy, max_wait=wait if math.isinf(wait) else round(wait))
        self._under_way: dict[int, BatchRecord] = {}
        self._record = Record()
        self._origin = 0
        self._again: Callable[[int], int | None] | None = None
        self._asked = 0

    def serve(self, arrivals: list[int]) -> Record:
        """Serve requests that arrive at these times, in ns after the beginning."""
        for time in arrivals:
            self._come(time)
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

    def _run(self) -> Record:
        self._origin = self._clock()
        try:
            while self._step():
                pass
        except KeyboardInterrupt:
            self._record.interrupted = True
            self._again = None
            while self._under_way:
                self._see(self._crew.wait(math.inf))
        self._record.left = self._batching.waiting
        return self._record

    def _step(self) -> bool:
        """Do all that is due, then wait until something is; False when nothing ever will be."""
        now = self._clock() - self._origin
        while (event := self._batching.next(until=now)) is not None:
            if isinstance(event, Rejection):
                self._record.rejected.append((int(event.request.time), event.request.number))
                self._ask_again(int(event.request.time))
            else:
                self._begin(event)
        wake = self._batching.wake
        if not self._under_way and math.isinf(wake):
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
        self._batching.free(record.done)
        for _ in record.requests:
            self._ask_again(record.done)
