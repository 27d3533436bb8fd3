"""Which point wins at each latency limit, worked out once so that the browser only looks it up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.explorer.preferred import preferred_numbers, with_asked
from tradeoff.objective import Constraint, judge

VERDICTS = ("infeasible", "undecided", "feasible")
UNUSABLE = ("failed", "oom", "saturated")
"""Statuses that no decision may rest on, as in `tradeoff.decide`."""

Numbers = NDArray[np.float64]


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
    return with_asked(preferred_numbers(known.min(), known.max()), asked)


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
