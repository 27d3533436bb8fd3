"""Limits are met by all who asked: a request that failed, timed out or was turned away got no answer in time.

The percentiles of a row are those of requests that were answered. With errors and rejections counted as slower than any
limit, the p-quantile of all N who asked is the order statistic of rank N p, and its interval lies between order
statistics too (`tradeoff.stats.quantiles`). From samples they are read; from a row without them they are bounded by its
percentiles and counts: the answer of rank k is at most the smallest known percentile of at least that rank.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.comparable import Marks, Numbers, bounds_of
from tradeoff.frames import PERCENTILES, Run
from tradeoff.stats.dependence import tau as tau_of
from tradeoff.stats.quantiles import quantile_ranks, rank_of

Errors = Literal["count", "ignore"]
ERRORS: tuple[Errors, ...] = ("count", "ignore")

MOST_LOST = 0.01
"""Share of the requests without an answer above which no verdict is plainly feasible, whatever the limits: the p99 of
all who ask is a failure then. A declared limit on ``error_rate`` or ``rejection_rate`` takes its place."""

_STEMS = ("latency", "model", "ttft", "tpot", "itl", "queue_wait", "batch_wait")
_SAMPLED = {"latency": "latency_ns", "model": "model_ns"}
_Z = 1.959964


class Lost(NamedTuple):
    """Requests without an answer: shares of all who asked, NaN where some failed and it is not stated of how many."""

    failed: Numbers
    rejected: Numbers
    n: Numbers
    gone: Numbers

    @property
    def share(self) -> Numbers:
        """Failed and rejected together."""
        return self.failed + self.rejected


def is_percentile(name: str) -> bool:
    """Say whether a column is a percentile of what requests saw."""
    return name.removesuffix("_ms").rpartition("_")[2] in PERCENTILES


def is_counted(name: str) -> bool:
    """Say whether a column is a percentile in which requests without an answer would be the slowest."""
    return name.endswith("_ms") and is_percentile(name) and name.removesuffix("_ms").rpartition("_")[0] in _STEMS


def lost_of(rows: pd.DataFrame) -> Lost:
    """Count requests that failed and that were turned away, of all who asked; what is not stated is taken as none."""
    n = _column(rows, "n")
    stated = _column(rows, "error_rate")
    failed, rejected, rate = (_column(rows, name) for name in ("n_errors", "n_rejected", "rejection_rate"))
    with np.errstate(divide="ignore", invalid="ignore"):
        by_rate = np.where((stated > 0) & (stated < 1), stated / (1 - stated) * n, 0.0)
        failed = np.where(np.isnan(failed), by_rate, np.fmax(failed, 0.0))
        by_rate = np.where((rate > 0) & (rate < 1), rate / (1 - rate) * (n + failed), 0.0)
        rejected = np.where(rejected > 0, rejected, by_rate)
        every = n + failed + rejected
        shares = [np.where(part > 0, part / every, 0.0) for part in (failed, rejected)]
    shares[0] = np.where(np.isnan(n) & (stated > 0), stated, shares[0])
    shares[1] = np.where(np.isnan(n) & (rate > 0), rate, shares[1])
    return Lost(shares[0], shares[1], n, failed + rejected)


def loses_too_many(rows: pd.DataFrame, limited: Iterable[str] = ()) -> Marks:
    """Tell which rows lost more than `MOST_LOST` of their requests, or nobody knows how many.

    Parameters
    ----------
    rows
        Rows of points.
    limited
        Columns with a declared limit: what ``error_rate``, ``rejection_rate`` or ``attainment`` limit is judged by that
        limit.
    """
    lost, limited = lost_of(rows), set(limited)
    if "attainment" in limited:  # it counts whoever got no answer as a miss
        return np.zeros(len(rows), dtype=np.bool_)
    share = np.where("error_rate" in limited, 0.0, lost.failed) + np.where(
        "rejection_rate" in limited, 0.0, lost.rejected
    )
    marks: Marks = ~(share <= MOST_LOST)
    return marks


def everyone(
    rows: pd.DataFrame, names: Iterable[str], *, errors: Errors = "count", run: Run | None = None
) -> pd.DataFrame:
    """Return rows whose percentiles are those of all who asked, and whose error rates are filled in.

    Parameters
    ----------
    rows
        Rows of points.
    names
        The columns that matter; others stay.
    errors
        ``"ignore"``: percentiles stay those of requests that were answered.
    run
        Where samples are; without them a percentile of all who asked is bounded by what the row says.
    """
    names = list(dict.fromkeys(names))
    anew: dict[str, Numbers] = {}
    if "error_rate" in names and "n_errors" in rows:
        anew |= _error_rate(rows)
    counted = [name for name in names if is_counted(name) and name in rows] if errors == "count" else []
    if counted:
        lost = lost_of(rows)
        places = np.flatnonzero(lost.gone > 0)
        if len(places):
            part, there = rows.iloc[places], Lost(*(column[places] for column in lost))
            for name in counted:
                for end, found in zip(("", "_lo", "_hi"), _of_all(part, name, there, run), strict=True):
                    column = _column(rows, name + end).copy()
                    column[places] = found
                    anew[name + end] = column
    return rows.assign(**anew) if anew else rows


def _of_all(rows: pd.DataFrame, name: str, lost: Lost, run: Run | None) -> tuple[Numbers, Numbers, Numbers]:
    """Return value and ends of a percentile of all who asked, for rows that lost some."""
    stem, _, which = name.removesuffix("_ms").rpartition("_")
    p = PERCENTILES[which]
    given = bounds_of(rows, name)
    tau = np.fmax(_column(rows, f"tau_{which}"), 1.0) if stem == "latency" else np.ones(len(rows))
    tau = np.where(np.isnan(tau), 1.0, tau)
    n, every = np.floor(lost.n), np.floor(lost.n + lost.gone)
    known = ~np.isnan(n)
    half = _Z * np.sqrt(every * p * (1 - p) * tau) + 1.0  # a rank more than the normal law says: it is an approximation
    middle = np.fmax(np.ceil(every * p - 1e-9), 1.0)
    lower, upper = np.floor(every * p - half), np.ceil(every * p + half)
    value = np.where(known, _at_most(rows, stem, n, middle), given.value)
    least = _at_least(rows, stem, n, lower)
    low = np.where(known, np.where(np.isposinf(least), least, np.fmin(least, given.low)), given.low)
    high = np.where(known & (upper <= every), np.fmax(_at_most(rows, stem, n, upper), given.high), np.inf)
    for at, found in _from_samples(rows, stem, p, tau, lost, run):
        # The row's own ends may allow for more than order statistics do, as for how visits differ.
        least_of = found[1] if np.isinf(found[1]) else min(found[1], given.low[at])
        value[at], low[at], high[at] = found[0], least_of, max(found[2], given.high[at])
    bare = given.bare
    value = np.fmax(value, given.value)  # of all who asked it is never lower than of those who were answered
    return value, np.where(bare, np.nan, np.fmin(low, value)), np.where(bare, np.nan, np.fmax(high, value))


def _at_most(rows: pd.DataFrame, stem: str, n: Numbers, rank: Numbers) -> Numbers:
    """Return what the answer of a rank takes at most; infinite where it is none, or nothing bounds it."""
    bound = np.full(len(rows), np.inf)
    for ranked, values in _ranked(rows, stem, n):
        with np.errstate(invalid="ignore"):
            bound = np.where((ranked >= rank) & (values < bound), values, bound)
    return np.where(rank > n, np.inf, bound)


def _at_least(rows: pd.DataFrame, stem: str, n: Numbers, rank: Numbers) -> Numbers:
    bound = np.zeros(len(rows))
    for ranked, values in _ranked(rows, stem, n):
        with np.errstate(invalid="ignore"):
            bound = np.where((ranked <= rank) & (values > bound), values, bound)
    return np.where(rank > n, np.inf, bound)


def _ranked(rows: pd.DataFrame, stem: str, n: Numbers) -> Iterable[tuple[Numbers, Numbers]]:
    """Yield the known order statistics of rows: which rank, and what it took."""
    for which, p in PERCENTILES.items():
        yield np.fmax(np.ceil(n * p - 1e-9), 1.0), _column(rows, f"{stem}_{which}_ms")
    yield n, _column(rows, f"{stem}_max_ms")
    yield np.ones(len(rows)), _column(rows, f"{stem}_min_ms")


def _from_samples(
    rows: pd.DataFrame, stem: str, p: float, tau: Numbers, lost: Lost, run: Run | None
) -> Iterable[tuple[int, tuple[float, float, float]]]:
    """Yield, for rows whose samples are all there, the place and the percentile of all who asked with its ends."""
    column = _SAMPLED.get(stem)
    if run is None or column is None or "point_id" not in rows or not len(run.samples) or column not in run.samples:
        return
    ids = rows["point_id"].astype("str").to_numpy()
    samples = run.samples
    chosen = samples[(samples["phase"] == "measure").to_numpy(dtype=bool, na_value=False)]
    chosen = chosen[chosen["point_id"].isin(set(ids)).to_numpy(dtype=bool)]
    groups = dict(iter(chosen.groupby("point_id", sort=False)))
    for at, point_id in enumerate(ids):
        part = groups.get(point_id)
        if part is None:
            continue
        status = part["status"]
        answered = (status == "ok").to_numpy(dtype=bool, na_value=False)
        gone = status.isin(("error", "timeout", "rejected")).to_numpy(dtype=bool)
        series: NDArray[np.float64] = part[column].to_numpy(dtype="float64", na_value=np.nan) / 1e6
        series = np.where(gone, np.inf, series)[answered | gone]
        if answered.sum() != lost.n[at] or gone.sum() != lost.gone[at] or np.isnan(series).any():
            continue  # the row counts others than these
        yield at, _percentile(series, p, float(tau[at]))


def _percentile(series: NDArray[np.float64], p: float, tau: float) -> tuple[float, float, float]:
    n, ordered = len(series), np.sort(series)
    value = float(ordered[rank_of(n, p) - 1])
    tau = max(tau, tau_of(series > value, 0.5)) if np.isfinite(value) else max(tau, tau_of(np.isinf(series), 0.5))
    lower, upper = quantile_ranks(n, p, tau=tau)
    low = float(ordered[lower - 1]) if lower >= 1 else 0.0
    return value, low, float(ordered[upper - 1]) if upper <= n else np.inf


def _error_rate(rows: pd.DataFrame) -> dict[str, Numbers]:
    """Fill in the error rate of rows that count errors and do not state it, with Wilson's interval.

    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. Journal of the American
    Statistical Association 22(158), 209-212. From counts alone nobody knows whether errors come in bursts.
    """
    value, low, high = (_column(rows, f"error_rate{end}").copy() for end in ("", "_lo", "_hi"))
    failed, n = _column(rows, "n_errors"), _column(rows, "n")
    rejected = np.nan_to_num(_column(rows, "n_rejected"))
    with np.errstate(divide="ignore", invalid="ignore"):
        every = n + failed + rejected
        share = failed / every
        middle = (share + _Z**2 / (2 * every)) / (1 + _Z**2 / every)
        half = _Z * np.sqrt(share * (1 - share) / every + _Z**2 / (4 * every**2)) / (1 + _Z**2 / every)
    unstated = np.isnan(value)
    return {
        "error_rate": np.where(unstated, share, value),
        "error_rate_lo": np.where(unstated, np.fmin(np.fmax(middle - half, 0.0), share), low),
        "error_rate_hi": np.where(unstated, np.fmax(np.fmin(middle + half, 1.0), share), high),
    }


def _column(rows: pd.DataFrame, name: str) -> Numbers:
    if name not in rows:
        return np.full(len(rows), np.nan)
    return rows[name].to_numpy(dtype="float64", na_value=np.nan)
