"""The grid of a sweep: which points there are, and in which order they are measured."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from tradeoff.frames import point_id


@dataclass(frozen=True)
class Subject:
    """What is the same for every point of a sweep.

    Attributes
    ----------
    workload, backend
        The operation and who runs it.
    device
        Where it runs: ``"cpu"``, ``"cuda"``, ``"cuda:1"``.
    device_name
        The model of that device.
    """

    workload: str
    backend: str
    device: str
    device_name: str | None

    @property
    def is_cuda(self) -> bool:
        """Whether the device has a clock of its own."""
        return self.device.startswith("cuda")


@dataclass(frozen=True)
class GridPoint:
    """One operating point that is to be measured."""

    subject: Subject
    batch_size: int
    concurrency: int
    dtype: str

    def identity(self) -> dict[str, object]:
        """Return the identity columns of the point; those that do not apply are absent."""
        return {
            "workload": self.subject.workload,
            "backend": self.subject.backend,
            "device": self.subject.device_name,
            "dtype": self.dtype,
            "mode": "concurrent",
            "load": "closed",
            "batch_size": self.batch_size,
            "concurrency": self.concurrency,
            # Inputs stay the same from call to call, so they are as near to the processor as they fit.
            "cache": "hot",
            # Blocks follow each other without a pause, after a warm-up: load that lasts, not a burst into idle.
            "regime": "sustained",
            "source": "tradeoff",
            "latency_basis": "send",
            "model_clock": "cuda_event" if self.subject.is_cuda else "host",
        }

    @property
    def point_id(self) -> str:
        """The id of the point."""
        return point_id(self.identity())


def grid(
    subject: Subject,
    *,
    batch_sizes: Sequence[int],
    concurrencies: Sequence[int],
    dtypes: Sequence[str],
    seed: int,
) -> list[GridPoint]:
    """Return all points in a random order, so that a drift of the machine does not look like an effect of the batch."""
    points = [
        GridPoint(subject, batch_size, concurrency, dtype)
        for dtype in dtypes
        for batch_size in batch_sizes
        for concurrency in concurrencies
    ]
    random.Random(seed).shuffle(points)  # noqa: S311  # an order, not a secret
    return points
