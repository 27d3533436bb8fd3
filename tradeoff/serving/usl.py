"""The Universal Scalability Law fitted to throughputs, with what they leave open.

::

    X(N) = g N / (1 + s (N - 1) + k N (N - 1))        N / X = a + b (N - 1) + c N (N - 1)

with a = 1 / g, b = s / g, c = k / g: N / X is linear in a, b and c. Least squares on the throughputs, by Gauss and
Newton with halved steps, in these coordinates: the surface is nearly flat in them, so that the covariance of the last
step gives intervals that hold. s = b / a, k = c / a and the place of the peak, N*² = (a - b) / c, are quotients:
Fieller's intervals (`tradeoff.stats.fieller`), with Student's quantile and n - 3 degrees of freedom.

Each throughput is weighted by 1 / (σ² + (τ² + ε²) X²): σ is what its own interval says, τ how much further throughputs
stray from the law, as in `tradeoff.serving.fit`. Without intervals noise may be the same for all throughputs, as where
the law is fitted in the literature, or in proportion to them: what the restricted likelihood clearly prefers (by two
units of its logarithm). Where it prefers neither the values are those of equal noise, and the intervals hold both.

A coherence above zero is not yet a peak. Throughput that levels off, as that of a queue with several servers, bends
faster than the law does without coherence, and the law then bends down where nothing does. So the law has to fit better
than every curve of

    X(N) = g N / (1 + (N / K)^p)^(1 / p)

which rises for ever, towards g K; p = 1 is the law without coherence, and a large p a straight line that ends in a flat
one; nor may a power of N fit as well. Throughput that falls through four numbers in flight, one after another, is not
held against such curves.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tradeoff.serving.falls import descends
from tradeoff.serving.fit import RESOLUTION, UNKNOWN, Estimate, scatter_of, solve, variance_of
from tradeoff.stats.fieller import quotient
from tradeoff.stats.student import t_quantile

Numbers = NDArray[np.float64]

_ROUNDS = 100
_TAU_ROUNDS = 20
_SHAPES = np.array([0.6, 0.8, 1.0, 1.25, 1.6, 2.0, 3.0, 4.0, 6.0, 10.0, 30.0])
_POWERS = np.linspace(0.05, 3.0, 60)
_KNEES = 40
_CLEAR = 4.0
"""Twice the logarithm of the likelihoods' ratio from which on one kind of noise is taken for true."""


class Law(NamedTuple):
    """The law's parameters and its peak, with 95 % intervals.

    Attributes
    ----------
    alone, contention, coherence
        g, s and k.
    peak
        N*; the value is NaN where the throughputs do not show that there is one. The lower end is then the largest
        place below which they show that there is none; infinite where there is none at all, NaN where nothing is known.
    scatter
        Root mean square of what is left over, as a share of the throughput.
    levels_off
        Whether a throughput that rises for ever fits as well, though the law without coherence does not.
    """

    alone: Estimate
    contention: Estimate
    coherence: Estimate
    peak: Estimate
    scatter: float
    levels_off: bool


def shape(n: Numbers, s: float, k: float) -> Numbers:
    """Return the throughput of N in flight over that of one alone."""
    with np.errstate(divide="ignore"):
        return np.asarray(n / (1.0 + s * (n - 1.0) + k * n * (n - 1.0)))


def fit_law(concurrency: Numbers, throughput: Numbers) -> tuple[float, float, float]:
    """Return g, s and k of the least squares with equal weights.

    Parameters
    ----------
    concurrency, throughput
        Four different concurrencies or more, and positive throughputs.
    """
    a, b, c = _least_squares(concurrency, throughput, np.full(len(throughput), throughput.max()))
    return float(1 / a), float(b / a), float(c / a)


def law_of(n: Numbers, x: Numbers, own: Numbers) -> Law:
    """Fit the law.

    Parameters
    ----------
    n, x
        What was in flight, four different values or more, and positive throughputs.
    own
        Standard errors of the throughputs; NaN where not known.
    """
    known = np.isfinite(own)
    if known.any():
        own = np.where(known, own, float(np.median(own[known] / x[known])) * x)
        return _read(n, x, *_weighted(n, x, own))
    fits = [_scaled(n, x, proportional=which) for which in (False, True)]
    equal, proportional = (_read(n, x, *fit) for fit in fits)
    gain = _likelihood(n, x, *fits[1]) - _likelihood(n, x, *fits[0])
    if abs(gain) >= _CLEAR:
        return proportional if gain > 0 else equal
    return _both(equal, proportional)


def _least_squares(n: Numbers, x: Numbers, deviation: Numbers) -> Numbers:
    """Return a, b and c; throughputs are weighted by their standard deviations, known but for a factor."""
    rows = _rows(n)
    unit = x.max()
    x, deviation = x / unit, deviation / unit

    def squares(at: Numbers) -> float:
        inverse = rows @ at
        return float(np.sum(((x - n / inverse) / deviation) ** 2)) if (inverse > 0).all() else math.inf

    weight = x * x / (n * deviation)
    start, *_ = np.linalg.lstsq(rows * weight[:, None], n / x * weight, rcond=None)
    straight = np.array([float(np.median(n / x)), 0.0, 0.0])
    at = min((start, straight), key=squares)
    here = squares(at)
    for _ in range(_ROUNDS):
        inverse = rows @ at
        slope = -(n / inverse**2 / deviation)[:, None] * rows
        step, *_ = np.linalg.lstsq(slope, (x - n / inverse) / deviation, rcond=None)
        part = 1.0
        while part > 1e-6 and not (closer := squares(at + part * step)) <= here:
            part /= 2
        if part <= 1e-6:
            break
        at, before, here = at + part * step, here, closer
        if before - here <= 1e-15 * before:
            break
    return np.asarray(at / unit)


def _rows(n: Numbers) -> Numbers:
    return np.column_stack([np.ones(len(n)), n - 1.0, n * (n - 1.0)])


def _fitted(n: Numbers, at: Numbers) -> Numbers:
    fitted: Numbers = n / (_rows(n) @ at)
    return fitted


def _weighted(n: Numbers, x: Numbers, own: Numbers) -> tuple[Numbers, Numbers]:
    """Fit with what the throughputs' own intervals say, and what they stray beyond; return also the variances."""
    scale, scatter = x, 0.0
    for _ in range(_TAU_ROUNDS):
        at = _least_squares(n, x, np.sqrt(variance_of(own, scatter, scale)))
        scale = _fitted(n, at)
        before, scatter = scatter, scatter_of(x - scale, own, scale, expected=len(n) - 3)
        if abs(scatter - before) <= 1e-6 + 1e-3 * scatter:
            break
    return at, variance_of(own, scatter, scale)


def _scaled(n: Numbers, x: Numbers, *, proportional: bool) -> tuple[Numbers, Numbers]:
    """Fit with equal noise, or with noise in proportion to the throughput; return also the variances."""
    scale = np.full(len(x), x.max())
    at = _least_squares(n, x, scale)
    if proportional:
        for _ in range(2):
            scale = _fitted(n, at)
            at = _least_squares(n, x, scale)
    left = float(np.sum(((x - _fitted(n, at)) / scale) ** 2)) / max(1, len(x) - 3)
    return at, max(left, RESOLUTION**2) * scale**2


def _read(n: Numbers, x: Numbers, at: Numbers, variance: Numbers) -> Law:
    """Read parameters, intervals and the peak off a fit."""
    fitted = _fitted(n, at)
    slopes = fitted**2 / n
    _, covariance = solve(_rows(n) * slopes[:, None], np.zeros(len(n)), variance)
    quantile = t_quantile(0.975, len(n) - 3)
    a, b, c = map(float, at)
    half = quantile * math.sqrt(covariance[0, 0])
    alone = Estimate(1 / a, 1 / (a + half), 1 / (a - half) if a > half else math.nan)
    over = [
        Estimate(part / a, *quotient(np.array([part, a]), covariance[np.ix_([place, 0], [place, 0])], quantile))
        for place, part in ((1, b), (2, c))
    ]
    # N*⁻² = c / (a - b)
    turn = np.array([[0.0, 0.0, 1.0], [1.0, -1.0, 0.0]])
    low, high = quotient(turn @ at, turn @ covariance @ turn.T, quantile)
    lower = math.nan if math.isnan(high) else _place(high)
    bends = low > 0 and a > b
    squares = float(np.sum((x - fitted) ** 2 / variance))
    levels_off = bends and not descends(n, x) and _rising(n, x, variance) <= squares
    found = bends and not levels_off
    peak = Estimate(_place(c / (a - b)), lower, _place(low)) if found else Estimate(math.nan, lower, math.nan)
    if levels_off:
        peak = UNKNOWN
    scatter = float(np.sqrt(np.mean((1.0 - fitted / x) ** 2)))
    return Law(alone, over[0], over[1], peak, scatter, levels_off)


def _place(inverse_square: float) -> float:
    return 1.0 / math.sqrt(inverse_square) if inverse_square > 0 else math.inf


def _likelihood(n: Numbers, x: Numbers, at: Numbers, variance: Numbers) -> float:
    """Return twice the logarithm of the restricted likelihood: parameters that were fitted do not speak for a noise."""
    fitted = _fitted(n, at)
    slopes = _rows(n) * (fitted**2 / n / np.sqrt(variance))[:, None]
    left = float(np.sum((x - fitted) ** 2 / variance))
    return -left - float(np.sum(np.log(variance))) - float(np.linalg.slogdet(slopes.T @ slopes)[1])


def _both(equal: Law, proportional: Law) -> Law:
    """Return the values of the first with intervals that hold those of both; a peak is one where both see it."""

    def hull(one: Estimate, other: Estimate) -> Estimate:
        # Where one of them leaves an end open it is open.
        return Estimate(one.value, float(np.minimum(one.lo, other.lo)), float(np.maximum(one.hi, other.hi)))

    peak = hull(equal.peak, proportional.peak)
    if math.isnan(equal.peak.value) or math.isnan(proportional.peak.value):
        peak = Estimate(math.nan, peak.lo, math.nan)
    return Law(
        hull(equal.alone, proportional.alone),
        hull(equal.contention, proportional.contention),
        hull(equal.coherence, proportional.coherence),
        peak,
        equal.scatter,
        equal.levels_off or proportional.levels_off,
    )


def _rising(n: Numbers, x: Numbers, variance: Numbers) -> float:
    """Return the least weighted squares of what rises for ever: on a grid, and on a finer one around its best."""
    root = np.sqrt(variance)
    knees = np.geomspace(n.min() / 2, n.max() * 1e3, _KNEES)
    best = _least(n ** _POWERS[:, None], x, root).min()
    for _ in range(2):
        with np.errstate(over="ignore"):
            curve = n / (1.0 + (n / knees[:, None, None]) ** _SHAPES[:, None]) ** (1.0 / _SHAPES[:, None])
        squares = _least(curve, x, root)
        knee = int(np.unravel_index(np.argmin(squares), squares.shape)[0])
        best = min(best, float(squares.min()))
        knees = np.geomspace(knees[max(0, knee - 1)], knees[min(len(knees) - 1, knee + 1)], _KNEES)
    return float(best)


def _least(curves: Numbers, x: Numbers, root: Numbers) -> Numbers:
    """Return the weighted squares that each of some curves leaves, at its best height."""
    curves = curves / root
    height = (curves @ (x / root)) / np.sum(curves**2, axis=-1)
    squares: Numbers = np.sum((x / root - height[..., None] * curves) ** 2, axis=-1)
    return squares
