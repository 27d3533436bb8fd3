"""How many more samples would settle what is undecided."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from tradeoff.frames import PERCENTILES, Run
from tradeoff.frames.numbers import number_in
from tradeoff.objective.judging import judge
from tradeoff.objective.objective import Constraint, Objective
from tradeoff.stats.quantiles import quantile_ranks, rank_of
from tradeoff.stats.sample_size import MOST, samples_needed, samples_to_miss

_SAMPLED = {"latency": "latency_ns", "model": "model_ns"}
"""Columns of ``samples`` behind the percentiles of ``points``."""

_ALPHA = 0.05
"""What a 95 % interval misses."""


def further_samples(point: pd.Series, objective: Objective, run: Run | None, *, among: int = 1) -> int | None:
    """Return how many more samples of a point would settle the constraints that its intervals leave open.

    Where the estimate of a percentile meets its limit: the fewest that show it, when none of them is over the limit.
    Where it misses: about how many show that, when the share over the limit stays. Samples are counted where the Run
    has them; otherwise the share is read from the interval, between whose ends the distribution is taken as straight.

    Parameters
    ----------
    point
        A row of ``points``, with ``n`` and its dependence ``tau_*``.
    objective
        Its constraints.
    run
        Where the samples are; None when there is a frame of points only.
    among
        The number of points among which it was chosen, for which the ends of its intervals allow.

    Returns
    -------
    int or None
        None when nothing is open, or it cannot be told (no n, no interval, no end to it).
    """
    needed = []
    for constraint in objective.constraints:
        sure, possible = (bool(marks[0]) for marks in judge(point.to_frame().T.infer_objects(), constraint))
        if possible and not sure:
            needed.append(_further(point, constraint, run, _ALPHA / among))
    if not needed or any(count is None for count in needed):
        return None
    return max(count for count in needed if count is not None)


def _further(point: pd.Series, constraint: Constraint, run: Run | None, alpha: float) -> int | None:
    n = number_in(point, "n")
    if math.isnan(n) or n < 1:
        return None
    stem, _, percentile = constraint.metric.removesuffix("_ms").rpartition("_")
    if stem not in _SAMPLED or percentile not in PERCENTILES or constraint.comparison != "<=":
        return _by_width(point, constraint, n)
    p, tau = PERCENTILES[percentile], max(1.0, number_in(point, f"tau_{percentile}", 1.0))
    seen, over = _counted(point, constraint, _SAMPLED[stem], run) or _read(point, constraint, p, tau, int(n), alpha)
    if number_in(point, constraint.metric) <= constraint.limit:
        return max(1, samples_needed(p, above=over, tau=tau, alpha=alpha) - seen)
    missed = samples_to_miss(p, over / seen, tau=tau, alpha=alpha)
    return None if missed is None else max(1, missed - seen)


def _counted(point: pd.Series, constraint: Constraint, column: str, run: Run | None) -> tuple[int, int] | None:
    """Count samples, and those over the limit."""
    if run is None or column not in run.samples or not len(run.samples):
        return None
    samples = run.samples
    chosen = (samples["point_id"] == point.get("point_id")) & (samples["phase"] == "measure")
    if "status" in samples:
        chosen &= samples["status"] == "ok"
    values = samples.loc[chosen, column].dropna().to_numpy(dtype="float64") / 1e6
    return (len(values), int((values > constraint.limit).sum())) if len(values) else None


def _read(
    point: pd.Series, constraint: Constraint, p: float, tau: float, n: int, alpha: float
) -> tuple[int, int]:  # fmt: skip
    """Read from the interval how many samples of `n` lie over the limit."""
    lower, upper = quantile_ranks(n, p, alpha, tau=tau)
    known = [
        (number_in(point, constraint.metric + end), rank)
        for end, rank in (("_lo", lower), ("", rank_of(n, p)), ("_hi", upper))
    ]
    times, ranks = zip(*[(time, rank) for time, rank in known if math.isfinite(time)], strict=True)
    if constraint.limit >= times[-1]:
        return n, 0
    # Whoever stated the interval may know an end that so few samples do not give.
    return n, max(0, n - math.floor(float(np.interp(constraint.limit, times, ranks))))


def _by_width(point: pd.Series, constraint: Constraint, n: float) -> int | None:
    """Let the interval shrink with the root of the samples, until it no longer holds the limit."""
    value = number_in(point, constraint.metric)
    room = constraint.limit - value
    end = number_in(point, constraint.metric + ("_hi" if room > 0 else "_lo"))
    if not math.isfinite(end) or not math.isfinite(value) or abs(end - value) > math.sqrt(MOST / n) * abs(room):
        return None  # unknown, or more than anybody waits for
    return max(1, math.ceil(n * ((end - value) / room) ** 2) - int(n)) if room else None
