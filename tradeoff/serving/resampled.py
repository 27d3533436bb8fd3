"""What the smallness of a sample of service times means for what is simulated from it.

A simulation may be as long as it likes: it knows the service no better than the times that were measured. So each
system is simulated again from resamples of those times (bootstrap of the input: Barton and Schruben, *Uniform and
bootstrap resampling of empirical distributions*, Winter Simulation Conference 1993), in short runs with the same
arrivals and the same luck, so that they differ by their service times alone;
by how much they differ widens the intervals.

A resample holds no call slower than the slowest that was measured. Where there are too few times for a percentile of
their own (`tradeoff.stats.sample_size`: 368 for p99) nothing says how slow one call in a hundred is, and the simulated
percentile has no upper end.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tradeoff.frames import PERCENTILES
from tradeoff.serving.costs import Costs, MeasuredCosts, Times
from tradeoff.serving.simulated import Replication
from tradeoff.serving.virtual.grid import Numbers
from tradeoff.serving.virtual.kernels import SEEN
from tradeoff.serving.world import Plan, World, shortened
from tradeoff.stats.quantiles import UPPER_UNBOUNDED
from tradeoff.stats.sample_size import samples_needed
from tradeoff.stats.student import t_quantile

RESAMPLES = 8
"""Their spread is known to a quarter; Student's quantile pays for that."""

_LENGTH, _MEMORIES = 5_000, 50.0
"""Requests of each, at least, and memories of queue and load."""

_SHORTEST = 10.0
"""Memories that a replication must have for an interval: without one there is none to widen."""

_COLUMNS = {f"{stem}_{name}": f"{stem}_{name}_ms" for stem in ("latency", "model") for name in ("mean", *PERCENTILES)}
_COLUMNS |= {
    f"{stem}_{name}": f"{stem}_{name}_ms" for stem in ("queue_wait", "batch_wait") for name in ("mean", "p50", "p99")
}


def widened(
    world: World, plans: Sequence[Plan], rows: Sequence[dict[str, Any]], costs: Costs, seed: int
) -> list[dict[str, Any]]:
    """Return rows whose intervals allow for how few service times there are; of times that are no sample the same rows.

    Parameters
    ----------
    world, plans, rows
        What was simulated.
    costs
        The times.
    seed
        Of the resamples.
    """
    if not isinstance(costs, MeasuredCosts) or costs.largest_count < 2:
        return list(rows)
    at = [place for place, plan in enumerate(plans) if _has_interval(plan)]
    if not at:
        return list(rows)
    short = [_short(plans[place]) for place in at]
    base = world.see(short, 0)
    others = [world.with_costs(_resampled(costs, seed, number)).see(short, 0) for number in range(RESAMPLES)]
    found = list(rows)
    for place, own, *resamples in zip(at, base, *others, strict=True):
        fewest = costs.fewest(plans[place].system.policy.max_batch_size)
        found[place] = rows[place] | _wide(rows[place], own, resamples)
        found[place] |= _unbounded(found[place], fewest)
    return found


def _has_interval(plan: Plan) -> bool:
    seen = plan.seen
    return len(seen.replications) > 1 and not seen.system.is_finite and seen.shortest >= _SHORTEST


def _short(plan: Plan) -> Plan:
    n = int(min(plan.point.n, max(_LENGTH, _MEMORIES * plan.seen.memory)))
    return Plan(plan.system, shortened(plan.point, n, plan.seen.memory), plan.seen)


def _resampled(costs: MeasuredCosts, seed: int, number: int) -> MeasuredCosts:
    rng = np.random.default_rng([seed, number, 5])
    times = {
        level: {size: resample(values, rng) for size, values in sizes.items()}
        for level, sizes in costs.times_ms.items()
    }
    return MeasuredCosts(times, costs.pad, costs.told_apart)


def resample(values: Times, rng: np.random.Generator) -> Times:
    """Return as many of some ascending values, drawn with replacement, ascending."""
    n = len(values)
    return np.repeat(values, np.bincount(rng.integers(0, n, n), minlength=n))


def _wide(row: Mapping[str, Any], own: Replication | None, resamples: Sequence[Replication | None]) -> dict[str, float]:
    found: dict[str, float] = {}
    seen = [one.values for one in resamples if one is not None]
    if own is None or not seen:
        return found
    for name, column in _COLUMNS.items():
        found |= _ends(row, column, own.values[SEEN.index(name)], np.array([one[SEEN.index(name)] for one in seen]))
    n, length = SEEN.index("n"), SEEN.index("duration")
    rates = np.array([one[n] / one[length] if one[length] > 0 else math.nan for one in seen])
    rate = own.values[n] / own.values[length] if own.values[length] > 0 else math.nan
    return found | _ends(row, "throughput_rps", rate, rates)


def _ends(row: Mapping[str, Any], column: str, own: float, others: Numbers) -> dict[str, float]:
    """Return the ends of an interval with the spread of resamples added, in squares; on a log scale above 0."""
    value, low, high = (float(row.get(name, math.nan)) for name in (column, f"{column}_lo", f"{column}_hi"))
    if not (math.isfinite(own) and np.isfinite(others).all() and math.isfinite(value + low)):
        return {}
    t = t_quantile(0.975, len(others) - 1)
    if min(value, low, own, float(others.min())) > 0.0:
        half = t * float(np.sqrt(np.mean(np.square(np.log(others / own)))))
        return {
            f"{column}_lo": value * math.exp(-math.hypot(math.log(value / low), half)),
            f"{column}_hi": value * math.exp(math.hypot(math.log(high / value), half)) if high >= value else high,
        }
    half = t * float(np.sqrt(np.mean(np.square(others - own))))
    return {
        f"{column}_lo": max(0.0, value - math.hypot(value - low, half)),
        f"{column}_hi": value + math.hypot(high - value, half),
    }


def _unbounded(row: Mapping[str, Any], fewest: float) -> dict[str, Any]:
    """Return the percentiles that have no upper end, for there are too few times to know one of their own."""
    lacking = [name for name, p in PERCENTILES.items() if fewest < samples_needed(p)]
    ends = {f"{stem}_{name}_ms_hi": math.nan for name in lacking for stem in ("latency", "model")}
    flags = row["flags"]
    if not {"p50", "p90", "p95", "p99"}.isdisjoint(lacking) and UPPER_UNBOUNDED not in flags:
        flags = [*flags, UPPER_UNBOUNDED]
    return {**ends, "flags": flags}
