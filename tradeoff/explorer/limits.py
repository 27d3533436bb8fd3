"""Which point wins at each latency limit, worked out once so that the browser only looks it up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.objective import Constraint, judge

VERDICTS = ("infeasible", "undecided", "feasible")
UNUSABLE = ("failed", "oom", "saturated")
"""Statuses that no decision may rest on, as in `tradeoff.decide`."""

Numbers = NDArray[np.float64]

# ISO 3: the series R40 of preferred numbers, and R20 and R10 within it. People ask for 2.5 ms, not for 2.4138.
_R40 = (
    1.00, 1.06, 1.12, 1.18, 1.25, 1.32, 1.40, 1.50, 1.60, 1.70, 1.80, 1.90, 2.00, 2.12, 2.24, 2.36, 2.50, 2.65, 2.80,
    3.00, 3.15, 3.35, 3.55, 3.75, 4.00, 4.25, 4.50, 4.75, 5.00, 5.30, 5.60, 6.00, 6.30, 6.70, 7.10, 7.50, 8.00, 8.50,
    9.00, 9.50,
)  # fmt: skip
_MOST_LIMITS = 130
"""Steps a slider can still be moved through by arrow keys."""


def limit_steps(latencies_ms: Iterable[float], *, also: Iterable[float] = ()) -> list[float]:
    """Preferred numbers from below the smallest latency to above the largest.

    Parameters
    ----------
    latencies_ms
        Values and ends of intervals of every percentile; those not finite or not positive are passed over.
    also
        Limits somebody has asked for: they are among the steps exactly.
    """
    known = np.array([value for value in latencies_ms if np.isfinite(value) and value > 0])
    asked = sorted({float(value) for value in also})
    if any(not np.isfinite(value) or value <= 0 for value in asked):
        raise ValueError(f"limits {asked!r}: a latency limit is a positive number of milliseconds")
    if not len(known):
        return asked
    decades = range(int(np.floor(np.log10(known.min()))) - 1, int(np.ceil(np.log10(known.max()))) + 1)
    for series in (_R40, _R40[::2], _R40[::4]):
        every = np.array([float(f"{step}e{decade}") for decade in decades for step in series])
        first = int(np.searchsorted(every, known.min(), side="left")) - 1
        last = int(np.searchsorted(every, known.max(), side="left"))
        steps = every[first : last + 1].tolist()
        if len(steps) <= _MOST_LIMITS:
            break
    return sorted({*steps, *asked})


def decisions(
    rows: pd.DataFrame, cells: Sequence[int], *, percentile: str, limits_ms: Iterable[float]
) -> dict[str, list[int]] | None:
    """Answer "maximize throughput subject to <percentile> <= limit" at each limit, as `tradeoff.decide` does.

    Parameters
    ----------
    rows
        The points of one slice.
    cells
        The cell of each row.
    percentile
        ``"p50"`` to ``"p999"``.
    limits_ms
        The limits.

    Returns
    -------
    dict or None
        Per limit: ``verdict`` (index into `VERDICTS`), ``point`` (the cell that answers: the winner, the best that
        may meet the limit, or the nearest), ``runner_up`` and ``contender`` (cell, or -1), and how many points
        surely meet it (``feasible``) or may (``undecided``). Per row: the first limit it surely meets (``sure_from``)
        and the first it may (``possible_from``), the number of limits when none. None when no point has this
        percentile.
    """
    metric = f"latency_{percentile}_ms"
    throughput, latency = _numbers(rows, "throughput_rps"), _numbers(rows, metric)
    usable = ~np.isnan(throughput)
    if "status" in rows:
        usable &= ~rows["status"].isin(UNUSABLE).to_numpy(dtype=bool)
    if np.isnan(latency[usable]).all():
        return None
    narrow = rows[[name for name in (metric, f"{metric}_lo", f"{metric}_hi") if name in rows]]
    ids = pd.factorize(rows["point_id"].astype("str"), sort=True)[0]
    best_first = np.lexsort([ids, latency, -throughput])
    best_first = best_first[usable[best_first]]
    nearest = int(np.lexsort([ids, np.where(usable & ~np.isnan(latency), latency, np.inf)])[0])
    answers: dict[str, list[int]] = {
        name: [] for name in ("verdict", "point", "runner_up", "contender", "feasible", "undecided")
    }
    every_sure, every_possible = [], []
    for limit in limits_ms:
        sure, possible = judge(narrow, Constraint(metric, "<=", limit))
        every_sure.append(sure)
        every_possible.append(possible)
        feasible, undecided = best_first[sure[best_first]], best_first[(possible & ~sure)[best_first]]
        answers["feasible"].append(len(feasible))
        answers["undecided"].append(len(undecided))
        if len(feasible):
            verdict, point = "feasible", int(feasible[0])
        elif len(undecided):
            verdict, point = "undecided", int(undecided[0])
        else:
            verdict, point = "infeasible", nearest
        contends = bool(len(feasible)) and bool(len(undecided)) and throughput[undecided[0]] > throughput[point]
        answers["verdict"].append(VERDICTS.index(verdict))
        answers["point"].append(cells[point])
        answers["runner_up"].append(cells[feasible[1]] if len(feasible) > 1 else -1)
        answers["contender"].append(cells[undecided[0]] if contends else -1)
    # A looser limit is met by whatever met a tighter one: counting the misses finds the first that is met.
    for name, met in (("sure_from", every_sure), ("possible_from", every_possible)):
        answers[name] = (~np.array(met).reshape(-1, len(rows))).sum(axis=0).tolist()
    return answers


def _numbers(rows: pd.DataFrame, name: str) -> Numbers:
    return rows[name].to_numpy(dtype="float64", na_value=np.nan)
