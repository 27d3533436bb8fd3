"""``tradeoff.replay``: serve what was served for real once more, under the virtual clock."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from tradeoff.frames import Run
from tradeoff.serving.path import serve_path
from tradeoff.serving.policy import Policy
from tradeoff.serving.real.record import SOURCE
from tradeoff.serving.tokens.replay import replayed_tokens
from tradeoff.serving.tokens.served import SOURCE as TOKENS

_NS = 1e6
_NEVER = 2.0**62
"""What a batch takes that did not end, in ns."""


def replay(run: Run) -> pd.DataFrame:
    """Serve every point of a Run of `serve` or `serve_tokens` again under the virtual clock, as it was recorded.

    A check of the measurement and of the simulator at once. With its own arrivals and costs, the same requests of
    `serve` must leave in the same batches at the same moments. With its own arrivals, tokens, and times of iterations,
    the same requests of `serve_tokens` must be admitted, have their first token, and have their last, at the same
    moments.

    Parameters
    ----------
    run
        With samples.

    Returns
    -------
    pandas.DataFrame
        A row for each point to which requests came: ``point_id``, ``requests``, ``batches`` (of `serve_tokens`:
        iterations), ``same`` (whether all was at the same nanosecond, and the same requests were rejected),
        ``largest_difference_ns``.

    Raises
    ------
    ValueError
        When no point was served for real, or there are no samples.
    """
    served = run.points[run.points["source"].isin((SOURCE, TOKENS))]
    if not len(served):
        raise ValueError(f"run holds no point of {SOURCE} or {TOKENS}: there is nothing to replay")
    rows = []
    for _, point in served.iterrows():
        identity = str(point["point_id"])
        samples = run.samples_of(identity, phase=None)
        if not len(samples):
            continue
        if point["source"] == TOKENS:
            again = replayed_tokens(point, samples, run.steps_of(identity))
        else:
            again = _replayed(policy_of(point), samples)
        rows.append({"point_id": identity, **again})
    if not rows:
        raise ValueError("run holds no samples: replaying needs every request")
    return pd.DataFrame(rows)


def policy_of(point: pd.Series) -> Policy:
    """Return the policy that a row of ``points`` declares."""
    limit = point["queue_limit"]
    return Policy(
        max_batch_size=int(point["batch_size"]),
        max_wait_ms=float(point["max_wait_ms"]),
        workers=int(point["workers"]),
        queue_limit=None if pd.isna(limit) else int(limit),
        formation=point["formation"],
    )


def _replayed(policy: Policy, samples: pd.DataFrame) -> dict[str, object]:
    samples = samples.sort_values(["scheduled_ns", "seq"], kind="stable")
    batches = samples.dropna(subset=["batch_id"]).drop_duplicates("batch_id").sort_values("batch_id")
    times = (batches["done_ns"] - batches["dispatched_ns"]).fillna(_NEVER).astype(float)
    taken = dict(zip(batches["batch_id"].astype(int), times, strict=True))

    def cost(size: int, in_flight: int, number: int) -> float:
        del size, in_flight
        return taken.get(number, _NEVER)

    # In whole nanoseconds, which a float holds exactly: the policy's wait is in ms, so is the unit it is given in.
    in_ns = Policy(
        max_batch_size=policy.max_batch_size,
        max_wait_ms=policy.max_wait_ms if math.isinf(policy.max_wait_ms) else round(policy.max_wait_ms * _NS),
        workers=policy.workers,
        queue_limit=policy.queue_limit,
        formation=policy.formation,
    )
    arrivals = samples["scheduled_ns"].to_numpy(dtype=float)
    path = serve_path(arrivals, in_ns, cost)
    expected = samples["dispatched_ns"].to_numpy(dtype=float, na_value=np.nan)
    again = np.full(len(samples), np.nan)
    again[path.request] = path.dispatch_ms[path.batch]
    # Who was waiting at the end may have left later than all others, or never.
    waiting = ((samples["status"] == "unfinished") & samples["dispatched_ns"].isna()).to_numpy()
    later = again[waiting] >= np.nanmax(expected, initial=0.0)
    again[waiting] = np.where(later, np.nan, again[waiting])
    difference = np.abs(again - expected)
    same = np.array_equal(np.isnan(again), np.isnan(expected)) and not np.nansum(difference)
    return {
        "requests": len(samples),
        "batches": len(batches),
        "same": bool(same),
        "largest_difference_ns": float(np.nanmax(difference, initial=0.0)),
    }
