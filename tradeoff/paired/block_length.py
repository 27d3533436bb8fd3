"""How long a block is, and how much of its beginning is left out: what the machine shows when sides change places.

A block that follows one of the other side finds caches, branch predictors and thread pools as that has left them. How
long this can be seen is measured first, in eight blocks of each side. Blocks are then as short as five times that, ten
milliseconds and nine calls allow: the shorter they are, the less a machine changes its mood within a round, and the
more rounds there are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tradeoff.paired.side import Turn

SHORTEST_NS = 10_000_000
"""Ten milliseconds: reading what the system counts about cores takes a fiftieth of it."""

_TRIAL_NS, _TRIAL_CALLS = 20_000_000, 12
TRIALS = 8
"""Blocks of each side."""

_CALLS, _FEW_CALLS, _LONG_NS = 9, 3, 180_000_000
"""Calls in a block for each one in flight, of which the first is left out; three where nine take over 180 ms."""

_TIMES_START_UP, _LEAST_SHARE = 5, 0.05
"""The start-up is a fifth of a block at most, and a twentieth of it at least: the first call in any case."""

_SLOWER = 1.02
_MOST_BLOCKS_BUT = 8
"""A part of the start-up is slower when it is so in seven of eight blocks; half of them are by chance."""


_RENEWING, _LONGEST_NS = 0.25, 500_000_000
"""To make inputs anew may take a quarter of the time that is measured; where it takes over half a second, as long as in
a sweep, they stay."""


@dataclass(frozen=True)
class Plan:
    """How two sides take turns.

    Attributes
    ----------
    block_ns, start_up_ns
        Length of a block, and of the part at its beginning that does not count.
    rounds_a_place
        Rounds after which both sides' inputs are made anew, elsewhere in memory; 0 for never.
    """

    block_ns: int
    start_up_ns: int
    rounds_a_place: int = 0


def trial_ns(call_ns: float) -> int:
    """Return how long the first blocks are, of calls that take so long."""
    return round(max(_TRIAL_NS, _TRIAL_CALLS * call_ns if _TRIAL_CALLS * call_ns <= 4e8 else _FEW_CALLS * call_ns))


def plan_of(turns: Sequence[Sequence[Turn]], *, prepared_ns: float = 0.0) -> Plan:
    """Decide from the first blocks of both sides.

    Parameters
    ----------
    turns
        The blocks of each side.
    prepared_ns
        How long it takes to make the inputs of both.
    """
    call_ns = max(float(np.median(np.concatenate([turn.all_ns for turn in side]))) for side in turns)
    seen_ns = max(start_up_of(side, call_ns) for side in turns)
    wanted = _CALLS * call_ns
    block_ns = max(SHORTEST_NS, _TIMES_START_UP * seen_ns, wanted if wanted <= _LONG_NS else _long(call_ns))
    again_ns = prepared_ns + 2 * block_ns  # a block of each to warm up
    rounds = math.ceil(again_ns / (_RENEWING * 4 * block_ns)) if prepared_ns <= _LONGEST_NS else 0
    return Plan(round(block_ns), round(max(seen_ns, _LEAST_SHARE * block_ns)), rounds)


def start_up_of(turns: Sequence[Turn], call_ns: float) -> float:
    """Return for how long, in ns, the calls at the beginning of blocks are slower than those of their second half.

    The time is cut into parts that double in length; up to the last of those at the beginning that is slower in nearly
    all blocks.
    """
    length = min(float(turn.begun_ns[-1]) for turn in turns if len(turn.begun_ns)) if turns else 0.0
    edge, found = 0.0, 0.0
    step = max(call_ns, SHORTEST_NS / 40)
    while edge + step <= length / 2:
        ratios = [_ratio(turn, edge, edge + step, length) for turn in turns]
        slower = sum(ratio > _SLOWER for ratio in ratios)
        if slower < len(ratios) - len(ratios) // _MOST_BLOCKS_BUT:
            break
        edge, step = edge + step, 2 * step
        found = edge
    return found


def _ratio(turn: Turn, low: float, high: float, length: float) -> float:
    there = (turn.begun_ns >= low) & (turn.begun_ns < high)
    rest = turn.begun_ns >= length / 2
    return float(np.median(turn.all_ns[there]) / np.median(turn.all_ns[rest])) if there.any() and rest.any() else 1.0


def _long(call_ns: float) -> float:
    return max(float(_LONG_NS), _FEW_CALLS * call_ns)
