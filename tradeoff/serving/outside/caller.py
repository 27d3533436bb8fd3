"""Asks a server as clients do: on a schedule whatever it does, or one request after the other."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import numpy as np

from tradeoff.arguments import ArgumentError, shown
from tradeoff.serving.outside.alarm import Alarm
from tradeoff.serving.real.disturbances import Collections, Pauses
from tradeoff.serving.schedule import MOST_REQUESTS, arrivals_of, thinker
from tradeoff.serving.systems import System
from tradeoff.timing.failure import said_by
from tradeoff.workloads.promises import promise_of

_GRACE = 1.1
"""How much longer than requests are due a generator that has fallen behind may go on to send them."""


class Asked(NamedTuple):
    """A request; times in ns since the beginning, `done` when it was answered or given up."""

    number: int
    due: int
    sent: int
    done: int
    status: str


class Caller:
    """Sends requests, and notes what became of each.

    Parameters
    ----------
    send
        Asks once.
    system
        Who asks.
    timeout_s
        After which a request is given up.
    max_in_flight
        Requests under way in an open loop; what is due beyond them is rejected.
    clock
        In ns.

    Attributes
    ----------
    rows
        Requests that have ended.
    under_way
        Those that have not: number to when they were due and sent.
    not_sent
        Those that were due and never sent, because this generator had fallen behind: numbers and when they were due.
    error
        What went wrong first.
    pauses
        When garbage was collected.
    """

    def __init__(
        self, send: Callable[..., Awaitable[object]], system: System, *, timeout_s: float, max_in_flight: int,
        clock: Callable[[], int] = time.perf_counter_ns,
    ) -> None:  # fmt: skip
        self._send, self._system, self._clock = send, system, clock
        self._timeout_s, self._max_in_flight = timeout_s, max_in_flight
        self._takes_number = takes_number(send)
        self.rows: list[Asked] = []
        self.under_way: dict[int, tuple[int, int]] = {}
        self.not_sent: list[tuple[int, int]] = []
        self.error = ""
        self.pauses: Pauses = []
        self._is_stopped = False
        self._misuse: ArgumentError | None = None
        self._tasks: set[asyncio.Task[int]] = set()
        self._asked, self._origin = 0, 0
        self._alarm: Alarm | None = None

    async def run(self, rng: np.random.Generator, *, until: int, most: int | None) -> None:
        """Ask all requests, and wait for the last answer.

        Raises
        ------
        ArgumentError
            When what `send` returns cannot be awaited, or is a promise once more when it was.
        """
        self._alarm = Alarm(asyncio.get_running_loop(), clock=self._clock)
        try:
            with Collections(self._clock) as collections:
                self._origin = self._clock()
                if self._system.clients:
                    think = thinker(self._system, rng)
                    clients = (self._client(think, until, most or MOST_REQUESTS) for _ in range(self._system.clients))
                    await asyncio.gather(*clients)
                else:
                    await self._follow(rng, until, most)
        finally:
            self._alarm.close()
            self.pauses = collections.since(self._origin)
        if self._misuse is not None:
            raise self._misuse

    def stop(self, times: int = 1) -> None:
        """Send no more; those under way are waited for, unless it is said more than once."""
        self._is_stopped = True
        if self._alarm is not None:
            self._alarm.ring()
        if times > 1:
            for task in self._tasks:
                task.cancel()

    @property
    def origin(self) -> int:
        """When it began, on its clock: all other times count from there."""
        return self._origin

    @property
    def _is_over(self) -> bool:
        return self._is_stopped or self._misuse is not None

    async def _follow(self, rng: np.random.Generator, until: int, most: int | None) -> None:
        """Send on a schedule."""
        behind = _GRACE * until
        for due in arrivals_of(self._system, rng, until=until, most=most):
            await self._until(due)
            if self._is_over:
                break
            number, self._asked = self._asked, self._asked + 1
            if not self._system.is_finite and self._now() > behind:
                self.not_sent.append((number, due))
            elif len(self.under_way) >= self._max_in_flight:
                self.rows.append(Asked(number, due, due, due, "rejected"))
            else:
                self._begin(number, due)
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _client(self, think: Callable[[], int], until: int, most: int) -> None:
        now = 0
        while True:
            due = now + think()
            if due >= until or self._asked >= most:
                return
            number, self._asked = self._asked, self._asked + 1
            await self._until(due)
            if self._is_over:
                return
            task = self._begin(number, max(due, now))
            await asyncio.wait({task})
            if task.cancelled():
                return
            now = task.result()

    async def _until(self, due: int) -> None:
        """Wait until a time, or until there is nothing more to send; let others have their turn in any case."""
        if self._is_over or self._alarm is None or due <= self._now():
            await asyncio.sleep(0)
        else:
            await self._alarm.at(self._origin + due)

    def _begin(self, number: int, due: int) -> asyncio.Task[int]:
        task = asyncio.create_task(self._ask(number, due))
        self.under_way[number] = (due, self._now())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _ask(self, number: int, due: int) -> int:
        sent = self._now()
        self.under_way[number] = (due, sent)
        answer = asyncio.ensure_future(self._answer(number))
        try:
            # One that hangs, and does not even notice that it is cancelled, is left behind.
            ended, _ = await asyncio.wait({answer}, timeout=self._timeout_s)
        except asyncio.CancelledError:
            answer.cancel()
            raise
        error, done = answer.result() if ended else (None, self._now())
        answer.cancel()
        # Only what outlived timeout_s timed out here: a TimeoutError of the client's own is an error like any other.
        status = "timeout" if not ended else "ok" if error is None else "error"
        if status == "error" and error is not None and not self.error:
            self.error = said_by(error)
        del self.under_way[number]
        self.rows.append(Asked(number, due, sent, done, status))
        return done

    async def _answer(self, number: int) -> tuple[BaseException | None, int]:
        """Wait for an answer; whatever is raised instead is returned, with the time."""
        try:
            awaited = self._send(number) if self._takes_number else self._send()
            if not inspect.isawaitable(awaited):
                return self._stopped_by(
                    f"send must be an async function, and it returned {shown(awaited)}, which cannot be awaited; "
                    "nothing more was sent"
                ), self._now()
            promise = promise_of(await awaited)
            if promise is not None:
                return self._stopped_by(
                    f"send must return when the answer is there, and it returned {promise.name}: await or consume it "
                    "inside send; nothing more was sent"
                ), self._now()
        except BaseException as error:
            return error, self._now()
        return None, self._now()

    def _stopped_by(self, misuse: str) -> ArgumentError:
        self._misuse = ArgumentError(misuse)
        if self._alarm is not None:
            self._alarm.ring()
        return self._misuse

    def _now(self) -> int:
        return self._clock() - self._origin


def takes_number(send: Callable[..., Any]) -> bool:
    """Say whether a function is given the number of the request.

    Raises
    ------
    ArgumentError
        When it can be called neither with one argument nor with none.
    """
    try:
        signature = inspect.signature(send)
    except (TypeError, ValueError):  # written in C: nobody knows
        return True
    for arguments in ((0,), ()):
        try:
            signature.bind(*arguments)
        except TypeError:
            continue
        return bool(arguments)
    raise ArgumentError(f"send must take the number of the request, or nothing; it takes {signature}")
