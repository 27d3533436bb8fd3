"""Which point of a sweep is visited next: all of them in turn, or whatever another loop decides."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tradeoff.sweep.grid import GridPoint
from tradeoff.sweep.isolation import Workers
from tradeoff.sweep.measuring import Measuring
from tradeoff.sweep.progress import predicted_cost
from tradeoff.sweep.store import Folder, Memory
from tradeoff.timing import Budget, Measurement

if TYPE_CHECKING:
    from tqdm import tqdm


@dataclass
class UnderWay:
    """A sweep that is being measured.

    Attributes
    ----------
    points, left
        The points of the grid, and those of them that need measuring.
    budget, seed
        How long each may take; of everything drawn.
    measuring, workers, store, bar
        Who measures, where it is kept, where it shows.
    done
        Points that are finished.
    """

    points: list[GridPoint]
    left: list[GridPoint]
    budget: Budget
    seed: int
    measuring: Measuring
    workers: Workers
    store: Memory | Folder
    bar: tqdm[None]
    done: int = 0

    def visit(self, point: GridPoint, *, is_last: bool = False, for_ns: int | None = None) -> Measurement:
        """Visit a point, and keep what is known of it.

        Parameters
        ----------
        is_last
            Whether nobody will come back to it.
        for_ns
            Measured time of this visit; as long as visits of a sweep are unless given.
        """
        self.bar.set_postfix_str(f"batch {point.batch_size} × concurrency {point.concurrency}")
        measured = self.measuring.visit(point, self.workers, is_last=is_last, for_ns=for_ns)
        self.store.keep(point, measured)
        self.done += measured.is_finished
        return measured


class Loop(Protocol):
    """Decides which point is visited next, and for how long."""

    def cost(self, points: int, budget: Budget) -> str:
        """Say how long it will take."""

    def run(self, under_way: UnderWay) -> None:
        """Visit points until it is done."""


class InTurn:
    """Every point until it is known or its budget is spent, with the others in between."""

    def cost(self, points: int, budget: Budget) -> str:
        """Say how long it will take."""
        return predicted_cost(points, budget)

    def run(self, under_way: UnderWay) -> None:
        """Visit all points, in another order each time."""
        order = random.Random(under_way.seed)  # noqa: S311  # an order, not a secret
        going_on = list(under_way.left)
        while going_on:
            unfinished = []
            for point in going_on:
                measured = under_way.visit(point, is_last=len(going_on) == 1)
                unfinished += [] if measured.is_finished else [point]
                under_way.bar.update(int(measured.is_finished))
            order.shuffle(unfinished)
            going_on = unfinished
