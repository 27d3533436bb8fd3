"""Which operating point answers an objective, measured only where that is open.

Every candidate gets a short look. One that surely misses a limit, or whose best possible value is below the worst
possible one of a candidate that surely meets every limit, gets no more (racing: Maron and Moore, *Hoeffding races*,
NIPS 1993). Of the others the one that looks best and the one that could still be best get time in turn, twice as much
at each look (LUCB: Kalyanakrishnan et al., *PAC subset selection in stochastic multi-armed bandits*, ICML 2012), until
nothing that is left could beat the best by more than a tolerance, or the effort is spent. The best is then measured in
full, as far as the effort allows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tradeoff.frames import make_points
from tradeoff.frames.usable import usable
from tradeoff.objective.everyone import loses_too_many
from tradeoff.objective.judging import numbers
from tradeoff.objective.objective import Objective, ObjectiveError, short_of
from tradeoff.search.bounds import Marks, Numbers, factor_for, judged, stretched
from tradeoff.search.system import Seen, System, percentile_of

FIRST_LOOK = 0.05
"""Share of a point's budget for the first look: 100 ms of a draft, 100 calls where a draft waits for 2 000."""

LOOKS = 1 + math.ceil(math.log2(1.0 / FIRST_LOOK))
"""Looks at one point at most, each twice as long as all before."""

OPEN, UNFIT, MISSES, BEATEN = "open", "cannot be used", "misses a limit", "beaten"


@dataclass(frozen=True)
class Race:
    """How a race ended.

    Attributes
    ----------
    seen
        What is known of each candidate.
    shares
        Share of its budget that each got.
    fate
        ``"open"`` (could be the answer), ``"misses a limit"``, ``"beaten"`` or ``"cannot be used"``, for each.
    is_settled
        Whether it ended because nothing was open any more, and not because the effort was spent.
    """

    seen: tuple[Seen, ...]
    shares: tuple[float, ...]
    fate: tuple[str, ...]
    is_settled: bool


class Racing:
    """A race under way.

    Parameters
    ----------
    system
        What is measured.
    objective
        What is asked.
    effort
        Share of what the full grid would take, in calls and in time, at most. First looks are always made.
    tolerance
        Candidates that could beat the best by no more than this share are as good.
    on_look
        Called after each look, with the number of the candidate.
    """

    def __init__(
        self,
        system: System,
        objective: Objective,
        *,
        effort: float = 0.3,
        tolerance: float = 0.01,
        on_look: Callable[[int], None] | None = None,
    ) -> None:
        self.system, self.objective = system, objective
        self.effort, self.tolerance = effort, tolerance
        self._on_look = on_look
        self.seen: dict[int, Seen] = {}
        self.shares = [0.0] * len(system)
        self._factor = factor_for(LOOKS * len(system))

    def run(self, order: list[int] | None = None) -> Race:
        """Look at every candidate once, in `order`, and then at those that are open."""
        for place in order if order is not None else range(len(self.system)):
            self._look(place)
        self._check_metrics()
        while True:
            fate, chosen, best = self._next()
            if chosen is not None and self._has_room_for(chosen, self._next_share(chosen)):
                self._look(chosen)
            elif best is not None and not self.seen[best].is_finished and self._has_room_for(best, 1.0):
                self._look(best, 1.0)  # the answer is what people will rely on: what room is left goes to it
            else:
                seen = tuple(self.seen[place] for place in range(len(self.system)))
                return Race(seen, tuple(self.shares), tuple(fate), is_settled=chosen is None)

    def _check_metrics(self) -> None:
        """Refuse an objective over a column that this system does not fill, before time is spent on it.

        Raises
        ------
        ObjectiveError
            When no usable point has a value, and more calls would not give one, as they would of a percentile.
        """
        rows = self._rows()
        rows = rows[usable(rows)]
        for name in (self.objective.metric, *(one.metric for one in self.objective.constraints)):
            if len(rows) and np.isnan(numbers(rows, name)).all() and percentile_of(name) is None:
                raise ObjectiveError(
                    f"what is searched has no {short_of(name)}: no point that was looked at has a value"
                )

    def _look(self, place: int, share: float | None = None) -> None:
        share = self._next_share(place) if share is None else share
        self.seen[place] = self.system.look(place, share)
        self.shares[place] = share
        if self._on_look is not None:
            self._on_look(place)

    def _next_share(self, place: int) -> float:
        doubled = 2.0 * self.shares[place] or FIRST_LOOK
        # What is left after a look at more than half is less than a look: it goes with it.
        return 1.0 if doubled > 0.75 else doubled

    def _has_room_for(self, place: int, share: float) -> bool:
        """Say whether measuring a candidate up to a share stays within the effort, in calls and in time."""
        full = [self.seen[at].full_calls for at in range(len(self.system))]
        more = share - self.shares[place]
        calls = sum(one.calls for one in self.seen.values()) + more * full[place]
        time = sum(self.shares) + more
        return calls <= self.effort * sum(full) and time <= self.effort * len(full)

    def _next(self) -> tuple[list[str], int | None, int | None]:
        """Return the fate of each candidate, which to look at next (None when nothing is open), and which is best."""
        rows = self._rows()
        final = np.array([self.seen[place].is_finished for place in range(len(rows))])
        sure, possible = judged(rows, self.objective.constraints, self._factor, is_final=final)
        value, low, high = self._scores(rows, final)
        fit = usable(rows) & ~(final & np.isnan(value))
        limited = [one.metric for one in self.objective.constraints]
        sure, possible = sure & fit & ~loses_too_many(rows, limited), possible & fit
        floor = float(np.nanmax(low[sure])) if (sure & ~np.isnan(low)).any() else -math.inf
        beaten = possible & (high < floor)
        alive = possible & ~beaten
        fate = [
            UNFIT if not fit[place] else MISSES if not possible[place] else BEATEN if beaten[place] else OPEN
            for place in range(len(rows))
        ]
        known = np.where(np.isnan(value), -np.inf, value)
        leads = sure if sure.any() else alive
        best = int(np.argmax(np.where(leads, known, -np.inf))) if leads.any() else None
        return fate, self._choose(alive, sure, final, known, low, high), best

    def _choose(
        self, alive: Marks, sure: Marks, final: Marks, known: Numbers, low: Numbers, high: Numbers
    ) -> int | None:
        # An open limit of a finished candidate stays open: the best of the others has to be found all the same.
        leads = alive & (sure | ~final)
        if not leads.any():
            return None
        leader = int(np.argmax(np.where(leads, known, -np.inf)))
        margin = self.tolerance * abs(float(low[leader])) if math.isfinite(low[leader]) else 0.0
        challenges = alive & ~final & (high > low[leader] + margin)
        challenges[leader] = False
        if not sure[leader]:
            return leader  # until its limits are settled it beats nobody
        if not challenges.any():
            return None
        challenger = int(np.argmax(np.where(challenges, high, -np.inf)))
        is_leaders_turn = not final[leader] and self.shares[leader] <= self.shares[challenger]
        return leader if is_leaders_turn else challenger

    def _scores(self, rows: pd.DataFrame, final: Marks) -> tuple[Numbers, Numbers, Numbers]:
        """Return value, worst and best of what is maximised; infinitely far where nothing is known of them."""
        metric = self.objective.metric
        value, (low, high) = numbers(rows, metric), stretched(rows, metric, self._factor)
        alone = np.isnan(low) & np.isnan(high) & final  # of a column without intervals the value is all there will be
        low, high = np.where(alone, value, low), np.where(alone, value, high)
        if self.objective.direction == "minimize":
            value, low, high = -value, -high, -low
        return value, np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high)

    def _rows(self) -> pd.DataFrame:
        rows = make_points([dict(self.seen[place].row) for place in range(len(self.system))])
        for name in (self.objective.metric, *(one.metric for one in self.objective.constraints)):
            if name not in rows:
                rows[name] = np.nan
        return rows
