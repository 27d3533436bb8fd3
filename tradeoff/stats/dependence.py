r"""How many samples that follow each other count as one.

For a series y (of a quantile q: 1{x > q}; of a mean: the values themselves) it is the integrated autocorrelation time,

    tau = 1 + 2 * (rho(1) + rho(2) + ...)   up to the first rho(k) <= 0

(Geyer, *Practical Markov chain Monte Carlo*, 1992, simplified to single lags). One look at single lags misses what is
weak but long: a system whose slow calls come a little oftener for a tenth of a second has a rho of 0.02 at every lag,
the noise of a thousand calls ends the sum at once, and yet the thousand calls count as ten. So the series is looked at
in bins too, and where it is dependent shows at the coarsest scale that sees it:

    tau of N bins of m samples  =  m var(bin means) / var(y)  *  (1 + 2 * sum of the bins' own rho)

(blocking: Flyvbjerg and Petersen, *Error estimates on averages of correlated data*, J. Chem. Phys. 91, 1989). The
largest of the single lags, 1024, 256 and 64 bins is taken. Independent samples come out at 1.1 rather than at 1. Of a
long series the bins alone say it: what lasts for less than a bin shows whole in how the bins' means differ.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

_DIRECT_LAGS = 128
"""Lags counted one by one before the Fourier transform is cheaper (10^5 samples: 8 us a lag, 4 ms a transform)."""

_BINS = (1024, 256, 64)
"""Numbers of bins; 64 are the fewest whose variance is known to 18 %."""

_ROUNDING = 1e-9
"""Values that agree to nine digits differ by how they were computed."""

_SAMPLES_A_BIN = 4
"""Bins of fewer samples see nothing that single lags do not."""

_LONG = 64 * _BINS[0]
"""Samples from which on single lags tell nothing that the finest bins do not."""


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
    lags = 1.0 if n >= _LONG else 1.0 + 2.0 * _sum_of_positive_correlations(event)
    share = min(inside, n - inside) / n
    return float(min(n, max(lags, *_of_bins(event, share * (1.0 - share)))))


def tau_of_mean(values: ArrayLike) -> float:
    """Count how many samples of the series `values` are worth one where its mean is asked for.

    Parameters
    ----------
    values
        One-dimensional samples in the order in which they were taken.

    Returns
    -------
    float
        Between 1 and n. A series in which long and short calls take turns has less than 1 by rights; 1 is returned.
    """
    series = np.asarray(values, dtype=np.float64)
    n = series.shape[0]
    variance = float(series.var()) if n else 0.0
    if n < 3 or not variance > (_ROUNDING * float(np.abs(series).max())) ** 2:
        return 1.0
    centred = series - series.mean()
    lags = 1.0
    if n <= _BINS[0] * _SAMPLES_A_BIN:
        lags = _with_correlations(centred)
    elif n < _LONG:  # short memory shows in bins of a few samples, at a fraction of the cost
        fine = n // _SAMPLES_A_BIN
        bins = centred[: fine * _SAMPLES_A_BIN].reshape(fine, _SAMPLES_A_BIN).mean(axis=1)
        lags = _SAMPLES_A_BIN * float(bins.var()) / variance * _with_correlations(bins)
    return float(min(n, max(1.0, lags, *_of_bins(centred, variance))))


def tau_of_parts(parts: Sequence[NDArray[np.generic]], tau_of: Callable[[NDArray[np.generic]], float]) -> float:
    """Count how many samples are worth one in several series whose dependence does not reach across them.

    Parameters
    ----------
    parts
        The series; at least one sample in all.
    tau_of
        Counts them within one of them.
    """
    n = sum(part.shape[0] for part in parts)
    # The variance of a sum is the sum of the variances: n * tau is additive.
    return max(1.0, math.fsum(part.shape[0] / n * tau_of(part) for part in parts))


def _of_bins(series: NDArray[np.generic], variance: float) -> list[float]:
    """Return tau as each number of bins shows it, of a series and its variance."""
    n = series.shape[0]
    found = [1.0]
    for bins in _BINS:
        if n < bins * _SAMPLES_A_BIN:
            continue
        edges = np.linspace(0, n, bins + 1).astype(np.int64)
        kind = np.int64 if series.dtype == np.bool_ else np.float64
        means = np.add.reduceat(series, edges[:-1], dtype=kind) / np.diff(edges)
        spread = float(means.var(ddof=1))
        if spread > 0.0:
            found.append(n / bins * spread / variance * _with_correlations(means - means.mean()))
    return found


def _with_correlations(centred: NDArray[np.float64]) -> float:
    correlation = _correlations(centred)
    ends = np.flatnonzero(correlation <= 0.0)
    return 1.0 + 2.0 * float(correlation[1 : ends[0] if ends.size else None].sum())


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
    correlation = _correlations(event - mean)[_DIRECT_LAGS + 1 :]
    ends = np.flatnonzero(correlation <= 0.0)
    return total + float(correlation[: ends[0] if ends.size else None].sum())


def _correlations(centred: NDArray[np.float64]) -> NDArray[np.float64]:
    n = centred.shape[0]
    size = 1 << (2 * n - 1).bit_length()
    spectrum = np.fft.rfft(centred, size)
    covariance = np.fft.irfft(spectrum * np.conj(spectrum), size)[:n]
    correlation: NDArray[np.float64] = covariance / covariance[0]
    return correlation
