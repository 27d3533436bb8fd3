r"""Ratios of two systems that were measured in turns: after over before, from what neighbouring blocks have in common.

Blocks of both are made in *rounds* of four, before-after-after-before or the reverse, by the toss of a coin. Whatever
the machine does meanwhile falls on both sides alike: were both the same, each round's difference would have either sign
with the same probability, whatever the moods of the machine, however long they last, and however differences depend on
each other (randomisation inference: Fisher, *The Design of Experiments*, 1935). So differences of rounds are what the
intervals rest on, and a machine that changes its mood makes them wider.

- **Rates**: the ratio of all calls over all time; its interval from what each round adds to it (the linearised ratio),
  the wider of Student's and that for skewed values (`tradeoff.stats.mean`).
- **Medians**: the pseudomedian of the rounds' log-ratios with the interval of the signed-rank test (Hodges and Lehmann,
  *Estimates of location based on rank tests*, Ann. Math. Statist. 34, 1963). A round in which the machine changed its
  mood between two blocks is one of many, where in a mean it would be most of the spread. It is also well defined for a
  system with two speeds, whose median of all calls may be either.
- **Higher percentiles**: the ratio of those of all calls. Its interval holds every ratio r for which, with all times
  after divided by r, calls above the percentile of both together come from both sides alike: the sum over the rounds of
  *share of calls above after - share above before* is compared with its spread. No density is estimated, and few calls
  above leave an end open.

Differences that depend on each other for long, because one of the systems has moods of its own, count as fewer
(`tradeoff.stats.dependence`, `tradeoff.stats.visits`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeoff.stats.dependence import tau_of_mean
from tradeoff.stats.mean import mean_with_interval
from tradeoff.stats.quantiles import carries_estimate, rank_of
from tradeoff.stats.student import t_quantile
from tradeoff.stats.visits import tau_over_visits

FEWEST_ROUNDS = 8
"""Of seven equal signs one in 64 is by chance, which three questions at 95 % together do not allow."""

_SLICES, _ROUNDS_A_SLICE = 8, 4
"""Parts of the run that are asked whether they differ by more than their rounds do."""

_FIRST_STEP, _FURTHEST = 0.01, 7.0
"""Natural logarithms: where the ends of an interval are looked for, up to a thousandfold."""

_HALVINGS = 40

_ROUNDING = 1e-12
"""Logarithms that differ by less are equal."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class LogRatio:
    """The natural logarithm of after over before.

    Attributes
    ----------
    value, lo, hi
        The estimate and the ends of its interval: NaN where there is no estimate, infinite where an end is not known.
    rounds
        How many it rests on.
    tau
        How many of them count as one.
    """

    value: float
    lo: float
    hi: float
    rounds: int
    tau: float = 1.0

    @property
    def half_width(self) -> float:
        """Half the length of the interval; infinite where an end is not known."""
        return (self.hi - self.lo) / 2.0 if math.isfinite(self.value) else math.inf


def ratio_of_rates(
    calls_before: ArrayLike,
    seconds_before: ArrayLike,
    calls_after: ArrayLike,
    seconds_after: ArrayLike,
    *,
    alpha: float,
) -> LogRatio:
    """Estimate the ratio of two rates from the calls and the seconds of each round.

    Parameters
    ----------
    calls_before, seconds_before, calls_after, seconds_after
        A number for each round.
    alpha
        What the interval may miss.
    """
    parts = [np.asarray(each, np.float64) for each in (calls_before, seconds_before, calls_after, seconds_after)]
    rounds = len(parts[0])
    calls, seconds, calls_then, seconds_then = (float(part.sum()) for part in parts)
    if min(calls, seconds, calls_then, seconds_then) <= 0.0:
        return _unknown(math.nan, rounds)
    value = math.log((calls_then / seconds_then) / (calls / seconds))
    adds = rounds * ((parts[2] / calls_then - parts[3] / seconds_then) - (parts[0] / calls - parts[1] / seconds))
    tau = _tau(adds, alpha)
    factor = _student(rounds, tau, alpha)
    if not math.isfinite(factor):
        return _unknown(value, rounds, tau)
    half = factor * float(adds.std(ddof=1)) * math.sqrt(tau / rounds)
    skewed = mean_with_interval(adds, alpha=alpha, visits=_slices(rounds))
    lo, hi = (-math.inf if math.isnan(skewed.lo) else skewed.lo, math.inf if math.isnan(skewed.hi) else skewed.hi)
    return LogRatio(value, value + min(-half, lo), value + max(half, hi), rounds, tau)


def ratio_of_medians(log_ratios: ArrayLike, *, alpha: float) -> LogRatio:
    """Estimate the typical ratio of the medians of two systems from the log-ratio of each round.

    Parameters
    ----------
    log_ratios
        Natural logarithm of the median after over the median before, a number for each round.
    alpha
        What the interval may miss.

    Examples
    --------
    >>> found = ratio_of_medians([0.02, 0.01, 0.03, 0.02, 0.9, 0.01, 0.02, 0.03, 0.02, 0.01], alpha=0.05)
    >>> f"{found.value:.3f}, {found.lo:.3f} to {found.hi:.3f}"
    '0.020, 0.010 to 0.460'
    """
    values = np.asarray(log_ratios, np.float64)
    rounds = len(values)
    if not rounds:
        return _unknown(math.nan, 0)
    ends = float(values.min()), float(values.max())
    middle = (
        _falls_below(lambda at: float(_signed_ranks(values - at).sum()), 0.0, *ends)
        + _rises_above(lambda at: float(_signed_ranks(values - at).sum()), 0.0, *ends)
    ) / 2.0
    tau = _tau(_signed_ranks(values - middle), alpha)
    factor = _student(rounds, tau, alpha)
    reach = factor * math.sqrt(tau * rounds * (rounds + 1) * (2 * rounds + 1) / 6.0)
    if not reach < rounds * (rounds + 1) / 2.0:
        return _unknown(middle, rounds, tau)
    lo = _falls_below(lambda at: float(_signed_ranks(values - at).sum()), reach, *ends)
    hi = _rises_above(lambda at: float(_signed_ranks(values - at).sum()), -reach, *ends)
    return LogRatio(middle, min(lo, middle), max(hi, middle), rounds, tau)


def ratio_of_quantiles(
    before: ArrayLike,
    after: ArrayLike,
    round_before: NDArray[np.integer],
    round_after: NDArray[np.integer],
    p: float,
    *,
    alpha: float,
) -> LogRatio:
    """Estimate the ratio of the p-quantiles of all calls.

    Parameters
    ----------
    before, after
        Times of the calls, above 0.
    round_before, round_after
        The round in which each was made, counted from 0.
    p
        The probability: 0.99 for p99.
    alpha
        What the interval may miss.
    """
    logs = [np.log(np.asarray(times, np.float64)) for times in (before, after)]
    numbers = [np.asarray(round_before), np.asarray(round_after)]
    sizes = [len(each) for each in logs]
    rounds = 1 + max((int(each.max()) for each in numbers if len(each)), default=-1)
    if not all(carries_estimate(size, p) for size in sizes):
        return _unknown(math.nan, rounds)
    values = [float(np.partition(each, rank_of(len(each), p) - 1)[rank_of(len(each), p) - 1]) for each in logs]
    value = values[1] - values[0]
    # Only the highest of each can lie above the quantile of both together, with all that equal the lowest of them.
    above = sum(sizes) - rank_of(sum(sizes), p) + 1
    least = [np.partition(each, -min(above, len(each)))[-min(above, len(each))] for each in logs]
    highest = [np.flatnonzero(each >= lowest - _ROUNDING) for each, lowest in zip(logs, least, strict=True)]
    tops = [each[which] for each, which in zip(logs, highest, strict=True)]
    where = [each[which] for each, which in zip(numbers, highest, strict=True)]
    shares = [np.bincount(each, minlength=rounds) / len(each) for each in numbers]

    def differences(ratio: float) -> Numbers:
        times = tops[0], tops[1] - ratio
        cut = float(np.partition(np.concatenate(times), -above)[-above])
        over = [np.bincount(at, _above(part, cut), minlength=rounds) for part, at in zip(times, where, strict=True)]
        of_all = (over[0].sum() + over[1].sum()) / sum(sizes)
        found: Numbers = (over[1] / sizes[1] - of_all * shares[1]) - (over[0] / sizes[0] - of_all * shares[0])
        return found

    tau = _tau(differences(value), alpha)
    factor = _student(rounds, tau, alpha)
    if not math.isfinite(factor):
        return _unknown(value, rounds, tau)

    def score(ratio: float) -> float:
        """Say how many standard deviations more calls are above after than before."""
        found = differences(ratio)
        total, spread = float(found.sum()), float(found.std(ddof=1)) * math.sqrt(rounds * tau)
        if spread > _ROUNDING:
            return total / spread
        return math.copysign(math.inf, total) if abs(total) > _ROUNDING else 0.0

    lo = _end(lambda away: score(value - away) <= factor)
    hi = _end(lambda away: score(value + away) >= -factor)
    return LogRatio(value, value - lo, value + hi, rounds, tau)


def _unknown(value: float, rounds: int, tau: float = 1.0) -> LogRatio:
    return LogRatio(value, -math.inf, math.inf, rounds, tau)


def _slices(rounds: int) -> list[int]:
    if rounds < _SLICES * _ROUNDS_A_SLICE:
        return []
    return [int(start) for start in np.linspace(0, rounds, _SLICES + 1)[:-1]]


def _tau(differences: Numbers, alpha: float) -> float:
    return tau_over_visits(tau_of_mean, differences, _slices(len(differences)), alpha=alpha)[0]


def _student(rounds: int, tau: float, alpha: float) -> float:
    """Return Student's factor; infinite where too few rounds count."""
    independent = math.floor(rounds / tau)
    return t_quantile(1.0 - alpha / 2.0, independent - 1) if min(rounds, 2 * independent) >= FEWEST_ROUNDS else math.inf


def _signed_ranks(values: Numbers) -> Numbers:
    """Return the rank of each size, with the sign; equal sizes share theirs, and zeros have none."""
    sizes = np.abs(values)
    ordered = np.sort(sizes)
    ranks = (np.searchsorted(ordered, sizes, side="left") + np.searchsorted(ordered, sizes, side="right") + 1) / 2.0
    found: Numbers = np.sign(values) * ranks
    return found


def _above(times: Numbers, cut: float) -> Numbers:
    """Count each time above the cut as one, one at it as a half."""
    found: Numbers = ((times > cut + _ROUNDING).astype(np.float64) + (times >= cut - _ROUNDING)) / 2.0
    return found


def _falls_below(function: Callable[[float], float], level: float, low: float, high: float) -> float:
    """Find where a falling function comes down to a level: the lowest such place."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (low, middle) if function(middle) <= level else (middle, high)
    return high


def _rises_above(function: Callable[[float], float], level: float, low: float, high: float) -> float:
    """Find up to where a falling function stays at a level or above it: the highest such place."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if function(middle) >= level else (low, middle)
    return low


def _end(holds: Callable[[float], bool]) -> float:
    """Find how far from the estimate it still holds; infinite where it always does."""
    low, high = 0.0, _FIRST_STEP
    while holds(high):
        low, high = high, 2.0 * high
        if low > _FURTHEST:
            return math.inf
    for _ in range(_HALVINGS // 2):
        middle = (low + high) / 2.0
        low, high = (middle, high) if holds(middle) else (low, middle)
    return high
