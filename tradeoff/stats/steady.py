r"""How many samples at the start are not yet steady: MSER on medians of five.

A start that still settles biases whatever is computed with it; cutting more than that wastes samples. The marginal
standard error rule weighs the two: cut where what is left would know its mean best,

    d* = argmin over d of  1 / (m - d)^2 * sum over i > d of (Z_i - mean of Z_(d+1) ... Z_m)^2

over the first half of the series (White, *An effective truncation heuristic for bias reduction in simulation
output*, Simulation 69 (6), 1997, with the batches of five of White, Cobb and Spratt, *A comparison of five
steady-state truncation heuristics*, WSC 2000). The batches' medians stand in for their means: a single late call
among the first hundred would otherwise be taken for a start.

    Z  |\
       | \.._..-.._.-.._      d* is behind the slope; at the middle there is no more start to cut,
       +---|------|--------    only a series that has not settled
           d*    m/2
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeoff.stats.quantiles import as_samples


@dataclass(frozen=True)
class Truncation:
    """Where the steady part of a series begins.

    Attributes
    ----------
    cut
        Leading samples to leave out, a multiple of the batch; 0 where the series is too short to tell.
    is_at_limit
        Whether the best cut is the largest one that was tried: the series has not settled in its first half, and
        what follows the cut may not have either. `tradeoff.stats.drift` is who to ask.
    """

    cut: int
    is_at_limit: bool


def mser(values: ArrayLike, *, of: int = 5) -> Truncation:
    """Say how many leading samples to cut before the series is steady.

    Parameters
    ----------
    values
        One-dimensional samples in the order in which they were taken.
    of
        Samples a batch; those left over at the end take no part.

    Returns
    -------
    Truncation
        At most half of the series is cut. Of several cuts that are as good, the shortest.

    Raises
    ------
    ValueError
        When `of` is not 1 or more, or the values are not one-dimensional or hold NaN.
    """
    if of < 1:
        raise ValueError(f"of must be 1 or more, got {of}")
    series = as_samples(values)
    batches = _medians(series, of)
    limit = batches.shape[0] // 2
    if limit == 0:
        return Truncation(0, is_at_limit=False)
    error = marginal_standard_errors(batches)[: limit + 1]
    best = int(np.argmin(error))
    return Truncation(best * of, is_at_limit=best == limit)


def marginal_standard_errors(batches: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return, for every number of batches cut, the squared standard error of the mean of those left, in one pass."""
    m = batches.shape[0]
    centred = batches - np.median(batches)  # sums of squares of large numbers would cancel
    backwards = centred[::-1]
    left = np.arange(1, m + 1, dtype=np.float64)
    around = np.cumsum(backwards**2) - np.cumsum(backwards) ** 2 / left
    errors: NDArray[np.float64] = (np.maximum(around, 0.0) / left**2)[::-1]
    return errors


def _medians(series: NDArray[np.generic], of: int) -> NDArray[np.float64]:
    m = series.shape[0] // of
    batches = series[: m * of].reshape(m, of)
    middle = (of - 1) // 2
    chosen: NDArray[np.float64] = np.partition(batches, middle, axis=1)[:, middle].astype(np.float64)
    return chosen
