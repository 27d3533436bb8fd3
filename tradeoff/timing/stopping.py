"""When a point is known well enough: looks on a geometric schedule, with the error spent over them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from numpy.typing import NDArray

from tradeoff.frames.columns import PERCENTILES
from tradeoff.stats.quantiles import percentiles

FIRST_LOOK = 400
GROWTH = 1.5
MIN_MEASURED_NS = 250_000_000
"""A call of 5 us has 400 samples after 2 ms, which is one scheduler tick and not a steady state."""


def is_bounded(series: NDArray, names: Iterable[str]) -> bool:  # type: ignore[type-arg]
    """Say whether the interval of every percentile named has both ends, at the plain 95 %."""
    found = percentiles(series, {name: PERCENTILES[name] for name in names})
    return all(math.isfinite(quantile.hi) for quantile in found.values())


@dataclass
class StopRule:
    """Stop when the interval of every requested percentile is narrow enough.

    Looking often and stopping at the first narrow interval would be wrong more often than alpha says, so look number j
    uses ``alpha / (j (j + 1))``, which sums to alpha. It only decides when to stop: the interval that is printed is the
    plain one.

    Attributes
    ----------
    tolerances
        Percentile to the relative half-width that is good enough.
    alpha
        The error to spend over all looks.
    widths
        Relative half-widths at the last look, in the order of `tolerances`.
    """

    tolerances: Mapping[str, float]
    alpha: float = 0.05
    widths: dict[str, float] = field(default_factory=dict)
    _looks: int = 0
    _next: float = FIRST_LOOK

    def is_due(self, *, n: int, measured_ns: int) -> bool:
        """Say whether to look now."""
        return n >= self._next and measured_ns >= MIN_MEASURED_NS

    def look(self, series: NDArray) -> bool:  # type: ignore[type-arg]
        """Look at the samples, in the order in which they were taken, and say whether to stop."""
        self._looks += 1
        while self._next <= len(series):
            self._next *= GROWTH
        spent = self.alpha / (self._looks * (self._looks + 1))
        found = percentiles(series, {name: PERCENTILES[name] for name in self.tolerances}, alpha=spent)
        self.widths = {name: quantile.relative_half_width for name, quantile in found.items()}
        return all(self.widths[name] <= tolerance for name, tolerance in self.tolerances.items())

    def missing(self) -> list[str]:
        """Say what was not narrow enough at the last look, as text: ``p99 is known to 9 %, not 5 %``."""
        said = []
        for name, tolerance in self.tolerances.items():
            width = self.widths.get(name, float("inf"))
            if width > tolerance:
                known = f"known to {100 * width:.2g} %" if width < float("inf") else "without an interval"
                said.append(f"{name} is {known}, not {100 * tolerance:g} %")
        return said
