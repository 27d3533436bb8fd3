"""Room for what a point is worked out in, taken over from one call to the next.

The system gives memory in pages of zeros, when they are first written to: for a million requests that takes as long as
it takes to serve them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tradeoff.serving.virtual.grid import Integers, Numbers
from tradeoff.serving.virtual.kernels import PLACES, WHOLE

_KEPT = 1_000_000
"""Requests of a desk that is kept, at most: it holds up to 130 bytes for each."""

_free: list[Desk] = []


@dataclass(frozen=True, eq=False)
class Desk:
    """Arrays of a number for each request, or each batch; see `tradeoff.serving.virtual.kernels.points.run_point`."""

    given: Numbers
    batches: Numbers
    sizes: Integers
    in_flight: Integers
    latency: Numbers
    began: Numbers
    rejected: Numbers
    room: Numbers
    tallies: Integers

    @classmethod
    def of(cls, n: int) -> Desk:
        """Return one for so many requests, that which was used last if it is large enough."""
        try:
            kept = _free.pop()
        except IndexError:
            kept = None
        if kept is not None and len(kept.given) >= n:
            return kept
        given, latency, began, rejected = (np.empty(n) for _ in range(4))
        sizes, in_flight = (np.empty(n, dtype=np.int64) for _ in range(2))
        tallies = np.zeros((WHOLE + 1, PLACES), dtype=np.int64)
        return cls(given, np.empty((n, 5)), sizes, in_flight, latency, began, rejected, np.empty((2, n)), tallies)

    def leave(self) -> None:
        """Leave it to the next call, unless that takes much memory; nobody else may use it then."""
        if len(self.given) <= _KEPT and not _free:
            _free.append(self)
