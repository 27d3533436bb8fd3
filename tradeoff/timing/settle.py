"""Whether the measured calls of a point are of one steady state: truncation at the head, drift over the whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradeoff.stats.drift import drift
from tradeoff.stats.steady import mser


@dataclass(frozen=True)
class Settled:
    """What the series says about its steadiness.

    Attributes
    ----------
    cut
        Calls at the head that belong to the warm-up.
    drift_pct
        Spread of the medians of eight slices of the time, in per cent of the median.
    chance_pct
        The spread that a steady series shows by chance.
    is_unstable
        Whether the one exceeds the other.
    is_undecided
        Whether a step of 15 % could have gone unseen: too few calls, too noisy or too dependent.
    """

    cut: int = 0
    drift_pct: float = float("nan")
    chance_pct: float = float("nan")
    is_unstable: bool = False
    is_undecided: bool = False


def head(latencies_ns: NDArray[np.int64]) -> int:
    """Count the calls at the head of a series that have not settled yet."""
    found = mser(latencies_ns)
    # At its limit the rule has found no steady part: nothing is cut, and the drift says what there is to say.
    return 0 if found.is_at_limit else found.cut


def settle(latencies_ns: NDArray[np.int64], submitted_ns: NDArray[np.int64], *, truncate: bool) -> Settled:
    """Find what to cut off the head of a series, and whether the rest drifts.

    Parameters
    ----------
    latencies_ns, submitted_ns
        Measured calls, in order of submission.
    truncate
        Whether there is a head to cut: bursts have none.
    """
    cut = head(latencies_ns) if truncate else 0
    found = drift(latencies_ns[cut:], submitted_ns[cut:])
    return Settled(cut, 100.0 * found.spread, 100.0 * found.threshold, found.is_unstable, found.is_undecided)
