"""What a change would do to a tail: by the simulator, told where it exceeds the simulator's noise."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from tradeoff.arguments import ArgumentError, shown
from tradeoff.arguments import seed as seed_of
from tradeoff.digits import three
from tradeoff.serving.costs import costs_of
from tradeoff.stats.student import t_quantile
from tradeoff.tail.again import Again, Seen, policy_of, why_not_again
from tradeoff.tail.changes import Change, changes_for
from tradeoff.tail.requests import Numbers
from tradeoff.tail.words import percentile_name

if TYPE_CHECKING:
    from tradeoff.tail.explanation import TailExplanation

_FEWEST_DRAWS, _MOST_DRAWS = 5, 1000

_WORTH_A_WORD = 0.01
"""Changes below a hundredth of what there is are not told, however sure."""

_AGREES = 0.10
"""How far the simulated percentile may lie from the measured one before that is told."""


class Outcome(NamedTuple):
    """What one change does, against the same requests without it; see `TailWhatIf.table`."""

    change: str
    max_batch_size: int
    max_wait_ms: float
    workers: int
    percentile_ms: float
    difference_ms: float
    difference_lo_ms: float
    difference_hi_ms: float
    throughput_pct: float
    throughput_lo_pct: float
    throughput_hi_pct: float
    busy: float
    is_saturated: bool


@dataclass(frozen=True, eq=False)
class TailWhatIf:
    """What changes would do to the percentile of a point, by the simulator.

    Attributes
    ----------
    q, measured_ms
        The percentile, and what it is.
    draws
        Simulations, from which the intervals come.
    outcomes
        The rows of `table`; the first is without any change.
    left_out
        Changes that could not be simulated, a sentence each.
    reason
        Why nothing could be simulated; empty when something could.
    """

    q: float
    measured_ms: float
    draws: int
    outcomes: tuple[Outcome, ...] = ()
    left_out: tuple[str, ...] = ()
    reason: str = ""

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row a change, the first without any.

        What the policy is then; ``percentile_ms``; ``difference_ms`` with its 95 % interval; ``throughput_pct`` with
        its own, in percent of what it is now; ``busy``, the share of the time in which workers are; ``is_saturated``.
        """
        return pd.DataFrame(self.outcomes, columns=list(Outcome._fields))

    def sentence(self) -> str:
        """Tell what exceeds the simulator's noise."""
        if self.reason:
            return self.reason
        now, changes = self.outcomes[0], self.outcomes[1:]
        said = [_told(outcome, now, percentile_name(self.q)) for outcome in changes if _is_told(outcome, now)]
        silent = [outcome.change for outcome in changes if not _is_told(outcome, now)]
        if silent:
            listed = "; ".join(name[0].lower() + name[1:] for name in silent)
            said.append(f"Nothing beyond the simulator's noise, or below 1 %: {listed}.")
        if abs(now.percentile_ms - self.measured_ms) > _AGREES * self.measured_ms:
            said.append(
                f"As it is, the simulator gives {three(now.percentile_ms)} ms where {three(self.measured_ms)} ms were "
                "measured: times drawn one by one lose their order."
            )
        return " ".join([*said, *self.left_out])

    def __str__(self) -> str:
        return self.sentence()


def what_if(found: TailExplanation, service: Any = None, *, draws: int = 10, seed: int = 0) -> TailWhatIf:
    """Simulate what changes would do to the percentile that was explained: those that bear on its causes.

    The same requests come again, and the same clients; what a batch takes is drawn from this point's own batches, or
    from `service`. Each draw is served with and without the change, with the same luck (common random numbers), so
    that differences are known far better than the percentile itself. They hold for these requests: of others that
    come as often the percentile differs by what its own interval says.

    Parameters
    ----------
    found
        Of `explain_tail`.
    service
        What a batch costs, as `tradeoff.simulate` takes it, in the place of the point's own times: doubling the
        largest batch takes times that this point does not have.
    draws
        Simulations, 5 to 1000.
    seed
        Of what is drawn.

    Returns
    -------
    TailWhatIf
        A frame (``table``) and a sentence. Where nothing can be simulated (calls of a device, a server outside) it
        says why.

    Raises
    ------
    ValueError, TypeError
        When an argument cannot be used.
    """
    if isinstance(draws, bool) or not isinstance(draws, numbers.Integral) or not _FEWEST_DRAWS <= draws <= _MOST_DRAWS:
        raise ArgumentError(f"draws must be a whole number from {_FEWEST_DRAWS} to {_MOST_DRAWS}; got {shown(draws)}")
    draws, seed = int(draws), seed_of(seed)
    given = None if service is None else costs_of(service, seed=seed)
    nothing = TailWhatIf(found.q, found.threshold_ms, draws)
    why = found.reason or why_not_again(found.point, found.samples)
    if why:
        return TailWhatIf(nothing.q, nothing.measured_ms, draws, reason=why)
    again = Again(found.point, found.samples, given, q=found.q, draws=draws, seed=seed)
    policy = policy_of(found.point)
    asked = list(changes_for(found.named, policy))
    if given is not None:  # given times have neither slow batches nor pauses of this point to take away
        asked = [change for change in asked if not (change.without_slow or change.without_pauses)]
    reasons = {change.name: again.why_not(change) for change in asked}
    changes = [Change("As it is", policy), *(change for change in asked if not reasons[change.name])]
    inner = again.inner_loops(len(changes))
    seen = [again.see(change, inner=inner) for change in changes]
    outcomes = tuple(
        _outcome(change, one, seen[0], is_saturated=again.is_saturated(change))
        for change, one in zip(changes, seen, strict=True)
    )
    return TailWhatIf(found.q, found.threshold_ms, draws, outcomes, tuple(filter(None, reasons.values())))


def _outcome(change: Change, seen: Seen, now: Seen, *, is_saturated: bool) -> Outcome:
    difference = _interval(seen.percentile_ms - now.percentile_ms)
    throughput = _interval(100.0 * (seen.throughput / now.throughput - 1.0))
    policy = change.policy
    return Outcome(
        change.name,
        policy.max_batch_size,
        float(policy.max_wait_ms),
        policy.workers,
        float(seen.percentile_ms.mean()),
        *difference,
        *throughput,
        float(seen.busy.mean()),
        is_saturated,
    )


def _interval(values: Numbers) -> tuple[float, float, float]:
    """Return the mean of independent draws with Student's interval."""
    mean, n = float(values.mean()), len(values)
    half = t_quantile(0.975, n - 1) * float(values.std(ddof=1)) / math.sqrt(n)
    return mean, mean - half, mean + half


def _is_told(outcome: Outcome, now: Outcome) -> bool:
    """Say whether a change does more than the simulator's noise, and enough to be worth a word."""
    if outcome.is_saturated and not now.is_saturated:
        return True
    is_sure = outcome.difference_lo_ms > 0 or outcome.difference_hi_ms < 0
    return is_sure and abs(outcome.difference_ms) >= _WORTH_A_WORD * now.percentile_ms


def _told(outcome: Outcome, now: Outcome, percentile: str) -> str:
    if outcome.is_saturated and not now.is_saturated:
        return f"{outcome.change}: more requests come than it could serve, and the queue would grow without end."
    ends = " to ".join(_signed(end) for end in (outcome.difference_lo_ms, outcome.difference_hi_ms))
    said = f"{outcome.change}: {percentile} {_signed(outcome.difference_ms)} ms ({ends})"
    is_sure = outcome.throughput_lo_pct > 0 or outcome.throughput_hi_pct < 0
    if is_sure and abs(outcome.throughput_pct) >= 100.0 * _WORTH_A_WORD:
        said += f", throughput {_signed(outcome.throughput_pct)} %"
    if abs(outcome.busy - now.busy) >= _WORTH_A_WORD:
        said += f", workers busy {100.0 * outcome.busy:.0f} % of the time instead of {100.0 * now.busy:.0f} %"
    if outcome.workers > now.workers:
        said += ", if it does not slow the others down"
    return said + "."


def _signed(number: float) -> str:
    return f"{'+' if number > 0 else '−' if number < 0 else ''}{three(abs(number))}"
