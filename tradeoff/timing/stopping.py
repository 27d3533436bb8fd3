"""When a point is known well enough: narrow intervals, and parts of the run that agree.

An interval is narrow by luck while a system is in a quiet spell, and quiet spells are where a rule that looks at widths
alone stops. So a point has *converged* when at one look, on a geometric schedule,

- it was measured for `MIN_MEASURED_NS` at least,
- the interval of every requested percentile is narrow enough at `LOOK_ALPHA`, its dependence counted at all time scales
  that the run has (`tradeoff.stats.dependence`),
- calls above the median, p95 and p99 are spread evenly over the run, and so is its throughput
  (`tradeoff.stats.shift`): had one part more of them, there may be parts that were not seen.

None of it can know of a spell that has not come yet. What a run of length T can speak for are spells that come back
within T / `RECURRENCES`; the row says how long that is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from numpy.typing import NDArray

from tradeoff.digits import apart, three
from tradeoff.frames.columns import PERCENTILES
from tradeoff.stats.quantiles import Quantile, percentiles
from tradeoff.stats.shift import shift_of_mean, shifts

FIRST_LOOK = 400
GROWTH = 1.5
MIN_MEASURED_NS = 600_000_000
"""A call of 5 us has 400 samples after 2 ms, which is one scheduler tick and not a steady state."""

LOOK_ALPHA = 0.01
"""What the interval of one look may miss. Alpha spent over the looks, alpha / (j (j + 1)), took two to three times the
calls and covered no oftener (`benchmarks/silent_misses.py`)."""

_AGREE = 0.05
"""Parts of a run in one state differ by more in 5 % of the looks at each of four statistics: a sixth is in vain."""

_AGREE_ON = (0.5, 0.95, 0.99)

_WIDE = 1.0
"""Half-width of an interval, relative, from which on percent say nothing."""

RECURRENCES = 50
"""Spells that a run must have seen before the interval of its p99 covers as often as it says (the same benchmark)."""


def is_bounded(series: NDArray, names: Iterable[str], visits: Sequence[int] = ()) -> bool:  # type: ignore[type-arg]
    """Say whether the interval of every percentile named has both ends, at the plain 95 %."""
    found = percentiles(series, {name: PERCENTILES[name] for name in names}, visits=visits)
    return all(math.isfinite(quantile.hi) for quantile in found.values())


def time_scale_s(measured_s: float) -> float:
    """Return the longest time within which a spell must come back to be covered by a run of `measured_s` seconds."""
    return measured_s / RECURRENCES


@dataclass
class StopRule:
    """Stop when the interval of every requested percentile is narrow enough and the parts of the run agree.

    Attributes
    ----------
    tolerances
        Percentile to the relative half-width that is good enough.
    min_measured_ns
        Measured time before which it does not look.
    widths
        Relative half-widths at the last look, in the order of `tolerances`.
    agrees
        Whether the parts of the run agreed at the last look at which all intervals were narrow enough.
    """

    tolerances: Mapping[str, float]
    min_measured_ns: int = MIN_MEASURED_NS
    widths: dict[str, float] = field(default_factory=dict)
    agrees: bool = True
    _next: float = FIRST_LOOK

    def is_due(self, *, n: int, measured_ns: int) -> bool:
        """Say whether to look now."""
        return n >= self._next and measured_ns >= self.min_measured_ns

    def look(self, series: NDArray, visits: Sequence[int] = ()) -> bool:  # type: ignore[type-arg]
        """Look at the samples and say whether to stop.

        Parameters
        ----------
        series
            Samples in the order in which they were taken.
        visits
            Where each visit of several begins in it.
        """
        while self._next <= len(series):
            self._next *= GROWTH
        wanted = {name: PERCENTILES[name] for name in self.tolerances}
        found = percentiles(series, wanted, alpha=LOOK_ALPHA, visits=visits)
        self.widths = {name: quantile.relative_half_width for name, quantile in found.items()}
        if any(self.widths[name] > tolerance for name, tolerance in self.tolerances.items()):
            return False
        self.agrees = shift_of_mean(series) > _AGREE and all(
            shift.chance > _AGREE for shift in shifts(series, _AGREE_ON)
        )
        return self.agrees

    def missing(self, shown: Mapping[str, Quantile]) -> list[str]:
        """Say what was not narrow enough at the last look, as text: ``p99 is known to 9 %, not 5 %``.

        Parameters
        ----------
        shown
            The percentiles that the row shows, with their plain 95 % intervals: the text speaks of these.
        """
        said = [
            _how_known(name, shown[name], tolerance)
            for name, tolerance in self.tolerances.items()
            if self.widths.get(name, math.inf) > tolerance
        ]
        if not said and not self.agrees:
            said.append("its parts differ in how many calls are slow")
        return said


def _how_known(name: str, found: Quantile, tolerance: float) -> str:
    width = found.relative_half_width
    if math.isinf(width):
        lacks = (
            "an upper end" if math.isfinite(found.lo) else "a lower end" if math.isfinite(found.hi) else "an interval"
        )
        return f"{name} is without {lacks}, not known to {100 * tolerance:g} %"
    if width >= _WIDE:
        return f"{name} is not known: its interval is {three(2.0 * width)} times as wide as the value itself"
    if width > tolerance:
        return "{} is known to {} %, not {} %".format(name, *apart(100 * width, 100 * tolerance))
    known = f"{name} is known to {100 * width:.2g} %"
    return f"{known}, and not yet to {100 * tolerance:g} % at the 99 % confidence that it takes to stop"
