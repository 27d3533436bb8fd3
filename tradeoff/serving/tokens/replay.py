"""What `serve_tokens` served, once more under the virtual clock, with the recorded times of its iterations."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from tradeoff.serving.costs import Table
from tradeoff.serving.virtual import engine
from tradeoff.serving.virtual.grid import columns_of

_STAMPS = ("dispatched_ns", "first_token_ns", "done_ns")


def replayed_tokens(point: pd.Series, requests: pd.DataFrame, steps: pd.DataFrame) -> dict[str, object]:
    """Serve one point again, and say whether every request was admitted, begun and answered at the same nanosecond.

    Requests that had not been admitted when the loop ended are not served again: who waits behind others does not
    change what becomes of them.
    """
    requests = requests[requests["dispatched_ns"].notna()].sort_values(["scheduled_ns", "seq"], kind="stable")
    steps = steps.sort_values("batch_id")
    n, memory = len(requests), point["memory_tokens"]
    prompt, output = (requests[f"{name}_tokens"].to_numpy(dtype=np.int64) for name in ("prompt", "output"))
    took = (steps["done_ns"] - steps["dispatched_ns"]).to_numpy(dtype=float)
    recorded = np.where(steps["status"] == "error", -took, took)
    arrivals, admitted, first, done = (np.full(n, np.nan) for _ in range(4))
    totals = np.zeros(4)
    # Times come from the record alone: the tables of what steps cost are never read.
    nothing = Table.empty(np.zeros(1), 1, 1, None)
    engine.loops(len(steps)).token_path(
        requests["scheduled_ns"].to_numpy(dtype=float), 0, 0, prompt, output, int(point["batch_size"]),
        int((prompt + output).sum()) if pd.isna(memory) else int(memory), int(point["max_prefill_tokens"]),
        columns_of(nothing), columns_of(nothing), np.zeros(1), False, recorded, arrivals, admitted, first, done, totals,
        np.empty((0, 5)),
    )  # fmt: skip
    differences = []
    for name, again in zip(_STAMPS, (admitted, first, done), strict=True):
        expected = requests[name].to_numpy(dtype=float, na_value=np.nan)
        # Where only one of them knows of it, it is as far away as can be.
        apart = np.where(np.isnan(again) != np.isnan(expected), math.inf, np.abs(again - expected))
        differences.append(float(np.nanmax(apart, initial=0.0)))
    # An iteration too many or too few.
    same = not any(differences) and int(totals[0] + totals[1]) == len(steps)
    return {"requests": n, "batches": len(steps), "same": same, "largest_difference_ns": max(differences)}
