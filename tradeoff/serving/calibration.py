"""What was served for real against the simulator, fed with that run's own service times."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.arguments import ArgumentError
from tradeoff.digits import counted
from tradeoff.frames import Run
from tradeoff.serving.costs import MeasuredCosts
from tradeoff.serving.policy import Policy
from tradeoff.serving.real.record import SOURCE
from tradeoff.serving.real.replay import policy_of
from tradeoff.serving.simulated import with_interval
from tradeoff.serving.virtual import engine
from tradeoff.serving.virtual.grid import Point, Shared
from tradeoff.serving.virtual.kernels import SEEN

TOLERANCES = {"p50": 0.05, "p99": 0.10}
"""Relative differences that count as agreement."""

_ENOUGH = 30
"""Batches of a size, with as many under way, whose times can be drawn from."""

_THINKS = ("", "exponential think time")
_DEPENDENT = 0.2
"""Correlation of one batch's time with the next from which times are not independent draws."""

Numbers = NDArray[np.float64]


def compare_with_simulation(run: Run, *, draws: int = 20, seed: int = 0) -> pd.DataFrame:
    """Simulate every point of a Run of `tradeoff.serve`, with its arrivals and with service times drawn from its own.

    The policy is the same, and so are the arrivals of an open loop; what differs is the order of the service times,
    which are drawn independently, for as many batches under way as there were. Where the two disagree, batches were not
    independent of each other. Clients of a closed loop think again as they were told to; with a think time of a
    function they cannot, and such points are left out.

    Parameters
    ----------
    run
        Of `tradeoff.serve`, with samples.
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
    points = _comparable(run.points)
    samples = {identity: run.samples_of(identity, phase=None) for identity in points["point_id"]}
    batches = {identity: _batches(rows) for identity, rows in samples.items()}
    rows = []
    for _, point in points.iterrows():
        identity = point["point_id"]
        if not len(samples[identity]):
            raise ArgumentError("run holds no samples: their service times are what is drawn from")
        rows.append(_row(point, samples[identity], batches[identity], draws, seed))
    return pd.DataFrame(rows)


def _comparable(points: pd.DataFrame) -> pd.DataFrame:
    """Return the points that can be compared; say what all lack where there is none."""
    if not len(points):
        raise ArgumentError("run holds nothing to compare: it has no points; it takes a Run of tradeoff.serve")
    thinks = (points["load"] != "closed") | points["load_detail"].fillna("").isin(_THINKS)
    needs = (
        ("not of tradeoff.serve", points["source"] == SOURCE),
        ("beyond their capacity or failed: without a p50", points["latency_p50_ms"].notna()),
        ("with a think time of a function, which is not kept", thinks),
    )
    left, lost = points, []
    for lack, holds in needs:
        kept = left[holds[left.index].to_numpy(dtype=bool, na_value=False)]
        lost += [f"{len(left) - len(kept)} {lack}"] if len(kept) < len(left) else []
        left = kept
    if not len(left):
        raise ArgumentError(f"run holds nothing to compare: of its {counted(len(points), 'point')} {', '.join(lost)}")
    return left


def _batches(samples: pd.DataFrame) -> pd.DataFrame:
    rows = samples.dropna(subset=["batch_id", "done_ns"]).drop_duplicates("batch_id").sort_values("batch_id")
    taken = (rows["done_ns"] - rows["dispatched_ns"]).to_numpy(dtype=float) / 1e6
    return pd.DataFrame(
        {
            "size": rows["batch_size"].to_numpy(dtype=int),
            "in_flight": rows["in_flight"].fillna(1).to_numpy(dtype=int),
            "ms": taken,
        }
    )


def _costs(batches: pd.DataFrame, policy: Policy) -> MeasuredCosts:
    """Return the times of one point's batches: those of others are of another load, and the machine may differ.

    Numbers under way are told apart where there are batches enough of a size; a size that did not come costs what the
    next larger one that came costs, or the largest.
    """
    sizes, under_way, ms = (batches[name].to_numpy() for name in ("size", "in_flight", "ms"))
    levels: dict[int, dict[int, Any]] = {}
    for level in range(1, policy.workers + 1):
        times = {}
        for size in np.unique(sizes):
            own = ms[(sizes == size) & (under_way == level)]
            times[int(size)] = own if len(own) >= _ENOUGH else ms[sizes == size]
        times.setdefault(policy.max_batch_size, times[max(times)])
        levels[level] = times
    return MeasuredCosts(levels, pad=True)


def _row(point: pd.Series, samples: pd.DataFrame, batches: pd.DataFrame, draws: int, seed: int) -> dict[str, Any]:
    policy = policy_of(point)
    ordered = samples.sort_values(["scheduled_ns", "seq"], kind="stable")
    largest, n, closed = policy.max_batch_size, len(ordered), point["load"] == "closed"
    table = _costs(batches, policy).table(largest, policy.workers)
    simulated = Point(
        policy=policy, scale=float(point["think_ms"]) if closed else 1.0, n=n,
        clients=int(point["concurrency"]) if closed else 0, warm_up=int((ordered["phase"] == "warmup").sum()),
        tail=int((ordered["phase"] == "drain").sum()),
    )  # fmt: skip
    arrivals = ordered["scheduled_ns"].to_numpy(dtype=float) / 1e6
    seen = []
    for draw in range(draws):
        thinks, luck = (np.random.default_rng([seed, draw, what]) for what in (0, 2))
        unit = arrivals
        if closed:
            constant = pd.isna(point["load_detail"])
            unit = np.ones(n) if constant else thinks.standard_exponential(n)
        shared = Shared(unit, luck.random(n), np.zeros((1, largest + 1)), table)
        seen.append(engine.see([simulated], shared).rows[0])
    row: dict[str, Any] = {
        name: point[name]
        for name in (
            "point_id",
            "workload",
            "load",
            "request_rate_rps",
            "concurrency",
            "throughput_rps",
            "batch_size",
            "max_wait_ms",
            "workers",
            "formation",
            "n",
        )
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
        reasons.append("workers slow each other down while both are under way, not only as it was at dispatch")
    if row["utilisation"] > 0.8:
        reasons.append(f"at {100 * row['utilisation']:.0f} % load a little more or less service time is much more wait")
    return "; ".join(reasons) or "not explained by what was recorded"
