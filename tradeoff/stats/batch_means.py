"""How well a share is known that was counted in a series with memory: batch means, with batches that grow.

Counts of consecutive equal blocks are as independent as the blocks are long. From means of m blocks the variance of
the whole is their variance divided by m; with blocks too short it is too small, for neighbours are alike. So it is
taken from blocks, pairs of them and fours, and the largest counts (Flyvbjerg and Petersen, *Error estimates on averages
of correlated data*, J. Chem. Phys. 91, 1989; the growing batches of Steiger et al., *ASAP3: a batch means procedure for
steady-state simulation analysis*, ACM TOMACS 15 (2), 2005). What is longer than a sixteenth of the series is not seen:
whoever asks must know the memory to be shorter.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FEWEST = 16
"""Batches of which a variance is still worth something."""


def variance_of_share(counts: NDArray[np.int64], n: NDArray[np.float64]) -> float:
    """Return the variance of the share that one series finds.

    Parameters
    ----------
    counts
        Of consecutive equal blocks of each series, of shape (series, blocks); blocks are a power of two.
    n
        Samples of each series.

    Returns
    -------
    float
        The mean over the series; the larger the better it is known.
    """
    shares = counts / n[:, None]
    found = 0.0
    while (blocks := shares.shape[1]) >= _FEWEST:
        # The share of the whole is the sum over blocks; each deviates by its own variance.
        found = max(found, float((shares.var(axis=1, ddof=1) * blocks).mean()))
        shares = shares.reshape(len(shares), blocks // 2, 2).sum(axis=2)
    return found
