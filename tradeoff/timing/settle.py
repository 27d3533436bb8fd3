"""Whether the measured calls of a point are of one steady state: the start-up of each visit, the drift of the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tradeoff.stats.drift import Drift, drift
from tradeoff.stats.shift import Shift, shifts
from tradeoff.stats.steady import start_up

SLOW = (0.95, 0.975, 0.99, 0.999)
"""Percentiles above which a call is slow: the share of slow calls must not change in the course of a run."""

_ALARM = 0.0005
"""Four percentiles, strongly dependent on each other: 0.2 % of steady runs, beside 0.6 % by their medians."""

_WORTH_A_WORD = 0.05
"""A percentile that moves by less than 5 % is known no better anyway."""

_OVER = 0.25
"""A run that has come within a quarter of its first distance from where it ends has settled."""


@dataclass(frozen=True)
class Settled:
    """What the series says about its steadiness.

    Attributes
    ----------
    cuts
        Calls at the head of each visit that belong to the warm-up.
    start_up
        How much slower they began than what follows, as a share: the furthest of all visits; 0 where nothing is cut.
    drift
        What the medians of eight slices of the time say: of the whole, or of the visit that changed.
    shift
        How the share of slow calls changed, where it did; None where it did not.
    is_unstable
        Whether medians or slow calls changed within a visit.
    part
        What `drift` and `shift` speak of where that is not the whole: ``"visit 2"``, ``"the first try"``.
    first_try
        Calls of a first run that are left out as a whole, as the start-up of the second; they are in `cuts`.
    """

    cuts: tuple[int, ...] = ()
    start_up: float = 0.0
    drift: Drift | None = None
    shift: Shift | None = None
    is_unstable: bool = False
    part: str = ""
    first_try: int = 0

    @property
    def is_undecided(self) -> bool:
        """Whether a step of 15 % could have gone unseen: too few calls, too noisy or too dependent."""
        return self.drift is None or (self.drift.is_undecided and not self.is_unstable)


def heads(latencies_ns: NDArray[np.int64], visits: Sequence[int]) -> tuple[tuple[int, ...], float]:
    """Count the calls at the head of each visit that have not settled, and say how much slower they began."""
    found = [start_up(latencies_ns[start:stop]) for start, stop in pairwise((*visits, latencies_ns.shape[0]))]
    return tuple(each.cut for each in found), max((each.change for each in found), key=abs, default=0.0)


def without(
    values: NDArray[np.int64], visits: Sequence[int], cuts: Sequence[int]
) -> tuple[NDArray[np.int64], list[int]]:
    """Leave out `cuts` values at the head of each visit; return the rest and where each visit begins in it."""
    parts = [
        values[start + cut : stop] for (start, stop), cut in zip(pairwise((*visits, len(values))), cuts, strict=True)
    ]
    starts = np.cumsum([0, *(len(part) for part in parts)])[:-1]
    return np.concatenate(parts) if parts else values, starts.tolist()


def settle(
    latencies_ns: NDArray[np.int64], submitted_ns: NDArray[np.int64], visits: Sequence[int], *, truncate: bool
) -> Settled:
    """Find what to cut off the head of each visit, and whether the rest drifts.

    Parameters
    ----------
    latencies_ns, submitted_ns
        Measured calls, in order of submission.
    visits
        Where each visit begins in them.
    truncate
        Whether there is a head to cut: bursts have none.
    """
    cuts, change = heads(latencies_ns, visits) if truncate else ((0,) * len(visits), 0.0)
    latencies, starts = without(latencies_ns, visits, cuts)
    submitted, _ = without(submitted_ns, visits, cuts)
    whole, shift, is_unstable = _drifts(latencies, submitted)
    if is_unstable and len(starts) > 1:
        # Visits that differ from each other widen the intervals. Only what changes within one is a drift.
        within = [
            _drifts(latencies[start:stop], submitted[start:stop]) for start, stop in pairwise((*starts, len(latencies)))
        ]
        for number, unstable in enumerate(within, 1):
            if unstable[2]:
                return Settled(cuts, change, *unstable, f"visit {number}")
        shift, is_unstable = None, False
    return Settled(cuts, change, whole, shift, is_unstable)


def is_settling(tried: Settled, level: float) -> bool:
    """Say whether a run that drifted was on its way, and one way only, to the level that the next one held.

    Parameters
    ----------
    tried
        The run that drifted.
    level
        Median of the next one, which did not.
    """
    if tried.drift is None or not tried.drift.is_unstable:
        return False  # its slow calls came and went; its medians say nothing of where it was going
    away = np.abs(np.array(tried.drift.medians) - level)
    is_one_way = bool((np.diff(away) <= 0.1 * away[0]).all())
    return is_one_way and bool(away[-1] <= _OVER * away[0])


def left_out(tried: Settled, calls: int, second: Settled, level: float) -> Settled:
    """Return what a second run says, with the first one, of `calls` calls, as its start-up.

    Parameters
    ----------
    tried, second
        The run that was on its way, and the one that held where it went.
    level
        Median of the second.
    """
    assert tried.drift is not None  # noqa: S101  # a drift is why it is left out
    began = tried.drift.medians[0] / level - 1.0
    return replace(second, cuts=(calls, *second.cuts), start_up=began, first_try=calls)


def _drifts(latencies: NDArray[np.int64], submitted: NDArray[np.int64]) -> tuple[Drift, Shift | None, bool]:
    medians = drift(latencies, submitted)
    moved = [each for each in shifts(latencies, SLOW) if each.chance < _ALARM and abs(each.change) > _WORTH_A_WORD]
    shift = min(moved, key=lambda each: each.chance) if moved else None
    return medians, shift, medians.is_unstable or shift is not None
