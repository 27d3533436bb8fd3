"""The interval of a quotient of two estimates that are known with an error.

Fieller (*Some problems in interval estimation*, J. R. Stat. Soc. B 16(2), 1954) asks which r the data allow::

    (n - r d)² ≤ t² (Vnn - 2 r Vnd + r² Vdd)

n and d are the estimates of numerator and denominator, V their covariance. Where d may be zero every r is allowed, or
all but those of a gap.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def quotient(
    values: NDArray[np.float64], covariance: NDArray[np.float64], quantile: float
) -> tuple[float, float]:  # fmt: skip
    """Return both ends of the interval of ``values[0] / values[1]``; NaN where the divisor may be zero.

    Parameters
    ----------
    values
        Numerator and denominator.
    covariance
        Of both, 2 by 2.
    quantile
        What a standard error is multiplied with, such as Student's quantile.
    """
    n, d = map(float, values)
    (vnn, vnd), (_, vdd) = covariance.tolist()
    squared = quantile**2
    square = d * d - squared * vdd
    if not square > 0:
        return math.nan, math.nan
    middle = (n * d - squared * vnd) / square
    root = math.sqrt(max(0.0, middle**2 - (n * n - squared * vnn) / square))
    return middle - root, middle + root
