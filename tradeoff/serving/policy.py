"""How requests become batches: one policy, asked by a real clock and by a virtual one.

A first-in-first-out queue shared by c workers (shared batch formation). With head-of-line request i, arrivals a,
largest batch B, longest wait T and f, the moment the earliest worker is free:

      trigger    t = a[i] + T                        T = 0: greedy, T = inf: full batches only
                 t = min(t, a[i + B - 1])            when T > 0 and that request exists
      dispatch   d = max(f, t)
      batch      k = #{ j : i <= j < i + B, a[j] <= d }        ties join

A head that no later request ever completes (T = inf, and the arrivals have ended) waits for ever: it is left in the
system, as it would be.
"""

from __future__ import annotations

import math
import numbers
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Policy:
    """When a batch is dispatched, and how large it is.

    Attributes
    ----------
    max_batch_size
        Requests in a batch at most.
    max_wait_ms
        How long the oldest waiting request may wait for others before its batch is formed; infinite for full batches.
    workers
        Batches under way at once.
    queue_limit
        Requests that may wait; who comes when all places are taken, and cannot begin at once, is rejected. None for no
        limit.
    """

    max_batch_size: int = 1
    max_wait_ms: float = 0.0
    workers: int = 1
    queue_limit: int | None = None

    def __post_init__(self) -> None:
        """Check everything."""
        for name in ("max_batch_size", "workers"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, numbers.Integral) or int(value) < 1:
                raise ValueError(f"{name}={value!r} must be a whole number, 1 or more")
        wait = self.max_wait_ms
        if isinstance(wait, bool) or not isinstance(wait, numbers.Real) or not float(wait) >= 0.0:
            raise ValueError(f"max_wait_ms={wait!r} must be a number of ms, 0 or more; infinite for full batches")
        limit = self.queue_limit
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, numbers.Integral) or int(limit) < 0):
            raise ValueError(f"queue_limit={limit!r} must be a whole number, 0 or more, or None for no limit")
        if limit is not None and math.isinf(wait) and limit < self.max_batch_size:
            raise ValueError(
                f"queue_limit={limit} and max_wait_ms=inf exclude each other: a batch of {self.max_batch_size} never "
                "forms; give a limit of at least max_batch_size, or a finite wait"
            )

    def next_batch(self, arrivals_ms: Sequence[float], head: int, free_ms: float) -> tuple[float, int]:
        """Form the next batch.

        Parameters
        ----------
        arrivals_ms
            When requests arrive, ascending.
        head
            Position of the oldest that waits.
        free_ms
            When the earliest worker is free.

        Returns
        -------
        dispatch_ms : float
            When the batch begins; infinite when it never does.
        size : int
            Its requests, from `head` on; 0 when it never begins.
        """
        last = head + self.max_batch_size - 1
        trigger = arrivals_ms[head] + self.max_wait_ms
        if self.max_wait_ms > 0.0 and last < len(arrivals_ms):
            trigger = min(trigger, arrivals_ms[last])
        dispatch = max(free_ms, trigger)
        if math.isinf(dispatch):
            return dispatch, 0
        end = min(len(arrivals_ms), head + self.max_batch_size)
        return dispatch, bisect_right(arrivals_ms, dispatch, head, end) - head
