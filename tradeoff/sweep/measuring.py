"""One point of a sweep: visited by as many processes as asked for, or in this one, and made a row."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from tradeoff.arguments import ArgumentError
from tradeoff.limits import Limits
from tradeoff.sweep.grid import GridPoint
from tradeoff.sweep.isolation import Workers, threads_for
from tradeoff.sweep.pooling import placed, pool, priced
from tradeoff.sweep.source import Source
from tradeoff.timing import Budget, ConditionsError, Measurement
from tradeoff.timing.measure import Visits
from tradeoff.timing.measurement import could_not
from tradeoff.workloads import Workload, WorkloadError
from tradeoff.workloads.operation import Operation
from tradeoff.workloads.trial import refusal_of


@dataclass(kw_only=True)
class Measuring:
    """How every point of a sweep is measured, and what is known of those that are under way.

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

    def __post_init__(self) -> None:
        """Begin with no point visited."""
        self._here = Visits()
        self._so_far: dict[str, dict[int, Measurement]] = {}

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
            with intra_op_threads(threads_for(first.concurrency)):
                refusal = refusal_of(self.workload, **how)
        if refusal is not None:
            raise ArgumentError(f"{first.subject.workload} cannot be measured: {refusal}")

    def visit(self, point: GridPoint, workers: Workers, *, is_last: bool, for_ns: int | None = None) -> Measurement:
        """Visit a point, by `workers` where it can be carried to them, and return all that is known of it so far.

        Parameters
        ----------
        point, workers
            What is measured, and by whom.
        is_last
            Whether the sweep has no other point to come back from.
        for_ns
            Measured time of this visit, where a search decides on it.
        """
        so_far = self._so_far.setdefault(point.point_id, {})
        for replicate in range(self.replicates):
            if replicate not in so_far or not so_far[replicate].is_finished:
                so_far[replicate] = self._once(point, workers, replicate, is_last, for_ns)
        measured = pool([so_far[replicate] for replicate in range(self.replicates)])
        if measured.is_finished:
            del self._so_far[point.point_id]
        return placed(priced(measured, self.price_per_hour), dtype=point.dtype, limits=self.limits)

    def _once(
        self, point: GridPoint, workers: Workers, replicate: int, is_last: bool, for_ns: int | None
    ) -> Measurement:
        common: dict[str, Any] = {
            "batch_size": point.batch_size,
            "concurrency": point.concurrency,
            "dtype": point.dtype,
            "device": point.subject.device,
            "budget": self.budget,
            "conditions": point.conditions,
            "seed": self.seed,
            "is_last": is_last,
            "for_ns": for_ns,
        }
        if self.source is not None:
            return workers.visit(self.source, point.point_id, replicate=replicate, **common)
        try:
            with intra_op_threads(threads_for(point.concurrency)):
                measured = self._here.visit(point.point_id, self.workload, **common)
        except (WorkloadError, ConditionsError):
            raise
        except Exception as error:
            measured = could_not(error)
        flags = [*measured.point.get("flags", []), "not_isolated"]  # type: ignore[misc]
        return replace(measured, point={**measured.point, "flags": flags})


@contextmanager
def intra_op_threads(threads: int) -> Iterator[None]:
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
