"""Time against batch size: two forms fitted to measured times, with what the times leave open.

``affine``      t(b) = fixed + marginal b. Every call pays the fixed cost (launches, weights read), every request the
                marginal one.
``roofline``    t(b) = fixed + max(memory, marginal b). While the bytes that do not depend on the batch, such as
                weights, take longer to move than its arithmetic takes, a larger batch costs nothing.

                t |            /                 t |              /
                  |         /                      |            /
                  |      /                         |__________/
                  |   /   slope: marginal          |          :
            fixed |/                fixed + memory |          : kink = memory / marginal
                  +------------- b                 +------------- b

Least squares, each time weighted by 1 / (s² + (τ² + ε²) t²). s is what its own interval says, and τ how much further
times stray from the form, as a share of the time: the value at which the weighted squares sum to what is to be
expected (Paule and Mandel, *Consensus values and weighting factors*, J. Res. Natl. Bur. Stand. 87(5), 1982). Without τ
one size that happens to be known to 0.1 % would decide alone about a form that holds to 5 %. Intervals are Student's
with n minus the parameters degrees of freedom, whether or not the times stray.

The roofline is the better form when its corrected information criterion (AICc: Hurvich and Tsai, Biometrika 76(2),
1989) is lower by two or more; below that they tell the same story, and the simpler one tells it (Burnham and Anderson,
*Model selection and multimodel inference*, 2002, section 2.6). Where the flat part ends is found by trying every place
between two sizes. The roofline's intervals hold for this place: that the kink might lie between other sizes is not in
them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tradeoff.stats.fieller import quotient
from tradeoff.stats.student import t_quantile

Numbers = NDArray[np.float64]
Form = Literal["affine", "roofline"]

RESOLUTION = 1e-3
"""ε: a median is not known better than 0.1 %, however narrow its interval: the next process gives another one."""

Z = 1.959963984540054
"""Standard errors to either side of a 95 % interval of a normal estimate."""

_MARGIN = 2.0
_ROUNDS = 60


class Estimate(NamedTuple):
    """A value with its 95 % interval; NaN where it is not known."""

    value: float
    lo: float
    hi: float


UNKNOWN = Estimate(math.nan, math.nan, math.nan)


@dataclass(frozen=True, eq=False)
class Fit:
    """A form fitted to times.

    Attributes
    ----------
    form
        ``"affine"`` or ``"roofline"``.
    coefficients
        ``(fixed, marginal)``, or ``(fixed + memory, fixed, marginal)``.
    covariance
        Of the coefficients.
    degrees
        Degrees of freedom: times minus coefficients. With 0 the form goes through every time, and was not checked.
    scatter
        τ: how far times stray from the form beyond their own intervals, as a share of the time.
    aicc
        The corrected information criterion; infinite where there are too few times for it.
    """

    form: Form
    coefficients: Numbers
    covariance: Numbers
    degrees: int
    scatter: float
    aicc: float

    @property
    def quantile(self) -> float:
        """What a standard error is multiplied with for a 95 % interval."""
        return t_quantile(0.975, self.degrees) if self.degrees > 0 else Z

    @property
    def fixed(self) -> float:
        """What a call costs whatever its batch."""
        return float(self.coefficients[-2])

    @property
    def marginal(self) -> float:
        """What a further request costs."""
        return float(self.coefficients[-1])

    @property
    def level(self) -> float:
        """The time of the flat part; minus infinity where there is none."""
        return float(self.coefficients[0]) if self.form == "roofline" else -math.inf

    @property
    def kink(self) -> float:
        """The batch size at which the flat part ends; minus infinity where there is none."""
        return (self.level - self.fixed) / self.marginal if self.form == "roofline" else -math.inf

    def times(self, sizes: Numbers) -> Numbers:
        """Return the fitted time at batch sizes."""
        times: Numbers = np.maximum(self.level, self.fixed + self.marginal * sizes)
        return times

    def half_widths(self, sizes: Numbers) -> Numbers:
        """Return half the 95 % interval of the fitted time at batch sizes."""
        rows = _design(sizes, flat=sizes < self.kink, form=self.form)
        variance = np.einsum("ij,jk,ik->i", rows, self.covariance, rows)
        half: Numbers = self.quantile * np.sqrt(np.maximum(variance, 0.0))
        return half

    def estimate(self, value: Callable[[Numbers], float]) -> Estimate:
        """Return a function of the coefficients with its interval, by the delta method.

        The slope of the function is taken numerically, a thousandth of a standard error to both sides.
        """
        here = value(self.coefficients)
        steps = 1e-3 * np.sqrt(np.diag(self.covariance))
        slope = np.zeros(len(steps))
        for place, step in enumerate(steps):
            if step > 0:
                aside = np.zeros(len(steps))
                aside[place] = step
                slope[place] = (value(self.coefficients + aside) - value(self.coefficients - aside)) / (2 * step)
        half = self.quantile * math.sqrt(max(0.0, float(slope @ self.covariance @ slope)))
        return Estimate(here, here - half, here + half)


def fit_service(sizes: Numbers, times: Numbers, own: Numbers) -> dict[Form, Fit]:
    """Fit both forms, as far as the times carry them.

    Parameters
    ----------
    sizes
        Batch sizes, positive; the same one may come several times.
    times
        Times of a call, positive, in any unit.
    own
        Standard errors of the times; NaN where not known.

    Returns
    -------
    dict
        Form to fit: nothing for fewer than two different sizes; the roofline only where at least two sizes lie on
        either side of its kink, and its fixed cost is not surely below zero.
    """
    known = np.isfinite(own)
    share = float(np.median(own[known] / times[known])) if known.any() else 0.0
    own = np.where(known, own, share * times)  # a time without an interval is as good as the others
    distinct = np.unique(sizes)
    if len(distinct) < 2:
        return {}
    nothing_flat = np.zeros(len(sizes), dtype=np.bool_)
    fits: dict[Form, Fit] = {"affine": _fitted("affine", sizes, times, own, nothing_flat)[0]}
    bent = []
    for last, first in pairwise(distinct[1:-1]):
        found, misfit = _fitted("roofline", sizes, times, own, sizes <= last)
        bends_here = found.marginal > 0 and last * (1 - 1e-9) <= found.kink <= first * (1 + 1e-9)
        # A fixed cost that is surely below zero is none: times that grow ever faster bend too.
        if bends_here and found.fixed >= -found.quantile * math.sqrt(found.covariance[1, 1]) - 1e-9 * found.level:
            bent.append((misfit, last, found))
    if bent:
        fits["roofline"] = min(bent, key=lambda each: each[:2])[2]
    return fits


def better_form(fits: dict[Form, Fit]) -> Form:
    """Choose between fits: the roofline where the times speak for it clearly."""
    if "roofline" not in fits or not math.isfinite(fits["roofline"].aicc):
        return "affine"
    return "roofline" if fits["roofline"].aicc <= fits["affine"].aicc - _MARGIN else "affine"


def ratio(fit: Fit) -> Estimate:
    """Return fixed over marginal of an affine fit, with Fieller's interval.

    Unlike the delta method's it is exact for a ratio of two normal estimates, and has no ends where the divisor may be
    zero (Fieller, *Some problems in interval estimation*, J. R. Stat. Soc. B 16(2), 1954): NaN.
    """
    a, c = fit.fixed, fit.marginal
    if not c > 0:
        return UNKNOWN
    two = fit.covariance[-2:, -2:]
    return Estimate(a / c, *quotient(np.array([a, c]), two, fit.quantile))


def _design(sizes: Numbers, *, flat: NDArray[np.bool_], form: Form) -> Numbers:
    if form == "affine":
        return np.column_stack([np.ones(len(sizes)), sizes])
    return np.column_stack([flat, ~flat, np.where(flat, 0.0, sizes)]).astype(np.float64)


def _fitted(form: Form, sizes: Numbers, times: Numbers, own: Numbers, flat: NDArray[np.bool_]) -> tuple[Fit, float]:
    """Fit with `flat` sizes on the flat part; also return minus twice the log-likelihood."""
    rows = _design(sizes, flat=flat, form=form)
    n, p = rows.shape
    scale, scatter = times, 0.0
    for _ in range(_ROUNDS):
        solved, covariance = solve(rows, times, variance_of(own, scatter, scale))
        # The spread goes with the time that the form gives, not with the one that chance gave.
        fitted = np.abs(rows @ solved)
        scale = np.where(fitted > 0, fitted, times)
        before, scatter = scatter, scatter_of(times - rows @ solved, own, scale, expected=n - p)
        if abs(scatter - before) <= 1e-9 + 1e-6 * scatter:
            break
    solved, covariance = solve(rows, times, variance_of(own, scatter, scale))
    residuals = times - rows @ solved
    # The criterion compares likelihoods at their maximum: the squares then sum to n.
    variance = variance_of(own, scatter_of(residuals, own, scale, expected=n), scale)
    misfit = float(np.sum(residuals**2 / variance + np.log(2 * np.pi * variance)))
    k = p + 1
    aicc = misfit + 2 * k + 2 * k * (k + 1) / (n - k - 1) if n > k + 1 else math.inf
    return Fit(form, solved, covariance, n - p, scatter, aicc), misfit


def variance_of(own: Numbers, scatter: float, scale: Numbers) -> Numbers:
    """Return the variance of values: of their own intervals, and of how they stray, as a share of `scale`."""
    variance: Numbers = own**2 + (scatter**2 + RESOLUTION**2) * scale**2
    return variance


def solve(rows: Numbers, times: Numbers, variance: Numbers) -> tuple[Numbers, Numbers]:
    """Weighted least squares; columns are scaled first, for batch sizes and times may be of any magnitude."""
    weighted = rows / np.sqrt(variance)[:, None]
    size = np.linalg.norm(weighted, axis=0)
    q, r = np.linalg.qr(weighted / size)
    inverse = np.linalg.inv(r) / size[:, None]
    return inverse @ (q.T @ (times / np.sqrt(variance))), inverse @ inverse.T


def scatter_of(residuals: Numbers, own: Numbers, scale: Numbers, *, expected: int) -> float:
    """Find τ so that the weighted squares sum to `expected`; 0 where they do not reach it without.

    Newton's method on the reciprocal of the sum, which is concave in τ²: it comes from below and never overshoots.
    """
    squared = 0.0
    for _ in range(_ROUNDS):
        variance = variance_of(own, math.sqrt(squared), scale)
        total = float(np.sum(residuals**2 / variance))
        if expected <= 0 or total <= expected * (1 + 1e-9):
            break
        slope = float(np.sum((residuals * scale / variance) ** 2))
        squared += total * (total - expected) / (expected * slope)
    return math.sqrt(squared)
