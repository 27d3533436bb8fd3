"""What the samples tell of each point that its row does not: counted once, for all checks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tradeoff.audit.rows import Rows
from tradeoff.audit.words import Numbers

_NEEDED = ("point_id", "phase", "status", "latency_ns")


def seen_of(points: pd.DataFrame, samples: pd.DataFrame) -> dict[str, Numbers]:
    """Count the samples of each point.

    Returns
    -------
    dict of str to ndarray
        For each row of `points`, NaN where it has no samples:

        - ``kept``: samples that were measured and served; ``kept_failed``: measured and failed, and with a latency;
        - ``sampled``: samples of any phase that were served;
        - ``outside``: share of the samples that belong to warm-up or drain, the first, cold call left out;
        - ``arriving_s``, ``serving_s``: from the first arrival of those that were measured to the last arrival, and to
          the last answer, added up over processes;
        - ``sent_late_p99_ms``: the p99 of how long after they were due those that were measured were handed over;
        - ``latency_max_ms``: the longest latency that was measured, where the samples are all there.
    """
    if "point_id" not in points or not len(samples) or any(name not in samples for name in _NEEDED):
        return {}
    codes, ids = pd.factorize(samples["point_id"])
    counted = _counted(pd.Series(codes), samples)
    # A row whose id no sample has finds -1, the last: NaN.
    place = pd.Index(ids).get_indexer(pd.Index(points["point_id"]))
    every = counted.reindex(range(len(ids))).to_dict("series")
    seen = {str(name): np.append(values.to_numpy(dtype="float64"), np.nan)[place] for name, values in every.items()}
    # Of a part of the samples the longest is not that of all.
    seen["latency_max_ms"][seen["kept"] < Rows(points).number("n")] = np.nan
    return seen


def _counted(point: pd.Series, samples: pd.DataFrame) -> pd.DataFrame:
    measured, ok = _is_one_of(samples, "phase", "measure"), _is_one_of(samples, "status", "ok")
    latency = _numbers(samples, "latency_ns")
    timed = ~np.isnan(latency)
    due, sent = _numbers(samples, "scheduled_ns"), _numbers(samples, "submitted_ns")
    came = np.where(np.isnan(due), sent, due)
    each = pd.DataFrame(
        {
            "kept": measured & ok & timed,
            "kept_failed": measured & ~ok & timed,
            "sampled": ok & timed,
            "measured": measured,
            "steady": _is_one_of(samples, "phase", "measure", "warmup", "drain"),
            "latency": np.where(measured & ok, latency, np.nan) / 1e6,
            "late": np.where(measured, sent - due, np.nan) / 1e6,
            "came": np.where(measured, came, np.nan) / 1e9,
            "done": np.where(measured & ok, _numbers(samples, "done_ns"), np.nan) / 1e9,
        }
    )
    grouped = each.groupby(point)
    counts = grouped[["kept", "kept_failed", "sampled", "measured", "steady"]].sum().astype("float64")
    replicate = pd.Series(np.nan_to_num(_numbers(samples, "replicate"), nan=0.0))
    process = each.groupby([point, replicate])
    first, last, answered = process["came"].min(), process["came"].max(), process["done"].max()
    return counts.assign(
        outside=(1.0 - counts["measured"] / counts["steady"]).where(counts["measured"] > 0),
        arriving_s=(last - first).groupby(level=0).sum(min_count=1),
        serving_s=(answered - first).groupby(level=0).sum(min_count=1),
        sent_late_p99_ms=each["late"].dropna().groupby(point).quantile(0.99, interpolation="higher"),
        latency_max_ms=grouped["latency"].max(),
    )


def _is_one_of(samples: pd.DataFrame, name: str, *words: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return samples[name].isin(words).to_numpy(dtype=np.bool_)


def _numbers(samples: pd.DataFrame, name: str) -> Numbers:
    if name not in samples:
        return np.full(len(samples), np.nan)
    return samples[name].to_numpy(dtype="float64", na_value=np.nan)
