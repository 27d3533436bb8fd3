"""One side of a pair, whatever it is: a workload, a server, a policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Turn:
    """What one block of a side gave; its start-up is left out.

    Attributes
    ----------
    latency_ns
        Times of the calls or requests that were served.
    calls
        How many they are.
    seconds
        Time that they took, of each of those in flight on average.
    begun_ns
        When each call of the whole block began, after the block did: for finding out how long the start-up is.
    all_ns
        The times of those.
    """

    latency_ns: NDArray[np.int64]
    calls: float
    seconds: float
    begun_ns: NDArray[np.int64]
    all_ns: NDArray[np.int64]


class Side(Protocol):
    """Something that can be measured for a while, left alone, and measured again."""

    @property
    def has_failed(self) -> bool:
        """Whether nothing more can be measured."""
        ...

    @property
    def prepared_ns(self) -> int:
        """How long it took to make it ready."""
        ...

    def begin(self) -> None:
        """Make it ready and warm."""
        ...

    def let_go(self) -> None:
        """Let go of what `make_again` makes."""
        ...

    def make_again(self) -> None:
        """Make its inputs anew, elsewhere in memory."""
        ...

    def turn(self, duration_ns: int, *, start_up_ns: int, is_measured: bool = True) -> Turn | None:
        """Measure a block; None when the side has failed.

        Parameters
        ----------
        duration_ns, start_up_ns
            Length of the block, and of the part at its beginning that does not count.
        is_measured
            Whether the rest counts.
        """
        ...
