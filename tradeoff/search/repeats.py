"""Several independent runs at one load as one row: means, with intervals over the runs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeoff.frames.columns import UNUSABLE
from tradeoff.stats.student import t_quantile

_FEWEST = 3
"""Of two runs the difference says next to nothing: Student's factor is 12.7."""

_NORMAL = NormalDist().inv_cdf(0.975)

_COUNTS = ("n", "n_errors", "n_rejected", "duration_s")


def together(rows: Sequence[Mapping[str, Any]], *, factor: float = 1.0, metrics: Iterable[str] = ()) -> dict[str, Any]:
    """Make one row of those of several runs.

    A value is the mean of the runs' (geometric where all are positive). Its interval is that of a mean of independent
    values, each with its own interval. Where the runs have none, or three of them or more differ by more than theirs
    allow (chi-square at 10 %), it is no narrower than Student's over the runs.

    Parameters
    ----------
    rows
        One for each run, at least one. When some could not be used, beyond capacity for one, the first of those is
        returned as it is: a load that a server does not always carry is too high.
    factor
        By how much intervals are stretched (`tradeoff.search.bounds.factor_for`).
    metrics
        Columns that get an interval over the runs although no run has one.
    """
    lost = next((row for row in rows if str(row.get("status")).lower() in UNUSABLE), None)
    if lost is not None:
        return {**lost, "replicates": len(rows)}
    row = dict(rows[0])
    for name in _COUNTS:
        known = [float(one[name]) for one in rows if _is_known(one.get(name))]
        if known:
            row[name] = sum(known) if name == "duration_s" else int(sum(known))
    for name in dict.fromkeys([*row, *metrics]):
        if f"{name}_lo" in row or name in metrics:
            row |= _one(name, rows, factor)
    return {**row, "replicates": len(rows)}


def _one(name: str, rows: Sequence[Mapping[str, Any]], factor: float) -> dict[str, float]:
    found = [tuple(_number(one.get(name + end)) for end in ("", "_lo", "_hi")) for one in rows]
    values = [value for value, _, _ in found if not math.isnan(value)]
    if not values:
        return {name: math.nan, f"{name}_lo": math.nan, f"{name}_hi": math.nan}
    by_ratio = min(values) > 0
    scaled = np.log(values) if by_ratio else np.asarray(values)
    centre = float(scaled.mean())
    own = [_reaches(found, place, by_ratio=by_ratio) for place in (1, 2)]
    between = _between(scaled, own, factor)
    ends = []
    for place, sign, reaches in ((1, -1.0, own[0]), (2, 1.0, own[1])):
        at_zero = by_ratio and any(one[place] <= 0 for one in found)
        if at_zero or (not reaches and len(values) < _FEWEST):
            ends.append(0.0 if at_zero and place == 1 else math.nan)
            continue
        # Runs that lack the end are as uncertain as the worst of the others, at least.
        reaches += [max(reaches, default=0.0)] * (len(values) - len(reaches))
        within = factor * math.sqrt(sum(reach**2 for reach in reaches)) / len(reaches)
        at = centre + sign * max(within, between)
        ends.append(math.exp(min(at, 700.0)) if by_ratio else at)
    return {name: math.exp(centre) if by_ratio else centre, f"{name}_lo": ends[0], f"{name}_hi": ends[1]}


def _reaches(found: Sequence[tuple[float, ...]], place: int, *, by_ratio: bool) -> list[float]:
    """Return how far each run's own interval reaches to one side, of those that have that end."""
    return [
        abs(math.log(one[place] / one[0])) if by_ratio and one[place] > 0 else abs(one[place] - one[0])
        for one in found
        if not math.isnan(one[0]) and not math.isnan(one[place])
    ]


def _between(scaled: NDArray[np.float64], own: Sequence[Sequence[float]], factor: float) -> float:
    """Return half of Student's interval over the runs, or 0 where their own intervals account for the differences."""
    k = len(scaled)
    if k < _FEWEST:
        return 0.0
    reaches = [reach for side in own for reach in side]
    if reaches:
        within = math.fsum(reach**2 for reach in reaches) / len(reaches) / _NORMAL**2
        # 90 % quantile of chi-square over its degrees of freedom (Wilson and Hilferty, PNAS 17, 1931).
        step = 2.0 / (9.0 * (k - 1))
        if float(scaled.var(ddof=1)) <= within * (1.0 - step + 1.2816 * math.sqrt(step)) ** 3:
            return 0.0
    # The error that the stretched quantile of the normal allows is allowed to Student's too.
    p = NormalDist().cdf(factor * _NORMAL)
    return t_quantile(p, k - 1) * float(scaled.std(ddof=1)) / math.sqrt(k)


def _number(value: Any) -> float:
    return float(value) if _is_known(value) else math.nan


def _is_known(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not math.isnan(float(value))
