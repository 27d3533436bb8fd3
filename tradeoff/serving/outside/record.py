"""From what became of requests to a server outside to rows of ``samples`` and of ``points``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from tradeoff.digits import counted, three, whole
from tradeoff.frames import STAGES, make_samples
from tradeoff.serving.known import how_known
from tradeoff.serving.outside.caller import Asked, Caller
from tradeoff.serving.outside.generator import BOUND, why_bound
from tradeoff.serving.real.disturbances import labels_of
from tradeoff.serving.real.record import throughput_of, times_of
from tradeoff.serving.systems import System
from tradeoff.serving.window import WHOLE_RUN, Window, ends_of, growing_window, window_of

_BEHIND, _CHANCE = 0.05, 4.0
"""Share of the requests due in the second half that remain unanswered from which on the server does not keep up, and
standard deviations of their number that may be chance."""


def samples_of(caller: Caller, point_id: str) -> pd.DataFrame:
    """Return a row for each request, in the order in which they were due; of no phase until `row_of` knows which."""
    table = pd.DataFrame(caller.rows, columns=list(Asked._fields)).astype({"number": "int64"})
    labels = labels_of(table["due"], table["done"], caller.pauses, [False] * len(table))
    table["label"] = pd.Series(labels, dtype=object).where(table["status"] == "ok", None)
    sent = [(number, due, sent) for number, (due, sent) in caller.under_way.items()]
    others = (
        pd.DataFrame(rows, columns=["number", "due", "sent"][: len(rows[0])]).assign(status="unfinished")
        for rows in (sent, caller.not_sent)
        if rows
    )
    table = pd.concat([table, *others], ignore_index=True)
    table = table.sort_values(["due", "number"], kind="stable", ignore_index=True)
    due = table["due"].to_numpy(dtype=float)
    # Requests that were given up were not served: how long that took is not a latency.
    latency = (table["done"] - table["due"]).where(table["status"] == "ok").to_numpy(dtype=float)
    # What a server does inside is not known: there is one part.
    parts = {f"{stage}_ns": latency if stage == "overhead" else latency * 0.0 for stage in STAGES}
    return make_samples(
        {
            "seq": table["number"].to_numpy(),
            "scheduled_ns": due,
            "submitted_ns": table["sent"].to_numpy(dtype=float),
            "done_ns": table["done"].to_numpy(dtype=float),
            "status": table["status"].to_numpy(),
            "label": table["label"].to_numpy(),
            **parts,
            "latency_ns": latency,
            "point_id": point_id,
            "replicate": 0,
        }
    )


def window_and_growth(samples: pd.DataFrame, system: System, until: int | None) -> tuple[Window, bool]:
    """Return the window of a run, and whether answers fell behind for as long as it was asked.

    Parameters
    ----------
    samples
        As of `samples_of`.
    system
        Who asked.
    until
        When requests ceased to be due, in ns; None where they did with the last of them.
    """
    due, ended, served = ends_of(samples)
    if system.load is not None and not system.is_finite and len(due):
        growing = growing_window(due, until=until)
        if served.any() and _falls_behind(samples, growing.end):
            return growing, True
    found = window_of(due, ended, served, until=until, clients=system.clients, is_finite=system.is_finite)
    return found, False


def row_of(
    samples: pd.DataFrame, caller: Caller, system: System, window: Window, *, grows: bool, timeout_s: float,
    is_short: bool = False, cores: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:  # fmt: skip
    """Return the columns of ``points`` that say what was seen in a window; see `window_and_growth`.

    Parameters
    ----------
    is_short
        Whether the number of requests ended the run.
    cores
        Columns about the machine's cores.
    """
    measured = samples[samples["phase"] == "measure"]
    count = measured["status"].value_counts()
    done = measured[measured["status"] == "ok"]
    refused, timeouts = int(count.get("rejected", 0)), int(count.get("timeout", 0))
    row: dict[str, Any] = {
        "n": len(done),
        "n_errors": int(count.get("error", 0)) + timeouts,
        "n_rejected": refused,
        "rejection_rate": refused / len(measured) if len(measured) else math.nan,
        "n_in_system": int((samples["status"] == "unfinished").sum()),
        "duration_s": window.duration_s,
        **throughput_of(done, window),
        "status": "budget",
        "flags": [WHOLE_RUN] if window.is_whole and not system.is_finite else [],
        **cores,
    }
    sent = measured[measured["status"] != "rejected"].dropna(subset=["submitted_ns"])
    late = (sent["submitted_ns"] - sent["scheduled_ns"]).to_numpy(dtype=float) / 1e6
    if len(late):
        row |= {f"wakeup_{name}_ms": float(np.quantile(late, p)) for name, p in (("p50", 0.5), ("p99", 0.99))}
    if row["n_errors"]:
        failed, said = counted(row["n_errors"], "request"), f": {caller.error}" if caller.error else ""
        row["reason"] = f"{failed} failed, {timeouts} of them timed out (timeout_s={timeout_s:g}){said}"
    if not len(done):
        return row | {"status": "failed", "reason": row.get("reason", _why_nobody(samples, caller, refused))}
    times = times_of(done, row)
    for name in [name for name in times if name.startswith(("model_", "queue_wait_", "batch_wait_"))]:
        del times[name]
    bound = why_bound(row, float(done["latency_ns"].median()) / 1e6)
    if bound:
        times["flags"] = [*times["flags"], BOUND]
    if not grows:
        parts = [row.get("reason"), bound, how_known(row | times, is_short=is_short)]
        return row | times | {"reason": "; ".join(filter(None, parts))}
    row["status"] = "saturated"
    came = f"requests were due at {three(system.request_rate_rps)}/s and answered at {three(row['throughput_rps'])}/s"
    if refused and not caller.not_sent:
        row["reason"] = f"{came}: the rest is rejected, and percentiles are those of requests that were answered"
        return row | times
    why = _fell_behind(caller) if caller.not_sent else "they pile up, or take half as long as all of this"
    row["reason"] = "; ".join(filter(None, [f"{came}: {why}; no percentile has a value", bound]))
    return row | {"flags": [name for name in times["flags"] if name == BOUND]}


def _why_nobody(samples: pd.DataFrame, caller: Caller, refused: int) -> str:
    """Say why no request was answered."""
    if caller.not_sent:
        return f"no request was answered: {_fell_behind(caller)}"
    if refused:
        return f"no request was answered: {counted(refused, 'request')} found too many under way (max_in_flight)"
    if len(samples):
        return "no request was answered before it ended"
    return "no request was due in the time: ask for more of them, or for longer"


def _fell_behind(caller: Caller) -> str:
    return f"this generator fell behind, and never sent {whole(len(caller.not_sent))}"


def _falls_behind(samples: pd.DataFrame, until: int) -> bool:
    """Say whether, in the second half of the time, fewer requests were answered than were due.

    Errors aside; requests that timed out too, unless that is what becomes of most: then they are those that pile up.
    """
    due = samples[samples["scheduled_ns"].between(until // 2, until) & (samples["status"] != "error")]
    timed_out = int((due["status"] == "timeout").sum())
    expected = len(due) if 2 * timed_out > len(due) else len(due) - timed_out
    answered = samples[(samples["status"] == "ok") & samples["done_ns"].between(until // 2, until)]
    return expected - len(answered) > max(_BEHIND * expected, _CHANCE * math.sqrt(expected))
