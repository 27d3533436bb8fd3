"""The explanation of a tail: numbers, tables, a sentence, and what would change it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from tradeoff.tail.causes import Cause, Evidence, Verdict

if TYPE_CHECKING:
    from tradeoff.tail.whatif import TailWhatIf


MORE_THAN_ONE = "more than one"


class Stage(NamedTuple):
    """One stage of a request around the median and in the tail; see `TailExplanation.table`."""

    stage: str
    median_ms: float
    tail_ms: float
    difference_ms: float
    difference_lo_ms: float
    difference_hi_ms: float
    share: float
    share_lo: float
    share_hi: float


class Trait(NamedTuple):
    """Something else that tells the tail's requests from the others; see `TailExplanation.traits`."""

    trait: str
    median: float
    tail: float
    difference_lo: float
    difference_hi: float


@dataclass(frozen=True, eq=False)
class TailExplanation:
    """What the requests beyond a percentile have that those around the median lack.

    Attributes
    ----------
    point_id, q
        What was asked.
    n, n_tail
        Requests (or calls, in device modes), and those beyond the percentile.
    threshold_ms
        The percentile itself.
    median_ms, tail_ms
        Mean latency of the requests around the median (the tenth in the middle), and of those beyond the percentile.
    extra_ms, extra_lo_ms, extra_hi_ms
        What the latter take longer, with the 95 % interval.
    stretches
        In how many of 16 stretches of the run the tail lies, about; intervals are too narrow where it is few.
    verdict
        Which causes stand out, and which would if there were more samples; see `named` and `cause`.
    stages, causes, traits
        The rows of `table`, `cause_table` and `trait_table`.
    evidence
        What else `cause` rests on; None where nothing could be told.
    reason
        Why nothing could be told; empty when something could.
    point, samples
        What it was found from: the row of ``points``, and its rows of ``samples``.
    """

    point_id: str
    q: float
    n: int
    n_tail: int = 0
    threshold_ms: float = math.nan
    median_ms: float = math.nan
    tail_ms: float = math.nan
    extra_ms: float = math.nan
    extra_lo_ms: float = math.nan
    extra_hi_ms: float = math.nan
    stretches: float = math.nan
    verdict: Verdict = field(default_factory=Verdict)
    stages: tuple[Stage, ...] = ()
    causes: tuple[Cause, ...] = ()
    traits: tuple[Trait, ...] = ()
    evidence: Evidence | None = None
    reason: str = ""
    point: pd.Series = field(default_factory=lambda: pd.Series(dtype=object), repr=False)
    samples: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)

    @property
    def named(self) -> tuple[str, ...]:
        """The causes that stand out, that with the largest share first; empty when none does.

        Of ``"wait limit"``, ``"queue"``, ``"spikes"``, ``"host pauses"`` and ``"mixed batch sizes"``. See
        `tradeoff.tail.causes` for when one does.
        """
        return self.verdict.named

    @property
    def cause(self) -> str | None:
        """The cause that stands out; ``"more than one"`` when several do (see `named`), None when none does."""
        return MORE_THAN_ONE if len(self.named) > 1 else next(iter(self.named), None)

    @cached_property
    def table(self) -> pd.DataFrame:
        """Where the extra time is.

        ``stage``; ``median_ms``, ``tail_ms`` and ``difference_ms`` of it with ``difference_lo_ms`` and
        ``difference_hi_ms``; ``share`` with ``share_lo`` and ``share_hi``. Differences add up to `extra_ms`, and one is
        below zero where the tail has less of a stage. Shares are of what is more, in 0 to 1, and add up to 1; NaN where
        the tail takes no longer.
        """
        return pd.DataFrame(self.stages, columns=list(Stage._fields))

    @cached_property
    def cause_table(self) -> pd.DataFrame:
        """What makes it: ``cause``, ``extra_ms``, ``share`` with ends; none below 0, together `extra_ms` and 1.

        Beside the causes that can stand out there are ``batch under way``, the wait for which no cause can be named,
        and ``variation`` of times that are not far out.
        """
        return pd.DataFrame(self.causes, columns=["cause", *Cause._fields[1:]])

    @cached_property
    def trait_table(self) -> pd.DataFrame:
        """What else is different: ``trait``, its mean around the ``median`` and in the ``tail``, the difference's ends.

        Batch size, others waiting at arrival, batches in flight, labels (``label gc``), the first batch of its size.
        """
        return pd.DataFrame(self.traits, columns=list(Trait._fields))

    def sentence(self) -> str:
        """Tell it to a newcomer."""
        from tradeoff.tail.words import told

        return told(self)

    def what_if(self, service: Any = None, *, draws: int = 10, seed: int = 0) -> TailWhatIf:
        """Simulate what a change of the policy would do to the percentile; see `tradeoff.tail.whatif.what_if`."""
        from tradeoff.tail.whatif import what_if

        return what_if(self, service, draws=draws, seed=seed)

    def __str__(self) -> str:
        return self.sentence()

    def __repr__(self) -> str:
        return f"TailExplanation({self.point_id!r}, q={self.q:g}, cause={self.cause!r}: {self.sentence()})"
