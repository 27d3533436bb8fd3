"""How requests become batches: what a policy is."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass
from typing import Literal, get_args

Formation = Literal["shared", "per_worker"]
FORMATIONS: tuple[str, ...] = get_args(Formation)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """When a batch is dispatched, and how large it is; `tradeoff.serving.batching` carries it out.

    Attributes
    ----------
    max_batch_size
        Requests in a batch at most.
    max_wait_ms
        How long the oldest request of a batch may wait for others; infinite for full batches.
    workers
        Batches under way at once.
    queue_limit
        Requests that may wait; who comes when all places are taken, and cannot begin at once, is rejected. None for no
        limit.
    formation
        ``"shared"``: requests join the batch of one worker until it leaves. ``"per_worker"``: idle workers take
        requests in turn, each into a batch of its own.
    """

    max_batch_size: int = 1
    max_wait_ms: float = 0.0
    workers: int = 1
    queue_limit: int | None = None
    formation: Formation = "shared"

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
        if self.formation not in FORMATIONS:
            raise ValueError(f"formation={self.formation!r} must be one of {', '.join(FORMATIONS)}")
        if limit is not None and math.isinf(wait) and limit < self.needed_for_a_full_batch:
            raise ValueError(
                f"queue_limit={limit} and max_wait_ms=inf exclude each other: a batch of {self.max_batch_size} may "
                f"never form; give a limit of {self.needed_for_a_full_batch} or more, or a finite wait"
            )

    @property
    def needed_for_a_full_batch(self) -> int:
        """Requests of which some batch is full, however they are dealt."""
        if self.formation == "shared":
            return self.max_batch_size
        return self.workers * (self.max_batch_size - 1) + 1

    def check_clients(self, clients: int) -> None:
        """Check that so many clients, each with one request at most, are not all left waiting for ever.

        Raises
        ------
        ValueError
            When they would be.
        """
        if math.isinf(self.max_wait_ms) and clients < self.needed_for_a_full_batch:
            raise ValueError(
                f"concurrency={clients}: with max_wait_ms=inf a batch of {self.max_batch_size} never forms; "
                f"take {self.needed_for_a_full_batch} or more, or a finite wait"
            )
