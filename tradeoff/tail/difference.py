"""What the requests beyond a percentile have that those around the median lack, with intervals.

Latencies in order; the two groups that are compared:

      |------------[  45 %  to  55 %  ]-----------------------[q      ]
                    around the median                          the tail

Requests of one batch share its fate, and so do batches that follow each other. Intervals are a jackknife's over blocks:
the run is cut into 16 stretches of batches that follow each other, everything is worked out again without each of them
in turn, both groups included, and the spread of the answers gives the error (Künsch, *The jackknife and the bootstrap
for general stationary observations*, Ann. Statist. 17(3), 1989, section 2.1; 10 to 30 blocks lose little: Schmeiser,
*Batch size effects in the analysis of simulation output*, Oper. Res. 30(3), 1982). Blocks that are still alike count as
fewer: the variance is widened by (1 + r) / (1 - r), r being the correlation of one block's answer with the next, as for
the mean of an autoregressive series. Student's t with one degree of freedom fewer than blocks; for times in ms, fewer
than the blocks in which the tail lies. No block cuts a batch.

Measured by ``benchmarks/tail_causes.py``: the intervals of shares and of the extra time hold the truth in 86 to 98 of
100 simulated runs, but those of the extra time at 90 % of what can be served in 74 (with all blocks counted in 61, and
half as wide). There the tail of 20 000 requests lies in about three stretches of the run: a run that is short beside
the queue's memory cannot know how long the queue may grow. Where the tail lies in few stretches the explanation
says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tradeoff.stats.quantiles import rank_of
from tradeoff.stats.student import t_quantile
from tradeoff.tail.requests import Numbers, Places

BLOCKS = 16

_MOST_ALIKE = 0.9
"""Correlation of neighbouring blocks, at most: of fewer than 16 it is not known better."""

AROUND = (0.45, 0.55)
"""Ranks of the requests around the median, as shares of n."""

_ROUNDING = 1e-12
"""Differences of means below this share of them are rounding."""

FEWEST = 10
"""Requests beyond the percentile from which on something can be said about them."""


@dataclass(frozen=True, eq=False)
class Difference:
    """Means of quantities around the median and in the tail.

    Attributes
    ----------
    around, tail
        The means, one for each quantity.
    extra, half
        The difference, tail less around, and half of its 95 % interval.
    stretches
        In how many blocks the tail lies: as many equal ones would be as uneven (Kish's effective number).
    tail_without, extra_without
        Tail and difference without each block, of shape (blocks, quantities).
    threshold
        The percentile: the first quantity of the request from which on the tail is counted.
    n, n_tail
        Requests, and those in the tail.
    """

    around: Numbers
    tail: Numbers
    extra: Numbers
    half: Numbers
    stretches: float
    tail_without: Numbers
    extra_without: Numbers
    threshold: float
    n: int
    n_tail: int


def fewest_requests(q: float) -> int:
    """Return how many requests it takes until `FEWEST` lie beyond a percentile."""
    return math.ceil(FEWEST / (1.0 - q) - 1e-6)


def difference(quantities: Numbers, blocks: Places, q: float) -> Difference:
    """Compare the requests beyond the q-quantile of the first quantity with those around its median.

    Parameters
    ----------
    quantities
        Of shape (quantities, requests); the first is the latency.
    blocks
        Which block each request is in, from 0.
    q
        The probability, above `AROUND`.
    """
    order = np.argsort(quantities[0], kind="stable")
    n, count = len(order), int(blocks.max()) + 1
    ordered = blocks[order]
    # The first answer is without any block, that is of everything; then without each block in turn.
    left_out = np.concatenate([[0], np.bincount(blocks, minlength=count)])
    low, high = (np.array(ends) for ends in zip(*(_middle(n - gone) for gone in left_out), strict=True))
    rank = np.array([min(rank_of(n - gone, q), n - gone - 1) for gone in left_out])
    around = _means(quantities, order, ordered, low, high, left_out)
    tail = _means(quantities, order, ordered, rank, n - left_out, left_out)
    extras = tail - around
    extras[np.abs(extras) < _ROUNDING * np.abs(tail)] = 0.0
    counts = np.bincount(ordered[int(rank[0]) :]).astype(np.float64)
    stretches = float(counts.sum() ** 2 / (counts**2).sum())
    return Difference(
        around=around[0],
        tail=tail[0],
        extra=extras[0],
        half=_half(extras[1:], stretches),
        stretches=stretches,
        tail_without=tail[1:],
        extra_without=extras[1:],
        threshold=float(quantities[0, order[rank_of(n, q) - 1]]),
        n=n,
        n_tail=n - int(rank[0]),
    )


@dataclass(frozen=True, eq=False)
class Shares:
    """What each of some parts makes of all that they add.

    Attributes
    ----------
    values
        Shares, of everything, then without each block; a column a part.
    """

    values: Numbers

    @classmethod
    def of(cls, added: Numbers, without: Numbers) -> Shares:
        """Return the shares of parts; one that adds less than nothing has none, and all are NaN where nothing is added.

        Parameters
        ----------
        added, without
            What each part adds, and what it does without each block.
        """
        parts = np.maximum(0.0, np.vstack([added, without]))
        wholes = parts.sum(axis=1, keepdims=True)
        return cls(np.divide(parts, wholes, out=np.full(parts.shape, np.nan), where=wholes > 0))

    def together(self, columns: Sequence[int]) -> tuple[float, float, float]:
        """Return the share of some parts together with the ends of its 95 % interval; all three lie in 0 to 1."""
        sums = np.minimum(1.0, self.values[:, list(columns)].sum(axis=1, keepdims=True))
        share, half = float(sums[0, 0]), float(_half(sums[1:], len(sums) - 1)[0])
        return share, float(np.maximum(0.0, share - half)), float(np.minimum(1.0, share + half))


def blocks_of(batch: Places) -> Places:
    """Cut requests, in the order in which their batches began, into `BLOCKS` blocks of about as many.

    Parameters
    ----------
    batch
        Number of each request's batch.
    """
    n = len(batch)
    first = np.full(int(batch.max()) + 1, n)
    np.minimum.at(first, batch, np.arange(n))
    block = first[batch] * BLOCKS // n
    used = np.bincount(block, minlength=BLOCKS) > 0
    blocks: Places = (np.cumsum(used) - 1)[block]
    return blocks


def around_median(latency: Numbers) -> Places:
    """Return the places of the requests around the median."""
    low, high = _middle(len(latency))
    return np.argpartition(latency, (low, high - 1))[low:high]


def _middle(n: int) -> tuple[int, int]:
    low, high = (int(share * n) for share in AROUND)
    return low, max(high, low + 1)


def _means(quantities: Numbers, order: Places, ordered: Places, low: Places, high: Places, left_out: Places) -> Numbers:
    """Return the means of those at ranks `low` to `high` among all, and among all but each block.

    Parameters
    ----------
    quantities
        Of shape (quantities, requests).
    order, ordered
        Places by latency, and the block of each.
    low, high, left_out
        For all, then without each block: ranks, and how many are left out.
    """
    # Who has rank r among those that are kept lies at most as many places further up as there are left out.
    start, stop = int(low.min()), min(len(order), int((high + left_out).max()))
    block = np.arange(-1, len(low) - 1)
    kept = ordered[start:stop] != block[:, None]
    before = np.concatenate([[0], np.bincount(ordered[:start], minlength=len(low) - 1)])
    rank = start - before[:, None] + np.cumsum(kept, axis=1) - 1
    chosen = kept & (rank >= low[:, None]) & (rank < high[:, None])
    # Not a matrix product: for so few numbers its threads wait for each other far longer than they add.
    sums: Numbers = np.einsum("bi,qi->bq", chosen.astype(np.float64), quantities[:, order[start:stop]])
    return sums / (high - low)[:, None]


def _half(found: Numbers, stretches: float) -> Numbers:
    """Return half of the interval from the values without each block; what only few blocks tell is known less well."""
    count = len(found)
    if count < 2:
        return np.full(found.shape[1], np.nan)
    apart = found - found.mean(axis=0)
    squares = (apart**2).sum(axis=0)
    products = (apart[1:] * apart[:-1]).sum(axis=0)
    # Around their own mean even independent values seem to repel each other, by one part in as many as there are.
    alike = np.divide(products, squares, out=np.zeros(len(squares)), where=squares > 0) + 1.0 / count
    alike = np.clip(alike, 0.0, _MOST_ALIKE)
    error = np.sqrt((count - 1) / count * squares * (1.0 + alike) / (1.0 - alike))
    half: Numbers = t_quantile(0.975, max(1, min(count, round(stretches)) - 1)) * error
    return half
