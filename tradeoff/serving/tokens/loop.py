"""Continuous batching under the real clock: iterations that run, every one stamped.

Arrivals are made beforehand, so that no generator can be late. An iteration begins where the one before was seen to
end, or, when nobody was there, when the next request is due: what the loop itself takes, and how late it wakes up, is
part of the iteration. So a run can be served again under the virtual clock with the times of its iterations: the same
requests are admitted at the same moments, and have their first token and their last at the same nanosecond.

It ends when no request is left. Ctrl-C, and a queue that has grown without end when the last request has come, end it
earlier: nobody is admitted any more, and those that are in get all their tokens. A second Ctrl-C gives them up, too.
"""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Protocol

from tradeoff.serving.policy import Policy
from tradeoff.serving.real.disturbances import Collections, LostCore, Pauses
from tradeoff.serving.real.interrupts import AT_ONCE, Interrupts
from tradeoff.serving.real.loop import grows_without_end
from tradeoff.serving.tokens.policy import Batch, Request, Step, TokenPolicy
from tradeoff.timing.device import DeviceAdapter
from tradeoff.timing.failure import said_by
from tradeoff.workloads.promises import check_done

_NAP_S = 0.05
"""How long the loop sleeps at once: Ctrl-C is heard in between."""

Timed = Callable[[Callable[[], object]], int]
"""Runs a step to its end, and returns how long the device took, in ns."""


class Steps(Protocol):
    """A model with its cache of keys and values; requests are known by their numbers."""

    def prefill(self, prompts: Sequence[tuple[int, int]]) -> object:
        """Take in requests, given as (number, tokens of the prompt), and compute their prompts: their first token."""
        ...

    def decode(self) -> object:
        """Compute one more token of every request that is in."""
        ...

    def leave(self, numbers: Sequence[int]) -> None:
        """Let requests go, and with them their part of the cache; some may never have come in."""
        ...


@dataclass(frozen=True, slots=True)
class Iteration:
    """One iteration; times in ns since the beginning.

    Attributes
    ----------
    step
        What it computed.
    start
        When the policy lets it begin.
    handed
        When the model was handed it.
    done
        When the loop had seen that it was done.
    model
        How long the device took.
    requests
        Whose prompts it computed, or who got a token.
    prompt_tokens
        Of all prompts that it computed.
    error
        What it raised.
    preempted
        Whether the loop's thread lost its core meanwhile.
    """

    step: Step
    start: int
    handed: int
    done: int
    model: int
    requests: int
    prompt_tokens: int
    error: str | None
    preempted: bool = False


@dataclass(eq=False)
class TokenRecord:
    """What happened.

    Attributes
    ----------
    requests
        Those that were admitted, in that order, and then those that were not.
    iterations
        In the order in which they ran.
    pauses
        When garbage was collected: beginning and end.
    interrupted
        Whether Ctrl-C ended it.
    origin
        When it began, on the loop's clock: all other times count from there.
    """

    requests: list[Request] = field(default_factory=list)
    iterations: list[Iteration] = field(default_factory=list)
    pauses: Pauses = field(default_factory=list)
    interrupted: bool = False
    origin: int = 0


def host_timed(clock: Callable[[], int]) -> Timed:
    """Return what times a step that has been computed when it returns."""

    def timed(step: Callable[[], object]) -> int:
        start = clock()
        step()
        return clock() - start

    return timed


def device_timed(adapter: DeviceAdapter) -> Timed:
    """Return what times a step that a device computes, by the device's own clock."""
    stream = adapter.stream()

    def timed(step: Callable[[], object]) -> int:
        with adapter.streams_restored():
            adapter.use(stream)
            start, stop = adapter.event(), adapter.event()
            adapter.record(start, stream)
            step()
            adapter.record(stop, stream)
            adapter.synchronize()
        return round(adapter.elapsed_ms(start, stop) * 1e6)

    return timed


class TokenLoop:
    """Serves requests of tokens until none is left.

    Parameters
    ----------
    policy
        Who is admitted.
    steps
        The model.
    requests
        All there may be, by number: their tokens.
    clock
        In ns.
    timed
        Runs a step; by the clock unless given.
    sleep
        Lets time pass, in seconds.
    interrupts
        How often Ctrl-C was pressed; see `tradeoff.serving.real.interrupts`.
    """

    def __init__(
        self,
        policy: TokenPolicy,
        steps: Steps,
        requests: Sequence[Request],
        *,
        clock: Callable[[], int] = time.perf_counter_ns,
        timed: Timed | None = None,
        sleep: Callable[[float], None] = time.sleep,
        interrupts: Interrupts | None = None,
    ) -> None:
        self._policy, self._steps, self._requests = policy, steps, requests
        self._clock, self._timed = clock, timed or host_timed(clock)
        self._sleep = sleep
        self._interrupts = Interrupts() if interrupts is None else interrupts
        self._batch = Batch(policy)
        self._coming: list[tuple[int, int]] = []
        self._asked = 0
        self._again: Callable[[int], int | None] | None = None
        self._gone: list[int] = []
        self._record = TokenRecord()
        self._origin = 0
        self._until = math.inf
        self._is_overwhelmed = False
        self._busy = 0

    def serve(self, arrivals: Sequence[int], *, until: float = math.inf) -> TokenRecord:
        """Serve requests that arrive at these times, in ns after the beginning.

        A queue that has grown without end is given up at `until`; none is, unless that is given.
        """
        self._until = until
        for arrival in arrivals:
            self._ask(arrival)
        return self._run()

    def serve_clients(self, clients: int, think: Callable[[], int], until: int) -> TokenRecord:
        """Serve clients that think, ask and wait for the answer; nobody asks after `until`."""

        def again(now: int) -> int | None:
            arrival = now + think()
            return arrival if arrival < until else None

        self._again = again
        for _ in range(clients):
            self._ask_again(0)
        return self._run()

    def _ask(self, arrival: int) -> None:
        heapq.heappush(self._coming, (arrival, self._asked))
        self._asked += 1

    def _ask_again(self, now: int) -> None:
        if self._again is None or self._asked == len(self._requests):
            return
        if (arrival := self._again(now)) is not None:
            self._ask(arrival)

    def _now(self) -> int:
        return self._clock() - self._origin

    def _run(self) -> TokenRecord:
        with Collections(self._clock) as collections, closing(LostCore()) as self._core:
            self._origin = self._clock()
            now: int | None = 0
            while now is not None:
                now = self._next(now)
        self._record.origin = self._origin
        self._record.pauses = collections.since(self._origin)
        self._record.interrupted = self._interrupts.count > 0
        self._record.requests += self._batch.waiting
        with suppress(Exception):  # what was measured is there, whatever the model says now
            gone = [*self._gone, *(request.number for request in self._batch.running)]
            self._timed(lambda: self._steps.leave(gone))
        return self._record

    def _next(self, now: int) -> int | None:
        """Carry out what is due at this time, and say when the next decision is; None when there is none."""
        if self._interrupts.count >= AT_ONCE:
            return None
        is_closing = self._interrupts.count > 0
        if not is_closing:
            self._see_who_came(now)
            is_closing = self._is_hopeless(now)
        if not is_closing and (admitted := self._batch.admit(now)):
            self._record.requests += admitted
            return self._iterate(now, admitted)
        if self._batch.running:
            return self._iterate(now, [])
        if is_closing or not self._coming:
            return None
        return self._wait_for(self._coming[0][0])

    def _is_hopeless(self, now: int) -> bool:
        """Say whether the last request has come, and the queue has grown without end."""
        if now >= self._until:
            self._until = math.inf  # what is left then is served: it does not take long
            self._is_overwhelmed = grows_without_end(
                Policy(max_batch_size=self._policy.max_batch_size), waiting=len(self._batch.waiting), came=self._asked,
                busy=self._busy / max(now, 1),
            )  # fmt: skip
        return self._is_overwhelmed

    def _see_who_came(self, now: int) -> None:
        while self._coming and self._coming[0][0] <= now:
            arrival, number = heapq.heappop(self._coming)
            request = self._requests[number]
            request.arrival = arrival
            self._batch.waiting.append(request)

    def _wait_for(self, time_ns: int) -> int:
        while (left := time_ns - self._now()) > 0 and not self._interrupts.count:
            self._sleep(min(left / 1e9, _NAP_S))
        return time_ns

    def _iterate(self, start: int, admitted: list[Request]) -> int:
        prompts = [(request.number, request.prompt) for request in admitted]
        gone, self._gone = self._gone, []
        served = len(admitted) or len(self._batch.running)

        def step() -> object:
            if gone:
                self._steps.leave(gone)
            return check_done(self._steps.prefill(prompts) if prompts else self._steps.decode())

        handed, model, error = self._now(), 0, None
        try:
            model = self._timed(step)
        except Exception as raised:  # the model is somebody else's
            error = said_by(raised)
        done = max(self._now(), start + 1)
        self._record.iterations.append(
            Iteration(
                "prefill" if prompts else "decode", start, handed, done, model, served,
                sum(tokens for _, tokens in prompts), error, self._core.has_lost(done - start),
            )
        )  # fmt: skip
        self._busy += done - start
        for request in self._batch.end(done, admitted, error):
            self._gone.append(request.number)
            self._ask_again(done)
        return done
