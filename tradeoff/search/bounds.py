"""Where a value may lie after several looks at it: the ends of the rows' 95 % intervals, moved outward.

A search looks at many candidates several times each, and acts on what it sees. With ``k`` looks in all, an interval
that misses at most ``alpha / k`` of the time leaves ``alpha`` for all of them together (Bonferroni, as in Even-Dar,
Mannor and Mansour, *Action elimination and stopping conditions*, JMLR 7, 2006). Rows state 95 %; their ends are moved
outward by the ratio of the normal quantiles, on a logarithmic scale where values are positive.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.objective.judging import met, numbers
from tradeoff.objective.objective import Constraint

Numbers = NDArray[np.float64]
Marks = NDArray[np.bool_]

_STATED = NormalDist().inv_cdf(0.975)
_TIMES_AT_MOST = 1e6
"""An end is moved by this factor at most: it is as good as unknown then, and exp() of more overflows."""


def factor_for(looks: int, alpha: float = 0.05) -> float:
    """Return by how much a 95 % interval is stretched so that `looks` of them hold together with ``1 - alpha``.

    Examples
    --------
    >>> round(factor_for(1), 6), round(factor_for(100), 2)
    (1.0, 1.78)
    """
    return NormalDist().inv_cdf(1.0 - alpha / (2.0 * max(1, looks))) / _STATED


def stretched(rows: pd.DataFrame, metric: str, factor: float) -> tuple[Numbers, Numbers]:
    """Return the ends of a column's intervals, each moved away from the value by `factor`; NaN where one is unknown."""
    value = numbers(rows, metric)
    return tuple(  # type: ignore[return-value]
        _moved(value, numbers(rows, metric + end), factor) if metric + end in rows else np.full(len(rows), np.nan)
        for end in ("_lo", "_hi")
    )


def _moved(value: Numbers, end: Numbers, factor: float) -> Numbers:
    with np.errstate(all="ignore"):
        ratio = np.log(end / value)
        by_ratio = value * np.exp(np.clip(factor * ratio, -np.log(_TIMES_AT_MOST), np.log(_TIMES_AT_MOST)))
        straight = value + factor * (end - value)
    moved: Numbers = np.where((value > 0) & (end > 0), by_ratio, straight)
    return moved


def judged(
    rows: pd.DataFrame, constraints: tuple[Constraint, ...], factor: float, *, is_final: Marks
) -> tuple[Marks, Marks]:
    """Tell which rows surely meet all constraints, and which may.

    Parameters
    ----------
    rows
        What is known of each candidate.
    constraints
        The limits.
    factor
        By how much intervals are stretched.
    is_final
        Rows of which no more will be known: they are judged as `tradeoff.decide` will judge them. Of the others a
        value or an interval that is missing says nothing yet.
    """
    sure, possible = met(rows, constraints)
    wide = rows.copy(deep=False)
    unknown = np.zeros(len(rows), dtype=np.bool_)
    for metric in dict.fromkeys(constraint.metric for constraint in constraints):
        wide[metric + "_lo"], wide[metric + "_hi"] = low, high = stretched(rows, metric, factor)
        unknown |= np.isnan(numbers(rows, metric)) | (np.isnan(low) & np.isnan(high))
    sure_wide, possible_wide = met(wide, constraints)
    return (
        np.where(is_final, sure, sure_wide & ~unknown),
        np.where(is_final, possible, possible_wide | unknown),
    )
