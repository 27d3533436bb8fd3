"""What a workload is: something that makes calls for a batch size and knows what they cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

Call = Callable[[], object]
"""One timed call: it runs one batch to its end (on a GPU: enqueues it) and returns its output."""


class WorkloadError(ValueError):
    """A workload that does not exist, cannot run here, or was asked for with a wrong argument."""


@runtime_checkable
class Workload(Protocol):
    """What the device runs for one batch.

    Attributes
    ----------
    name
        The operation: ``"softmax"``.
    backend
        Who runs it: ``"numpy"``, ``"cupy"``, ``"torch"`` or ``"python"``.
    """

    @property
    def name(self) -> str:
        """The operation."""
        ...

    @property
    def backend(self) -> str:
        """Who runs it."""
        ...

    def prepare(self, *, batch_size: int, dtype: str, device: str, seed: int) -> Call:
        """Make one call with its own copy of the inputs: random, seeded, never zeros."""
        ...

    def flops(self, batch_size: int) -> float | None:
        """Floating-point operations of one call, None when unknown."""
        ...

    def bytes(self, batch_size: int, dtype: str = "float32") -> float | None:
        """Bytes one call must move at least, None when unknown."""
        ...
