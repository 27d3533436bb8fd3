"""The floor: what timing costs by itself, below which a time says nothing about a call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from tradeoff.timing.block import Block

_LONGEST_NS = 1_000_000_000


class _Run(Protocol):
    def __call__(self, calls: Sequence[Callable[[], object]], *, max_calls: int | None, duration_ns: int) -> Block: ...


def floor_of(run: _Run, *, calls: int) -> tuple[float, float]:
    """Time a call that does nothing.

    Parameters
    ----------
    run
        A runner's ``run``.
    calls
        How many.

    Returns
    -------
    tuple of float
        Median and 99th percentile in nanoseconds; NaN when there was no call, or one failed.
    """
    block = run([_nothing], max_calls=calls, duration_ns=_LONGEST_NS)
    if block.error is not None or not block.served:
        return float("nan"), float("nan")
    cost = block.done_ns - block.submitted_ns
    return float(np.median(cost)), float(np.quantile(cost, 0.99, method="inverted_cdf"))


def _nothing() -> object:
    return True
