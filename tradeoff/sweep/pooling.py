"""One row of what several processes measured, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tradeoff.frames import PERCENTILES
from tradeoff.limits import Limits, pct_of_limit
from tradeoff.stats.replicates import pooled_percentiles
from tradeoff.stats.student import t_quantile
from tradeoff.timing import Measurement
from tradeoff.timing.breakdown import breakdown
from tradeoff.timing.host_row import HOST_COLUMNS

_GRAVEST_FIRST = ("partial", "unstable", "throttled", "budget", "converged")
_NS_A_MS = 1e6


def pool(measured: Sequence[Measurement]) -> Measurement:
    """Make one measurement of those of several processes.

    Percentiles are those of all calls together, with an interval that holds the differences between the processes
    (see `tradeoff.stats.replicates`). Throughput is that of all calls in all of their time, which is the mean of the
    processes' by their times, with Student's interval over them. What became of the machine's cores is a plain mean,
    the rest a median. A process that failed makes the point fail, and says so.

    Parameters
    ----------
    measured
        One measurement for each process, in order; at least one.
    """
    samples = _together([each.samples for each in measured])
    is_finished = all(each.is_finished for each in measured)
    failed = next((place for place, each in enumerate(measured) if each.point["status"] in ("failed", "oom")), None)
    if failed is not None:
        row = dict(measured[failed].point)
        if len(measured) > 1:
            row["reason"] = f"in process {failed + 1} of {len(measured)}: {row['reason']}"
        return Measurement({**row, "replicates": len(measured)}, samples)
    if len(measured) == 1:
        return Measurement({**measured[0].point, "replicates": 1}, samples, is_finished=is_finished)
    rows = [each.point for each in measured]
    row = {name: _middle([each.get(name) for each in rows]) for name in rows[0]}
    row |= {name: int(sum(_numbers(rows, name))) for name in ("n", "n_errors", "n_rejected", "n_start_up")}
    row |= {name: math.fsum(_numbers(rows, name)) for name in ("duration_s", "time_scale_s")}
    # Their median would hide the one process that met a busy machine.
    row |= {name: math.fsum(_numbers(rows, name)) / len(rows) for name in HOST_COLUMNS if all(name in r for r in rows)}
    row["peak_memory_bytes"] = max((int(peak) for peak in _known_of(rows, "peak_memory_bytes")), default=None)
    row |= _throughput(rows)
    counts = (samples["phase"] == "measure") & (samples["status"] == "ok")
    kept = {name: values[counts] for name, values in samples.items()}
    row |= _percentiles("latency", kept) | _percentiles("model", kept)
    targets = {name: float(row[f"latency_{name}_ms"]) for name in ("mean", *PERCENTILES)}  # type: ignore[arg-type]
    row |= breakdown(kept, targets)
    statuses = [str(each["status"]) for each in rows]
    gravest = min(range(len(rows)), key=lambda place: _GRAVEST_FIRST.index(statuses[place]))
    reason = f"in process {gravest + 1} of {len(rows)}: {rows[gravest]['reason']}"
    row |= {"status": statuses[gravest], "reason": reason, "replicates": len(rows)}
    row["flags"] = list(dict.fromkeys(flag for each in rows for flag in each["flags"]))  # type: ignore[attr-defined]
    return Measurement(row, samples, is_finished=is_finished)


def priced(measured: Measurement, price_per_hour: float | None) -> Measurement:
    """Add what a million requests cost at this throughput, when a price is stated."""
    rate = measured.point.get("throughput_rps")
    if price_per_hour is None or not isinstance(rate, float) or not rate > 0:
        return measured
    return replace(measured, point={**measured.point, "cost_per_million": price_per_hour / 3600 / rate * 1e6})


def placed(measured: Measurement, *, dtype: str, limits: Limits | None) -> Measurement:
    """Add the share of the device's limit that was reached, where the limits and the call's work are known."""
    point = measured.point
    share = pct_of_limit(
        flops=_known(point.get("flops")),
        bytes=_known(point.get("bytes")),
        calls_per_s=_known(point.get("calls_per_s")),
        dtype=dtype,
        limits=limits,
    )
    return measured if math.isnan(share) else replace(measured, point={**point, "pct_of_limit": share})


def _known(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not math.isnan(value) else None


def _together(parts: Sequence[Mapping[str, NDArray]]) -> dict[str, NDArray]:  # type: ignore[type-arg]
    parts = [
        {**part, "replicate": np.full(len(part["seq"]), number, dtype=np.int64)}
        for number, part in enumerate(parts)
        if part
    ]
    if not parts:
        return {}
    names = dict.fromkeys(name for part in parts for name in part)
    return {
        name: np.concatenate([part.get(name, np.full(len(part["seq"]), None, dtype=object)) for part in parts])
        for name in names
    }


def _percentiles(stem: str, kept: Mapping[str, NDArray]) -> dict[str, float]:  # type: ignore[type-arg]
    values, replicate = kept[f"{stem}_ns"], kept["replicate"]
    series = [values[replicate == number] for number in np.unique(replicate)]
    row = {f"{stem}_mean_ms": float(values.mean()) / _NS_A_MS}
    means = [float(each.mean()) / _NS_A_MS for each in series]
    half = _student_half(means)
    row |= {f"{stem}_mean_ms_lo": max(0.0, row[f"{stem}_mean_ms"] - half)}
    row |= {f"{stem}_mean_ms_hi": row[f"{stem}_mean_ms"] + half}
    for name, found in pooled_percentiles(series, PERCENTILES).items():
        row |= {
            f"{stem}_{name}_ms": found.value / _NS_A_MS,
            f"{stem}_{name}_ms_lo": found.lo / _NS_A_MS,
            f"{stem}_{name}_ms_hi": found.hi / _NS_A_MS,
        }
    return row


def _throughput(rows: Sequence[Mapping[str, object]]) -> dict[str, float]:
    rates, upper = _numbers(rows, "throughput_rps"), _numbers(rows, "throughput_rps_hi")
    times = np.array(_numbers(rows, "duration_s"))
    weights = times / times.sum()
    mean = float(weights @ rates)
    # A mean by weights is known as well as a plain one of 1 / sum(weights^2) processes.
    fewer = math.sqrt(len(rows) * float(weights @ weights))
    within = max(high - rate for rate, high in zip(rates, upper, strict=True))
    half = fewer * max(_student_half(rates), within / math.sqrt(len(rates)))
    calls = float(weights @ _numbers(rows, "calls_per_s"))
    return {
        "throughput_rps": mean,
        "throughput_rps_lo": max(0.0, mean - half),
        "throughput_rps_hi": mean + half,
        "calls_per_s": calls,
    }


def _known_of(rows: Sequence[Mapping[str, object]], name: str) -> list[float]:
    return [known for row in rows if (known := _known(row.get(name))) is not None]


def _numbers(rows: Sequence[Mapping[str, object]], name: str) -> list[float]:
    return [float(row[name]) for row in rows]  # type: ignore[arg-type]


def _student_half(values: Sequence[float]) -> float:
    k = len(values)
    return t_quantile(0.975, k - 1) * float(np.std(values, ddof=1)) / math.sqrt(k)


def _middle(values: Sequence[object]) -> object:
    numbers = [float(value) for value in values if isinstance(value, int | float | np.number)]
    if len(numbers) < len(values):
        return values[0]
    known = [number for number in numbers if not math.isnan(number)]
    return float(np.median(known)) if known else math.nan
