"""What a search asks of the thing that it measures: to be measured for a while, and to be added to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from tradeoff.frames.names import probability


@dataclass(frozen=True)
class Seen:
    """What is known of one operating point so far.

    Attributes
    ----------
    row
        Columns of ``points``, with the identity.
    calls
        Calls measured so far.
    full_calls
        Calls that a point of the full grid takes, as far as it can be told.
    is_finished
        Whether more time would not be given to it: its budget is spent, it is known well enough, or it failed.
    """

    row: Mapping[str, Any]
    calls: int
    full_calls: float
    is_finished: bool = False


def percentile_of(metric: str) -> float | None:
    """Return the probability of a column that holds a percentile; None for others.

    Examples
    --------
    >>> percentile_of("latency_p99_ms"), percentile_of("throughput_rps")
    (0.99, None)
    """
    p = probability(metric.removesuffix("_ms").rpartition("_")[2])
    return p if p is not None and 0.0 < p < 1.0 else None


class System(Protocol):
    """Operating points that can be measured bit by bit, numbered from 0."""

    def __len__(self) -> int:
        """Return how many points there are."""

    def look(self, place: int, share: float) -> Seen:
        """Measure a point until about `share` of its budget has been spent on it in all; 1 finishes it."""
