"""How long systems are simulated, and how often: until p99 is known, or until the work that is allowed is done."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

from tradeoff.callers import level_of_caller
from tradeoff.digits import counted
from tradeoff.serving.progress import Progress
from tradeoff.serving.real.interrupts import RETURNED, Interrupted
from tradeoff.serving.simulated import ERROR, MEMORIES
from tradeoff.serving.world import Plan, World

MOST = 20_000_000
"""Requests of a point, in all its replications, whose length is left open."""

MOST_AT_ONCE = 4_000_000
"""Requests of one of its replications: each takes up to some hundred bytes."""

MOST_KEPT = 1_000_000
"""Requests of all points together, when samples are kept."""

REPLICATIONS = 5
"""Replications when neither they nor the length are given."""

_FEWEST, _FEWEST_IN_ALL = 5_000, 50_000

_AIM = 0.9 * ERROR
"""What the next length is chosen for, so that few systems need one more."""

_BEGIN = 10.0 * MEMORIES
"""Memories of the first length: an error read off fewer is too small by chance now and then, and ends the run."""

_STEPS = 1.5, 16.0
"""Factors of the next length, at least and at most."""


class SimulateInterrupted(Interrupted):
    """A simulation was stopped by Ctrl-C; replications that were whole are kept."""


def replicate(world: World, plans: Sequence[Plan], replications: int, bar: Progress | None = None) -> int:
    """Simulate replications of a given length, and return how many: at Ctrl-C those that are whole are kept."""
    done = 0
    try:
        for replication in range(replications):
            for plan, found in zip(plans, world.see(plans, replication), strict=True):
                if found is not None:
                    plan.seen.add(found)
            done += 1
            _say(bar, plans, done, replications)
    except KeyboardInterrupt:
        if not done:
            raise
        _tell(f"{counted(done, 'replication')} of {replications}; they are")
    return done


def replicate_until_known(
    world: World, plans: Sequence[Plan], replications: int, most: int, bar: Progress | None = None
) -> int:
    """Simulate replications that are as long as p99 needs, at most `most` requests each, and return how many.

    The first length follows from the memory of queue and load; each next one from the error that was found.
    """
    going = [plan for plan in plans if plan.seen.is_simulated and not plan.system.is_finite]
    for plan in going:
        n = max(_FEWEST, _FEWEST_IN_ALL // replications, math.ceil(min(most, _BEGIN * plan.seen.memory)))
        plan.lengthen(_rounded(n, most))
    done = replicate(world, plans, replications, bar)
    while done == replications and (going := [plan for plan in going if _goes_on(plan, most)]):
        longer = [Plan(plan.system, plan.point, plan.seen.anew()) for plan in going]
        for plan in longer:
            factor = 1.1 * (going[longer.index(plan)].seen.error / _AIM) ** 2
            plan.lengthen(_rounded(plan.point.n * min(max(factor, _STEPS[0]), _STEPS[1]), most))
        try:
            for replication in range(replications):
                for plan, found in zip(longer, world.see(longer, replication), strict=True):
                    if found is not None:
                        plan.seen.add(found)
                _say(bar, longer, replication + 1, replications)
        except KeyboardInterrupt:
            _tell("a length at which p99 is not yet known; what was seen is")
            break
        for plan, better in zip(going, longer, strict=True):
            plan.point, plan.seen = better.point, better.seen
    return done


def _say(bar: Progress | None, plans: Sequence[Plan], done: int, replications: int) -> None:
    if bar is not None:
        requests = sum(plan.point.n for plan in plans if plan.seen.is_simulated)
        bar.update(requests, f"replication {done} of {replications}, {counted(len(plans), 'point')}")


def _goes_on(plan: Plan, most: int) -> bool:
    return plan.point.n < most and not plan.seen.is_known


def _rounded(n: float, most: int) -> int:
    """Return a length of two digits."""
    unit: int = 10 ** max(0, math.floor(math.log10(n)) - 1)
    return min(most, math.ceil(n / unit) * unit)


def _tell(after: str) -> None:
    warnings.warn(f"stopped after {after} {RETURNED}", SimulateInterrupted, stacklevel=level_of_caller())
