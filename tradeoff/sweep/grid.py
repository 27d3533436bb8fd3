"""The grid of a sweep: which points there are, and in which order they are measured."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from tradeoff.frames import point_id
from tradeoff.timing import Conditions


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
    conditions: Conditions = field(default_factory=Conditions)

    def identity(self) -> dict[str, object]:
        """Return the identity columns of the point; those that do not apply are absent."""
        return {
            "workload": self.subject.workload,
            "backend": self.subject.backend,
            "device": self.subject.device_name,
            "dtype": self.dtype,
            "mode": self.conditions.mode,
            "load": "closed",
            "batch_size": self.batch_size,
            "concurrency": self.concurrency,
            "cache": self.conditions.cache,
            "regime": self.conditions.regime,
            "source": "tradeoff",
            "latency_basis": self.conditions.latency_basis,
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
    conditions: Sequence[Conditions] = (Conditions(),),
    seed: int,
) -> list[GridPoint]:
    """Return all points in a random order, so that a drift of the machine does not look like an effect of the batch.

    Conditions that allow one call in flight only are measured at that.

    Raises
    ------
    ConditionsError
        When conditions exclude each other, the device, or every concurrency that is asked for.
    """
    points = [
        GridPoint(subject, batch_size, concurrency, dtype, how)
        for how in conditions
        for concurrency in _possible(how, concurrencies, subject.device)
        for dtype in dtypes
        for batch_size in batch_sizes
    ]
    random.Random(seed).shuffle(points)  # noqa: S311  # an order, not a secret
    return points


def _possible(conditions: Conditions, concurrencies: Sequence[int], device: str) -> Sequence[int]:
    if conditions.is_single and 1 in concurrencies:
        concurrencies = (1,)
    for concurrency in concurrencies:
        conditions.check(concurrency=concurrency, device=device)
    return concurrencies
