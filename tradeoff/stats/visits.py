r"""What several visits to one system say that a single one cannot: how much it differs from one time to another.

A point of a sweep is measured in several visits with other points in between. Calls of one visit share the mood that
the machine is in, so the visits are the independent observations when moods last (Kalibera and Jones, *Rigorous
benchmarking in reasonable time*, ISMM 2013). With n_v samples and the sum of residuals r_v in visit v, the samples that
count as one are, from the visits alone,

    tau  =  V / (V - 1) * sum of r_v^2  /  (n var(y))            V - 1 degrees of freedom

which in one mood differs from tau within the visits by chance only, as F does. Where it is larger than chance allows at
10 %, it takes the place of tau, with Student's factor for the few visits, and the interval of a percentile is no
narrower than Student's of the visits' own: ``exp(m -+ t(V - 1) * s / sqrt(V))``, m and s being mean and standard
deviation of their logarithms.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tradeoff.stats.dependence import tau_of_parts
from tradeoff.stats.student import t_quantile

if TYPE_CHECKING:
    from tradeoff.stats.quantiles import Quantile

FEWEST = 3
"""Two visits differ or agree by luck: Student's factor is 12.7."""

_F_90 = (2.30, 2.08, 1.94, 1.85, 1.77, 1.72, 1.67, 1.63, 1.60)
"""90 % quantiles of F for 2 ... 10 degrees of freedom over infinitely many."""

_LARGEST_EXPONENT = 700.0
"""exp(709) is the largest number a float holds; two visits that differ tenfold ask for exp(20)."""


def tau_over_visits(
    tau_of: Callable[[NDArray[np.generic]], float],
    series: NDArray[np.generic],
    visits: Sequence[int],
    *,
    alpha: float = 0.05,
) -> tuple[float, bool]:
    """Count the samples that are worth one, with the differences between visits counted in.

    Parameters
    ----------
    tau_of
        Counts them within an uninterrupted series.
    series
        One-dimensional samples whose mean is asked for, in order; of a quantile, whether they lie above it.
    visits
        Where each visit begins in `series`, ascending. Fewer than three say nothing, and the series is taken whole.
    alpha
        What the interval will miss.

    Returns
    -------
    tuple of float and bool
        The number, and whether visits differ by more than chance.
    """
    n = series.shape[0]
    starts = [start for start in visits if start < n]
    if len(starts) < FEWEST:
        return tau_of(series), False
    tau = tau_of_parts(np.split(series, starts[1:]), tau_of)
    variance = float(series.var())
    if not variance > 0.0:
        return tau, False
    residuals = np.add.reduceat(series.astype(np.float64) - float(series.mean()), starts)
    count = len(starts)
    between = count / (count - 1) * float((residuals**2).sum()) / (n * variance)
    if between <= _F_90[min(count - FEWEST, len(_F_90) - 1)] * tau:
        return tau, False
    factor = t_quantile(1.0 - alpha / 2.0, count - 1) / NormalDist().inv_cdf(1.0 - alpha / 2.0)
    return min(float(n), between * factor**2), True


def widened(quantile: Quantile, own: Sequence[float], alpha: float) -> Quantile:
    """Widen an interval to Student's of several estimates where that reaches further.

    Parameters
    ----------
    quantile
        The estimate from all samples; an end that is missing stays missing.
    own
        The same percentile of each visit, or of each process.
    alpha
        What the interval may miss.
    """
    k = len(own)
    if k < 2 or not quantile.value > 0.0 or min(own) <= 0.0:  # zero has no logarithm: a clock that coarse shows nothing
        return quantile
    logs = np.log(own)
    centre, spread = float(logs.mean()), float(logs.std(ddof=1))
    half = t_quantile(1.0 - alpha / 2.0, k - 1) * spread / math.sqrt(k)
    lo, hi = math.exp(centre - half), math.exp(min(centre + half, _LARGEST_EXPONENT))
    return replace(quantile, lo=min(quantile.lo, lo), hi=math.nan if math.isnan(quantile.hi) else max(quantile.hi, hi))
