"""From what a loop over iterations recorded to rows of ``samples`` and of ``points``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.frames import PERCENTILES, make_samples
from tradeoff.serving.real.record import times_of
from tradeoff.serving.systems import System
from tradeoff.serving.tokens.loop import Iteration, TokenRecord
from tradeoff.serving.tokens.record import Tokens, row_of, samples_of, statistics

SOURCE = "tradeoff.serve_tokens"


def tokens_of(record: TokenRecord) -> Tokens:
    """Return what happened to each request that was admitted, as arrays."""
    requests, iterations = record.requests, record.iterations

    def column(name: str) -> NDArray[np.float64]:
        values = [getattr(request, name) for request in requests]
        return np.array([math.nan if value is None else value for value in values], dtype=np.float64)

    def whole(name: str) -> NDArray[np.int64]:
        return np.array([getattr(request, name) for request in requests], dtype=np.int64)

    steps = [iteration for iteration in iterations if iteration.step == "decode"]
    totals = np.array([
        len(steps), len(iterations) - len(steps), sum(iteration.done - iteration.start for iteration in iterations),
        sum(iteration.requests for iteration in steps),
    ], dtype=np.float64)  # fmt: skip
    failed = np.array([request.error is not None or request.done is None for request in requests], dtype=np.bool_)
    return Tokens(
        whole("prompt"), whole("output"), column("arrival"), column("admitted"), column("first"), column("done"),
        totals, whole("number"), failed,
    )  # fmt: skip


def requests_of(record: TokenRecord, system: System, identity: str) -> pd.DataFrame:
    """Return a row for each request that was admitted.

    ``model`` is what the device took for the iterations from its admission to its last token, those for others among
    them; ``overhead`` what the loop took between them.
    """
    tokens = tokens_of(record)
    frame = samples_of(tokens, system, identity, 0)
    starts, done, handed, model = (
        np.array([getattr(iteration, name) for iteration in record.iterations], dtype=np.int64)
        for name in ("start", "done", "handed", "model")
    )
    ended = frame["done_ns"].notna().to_numpy()
    last = np.searchsorted(done, frame["done_ns"].fillna(0).to_numpy(dtype=np.int64))[ended]
    first = np.searchsorted(starts, frame["dispatched_ns"].to_numpy(dtype=np.int64))
    frame["device_start_ns"] = frame["submitted_ns"] = pd.array(handed[first], dtype="Int64")
    taken = np.concatenate([[0], np.cumsum(model)])
    frame.loc[ended, "device_end_ns"] = handed[last] + model[last]
    frame.loc[ended, "model_ns"] = taken[last + 1] - taken[first[ended]]
    frame["overhead_ns"] = frame["latency_ns"] - frame["queue_wait_ns"] - frame["model_ns"]
    return frame


def steps_of(iterations: Sequence[Iteration], identity: str) -> pd.DataFrame:
    """Return a row for each iteration: rows of no phase, which no statistic of requests counts."""
    names = ("step", "start", "handed", "done", "model", "requests", "prompt_tokens", "error")
    step, start, handed, done, model, requests, prompt, error = (
        np.array([getattr(iteration, name) for iteration in iterations]) for name in names
    )
    failed = np.array([said is not None for said in error], dtype=np.bool_)
    return make_samples(
        {
            "point_id": identity,
            "replicate": 0,
            "batch_id": np.arange(len(step)),
            "step": step,
            "submitted_ns": handed,
            "dispatched_ns": start,
            "done_ns": done,
            "model_ns": model,
            "batch_size": requests,
            "prompt_tokens": prompt,
            "output_tokens": np.where(failed, 0, requests),
            "status": np.where(failed, "error", "ok"),
        }
    )


def served_row(record: TokenRecord, requests: pd.DataFrame, system: System) -> dict[str, Any]:
    """Return the columns of ``points`` that say what was seen; `requests` are those of `requests_of`."""
    errors = [iteration.error for iteration in record.iterations if iteration.error]
    late = np.array([one.handed - one.start for one in record.iterations], dtype=float) / 1e6
    extra: dict[str, Any] = {"n_in_system": record.left}
    if len(late):
        extra |= {f"wakeup_{name}_ms": float(np.quantile(late, p)) for name, p in (("p50", 0.5), ("p99", 0.99))}
    tokens = tokens_of(record)
    if not tokens.answered.any():
        why = f"no request was served: {errors[0]}" if errors else "no request was served"
        failed = {"n": 0, "n_errors": len(record.requests), "n_rejected": 0, "flags": []}
        return extra | failed | {"status": "failed", "reason": why}
    row = row_of(system, [tokens]) | extra
    span = (record.iterations[-1].done - record.iterations[0].start) / 1e9
    row |= {"calls_per_s": len(record.iterations) / span, **statistics("itl", _between(tokens, record), PERCENTILES)}
    done = requests[(requests["phase"] == "measure") & (requests["status"] == "ok")]
    if row["status"] == "saturated" or not len(done):
        return row
    return row | times_of(done, row)


def _between(tokens: Tokens, record: TokenRecord) -> NDArray[np.float64]:
    """Return the times between tokens that follow each other in one answer, in ms; of requests that count."""
    given = np.array([one.done for one in record.iterations if one.step == "decode" and one.error is None])
    chosen = tokens.measured(is_finite=False) & tokens.answered & (tokens.output > 1)
    gaps = [np.empty(0)]
    for first, output in zip(tokens.first[chosen], tokens.output[chosen], strict=True):
        at = np.searchsorted(given, first, side="right")
        gaps.append(np.diff(np.concatenate([[first], given[at : at + output - 1]])))
    return np.concatenate(gaps) / 1e6
