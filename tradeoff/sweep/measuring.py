"""One point of a sweep: measured by as many processes as asked for, or in this one, and made a row."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tradeoff.arguments import ArgumentError
from tradeoff.limits import Limits
from tradeoff.sweep.grid import GridPoint
from tradeoff.sweep.isolation import Workers, threads_for
from tradeoff.sweep.pooling import placed, pool, priced
from tradeoff.sweep.source import Source
from tradeoff.timing import Budget, ConditionsError, Measurement, measure
from tradeoff.timing.measurement import could_not
from tradeoff.workloads import Workload, WorkloadError
from tradeoff.workloads.operation import Operation
from tradeoff.workloads.trial import refusal_of


@dataclass(frozen=True, kw_only=True)
class Measuring:
    """How every point of a sweep is measured.

    Attributes
    ----------
    workload
        What runs.
    source
        How another process gets it; None when only this one has it.
    budget, seed, replicates
        How long, from which seed, by how many processes.
    price_per_hour, limits
        What its row is put beside, as far as it is known.
    """

    workload: Workload
    source: Source | None
    budget: Budget
    seed: int
    replicates: int
    price_per_hour: float | None
    limits: Limits | None

    def try_once(self, points: Sequence[GridPoint], workers: Workers) -> None:
        """Try one call before anything is measured, where it will be measured; the catalogue needs no trial.

        Raises
        ------
        ArgumentError
            When what it returns is not its output, so that no point could be measured.
        """
        if isinstance(self.workload, Operation):
            return
        first = points[0]
        how: dict[str, Any] = {
            "batch_sizes": sorted({point.batch_size for point in points}),
            "dtype": first.dtype,
            "device": first.subject.device,
            "seed": self.seed,
        }
        if self.source is not None:
            refusal = workers.try_once(self.source, concurrency=first.concurrency, budget=self.budget, **how)
        else:
            with _intra_op_threads(threads_for(first.concurrency)):
                refusal = refusal_of(self.workload, **how)
        if refusal is not None:
            raise ArgumentError(f"{first.subject.workload} cannot be measured: {refusal}")

    def measure(self, point: GridPoint, workers: Workers) -> Measurement:
        """Measure a point, by `workers` where it can be carried to them."""
        measured = pool([self._once(point, workers, replicate) for replicate in range(self.replicates)])
        return placed(priced(measured, self.price_per_hour), dtype=point.dtype, limits=self.limits)

    def _once(self, point: GridPoint, workers: Workers, replicate: int) -> Measurement:
        common: dict[str, Any] = {
            "batch_size": point.batch_size,
            "concurrency": point.concurrency,
            "dtype": point.dtype,
            "device": point.subject.device,
            "budget": self.budget,
            "conditions": point.conditions,
            "seed": self.seed,
        }
        if self.source is not None:
            return workers.measure(self.source, replicate=replicate, **common)
        try:
            with _intra_op_threads(threads_for(point.concurrency)):
                measured = measure(self.workload, **common)
        except (WorkloadError, ConditionsError):
            raise
        except Exception as error:
            measured = could_not(error)
        flags = [*measured.point.get("flags", []), "not_isolated"]  # type: ignore[misc]
        return Measurement(point={**measured.point, "flags": flags}, samples=measured.samples)


@contextmanager
def _intra_op_threads(threads: int) -> Iterator[None]:
    """Hold torch to its share while a live callable runs; what numpy's libraries read is fixed since their import."""
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
