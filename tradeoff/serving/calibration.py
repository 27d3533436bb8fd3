"""What was served for real against the simulator, fed with that run's own service times."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.arguments import ArgumentError
from tradeoff.frames import Run
from tradeoff.serving.costs import MeasuredCosts
from tradeoff.serving.real.record import SOURCE
from tradeoff.serving.real.replay import policy_of
from tradeoff.serving.simulated import with_interval
from tradeoff.serving.virtual import engine
from tradeoff.serving.virtual.grid import Point, Shared
from tradeoff.serving.virtual.kernels import SEEN

TOLERANCES = {"p50": 0.05, "p99": 0.10}
"""Relative differences that count as agreement."""

_DEPENDENT = 0.2
"""Correlation of one batch's time with the next from which times are not independent draws."""

Numbers = NDArray[np.float64]


def compare_with_simulation(run: Run, *, draws: int = 20, seed: int = 0) -> pd.DataFrame:
    """Simulate every point of a Run of `tradeoff.serve`, with its arrivals and with service times drawn from its own.

    The policy and the arrivals are the same; what differs is the order of the service times, which are drawn
    independently. Where the two disagree, batches were not independent of each other.

    Parameters
    ----------
    run
        Of `tradeoff.serve`, open loop, with samples.
    draws
        Simulations of each point, from which the intervals come.
    seed
        Of the draws.

    Returns
    -------
    pandas.DataFrame
        A row for each point: what it is, ``utilisation``, and for p50 and p99 ``measured_*`` and ``simulated_*`` in ms
        with their ends, ``difference_*_pct``, ``agrees_*`` (None where the measured interval lacks an end);
        ``correlation`` of a batch's time with the next of its size; ``why`` says what may explain a difference.

    Raises
    ------
    ArgumentError
        When the Run holds no point that can be compared.
    """
    points = run.points[(run.points["source"] == SOURCE) & run.points["latency_p50_ms"].notna()]
    points = points[points["load"] != "closed"]
    if not len(points):
        raise ArgumentError(
            "run holds nothing to compare: it takes open-loop points of tradeoff.serve, within their capacity, with "
            "samples"
        )
    samples = {identity: run.samples_of(identity, phase=None) for identity in points["point_id"]}
    batches = {identity: _batches(rows) for identity, rows in samples.items()}
    rows = []
    for _, point in points.iterrows():
        identity = point["point_id"]
        if not len(samples[identity]):
            raise ArgumentError("run holds no samples: their service times are what is drawn from")
        # Times of other points are those of another load: the machine may have been faster or slower then.
        costs = MeasuredCosts({1: _times(batches[identity])}, pad=True, told_apart=False)
        rows.append(_row(point, samples[identity], batches[identity], costs, draws, seed))
    return pd.DataFrame(rows)


def _batches(samples: pd.DataFrame) -> pd.DataFrame:
    rows = samples.dropna(subset=["batch_id"]).drop_duplicates("batch_id").sort_values("batch_id")
    taken = (rows["done_ns"] - rows["dispatched_ns"]).to_numpy(dtype=float) / 1e6
    return pd.DataFrame({"size": rows["batch_size"].to_numpy(dtype=int), "ms": taken})


def _times(batches: pd.DataFrame) -> dict[int, Any]:
    sizes, times = batches["size"].to_numpy(), batches["ms"].to_numpy()
    return {int(size): times[sizes == size] for size in np.unique(sizes)}


def _row(
    point: pd.Series, samples: pd.DataFrame, batches: pd.DataFrame, costs: MeasuredCosts, draws: int, seed: int
) -> dict[str, Any]:
    policy = policy_of(point)
    ordered = samples.sort_values(["scheduled_ns", "seq"], kind="stable")
    arrivals = ordered["scheduled_ns"].to_numpy(dtype=float) / 1e6
    # A policy may form larger batches with other times than it did: they cost what the largest cost.
    largest = policy.max_batch_size
    held = dict(costs.times_ms[1])
    held.setdefault(largest, held[max(held)])
    table = MeasuredCosts({1: held}, pad=True, told_apart=False).table(largest, 1)
    simulated = Point(
        policy=policy, scale=1.0, n=len(arrivals), warm_up=int((ordered["phase"] == "warmup").sum()),
        tail=int((ordered["phase"] == "drain").sum()),
    )  # fmt: skip
    seen = []
    for draw in range(draws):
        uniforms = np.random.default_rng([seed, draw, 2]).random(len(arrivals))
        shared = Shared(arrivals, uniforms, np.zeros((1, largest + 1)), table)
        seen.append(engine.see([simulated], shared)[0][0])
    row: dict[str, Any] = {
        name: point[name]
        for name in ("point_id", "workload", "load", "request_rate_rps", "batch_size", "max_wait_ms", "workers")
    }
    row |= {"utilisation": point["utilisation"], "correlation": _correlation(batches)}
    for name, tolerance in TOLERANCES.items():
        row |= _compared(name, tolerance, point, np.array([one[SEEN.index(f"latency_{name}")] for one in seen]))
    row["why"] = _why(row)
    return row


def _compared(name: str, tolerance: float, point: pd.Series, simulated: Numbers) -> dict[str, Any]:
    measured, low, high = (float(point[f"latency_{name}_ms{end}"]) for end in ("", "_lo", "_hi"))
    found = with_interval(f"simulated_{name}_ms", simulated)
    value = found[f"simulated_{name}_ms"]
    difference = value - measured
    # The draws share their arrivals: their spread is that of one run, not of the mean of all.
    spread = 1.96 * float(simulated.std(ddof=1)) if len(simulated) > 1 else 0.0
    side = (high - measured) if difference > 0 else (measured - low)
    agrees: bool | None = abs(difference) <= tolerance * measured
    if not agrees:  # without an end of the interval it cannot be told
        agrees = abs(difference) <= math.hypot(side, spread) if math.isfinite(side) else None
    return {
        f"measured_{name}_ms": measured,
        f"measured_{name}_ms_lo": low,
        f"measured_{name}_ms_hi": high,
        **found,
        f"difference_{name}_pct": 100.0 * difference / measured,
        f"agrees_{name}": agrees if math.isfinite(measured) else None,
    }


def _correlation(batches: pd.DataFrame) -> float:
    """Correlate each batch's time, less the mean of its size, with the next's."""
    rest = (batches["ms"] - batches.groupby("size")["ms"].transform("mean")).to_numpy()
    if len(rest) < 10 or not rest[:-1].std() or not rest[1:].std():
        return math.nan
    return float(np.corrcoef(rest[:-1], rest[1:])[0, 1])


def _why(row: dict[str, Any]) -> str:
    if row["agrees_p50"] is not False and row["agrees_p99"] is not False:
        return ""
    reasons = []
    if row["correlation"] > _DEPENDENT:
        reasons.append(
            f"slow batches come in a row (correlation {row['correlation']:.2f}): drawn one by one they hurt less"
        )
    if row["workers"] > 1:
        reasons.append("workers slow each other down, and their times are drawn as if they did not")
    if row["utilisation"] > 0.8:
        reasons.append(f"at {100 * row['utilisation']:.0f} % load a little more or less service time is much more wait")
    return "; ".join(reasons) or "not explained by what was recorded"
