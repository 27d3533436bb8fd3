"""Quantiles of Student's t, without scipy."""

from __future__ import annotations

import math
from statistics import NormalDist


def t_quantile(p: float, degrees: int) -> float:
    """Quantile of Student's t distribution.

    Exact for one and two degrees of freedom; for more the Cornish-Fisher expansion in 1/degrees (Abramowitz and
    Stegun, 26.7.5), within 0.5 % at three degrees and 0.01 % from eight on (p = 0.975).

    Parameters
    ----------
    p
        Probability, between 0 and 1, both excluded.
    degrees
        Degrees of freedom, 1 or more.
    """
    if degrees < 1:
        raise ValueError(f"degrees must be 1 or more, got {degrees}")
    if degrees == 1:
        return math.tan(math.pi * (p - 0.5))
    if degrees == 2:
        return (2.0 * p - 1.0) * math.sqrt(2.0 / (4.0 * p * (1.0 - p)))
    z = NormalDist().inv_cdf(p)
    first = (z**3 + z) / 4.0
    second = (5.0 * z**5 + 16.0 * z**3 + 3.0 * z) / 96.0
    third = (3.0 * z**7 + 19.0 * z**5 + 17.0 * z**3 - 15.0 * z) / 384.0
    fourth = (79.0 * z**9 + 776.0 * z**7 + 1482.0 * z**5 - 1920.0 * z**3 - 945.0 * z) / 92160.0
    return z + first / degrees + second / degrees**2 + third / degrees**3 + fourth / degrees**4
