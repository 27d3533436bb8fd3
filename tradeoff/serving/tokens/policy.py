"""Continuous batching: who is admitted, who gets a token, who leaves; the policy under the real clock.

The virtual clock has the same policy over arrays, in `tradeoff.serving.virtual.token_kernel`. That both do the same is
tested, and `tradeoff.replay` checks it for every run.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Step = Literal["prefill", "decode"]


@dataclass(frozen=True, kw_only=True)
class TokenPolicy:
    """How many are served at once.

    Attributes
    ----------
    max_batch_size
        Requests in the batch at most.
    memory_tokens
        Tokens that the cache of keys and values holds; None for no limit.
    max_prefill_tokens
        Prompt tokens of one iteration at most; a longer prompt has an iteration of its own.
    """

    max_batch_size: int
    memory_tokens: int | None = None
    max_prefill_tokens: int = 8192


@dataclass(eq=False, slots=True)
class Request:
    """One request and what became of it; times in ns, None for what has not happened."""

    number: int
    prompt: int
    output: int
    arrival: int = 0
    admitted: int | None = None
    first: int | None = None
    done: int | None = None
    given: int = 0
    error: str | None = None

    @property
    def held(self) -> int:
        """Tokens that it may come to hold in the cache: its place is kept from the beginning."""
        return self.prompt + self.output


def requests_with(prompt: Iterable[int], output: Iterable[int]) -> list[Request]:
    """Return requests with so many tokens, numbered from 0."""
    return [Request(at, int(p), int(o)) for at, (p, o) in enumerate(zip(prompt, output, strict=True))]


class Batch:
    """Requests that wait, and those that are served.

    Parameters
    ----------
    policy
        How many are served at once.
    """

    def __init__(self, policy: TokenPolicy) -> None:
        self._policy = policy
        self._used = 0
        self.waiting: deque[Request] = deque()
        self.running: list[Request] = []

    def admit(self, now: int) -> list[Request]:
        """Take in who waits, in the order of arrival, as long as there is room."""
        policy, taken, tokens = self._policy, list[Request](), 0
        while self.waiting and len(self.running) + len(taken) < policy.max_batch_size:
            request = self.waiting[0]
            if policy.memory_tokens is not None and self._used + request.held > policy.memory_tokens:
                break
            if taken and tokens + request.prompt > policy.max_prefill_tokens:
                break
            taken.append(self.waiting.popleft())
            request.admitted = now
            self._used += request.held
            tokens += request.prompt
        return taken

    def end(self, now: int, admitted: list[Request], error: str | None) -> list[Request]:
        """Give each request of an iteration its token, or its error; return who leaves.

        The iteration computed the prompts of `admitted`, or where there are none a token for each that is running.
        """
        served = admitted or self.running
        for request in served:
            if error is None:
                request.given += 1
                request.first = now if request.first is None else request.first
            request.error = error
        gone = [request for request in served if error is not None or request.given == request.output]
        for request in gone:
            request.done = now
            self._used -= request.held
        others = self.running if admitted else []
        self.running = others + [request for request in served if request.done is None]
        # As the virtual clock has it: prompts in the order of admission, the others by their numbers.
        return gone if admitted else sorted(gone, key=lambda request: request.number)
