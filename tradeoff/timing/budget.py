"""How long one operating point may be measured, and how well it has to be known."""

from __future__ import annotations

import math
import numbers
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from tradeoff.frames.columns import PERCENTILES
from tradeoff.frames.names import percentile

MIN_SECONDS = 0.6
"""Measured time at least, 30 % of a draft: three blocks of 200 ms that have to agree, or three visits."""

_STRETCH = 4
"""A budget may be stretched to four times itself, in time and in calls, but not further."""

_TOLERANCES = MappingProxyType({"p50": 0.01, "p95": 0.025, "p99": 0.05})


@dataclass(frozen=True, kw_only=True)
class Budget:
    """When to stop measuring a point.

    Attributes
    ----------
    name
        ``"draft"``, ``"standard"``, ``"tail"``, or a name of your own.
    seconds
        Measured time after which the point ends, once `min_calls` are done.
    max_calls
        Calls after which it ends once `min_seconds` are measured: they bound the memory.
    min_calls
        Calls that are worth waiting for beyond `seconds`.
    max_seconds
        Time after which it ends whatever is missing; four times `seconds` unless given.
    min_seconds
        Measured time below which nothing ends the point; 600 ms, or `seconds` if that is less, unless given. Calls
        of a microsecond in several threads take turns by the interpreter's 5 ms: they need the time, not the number.
    warm_up_seconds
        Time the workload runs before anything counts; 25 ms gave 30 % error in triton's harness, 250 ms none.
    tolerances
        Percentile to the relative half-width of its interval that is good enough to stop early.
    """

    name: str
    seconds: float
    max_calls: int
    min_calls: int = 2000
    max_seconds: float = 0.0
    min_seconds: float = 0.0
    warm_up_seconds: float = 0.25
    tolerances: Mapping[str, float] = field(default_factory=lambda: dict(_TOLERANCES))

    def __post_init__(self) -> None:
        """Fill `max_seconds` and `min_seconds`, and check everything."""
        if not isinstance(self.name, str) or not self.name:
            raise ValueError(f"name={self.name!r} must be text, such as 'draft'")
        for name in ("seconds", "max_seconds", "min_seconds", "warm_up_seconds"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0.0 <= float(value) < math.inf:
                raise ValueError(f"{name}={value!r} must be a number of seconds, 0 or more")
        for name in ("max_calls", "min_calls"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 1:
                raise ValueError(f"{name}={value!r} must be a whole number, 1 or more")
        self._check_tolerances()
        if not self.max_seconds:
            object.__setattr__(self, "max_seconds", float(_STRETCH * self.seconds))
        if not self.min_seconds:
            object.__setattr__(self, "min_seconds", min(MIN_SECONDS, self.seconds))
        if not 0.0 < self.seconds <= self.max_seconds:
            raise ValueError(f"seconds={self.seconds} must be positive and at most max_seconds={self.max_seconds}")
        if not 1 <= self.min_calls <= self.max_calls:
            raise ValueError(f"min_calls={self.min_calls} must lie between 1 and max_calls={self.max_calls}")

    def _check_tolerances(self) -> None:
        if not isinstance(self.tolerances, Mapping):
            raise ValueError(f"tolerances={self.tolerances!r} must map percentiles to widths, as in {{'p99': 0.05}}")
        object.__setattr__(self, "tolerances", {percentile(name): width for name, width in self.tolerances.items()})
        for name, width in self.tolerances.items():
            if name not in PERCENTILES:
                raise ValueError(f"tolerances: {name!r} is not known: use some of {', '.join(PERCENTILES)}")
            if isinstance(width, bool) or not isinstance(width, numbers.Real) or not 0.0 < width < math.inf:
                raise ValueError(f"tolerances: {name}={width!r} must be a positive share of the value, such as 0.05")

    def is_spent(self, *, calls: int, seconds: float) -> bool:
        """Say whether `calls` in `seconds` of measured time use the budget up.

        A point whose calls depend on each other so much that a percentile lacks an end of its interval is worth going
        on with, until the budget `is_exhausted`.
        """
        enough = seconds >= self.seconds and calls >= self.min_calls
        many = seconds >= self.min_seconds and calls >= self.max_calls
        return enough or many or self.is_exhausted(calls=calls, seconds=seconds)

    def is_exhausted(self, *, calls: int, seconds: float) -> bool:
        """Say whether the point ends whatever is missing: after `max_seconds`, or four times `max_calls`."""
        many = seconds >= self.min_seconds and calls >= _STRETCH * self.max_calls
        return many or seconds >= self.max_seconds


BUDGETS: Mapping[str, Budget] = MappingProxyType(
    {
        budget.name: budget
        for budget in (
            Budget(name="draft", seconds=2.0, max_calls=20_000),
            Budget(name="standard", seconds=10.0, max_calls=200_000),
            Budget(name="tail", seconds=60.0, max_calls=1_000_000, tolerances={**_TOLERANCES, "p999": 0.10}),
        )
    }
)
"""The budgets known by name."""


def as_budget(budget: str | Budget) -> Budget:
    """Return a budget, by its name or as it is.

    Raises
    ------
    ValueError
        When no budget has this name.
    """
    if isinstance(budget, Budget):
        return budget
    if not isinstance(budget, str) or budget not in BUDGETS:
        raise ValueError(f"budget={reprlib.repr(budget)} is not known: use one of {', '.join(BUDGETS)}, or a Budget")
    return BUDGETS[budget]
