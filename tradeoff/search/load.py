"""The highest rate that keeps the limits, between one that surely keeps and one that surely misses them.

Rates double until one misses, and the gap is halved from then on, on a logarithmic scale. A rate whose interval holds a
limit is open: it is asked again, independently, and after a few runs left as it is; the gaps to either side of the open
ones are halved instead. Saturation counts as missed, so nobody has to know the server's capacity, and so does a load
at which more than 1 % get no answer, unless a limit on ``error_rate`` or ``rejection_rate`` says how many may. What is
assumed is that a server which misses at one rate misses at all higher ones: below the rate where batches fill, where
waiting for them makes latency fall with the load, a range begins too low.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from tradeoff.frames import make_points
from tradeoff.frames.columns import UNUSABLE
from tradeoff.objective.everyone import loses_too_many
from tradeoff.objective.judging import excess, judge, met
from tradeoff.objective.objective import Constraint
from tradeoff.search.bounds import factor_for
from tradeoff.search.repeats import together

Kept = Literal["kept", "missed", "open"]
Ask = Callable[[float, int], Mapping[str, Any] | None]
"""Asks at a rate, with the number of the run: the row of ``points``; None when it was stopped."""

LOOKS = 10
"""Verdicts that can be wrong: those near the limit, at a handful of rates with a few runs each."""

RUNS = 6
"""Runs at one rate at most."""

MOST_RATES = 40


@dataclass
class Bracket:
    """The search for a rate.

    Parameters
    ----------
    ask
        Measures at a rate.
    constraints
        The limits.
    lo, hi
        The range of rates.
    tolerance
        Ratio, less one, at which a gap is narrow enough.
    runs
        Runs at one rate at most.
    """

    ask: Ask
    constraints: tuple[Constraint, ...]
    lo: float
    hi: float
    tolerance: float = 0.05
    runs: int = RUNS
    rows: dict[float, list[Mapping[str, Any]]] = field(default_factory=dict)
    found: dict[float, Kept] = field(default_factory=dict)
    is_stopped: bool = False

    def __post_init__(self) -> None:
        """Begin with nothing asked."""
        self._factor = factor_for(LOOKS)
        self._asked = 0

    def run(self) -> None:
        """Ask until every gap is narrow enough."""
        rate = self.lo
        while not self.is_stopped:
            if self._settle(rate) == "missed" or rate >= self.hi:
                break
            rate = min(2.0 * rate, self.hi)
        while not self.is_stopped and len(self.found) < MOST_RATES:
            gap = self._widest_gap()
            if gap is None:
                break
            self._settle(math.sqrt(gap[0] * gap[1]))

    @property
    def missed_from(self) -> float:
        """The lowest rate that surely misses; infinite when none does."""
        return min((rate for rate, kept in self.found.items() if kept == "missed"), default=math.inf)

    @property
    def kept_to(self) -> float:
        """The highest rate below it that surely keeps the limits; 0 when none does."""
        below = (rate for rate, kept in self.found.items() if kept == "kept" and rate < self.missed_from)
        return max(below, default=0.0)

    def estimate(self) -> float:
        """Return the rate at which the measured values cross their limits; 0 when all miss, NaN when it is unknown."""
        low, high = self.kept_to, self.missed_from
        if high <= self.lo:
            return 0.0
        if math.isinf(high):
            return low or math.nan
        inside = sorted(rate for rate in self.found if low <= rate <= high)
        beyond = {rate: self._beyond(rate) for rate in inside}
        last = max((rate for rate in inside if beyond[rate] <= 0.0), default=low)
        after = min((rate for rate in inside if rate > last), default=high)
        if not last:
            return math.nan
        before, past = beyond.get(last, math.nan), beyond.get(after, math.nan)
        if not (math.isfinite(before) and math.isfinite(past) and past > before):
            return math.sqrt(last * after)
        part = min(1.0, max(0.0, -before / (past - before)))
        return float(math.exp(math.log(last) + part * math.log(after / last)))

    def _settle(self, rate: float) -> Kept:
        rows = self.rows.setdefault(rate, [])
        kept: Kept = self.found.get(rate, "open")
        while kept == "open" and len(rows) < self.runs:
            row = self.ask(rate, self._asked)
            self._asked += 1
            if row is None:
                self.is_stopped = True
                break
            rows.append(row)
            kept = verdict_of(rows, self.constraints, self._factor)
        if rows:
            self.found[rate] = kept
        else:
            del self.rows[rate]
        return kept

    def _widest_gap(self) -> tuple[float, float] | None:
        low, high = self.kept_to, self.missed_from
        if math.isinf(high) or not low:
            rates = sorted(self.found)
            # All are open up to a missed one, or from a kept one on: there is one gap, to the nearest open rate.
            pairs = [(a, b) for a, b in pairwise(rates) if self._differ(a, b)]
        else:
            still_open = sorted(rate for rate, kept in self.found.items() if kept == "open" and low < rate < high)
            pairs = [(low, still_open[0]), (still_open[-1], high)] if still_open else [(low, high)]
        wide = [pair for pair in pairs if pair[1] > pair[0] * (1.0 + self.tolerance)]
        return max(wide, key=lambda pair: pair[1] / pair[0], default=None)

    def _differ(self, one: float, other: float) -> bool:
        return self.found[one] != self.found[other] and one >= self.kept_to and other <= self.missed_from

    def _beyond(self, rate: float) -> float:
        """Say how far the measured value lies beyond its limit, the worst of them; infinite when it cannot be used."""
        row = together(self.rows[rate], metrics=[one.metric for one in self.constraints])
        if str(row.get("status")).lower() in UNUSABLE:
            return math.inf
        frame = make_points([row])
        return float(np.max([excess(frame, one)[0] for one in self.constraints]))


def verdict_of(rows: Sequence[Mapping[str, Any]], constraints: tuple[Constraint, ...], factor: float) -> Kept:
    """Say whether a load surely keeps all limits, surely misses one, or neither."""
    metrics = list(dict.fromkeys(one.metric for one in constraints))
    row = together(rows, factor=factor, metrics=metrics)
    if str(row.get("status")).lower() in UNUSABLE:
        return "missed"
    frame = make_points([row])
    if loses_too_many(frame, metrics)[0]:
        return "missed"
    known = [_has_ends(row, metric) for metric in metrics]
    if all(known) and bool(met(frame, constraints)[0][0]):
        return "kept"
    is_known = dict(zip(metrics, known, strict=True))
    return "missed" if any(is_known[one.metric] and not judge(frame, one)[1][0] for one in constraints) else "open"


def _has_ends(row: Mapping[str, Any], metric: str) -> bool:
    """Say whether a value has an end to its interval; without any nothing is sure."""
    return any(math.isfinite(row[metric + end]) for end in ("_lo", "_hi"))
