"""Where the slider of a limit may stand: numbers people ask for, around what was measured."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from tradeoff.explorer.preferred import MOST_STEPS, preferred_numbers
from tradeoff.objective import Constraint, ObjectiveError

LEAST = ("any", "zero", "positive")
"""What the limits of a column can be: any number; zero or more; more than zero."""


def least_limit(metric: str) -> str:
    """Say which limits of a column say something at all, one of `LEAST`: a latency is never below zero, nor zero."""
    for least, limit in zip(LEAST, (-1.0, 0.0), strict=False):
        try:
            Constraint(metric, "<=", limit)
        except ObjectiveError:
            continue
        return least
    return LEAST[-1]


def limit_steps(metric: str, values: Iterable[float], *, whole: bool = False) -> list[float]:
    """Return steps from below the smallest value to above the largest.

    Parameters
    ----------
    metric
        The column.
    values
        What was measured, ends of intervals included; those not finite are passed over.
    whole
        Whether the column counts things.

    Returns
    -------
    list of float
        Ascending; preferred numbers where every value may be positive only, else equal steps of 1, 2 or 5.
    """
    known = np.array([value for value in values if np.isfinite(value)])
    least, positive = least_limit(metric), known[known > 0]
    if not len(known) or (least == "positive" and not len(positive)):
        return []
    if least == "any" and len(positive) != len(known):
        return _equal_steps(known.min(), known.max())
    zero = [0.0] if least != "positive" and known.min() <= 0 else []
    return zero + (preferred_numbers(positive.min(), positive.max(), whole=whole) if len(positive) else [])


def _equal_steps(low: float, high: float) -> list[float]:
    span = float(high - low) or abs(float(high)) or 1.0
    power = math.floor(math.log10(span / MOST_STEPS))
    step = next(s for s in (float(f"{d}e{power}") for d in (1, 2, 5, 10, 20)) if span / s + 3 <= MOST_STEPS)
    first, last = math.floor(low / step) - 1, math.ceil(high / step) + 1
    return [float(f"{place * step:.12g}") for place in range(first, last + 1)]
