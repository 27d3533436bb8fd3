"""The protocol behind which host threads and CUDA streams look alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from tradeoff.timing.block import Block


class Runner(Protocol):
    """Keeps k calls in flight for a while and says when each began and ended."""

    @property
    def model_clock(self) -> str:
        """The clock behind device_start and device_end: ``"host"`` or ``"cuda_event"``."""
        ...

    def run(self, calls: Sequence[Callable[[], object]], *, max_calls: int | None, duration_ns: int) -> Block:
        """Keep every one of `calls` in flight until `duration_ns` has passed or `max_calls` are done.

        Parameters
        ----------
        calls
            One callable a slot; each runs again as soon as it has finished.
        max_calls
            Upper limit over all slots (each gets an equal share, one at least); None for no limit.
        duration_ns
            Length of the stretch. A call in flight at its end is waited for, under full load.

        Returns
        -------
        Block
            Calls that raised an ``Exception`` are in it, marked as ``failed``. With ``error`` set, and the calls until
            then, when something ended it: memory that ran out, a device that failed, ``sys.exit``.
        """
        ...

    def floor_ns(self) -> tuple[float, float]:
        """Cost of an empty measurement: median and 99th percentile."""
        ...

    def flags(self, call: Callable[[], object]) -> list[str]:
        """Return flags that only the runner can tell, by trying `call` once more: ``host_bound``, ``sync_inside``."""
        ...

    def close(self) -> None:
        """Let go of threads, streams and events."""
        ...
