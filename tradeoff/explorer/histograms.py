"""The distribution of each point, small enough to travel: logarithmic bins, tail kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

BINS = 64
_FEWEST_BINS = 8
_ROWS_FOR_HALF, _ROWS_FOR_NONE = 500, 3000
"""From so many points on, half the bins and none: the payload stays within a megabyte or two."""


def histograms(samples: pd.DataFrame, points: pd.DataFrame) -> list[dict[str, Any] | None]:
    """Count the measured latencies of each point in logarithmic bins from the smallest to the largest.

    Returns
    -------
    list
        An entry a point, in order: ``low_ms``, ``high_ms`` (outer edges) and ``counts``; None without samples.
    """
    if len(points) > _ROWS_FOR_NONE or not len(samples):
        return [None] * len(points)
    most = BINS if len(points) <= _ROWS_FOR_HALF else BINS // 2
    measured = (samples["phase"] == "measure").to_numpy(dtype=bool, na_value=False)
    if "status" in samples:
        measured = measured & (samples["status"].isna() | (samples["status"] == "ok")).to_numpy(
            dtype=bool, na_value=False
        )
    kept = samples[measured]
    latency = kept["latency_ns"].to_numpy(dtype="float64", na_value=np.nan) / 1e6
    codes, names = pd.factorize(kept["point_id"])
    order = np.argsort(codes, kind="stable")
    ends = np.searchsorted(codes[order], np.arange(len(names) + 1))
    found = {name: histogram(latency[order[ends[at] : ends[at + 1]]], most=most) for at, name in enumerate(names)}
    return [found.get(name) for name in points["point_id"]]


def histogram(latency_ms: np.ndarray[Any, np.dtype[np.float64]], *, most: int = BINS) -> dict[str, Any] | None:
    """Count `latency_ms` in at most `most` bins of equal ratio; values that are not positive numbers do not count."""
    values = latency_ms[np.isfinite(latency_ms) & (latency_ms > 0)]
    if not len(values):
        return None
    low, high = float(values.min()), float(values.max())
    if high <= low * 1.000001:  # all alike: one bin around the value
        low, high = low / 1.01, high * 1.01
        return {"low_ms": low, "high_ms": high, "counts": [len(values)]}
    bins = int(np.clip(np.sqrt(len(values)) * 1.5, _FEWEST_BINS, most))
    place = np.floor(np.log(values / low) / np.log(high / low) * bins).astype(int)
    counts = np.bincount(np.clip(place, 0, bins - 1), minlength=bins)
    return {"low_ms": low, "high_ms": high, "counts": counts.tolist()}
