"""From the calls of a point to its row: what was seen, where the time went, what to know before using it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tradeoff.frames.columns import PERCENTILES
from tradeoff.stats.mean import Mean, mean_with_interval
from tradeoff.stats.quantiles import TOO_FEW_SAMPLES, UPPER_UNBOUNDED, Quantile, percentiles
from tradeoff.timing.block import Block
from tradeoff.timing.breakdown import breakdown
from tradeoff.timing.throughput import busy_share, in_flight_mean, overlap, rate

_LITTLE_TOLERANCE = 0.05
_FLOOR_SHARE = 0.1
_ALWAYS_REQUIRED = ("p50", "p90", "p95", "p99")
"""Percentiles whose absence is worth a flag; p999 is one only where the budget asks for it."""


def summarise(
    samples: Mapping[str, NDArray],  # type: ignore[type-arg]
    blocks: Sequence[Block],
    *,
    batch_size: int,
    concurrency: int,
    floor_ns: float,
    required: Sequence[str] = _ALWAYS_REQUIRED,
    visits: Sequence[int] = (),
    visits_of_blocks: Sequence[int] = (),
) -> tuple[dict[str, object], list[str]]:
    """Summarise measured calls.

    Parameters
    ----------
    samples
        Calls of phase ``measure`` that returned something, in order of submission.
    blocks
        The measured blocks they come from.
    batch_size, concurrency
        Requests a call, calls in flight.
    floor_ns
        Median cost of an empty measurement.
    required
        Percentiles that are flagged when n does not carry them.
    visits, visits_of_blocks
        Where each visit begins in `samples` and in `blocks`.

    Returns
    -------
    tuple of dict and list of str
        Columns of ``points``, and flags.
    """
    row: dict[str, object] = {"n": int(samples["latency_ns"].shape[0]), "n_errors": 0, "n_rejected": 0}
    seen = rate(blocks, visits=visits_of_blocks)
    row |= {
        "duration_s": seen.duration_s,
        "throughput_rps": seen.calls_per_s * batch_size,
        "throughput_rps_lo": seen.lo * batch_size,
        "throughput_rps_hi": seen.hi * batch_size,
        "calls_per_s": seen.calls_per_s,
        "utilisation": busy_share(blocks),
        "overlap": overlap(blocks),
        "batch_size_mean": float(batch_size),
    }
    latency, mean = statistics(samples["latency_ns"], visits)
    row |= time_columns("latency", latency, mean)
    same = np.array_equal(samples["latency_ns"], samples["model_ns"])
    row |= time_columns("model", *((latency, mean) if same else statistics(samples["model_ns"], visits)))
    for wait in ("queue_wait", "batch_wait"):
        row |= wait_columns(wait, samples[f"{wait}_ns"])
    row |= {f"tau_{name}": quantile.tau for name, quantile in latency.items()}
    mean_ms = float(row["latency_mean_ms"])  # type: ignore[arg-type]
    row |= breakdown(samples, {"mean": mean_ms, **{name: q.value / 1e6 for name, q in latency.items()}})
    flags = _sample_flags(latency, required) + ["heavy_tail"] * (mean.rests_on_few or seen.rests_on_few)
    if is_little_violated(in_flight=in_flight_mean(blocks), concurrency=concurrency):
        flags.append("little_violated")
    if floor_ns > _FLOOR_SHARE * latency["p50"].value:
        flags.append("below_floor")
    return row, flags


def is_little_violated(*, in_flight: float, concurrency: int) -> bool:
    """Say whether rate times latency (calls in flight, on average) differs from the number asked for by over 5 %."""
    return math.isfinite(in_flight) and abs(in_flight / concurrency - 1.0) > _LITTLE_TOLERANCE


def statistics(values_ns: NDArray[np.generic], visits: Sequence[int] = ()) -> tuple[dict[str, Quantile], Mean]:
    """Return every percentile of ``points`` and the mean, each with its interval, in ns."""
    return percentiles(values_ns, PERCENTILES, visits=visits), mean_with_interval(values_ns, visits=visits)


def time_columns(stem: str, found: Mapping[str, Quantile], mean: Mean) -> dict[str, float]:
    """Return the columns in ms of percentiles and a mean in ns, each with its interval."""
    row = {
        f"{stem}_mean_ms": mean.value / 1e6,
        f"{stem}_mean_ms_lo": max(0.0, mean.lo / 1e6) if math.isfinite(mean.lo) else math.nan,
        f"{stem}_mean_ms_hi": mean.hi / 1e6,
    }
    for name, quantile in found.items():
        row |= {
            f"{stem}_{name}_ms": quantile.value / 1e6,
            f"{stem}_{name}_ms_lo": quantile.lo / 1e6,
            f"{stem}_{name}_ms_hi": quantile.hi / 1e6,
        }
    return row


def wait_columns(stem: str, values_ns: NDArray[np.generic]) -> dict[str, float]:
    """Return the columns in ms of a wait in ns, of the requests in order: mean, p50 and p99 with their intervals."""
    wanted = {name: PERCENTILES[name] for name in ("p50", "p99")}
    if not values_ns.shape[0]:
        return {f"{stem}_{name}_ms": math.nan for name in ("mean", *wanted)}
    return time_columns(stem, percentiles(values_ns, wanted), mean_with_interval(values_ns))


def _sample_flags(found: Mapping[str, Quantile], required: Sequence[str]) -> list[str]:
    seen = {found[name].flag for name in required}
    return [flag for flag in (TOO_FEW_SAMPLES, UPPER_UNBOUNDED) if flag in seen]
