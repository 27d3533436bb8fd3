"""What a search found: the decision, what was measured for it, and what that took."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from tradeoff.digits import counted, three, whole
from tradeoff.frames import Run
from tradeoff.objective import Decision, Objective
from tradeoff.objective.decision import Verdict
from tradeoff.objective.words import describe


@dataclass(frozen=True, eq=False)
class SearchResult:
    """The answer of a search.

    Attributes
    ----------
    objective
        What was asked.
    decision
        `tradeoff.decide` on what was measured; None when nothing that was measured can be judged.
    run
        What was measured. Points that were looked at briefly have the status ``partial``, and their ``reason`` says
        why; of a load a row for each run, at each rate.
    is_settled
        Whether nothing is open any more that could be the answer. Otherwise the effort was spent.
    calls
        Calls (of a load: requests) that were measured.
    full_calls
        Calls that the full grid takes, of points that were not finished estimated from their rate and budget; NaN for
        a load, which has no grid.
    seconds
        Time that the search took.
    open_points
        Rows that could still be the answer, beside the decision's.
    highest_rate_rps, lo, hi
        Of a load: the highest rate that keeps the limits; the highest rate that surely keeps them (0 when none in the
        range is known to) and the lowest that surely misses them (infinite when none in the range is known to). NaN for
        a grid, and for a rate that cannot be told.
    """

    objective: Objective
    decision: Decision | None
    run: Run
    is_settled: bool
    calls: int
    full_calls: float
    seconds: float
    open_points: pd.DataFrame
    highest_rate_rps: float = float("nan")
    lo: float = float("nan")
    hi: float = float("nan")

    @property
    def is_load(self) -> bool:
        """Whether a rate was searched for."""
        return self.lo == self.lo

    @property
    def verdict(self) -> Verdict:
        """``"feasible"`` when something surely meets the objective, ``"infeasible"`` when nothing may, else open."""
        if self.is_load:
            return "feasible" if self.lo > 0 else "infeasible" if self.highest_rate_rps == 0 else "undecided"
        return "undecided" if self.decision is None else self.decision.verdict

    @property
    def share(self) -> float:
        """Share of the full grid's calls that were made; NaN for a load."""
        return self.calls / self.full_calls if self.full_calls else float("nan")

    def sentence(self) -> str:
        """Say the answer in plain words."""
        said = [self._rate()] if self.is_load else [] if self.decision is None else [self.decision.sentence()]
        return " ".join([*said, self._cost()])

    def _rate(self) -> str:
        limits = " and ".join(str(one) for one in self.objective.constraints)
        kept, missed = f"{three(self.lo)} requests/s", f"{three(self.hi)} requests/s"
        if self.highest_rate_rps == 0:
            return f"No rate in the range keeps {limits}: {missed}, the lowest that was asked for, surely misses."
        if self.hi == float("inf"):
            if self.lo == 0:
                return f"Whether any rate in the range keeps {limits} cannot be told: measure longer."
            return f"{limits} is surely kept up to {kept}, and surely missed nowhere in the range: raise its end."
        surely = f"surely kept up to {kept}" if self.lo else "surely kept nowhere in the range"
        best = f"about {three(self.highest_rate_rps)} requests/s, " if self.highest_rate_rps > 0 else ""
        return f"Highest rate that keeps {limits}: {best}{surely}, surely missed from {missed}."

    def _cost(self) -> str:
        if self.is_load:
            runs = counted(int(self.run.points["replicates"].fillna(1).sum()), "run")
            took = f"It took {runs} with {whole(self.calls)} requests, {three(self.seconds)} s."
            late = int(self.run.points["flags"].map(lambda flags: "generator_bound" in flags).sum())
            rates = counted(len(self.run.points), "rate")
            return (
                f"{took} Mind: requests were sent late at {late} of {rates}: see run.points['reason']."
                if late
                else took
            )
        points = self.run.points
        partial = int((points["status"] == "partial").sum())
        took = f"It took {whole(self.calls)} calls, about {100 * self.share:.2g} % of the full grid's"
        told = f"{took}, and {three(self.seconds)} s; {partial} of {counted(len(points), 'point')} only briefly."
        if self.is_settled:
            return told
        others = [describe(row) for _, row in self.open_points.head(3).iterrows()]
        if not others:
            return f"{told} It is not settled: the effort is spent; raise effort= to go on."
        more = f" and {len(self.open_points) - 3} more" if len(self.open_points) > 3 else ""
        return f"{told} Not told apart from it: {', '.join(others)}{more}; raise effort= to go on."

    def __repr__(self) -> str:
        return f"SearchResult({self.verdict}: {self.sentence()})"

    def __str__(self) -> str:
        return self.sentence()
