"""How many samples that follow each other count as one.

For a quantile q the series is 1{x <= q}, and

    tau = 1 + 2 * (rho(1) + rho(2) + ...)   up to the first rho(k) <= 0,

the integrated autocorrelation time with the initial-positive cut (Geyer, *Practical
Markov chain Monte Carlo*, 1992, simplified to single lags).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

_DIRECT_LAGS = 128
"""Lags counted one by one before the Fourier transform is cheaper (10^5 samples: 8 us a lag, 4 ms a transform)."""


def tau(values: ArrayLike, q: float) -> float:
    """Count how many samples of the series `values` are worth one where its quantile `q` is asked for.

    Parameters
    ----------
    values
        One-dimensional samples in the order in which they were taken.
    q
        The quantile itself, in the unit of `values`.

    Returns
    -------
    float
        1 for a series without memory, more for one with it; never less than 1, never more than n.
    """
    series = np.asarray(values)
    below = series <= q
    n = below.shape[0]
    inside = int(np.count_nonzero(below))
    if n < 3 or inside in (0, n):
        return 1.0
    # The rarer side has the same autocovariance: 1{x > q} = 1 - 1{x <= q}.
    event = below if inside <= n - inside else ~below
    return float(min(n, 1.0 + 2.0 * _sum_of_positive_correlations(event)))


def _sum_of_positive_correlations(event: NDArray[np.bool_]) -> float:
    n = event.shape[0]
    count = int(np.count_nonzero(event))
    mean = count / n
    variance = n * mean * (1.0 - mean)
    total, head, tail = 0.0, 0, 0
    for lag in range(1, min(n, _DIRECT_LAGS + 1)):
        head += bool(event[lag - 1])
        tail += bool(event[n - lag])
        together = int(np.count_nonzero(event[lag:] & event[:-lag]))
        covariance = together - mean * (2 * count - head - tail) + (n - lag) * mean * mean
        if covariance <= 0.0:
            return total
        total += covariance / variance
    if n <= _DIRECT_LAGS + 1:
        return total
    correlation = _correlations(event, mean)[_DIRECT_LAGS + 1 :]
    ends = np.flatnonzero(correlation <= 0.0)
    return total + float(correlation[: ends[0] if ends.size else None].sum())


def _correlations(event: NDArray[np.bool_], mean: float) -> NDArray[np.float64]:
    n = event.shape[0]
    size = 1 << (2 * n - 1).bit_length()
    spectrum = np.fft.rfft(event - mean, size)
    covariance = np.fft.irfft(spectrum * np.conj(spectrum), size)[:n]
    correlation: NDArray[np.float64] = covariance / covariance[0]
    return correlation
