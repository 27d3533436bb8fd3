"""Steps of a slider over what has no measured values: the preferred numbers people ask for."""

from __future__ import annotations

import math
from collections.abc import Iterable

# ISO 3: the series R40 of preferred numbers, and R20 and R10 within it. People ask for 2.5 ms, not for 2.4138.
_R40 = (
    1.00, 1.06, 1.12, 1.18, 1.25, 1.32, 1.40, 1.50, 1.60, 1.70, 1.80, 1.90, 2.00, 2.12, 2.24, 2.36, 2.50, 2.65, 2.80,
    3.00, 3.15, 3.35, 3.55, 3.75, 4.00, 4.25, 4.50, 4.75, 5.00, 5.30, 5.60, 6.00, 6.30, 6.70, 7.10, 7.50, 8.00, 8.50,
    9.00, 9.50,
)  # fmt: skip
_SERIES = (_R40, _R40[::2], _R40[::4])
MOST_STEPS = 130
"""Steps a slider can still be moved through by arrow keys."""


def preferred_numbers(low: float, high: float, *, whole: bool = False) -> list[float]:
    """Return preferred numbers from below `low` to above `high`, as fine as a slider can bear.

    Parameters
    ----------
    low, high
        Positive and finite.
    whole
        Whether only whole numbers, 1 or more, will do.
    """
    decades = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    steps: list[float] = []
    for series in _SERIES:
        every = [float(f"{step}e{decade}") for decade in decades for step in series]
        if whole:
            every = sorted({float(round(step)) for step in every if round(step) >= 1})
        first = max(0, sum(step < low for step in every) - 1)
        last = min(len(every) - 1, sum(step < high for step in every))
        steps = every[first : last + 1]
        if len(steps) <= MOST_STEPS:
            break
    return steps


def with_asked(steps: Iterable[float], asked: Iterable[float]) -> list[float]:
    """Return `steps` with the values somebody has asked for among them, exactly."""
    return sorted({*steps, *asked})
