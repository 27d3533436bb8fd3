"""A service model: what a call costs at every batch size, and what a batch amortises.

Throughput of one call after another is X(b) = b / t(b). With t(b) = a + c b it rises towards 1/c, and half of that is
reached at b = a/c: Hockney's n½ (Hockney and Jesshope, *Parallel Computers 2*, 1988, section 1.3), the batch at which
half of a call's time is its fixed cost. What one more request gains is

      X'(b) = a / (a + c b)²

and it is half of what it was at batch 1 where (a + c b)² = 2 (a + c)², at

      b = √2 + (√2 − 1) a/c

Beyond it a larger batch buys latency rather than throughput. With t(b) = a + max(m, c b) and the level L = a + m, a
request gains 1/L until the kink at m/c, and a / (a + c b)² from there on. That is half of it

      at the kink, m/c, where a ≤ L/2                   at (√(2 a L) − a) / c otherwise

and half of 1/c is reached at L/(2c) where a ≤ L/2, at a/c otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeoff.serving.fit import UNKNOWN, Estimate, Fit, Numbers, ratio

_POOR = 0.10
"""Times that stray by more than a tenth are said not to follow the form."""


@dataclass(frozen=True, eq=False)
class ServiceModel:
    """Time of a call against batch size, for rows that differ in nothing else.

    Attributes
    ----------
    group
        What the rows have in common: columns of ``points`` to values; missing ones are left out.
    column
        The times: ``"model_p50_ms"`` or another column in ms.
    form
        ``"affine"`` (fixed + marginal b), ``"roofline"`` (fixed + max(memory, marginal b)), or ``"none"`` where fewer
        than two batch sizes have a time.
    batch_size, measured_ms, lo_ms, hi_ms
        What it was fitted to: sizes in order, times and the ends of their intervals (NaN where not known).
    aicc
        Form to corrected information criterion: lower fits better for what it takes; empty when nothing was fitted.
    left_out
        Rows without a time, one sentence each.
    """

    group: Mapping[str, Any]
    column: str
    form: Literal["affine", "roofline", "none"]
    batch_size: tuple[float, ...]
    measured_ms: tuple[float, ...]
    lo_ms: tuple[float, ...]
    hi_ms: tuple[float, ...]
    aicc: Mapping[str, float] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    fit: Fit | None = field(default=None, repr=False)

    @property
    def fixed_ms(self) -> Estimate:
        """What a call costs whatever its batch. Below zero, where the time grows faster than the batch: a finding."""
        return UNKNOWN if self.fit is None else self.fit.estimate(lambda c: float(c[-2]))

    @property
    def marginal_ms(self) -> Estimate:
        """What a further request costs, beyond the kink if there is one."""
        return UNKNOWN if self.fit is None else self.fit.estimate(lambda c: float(c[-1]))

    @property
    def memory_ms(self) -> Estimate:
        """What hides behind nothing until the batch's arithmetic takes longer; NaN for an affine model."""
        return self._of_roofline(lambda c: float(c[0] - c[1]))

    @property
    def kink_batch(self) -> Estimate:
        """The batch size from which arithmetic sets the time; NaN for an affine model."""
        if self.fit is None or self.fit.form != "roofline":
            return UNKNOWN
        return self._positive(lambda c: float((c[0] - c[1]) / c[2]))

    @property
    def scatter_pct(self) -> float:
        """How far times stray from the model beyond their own intervals, in percent of the time."""
        return math.nan if self.fit is None else 100.0 * self.fit.scatter

    @property
    def is_checked(self) -> bool:
        """Whether there are more batch sizes than the form needs to go through all of them."""
        return self.fit is not None and len(set(self.batch_size)) > len(self.fit.coefficients)

    @property
    def grows(self) -> bool:
        """Whether a call surely takes longer the larger its batch: the interval of the marginal cost is above 0."""
        return self.marginal_ms.lo > 0

    @property
    def limit_rps(self) -> Estimate:
        """The throughput that no batch exceeds, one call after another: 1 / marginal.

        The value is NaN unless time surely grows: noise alone gives a marginal cost above 0 in half of all runs. The
        lower end is what the highest throughput surely exceeds, as far as times tell.
        """
        marginal = self.marginal_ms
        if not self.grows:
            return Estimate(math.nan, 1e3 / marginal.hi if marginal.hi > 0 else math.nan, math.nan)
        return Estimate(1e3 / marginal.value, 1e3 / marginal.hi, 1e3 / marginal.lo if marginal.lo > 0 else math.nan)

    @property
    def half_throughput_batch(self) -> Estimate:
        """The batch size that reaches half of `limit_rps`; NaN without a fixed cost, or unless time grows."""
        return self._batch(_half_throughput, of_ratio=lambda r: r)

    @property
    def halving_batch(self) -> Estimate:
        """The batch size at which one more request gains half of what it gained at batch 1: what a batch amortises.

        NaN without a fixed cost (throughput then never depends on the batch), or unless time surely grows
        (then it always pays, as far as times tell). An end that is not known is NaN.
        """
        return self._batch(_halving, of_ratio=lambda r: math.sqrt(2) + (math.sqrt(2) - 1) * r)

    def time_ms(self, batch_size: ArrayLike) -> NDArray[np.float64]:
        """Return the model's time of a call at batch sizes, in their shape.

        Beyond the measured sizes it extrapolates; all NaN where nothing was fitted.
        """
        sizes = np.asarray(batch_size, dtype=np.float64)
        return np.full(sizes.shape, np.nan) if self.fit is None else self.fit.times(sizes.ravel()).reshape(sizes.shape)

    def interval_ms(self, batch_size: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the ends of the 95 % interval of `time_ms`: of the line, not of a further measurement."""
        sizes = np.asarray(batch_size, dtype=np.float64)
        if self.fit is None:
            return np.full(sizes.shape, np.nan), np.full(sizes.shape, np.nan)
        half = self.fit.half_widths(sizes.ravel()).reshape(sizes.shape)
        middle = self.time_ms(sizes)
        return middle - half, middle + half

    def throughput_rps(self, batch_size: ArrayLike) -> NDArray[np.float64]:
        """Return requests per second at batch sizes, one call after another."""
        return 1e3 * np.asarray(batch_size, dtype=np.float64) / self.time_ms(batch_size)

    def residual_pct(self) -> NDArray[np.float64]:
        """Return how much longer each measured time is than the model's, in percent of the model's."""
        fitted = self.time_ms(self.batch_size)
        return 100.0 * (np.asarray(self.measured_ms, dtype=np.float64) - fitted) / fitted

    def sentence(self) -> str:
        """Tell it to a newcomer."""
        from tradeoff.serving.words import told

        return told(self)

    @property
    def is_poor(self) -> bool:
        """Whether times stray so far from the form that it is no summary of them."""
        return self.fit is not None and self.fit.scatter > _POOR

    def _of_roofline(self, value: Any) -> Estimate:
        return UNKNOWN if self.fit is None or self.fit.form != "roofline" else self.fit.estimate(value)

    def _positive(self, value: Any) -> Estimate:
        """Estimate what is positive and of any magnitude: the interval is that of its logarithm."""
        assert self.fit is not None  # noqa: S101
        return Estimate(*(math.exp(min(end, 700.0)) for end in self.fit.estimate(lambda c: _log(value(c)))))

    def _batch(self, closed_form: Any, *, of_ratio: Any) -> Estimate:
        fit = self.fit
        if fit is None or not self.grows or not fit.fixed + max(0.0, fit.level - fit.fixed) > 0:
            return UNKNOWN
        if fit.form == "affine":
            if not fit.fixed > 0:
                return UNKNOWN
            return Estimate(*(of_ratio(end) for end in ratio(fit)))
        return self._positive(closed_form)


def _log(value: float) -> float:
    return math.log(value) if value > 0 else math.nan


def _half_throughput(coefficients: Numbers) -> float:
    level, a, c = map(float, coefficients)
    return level / (2 * c) if a <= level / 2 else a / c


def _halving(coefficients: Numbers) -> float:
    level, a, c = map(float, coefficients)
    return (level - a) / c if a <= level / 2 else (math.sqrt(2 * a * level) - a) / c
