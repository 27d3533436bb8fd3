"""How well a share is known that was counted in a series with memory: batch means, with batches that grow.

Counts of consecutive equal blocks are as independent as the blocks are long. From means of m blocks the variance of
the whole is their variance divided by m; with blocks too short it is too small, for neighbours are alike. So it is
taken from blocks, pairs of them and fours, and the largest counts (Flyvbjerg and Petersen, *Error estimates on averages
of correlated data*, J. Chem. Phys. 91, 1989; the growing batches of Steiger et al., *ASAP3: a batch means procedure for
steady-state simulation analysis*, ACM TOMACS 15 (2), 2005). What is longer than a sixteenth of the series is not seen:
whoever asks must know the memory to be shorter.

Where the memory is known, what the largest blocks miss of it is made up for. Means of blocks of k memories, of a series
whose autocorrelation is exp(-lag / memory), vary by 1 - (1 - exp(-k)) / k of what they would if they were independent;
no series with that memory misses more, for whatever else is in it is forgotten sooner.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_FEWEST = 16
"""Batches of which a variance is still worth something."""


class Variance(NamedTuple):
    """A variance, and how well it is known.

    Attributes
    ----------
    value
        The variance.
    error
        Its relative standard error, by how the squared deviations differ of which it is the mean: 0.16 for 80 batches
        that are normal, and more for batches of which a few hold most.
    """

    value: float
    error: float


def variance_of_share(counts: NDArray[np.int64], n: NDArray[np.float64], memories: float = math.inf) -> Variance:
    """Return the variance of the share that one series finds.

    Parameters
    ----------
    counts
        Of consecutive equal blocks of each series, of shape (series, blocks); blocks are a power of two.
    n
        Samples of each series.
    memories
        How many times as long as its memory each series is; above 0.

    Returns
    -------
    Variance
        The mean over the series; the larger the better it is known.
    """
    shares = counts / n[:, None]
    found = Variance(0.0, 0.0)
    while (blocks := shares.shape[1]) >= _FEWEST:
        # The share of the whole is the sum over blocks; each deviates by its own variance.
        squares = np.square(shares - shares.mean(axis=1, keepdims=True)) * (blocks**2 / (blocks - 1))
        value = float(squares.mean())
        if value > 0.0:
            error = float(squares.std()) / (value * math.sqrt(squares.size))
            if blocks < 2 * _FEWEST:
                value /= _seen_by_blocks(memories / blocks)
            found = Variance(max(found.value, value), max(found.error, error))
        shares = shares.reshape(len(shares), blocks // 2, 2).sum(axis=2)
    return found


def _seen_by_blocks(memories: float) -> float:
    """Return the share of a variance that blocks show which are so many memories long."""
    return 1.0 + math.expm1(-memories) / memories
