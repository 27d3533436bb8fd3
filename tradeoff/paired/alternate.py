"""Measures two sides in turns, round by round, until their ratios are known well enough or the budget is spent."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tradeoff.digits import counted, three
from tradeoff.paired.block_length import SHORTEST_NS, TRIALS, Plan, plan_of, trial_ns
from tradeoff.paired.rounds import PAIRS_A_ROUND, Placed, Rounds
from tradeoff.paired.side import Side, Turn
from tradeoff.stats.paired import LogRatio
from tradeoff.timing import Budget
from tradeoff.timing.stopping import LOOK_ALPHA

ALPHA = 0.05
"""What all intervals together may miss: each of m may miss an m-th of it (Bonferroni)."""

FIRST_LOOK = 12
GROWTH = 1.5
"""Rounds before the first look, and how many more there are at each: looks at narrow intervals only, never at whether
they exclude 1, so that to look more often does not find more differences."""

_OF_A_CHANGE = 0.1
"""A change that is known to a tenth of itself is known."""

_TOLERANCE = {"throughput": 0.01, "p50": 0.01, "p90": 0.025, "p95": 0.025, "p99": 0.05, "p999": 0.10}
"""Differences that are to be told, where the budget does not say: its own tolerances for percentiles."""

_AGAIN = 1.25


@dataclass(frozen=True)
class Alternated:
    """What was measured in turns.

    Attributes
    ----------
    rounds
        All complete rounds.
    plan
        How long blocks were; None where a side failed before that was known.
    ended
        Why it ended.
    is_interrupted
        Whether Ctrl-C ended it.
    """

    rounds: Rounds
    plan: Plan | None
    ended: str
    is_interrupted: bool = False

    @property
    def pairs(self) -> int:
        """Pairs of blocks."""
        return PAIRS_A_ROUND * self.rounds.number


class Turns:
    """Takes rounds of two sides.

    Parameters
    ----------
    sides
        Before and after.
    seed
        Of the order within rounds.
    clock
        In ns.
    """

    def __init__(self, sides: Sequence[Side], *, seed: int, clock: Callable[[], int] = time.perf_counter_ns) -> None:
        self._sides, self._clock = sides, clock
        self._coin = np.random.default_rng([seed, 2])
        self._began = clock()

    def round(self, number: int, plan: Plan, *, is_measured: bool = True) -> list[Placed] | None:
        """Measure before-after-after-before, or the reverse, by the toss of a coin; None when a side fails."""
        first = int(self._coin.integers(2))
        taken = []
        for place, side in enumerate((first, 1 - first, 1 - first, first)):
            at_s = (self._clock() - self._began) / 1e9
            turn = self._sides[side].turn(plan.block_ns, start_up_ns=plan.start_up_ns, is_measured=is_measured)
            if turn is None:
                return None
            taken.append(Placed(number, place, side, at_s, turn))
        return taken

    def renew(self, plan: Plan) -> bool:
        """Make the inputs of both sides anew and warm them up, in random order; False when a side fails.

        Where in memory they lie makes a call a percent faster or slower. Both are let go of first, and which is made
        first is left to chance, so that neither side keeps the better place.
        """
        for side in self._sides:
            side.let_go()
        first = int(self._coin.integers(2))
        for side in (self._sides[first], self._sides[1 - first]):
            side.make_again()
        warm = [side.turn(plan.block_ns, start_up_ns=0, is_measured=False) for side in self._sides]
        return all(turn is not None for turn in warm)


def alternate(
    sides: Sequence[Side],
    *,
    metrics: Sequence[str],
    budget: Budget,
    batch_size: int = 1,
    seed: int = 0,
    plan: Plan | None = None,
    clock: Callable[[], int] = time.perf_counter_ns,
) -> Alternated:
    """Measure two sides in turns.

    Parameters
    ----------
    sides
        Before and after.
    metrics
        What is to be known of their ratio.
    budget
        Seconds and calls of each side; its tolerances are the differences that are to be told.
    batch_size
        Requests a call.
    seed
        Of the order within rounds.
    plan
        How long blocks are; found out first unless given.
    clock
        In ns.
    """
    rounds = Rounds(batch_size)
    turns = Turns(sides, seed=seed, clock=clock)
    try:
        for side in sides:
            side.begin()
        if plan is None:
            plan = _planned(sides)
        if plan is None:
            return Alternated(rounds, None, _failure(sides))
        return Alternated(rounds, plan, _until_known(turns, rounds, plan, metrics, budget, sides))
    except KeyboardInterrupt:
        return Alternated(rounds, plan, "it was stopped", is_interrupted=True)


def _planned(sides: Sequence[Side]) -> Plan | None:
    """Find out how long blocks have to be, from a few that do not count."""
    seen = [side.turn(2 * SHORTEST_NS, start_up_ns=0, is_measured=False) for side in sides]
    if any(turn is None or not len(turn.all_ns) for turn in seen):
        return None
    length_ns = trial_ns(max(float(np.median(turn.all_ns)) for turn in seen if turn is not None))
    # Each block follows one of the other side: what the switch costs shows in all of them.
    of_sides: list[list[Turn]] = [[], []]
    for _ in range(TRIALS):
        for side, seen_of in zip(sides, of_sides, strict=True):
            turn = side.turn(length_ns, start_up_ns=0, is_measured=False)
            if turn is None:
                return None
            seen_of.append(turn)
    return plan_of(of_sides, prepared_ns=sum(side.prepared_ns for side in sides))


def _until_known(
    turns: Turns, rounds: Rounds, plan: Plan, metrics: Sequence[str], budget: Budget, sides: Sequence[Side]
) -> str:
    due, is_spent = float(FIRST_LOOK), False
    seconds = calls = 0.0
    while True:
        number = rounds.number
        if plan.rounds_a_place and number and number % plan.rounds_a_place == 0 and not turns.renew(plan):
            return _failure(sides)
        taken = turns.round(number, plan)
        if taken is None:
            return _failure(sides)
        rounds.add(taken)
        seconds += min(sum(block.turn.seconds for block in taken if block.side == side) for side in (0, 1))
        calls += min(sum(len(block.turn.latency_ns) for block in taken if block.side == side) for side in (0, 1))
        spent_s = max(seconds, rounds.number * plan.block_ns / 1e9)  # half of what its blocks take, whatever counts
        if budget.is_exhausted(calls=int(calls), seconds=spent_s):
            return _spent(budget, seconds)
        was_spent, is_spent = is_spent, budget.is_spent(calls=int(calls), seconds=spent_s)
        if rounds.number < due and is_spent == was_spent:
            continue
        due = rounds.number * (_AGAIN if is_spent else GROWTH)
        if is_spent and all(math.isfinite(rounds.ratio(each, ALPHA / len(metrics)).half_width) for each in metrics):
            return _spent(budget, seconds)
        if seconds >= budget.min_seconds and all(
            is_known(rounds.ratio(each, LOOK_ALPHA / len(metrics)), tolerance_of(each, budget)) for each in metrics
        ):
            return f"every ratio was known well enough after {three(seconds)} s of each side"


def is_known(ratio: LogRatio, tolerance: float) -> bool:
    """Say whether a difference as small as the tolerance would be told, or the one there is, is known to a tenth."""
    return ratio.half_width <= max(tolerance / 2.0, _OF_A_CHANGE * abs(ratio.value))


def tolerance_of(metric: str, budget: Budget) -> float:
    """Return the difference of a metric that is to be told."""
    return float(budget.tolerances.get(metric, _TOLERANCE[metric]))


def _spent(budget: Budget, seconds: float) -> str:
    return f"the {budget.name} budget was spent after {three(seconds)} s of each side"


def _failure(sides: Sequence[Side]) -> str:
    failed = [name for name, side in zip(("before", "after"), sides, strict=True) if side.has_failed]
    return f"{' and '.join(failed)} failed" if failed else f"{counted(0, 'call')} was made in a block"
