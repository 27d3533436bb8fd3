"""The blocks of a pair, round by round, and what they say about both sides."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.frames.columns import PERCENTILES
from tradeoff.paired.side import Turn
from tradeoff.stats.paired import LogRatio, ratio_of_medians, ratio_of_quantiles, ratio_of_rates

SIDES = ("before", "after")
PAIRS_A_ROUND = 2


class Placed(NamedTuple):
    """A block: of which round, at which place of it, of which side, begun when, and what it gave."""

    round: int
    place: int
    side: int
    at_s: float
    turn: Turn


@dataclass
class Rounds:
    """Rounds that are complete: before-after-after-before, or the reverse."""

    batch_size: int
    blocks: list[Placed] = field(default_factory=list)

    def add(self, blocks: list[Placed]) -> None:
        """Keep a round."""
        self.blocks += blocks

    @property
    def number(self) -> int:
        """How many there are."""
        return len(self.blocks) // (2 * PAIRS_A_ROUND)

    def seconds(self) -> float:
        """Measured time of the side that has less."""
        return min(sum(block.turn.seconds for block in self.blocks if block.side == side) for side in (0, 1))

    def calls(self) -> int:
        """Measured calls of the side that has fewer."""
        return min(sum(len(block.turn.latency_ns) for block in self.blocks if block.side == side) for side in (0, 1))

    def ratio(self, metric: str, alpha: float) -> LogRatio:
        """Estimate after over before.

        Parameters
        ----------
        metric
            ``"throughput"``, or a percentile of the latency.
        alpha
            What the interval may miss.
        """
        if metric == "throughput":
            calls, seconds = self._sums("calls"), self._sums("seconds")
            return ratio_of_rates(calls[0], seconds[0], calls[1], seconds[1], alpha=alpha)
        if metric == "p50":
            return ratio_of_medians(self._medians(), alpha=alpha)
        times = [self._times(side) for side in (0, 1)]
        return ratio_of_quantiles(times[0][0], times[1][0], times[0][1], times[1][1], PERCENTILES[metric], alpha=alpha)

    def frame(self) -> pd.DataFrame:
        """Return a row for each block."""
        empty = [np.nan]
        times = [block.turn.latency_ns / 1e6 if len(block.turn.latency_ns) else empty for block in self.blocks]
        return pd.DataFrame(
            {
                "round": [block.round for block in self.blocks],
                "place": [block.place for block in self.blocks],
                "side": [SIDES[block.side] for block in self.blocks],
                "at_s": [block.at_s for block in self.blocks],
                "duration_s": [block.turn.seconds for block in self.blocks],
                "n": [len(block.turn.latency_ns) for block in self.blocks],
                "throughput_rps": [
                    self.batch_size * block.turn.calls / block.turn.seconds if block.turn.seconds else np.nan
                    for block in self.blocks
                ],
                "latency_p50_ms": [float(np.median(each)) for each in times],
                "latency_max_ms": [float(np.max(each)) for each in times],
            }
        )

    def _sums(self, what: str) -> list[NDArray[np.float64]]:
        sums = np.zeros((2, self.number))
        for block in self.blocks:
            sums[block.side, block.round] += getattr(block.turn, what)
        return list(sums)

    def _medians(self) -> NDArray[np.float64]:
        """Return the log-ratio of the medians of each round that has calls of both sides.

        A block that a stalled machine left without calls is not there; the other one of its side speaks for both.
        """
        sums, counts = np.zeros((2, self.number)), np.zeros((2, self.number))
        for block in self.blocks:
            if len(block.turn.latency_ns):
                sums[block.side, block.round] += np.log(np.median(block.turn.latency_ns))
                counts[block.side, block.round] += 1
        known = (counts > 0).all(axis=0)
        means: NDArray[np.float64] = sums[:, known] / counts[:, known]
        ratios: NDArray[np.float64] = means[1] - means[0]
        return ratios

    def _times(self, side: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the times of a side's calls, and the round of each."""
        mine = [block for block in self.blocks if block.side == side]
        if not mine:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        sizes = [len(block.turn.latency_ns) for block in mine]
        return np.concatenate([block.turn.latency_ns for block in mine]), np.repeat([b.round for b in mine], sizes)
