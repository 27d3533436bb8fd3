"""From what a loop over iterations recorded to rows of ``samples`` and of ``points``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.frames import make_samples
from tradeoff.serving.real.disturbances import labels_of
from tradeoff.serving.real.record import times_of
from tradeoff.serving.systems import System
from tradeoff.serving.tokens.loop import TokenRecord
from tradeoff.serving.tokens.record import Tokens, row_of, samples_of
from tradeoff.timing.summary import statistics, time_columns

SOURCE = "tradeoff.serve_tokens"


def tokens_of(record: TokenRecord) -> Tokens:
    """Return what happened to each request that came, as arrays."""
    requests = record.requests

    def column(name: str) -> NDArray[np.float64]:
        values = [getattr(request, name) for request in requests]
        return np.array([math.nan if value is None else value for value in values], dtype=np.float64)

    def whole(name: str) -> NDArray[np.int64]:
        return np.array([getattr(request, name) for request in requests], dtype=np.int64)

    status = np.array(["unfinished" if one.done is None else "error" if one.error else "ok" for one in requests])
    return Tokens(
        whole("prompt"), whole("output"), column("arrival"), column("admitted"), column("first"), column("done"),
        _counted(record), whole("number"), status,
    )  # fmt: skip


def _counted(record: TokenRecord) -> NDArray[np.float64]:
    """Return what there was until each iteration began, and until it ended; see `Tokens.counted`."""
    iterations = record.iterations
    steps = np.array([one.step == "decode" for one in iterations], dtype=np.float64)
    took = np.array([one.done - one.start for one in iterations], dtype=np.float64)
    gave = np.array([one.requests if one.step == "decode" and one.error is None else 0 for one in iterations])
    until = np.cumsum(np.stack([steps, 1.0 - steps, took, gave], axis=1).reshape(-1, 4), axis=0)
    before = np.vstack([np.zeros((1, 4)), until])[:-1]
    when = np.array([[one.start, one.done] for one in iterations], dtype=np.float64).reshape(-1, 1)
    totals = np.stack([before, until], axis=1).reshape(-1, 4)
    return np.vstack([np.zeros(5), np.hstack([when, totals])])


def requests_of(record: TokenRecord, system: System, identity: str, *, until: int | None = None) -> pd.DataFrame:
    """Return a row for each request that came.

    ``model`` is what the device took for the iterations from its admission to its last token, those for others among
    them; ``overhead`` what the loop took between them. An iteration's label is that of all who were in.
    """
    frame = samples_of(tokens_of(record), system, identity, 0, until=until)
    starts, done, handed, model, preempted = (
        np.array([getattr(iteration, name) for iteration in record.iterations], dtype=np.int64)
        for name in ("start", "done", "handed", "model", "preempted")
    )
    begun, ended = (frame[name].notna().to_numpy() for name in ("dispatched_ns", "done_ns"))
    first = np.searchsorted(starts, frame["dispatched_ns"][begun].to_numpy(dtype=np.int64))
    frame.loc[begun, "device_start_ns"] = frame.loc[begun, "submitted_ns"] = handed[first]
    first, last = first[ended[begun]], np.searchsorted(done, frame["done_ns"][ended].to_numpy(dtype=np.int64))
    taken, lost = (np.concatenate([[0], np.cumsum(each)]) for each in (model, preempted))
    frame.loc[ended, "device_end_ns"] = handed[last] + model[last]
    frame.loc[ended, "model_ns"] = taken[last + 1] - taken[first]
    frame.loc[ended, "label"] = labels_of(starts[first], done[last], record.pauses, lost[last + 1] > lost[first])
    frame["overhead_ns"] = frame["latency_ns"] - frame["queue_wait_ns"] - frame["model_ns"]
    return frame


def steps_of(record: TokenRecord, identity: str) -> pd.DataFrame:
    """Return a row for each iteration: rows of no phase, which no statistic of requests counts."""
    names = ("step", "start", "handed", "done", "model", "requests", "prompt_tokens", "error", "preempted")
    step, start, handed, done, model, requests, prompt, error, preempted = (
        np.array([getattr(iteration, name) for iteration in record.iterations]) for name in names
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
            "label": labels_of(start, done, record.pauses, preempted),
        }
    )


def served_row(
    record: TokenRecord, requests: pd.DataFrame, system: System, *, until: int | None = None
) -> dict[str, Any]:
    """Return the columns of ``points`` that say what was seen; `requests` are those of `requests_of`."""
    tokens = tokens_of(record)
    window, _ = tokens.window(system, until=until)
    inside = [one for one in record.iterations if window.start <= one.start <= window.end]
    late = np.array([one.handed - one.start for one in inside], dtype=float) / 1e6
    extra: dict[str, Any] = {"n_in_system": int(tokens.are("unfinished").sum())}
    if len(late):
        extra |= {f"wakeup_{name}_ms": float(np.quantile(late, p)) for name, p in (("p50", 0.5), ("p99", 0.99))}
    measured = (requests["phase"] == "measure").to_numpy(dtype=bool)
    done = requests[measured & (requests["status"] == "ok").to_numpy(dtype=bool)]
    if not len(done):
        failed = int((measured & (requests["status"] == "error").to_numpy(dtype=bool)).sum())
        nothing = {"n": 0, "n_errors": failed, "n_rejected": 0, "flags": []}
        return extra | nothing | {"status": "failed", "reason": _why_nobody(record)}
    row = row_of(system, [tokens], until=until) | extra
    counted = set(done["seq"])
    chosen = np.array([number in counted for number in (tokens.numbers if tokens.numbers is not None else ())])
    gaps = _between(tokens, record, chosen & (tokens.output > 1))
    row |= time_columns("itl", *statistics(gaps)) | {"n_itl": len(gaps)}
    return row if row["status"] == "saturated" else row | times_of(done, row)


def _why_nobody(record: TokenRecord) -> str:
    errors = [iteration.error for iteration in record.iterations if iteration.error]
    if errors:
        return f"no request was served: {errors[0]}"
    return "no request was served" if record.requests else "no request came in time: ask for more of them, or longer"


def _between(tokens: Tokens, record: TokenRecord, chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the times between tokens that follow each other in the answers to some requests, in ns.

    They come in the order of the later tokens: those of one iteration, which are alike, follow each other.
    """
    given = np.array([one.done for one in record.iterations if one.step == "decode" and one.error is None])
    gaps, until = [np.empty(0)], [np.empty(0)]
    for first, output in zip(tokens.first[chosen], tokens.output[chosen], strict=True):
        at = np.searchsorted(given, first, side="right")
        times = np.concatenate([[first], given[at : at + output - 1]])
        gaps.append(np.diff(times))
        until.append(times[1:])
    return np.concatenate(gaps)[np.argsort(np.concatenate(until), kind="stable")]
