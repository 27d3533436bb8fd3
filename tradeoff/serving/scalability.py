"""How throughput grows with what is in flight: the Universal Scalability Law.

::

    X(N) = g N / (1 + s (N - 1) + k N (N - 1))

g is the throughput of one alone; s the share of the work that cannot overlap (contention: a queue for something); k
what each pair costs that has to agree (coherence). Without k throughput rises towards g / s; with it, it is highest at
N* = sqrt((1 - s) / k), and more in flight gives less (Gunther, *Guerrilla Capacity Planning*, Springer, 2007, chapters
4 to 6). Noise alone gives a k above zero in half of all runs: a peak is named where the throughputs show that there is
one, by the law (`tradeoff.serving.usl`) or by a fall that their intervals hold (`tradeoff.serving.falls`).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from tradeoff.digits import three
from tradeoff.frames import IDENTITY_COLUMNS, Run
from tradeoff.frames.usable import usable
from tradeoff.serving.falls import fall
from tradeoff.serving.fit import UNKNOWN, Estimate, Z
from tradeoff.serving.usl import Law, fit_law, law_of, shape

__all__ = ["Scalability", "fit_law", "scalability"]

Numbers = NDArray[np.float64]
Verdict = Literal["peak", "extrapolated", "no peak", "unknown"]

_FEWEST = 4
"""With three parameters three throughputs are always met: nothing would be checked."""

_POOR = 0.10
"""Throughputs that stray by more than a tenth are said not to follow the law."""


@dataclass(frozen=True, eq=False)
class Scalability:
    """Throughput against what is in flight, for rows that differ in nothing else.

    Attributes
    ----------
    group
        What the rows have in common: columns of ``points`` to values.
    concurrency, throughput_rps
        What it was fitted to.
    alone_rps, alone_rps_lo, alone_rps_hi
        g: the fitted throughput of one in flight, with the ends of its 95 % interval; NaN where nothing was fitted, or
        an end is not known.
    contention, contention_lo, contention_hi
        s. Below zero where throughput grows faster than what is in flight: a finding.
    coherence, coherence_lo, coherence_hi
        k, likewise.
    scatter_pct
        Root mean square of what is left over, in percent of the throughput.
    verdict
        ``"peak"``: throughput is highest within what was measured. ``"extrapolated"``: the law puts the peak beyond
        it. ``"no peak"``: there is none within what was measured, as far as the throughputs show. ``"unknown"``: too
        few values in flight to tell.
    peak, peak_lo, peak_hi
        N*: what is in flight where throughput is highest, with the ends of its 95 % interval. Without a peak the value
        is NaN, and `peak_lo` is what it would have to lie beyond: infinite where no peak is possible by the law, NaN
        where nothing is known.
    levels_off
        Whether a throughput that rises for ever fits as well as one that falls.
    """

    group: Mapping[str, Any]
    concurrency: tuple[float, ...]
    throughput_rps: tuple[float, ...]
    alone_rps: float = math.nan
    alone_rps_lo: float = math.nan
    alone_rps_hi: float = math.nan
    contention: float = math.nan
    contention_lo: float = math.nan
    contention_hi: float = math.nan
    coherence: float = math.nan
    coherence_lo: float = math.nan
    coherence_hi: float = math.nan
    scatter_pct: float = math.nan
    verdict: Verdict = "unknown"
    peak: float = math.nan
    peak_lo: float = math.nan
    peak_hi: float = math.nan
    levels_off: bool = False

    def throughput_at(self, concurrency: ArrayLike) -> Numbers:
        """Return the law's throughput in requests per second, in the shape of `concurrency`."""
        return self.alone_rps * shape(np.asarray(concurrency, dtype=np.float64), self.contention, self.coherence)

    def sentence(self) -> str:
        """Tell it to a newcomer."""
        many = len(set(self.concurrency))
        if math.isnan(self.alone_rps):
            words = "1 value in flight does" if many == 1 else f"{many} values in flight do"
            said = f"{words} not carry the law: it takes {_FEWEST}."
            return f"{said} {self._of_the_peak()}" if self.verdict == "peak" else said
        poor = ""
        if self.scatter_pct > 100 * _POOR:
            poor = f"Throughput strays {three(self.scatter_pct)} % from the law: what follows is a poor summary. "
        return (
            f"{poor}By the law one in flight gives {_with(self.alone_rps, self.alone_rps_lo, self.alone_rps_hi)} "
            "requests/s; "
            f"{_share(self.contention, self.contention_lo, self.contention_hi)} of the work does not overlap, and each "
            f"pair in flight costs {_share(self.coherence, self.coherence_lo, self.coherence_hi)}. "
            f"{self._of_the_peak()}"
        )

    def _of_the_peak(self) -> str:
        seen = f"{max(self.concurrency):g}"
        place = _with(self.peak, self.peak_lo, self.peak_hi)
        if self.verdict == "peak":
            beyond = " What lies beyond what was measured is extrapolated." if self.peak_hi > float(seen) else ""
            return f"Throughput is highest with about {place} in flight, and more gives less.{beyond}"
        if self.verdict == "extrapolated":
            return (
                f"There is no peak within what was measured (up to {seen} in flight). The law puts it at about "
                f"{place}: that is extrapolated, so measure there before planning with it."
            )
        said = f"There is no peak within what was measured (up to {seen} in flight)"
        if self.levels_off:
            return f"{said}: throughput levels off, and whether it falls later cannot be told."
        if math.isinf(self.peak_lo):
            return f"{said}, and by the law there is none beyond."
        if math.isnan(self.peak_lo):
            return f"{said} that could be told from noise."
        if self.peak_lo < float(seen):
            return f"{said} that could be told from noise; by the law it could only lie beyond {three(self.peak_lo)}."
        return f"{said}; by the law one could only lie beyond {three(self.peak_lo)}."


def _with(value: float, low: float, high: float) -> str:
    if math.isnan(low) and math.isnan(high):
        return f"{three(value)} (interval unknown)"
    return f"{three(value)} ({three(low)} to {three(high)})"


def _share(value: float, low: float, high: float) -> str:
    if math.isnan(low) and math.isnan(high):
        return f"{three(100 * value)} % (interval unknown)"
    return f"{three(100 * value)} % ({three(100 * low)} to {three(100 * high)})"


def scalability(run: Run | pd.DataFrame) -> tuple[Scalability, ...]:
    """Fit the Universal Scalability Law: how throughput grows with concurrency, and where more in flight gives less.

    Parameters
    ----------
    run
        A Run or its points, with several values of ``concurrency``.

    Returns
    -------
    tuple of Scalability
        One for each group of rows that differ in their concurrency only, with 95 % intervals and a `verdict` on the
        peak. With fewer than four values in flight no law is fitted.

    Raises
    ------
    TypeError, ValueError
        When `run` is no Run and no frame, or lacks ``concurrency`` or ``throughput_rps``.

    Notes
    -----
    The law and its source: `tradeoff.serving.scalability`; intervals and weights: `tradeoff.serving.usl`. Intervals of
    the rows' throughput are used where they are there. How often a peak is named that is not there, and how often its
    interval holds one that is: ``python benchmarks/scalability_peaks.py``.

    Examples
    --------
    >>> import pandas as pd, tradeoff
    >>> clients = [1, 2, 4, 8, 16, 32]
    >>> rows = pd.DataFrame({"concurrency": clients, "throughput_rps": [10, 20.1, 39.8, 80.3, 159, 320]})
    >>> tradeoff.scalability(rows)[0].verdict
    'no peak'
    """
    points = run.points if isinstance(run, Run) else run
    if not isinstance(points, pd.DataFrame):
        raise TypeError(f"run={type(run).__name__}: pass a Run or its points")
    for name in ("concurrency", "throughput_rps"):
        if name not in points:
            raise ValueError(f"the points have no column {name!r}")
    n, x = (_numbers(points, name) for name in ("concurrency", "throughput_rps"))
    rows = points[(n > 0) & np.isfinite(n) & (x > 0) & np.isfinite(x)]
    rows = rows[usable(rows)]
    names = [name for name in IDENTITY_COLUMNS if name in rows and name != "concurrency"]
    parts: Iterable[tuple[Hashable, pd.DataFrame]] = [((), rows)] if len(rows) else []
    if names and len(rows):
        parts = rows.groupby(names, dropna=False, sort=True, observed=True)
    return tuple(_fitted(key, names, part.sort_values("concurrency", kind="stable")) for key, part in parts)


def _numbers(rows: pd.DataFrame, name: str) -> Numbers:
    if name not in rows:
        return np.full(len(rows), np.nan)
    return rows[name].to_numpy(dtype="float64", na_value=np.nan)


def _fitted(key: Hashable, group_by: list[str], rows: pd.DataFrame) -> Scalability:
    values = key if isinstance(key, tuple) else (key,)
    group = {name: value for name, value in zip(group_by, values, strict=True) if pd.notna(value)}
    names = ("concurrency", "throughput_rps", "throughput_rps_lo", "throughput_rps_hi")
    n, x, low, high = (_numbers(rows, name) for name in names)
    # Half an interval of 95 % is 1.96 standard errors; where it has one end only, that end speaks for both.
    half = np.fmax(high - x, x - low)
    own = np.where((half >= 0) & np.isfinite(half), half, np.nan) / Z
    fell = fall(n, x, own)
    law = law_of(n, x, own) if len(np.unique(n)) >= _FEWEST else None
    verdict, peak = _judged(law, fell, float(n.max()))
    found: dict[str, float] = {"peak": peak.value, "peak_lo": peak.lo, "peak_hi": peak.hi}
    if law is not None:
        for name, one in (("alone_rps", law.alone), ("contention", law.contention), ("coherence", law.coherence)):
            found |= {name: one.value, f"{name}_lo": one.lo, f"{name}_hi": one.hi}
        found["scatter_pct"] = 100 * law.scatter
    levels_off = law is not None and law.levels_off
    return Scalability(group, tuple(n.tolist()), tuple(x.tolist()), verdict=verdict, levels_off=levels_off, **found)


def _judged(law: Law | None, fell: Estimate, seen: float) -> tuple[Verdict, Estimate]:
    """Say whether there is a peak, and where: by the law, unless throughputs surely fall where the law has no peak."""
    by_law = UNKNOWN if law is None else law.peak
    if not math.isnan(by_law.value) and by_law.value <= seen:
        return "peak", by_law
    if not math.isnan(fell.value):
        return "peak", fell
    if law is None:
        return "unknown", UNKNOWN
    return ("no peak" if math.isnan(by_law.value) else "extrapolated"), by_law
