"""What is not stated, or not there at all."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tradeoff.audit.findings import ERROR, INFO, WARNING, Found, found
from tradeoff.audit.rows import FINITE_LOADS, OPEN_LOADS, Rows
from tradeoff.audit.words import choice, listed, text
from tradeoff.frames import PERCENTILES

_PERCENTILES = tuple(f"{stem}_{name}_ms" for stem in ("latency", "ttft", "tpot", "itl") for name in PERCENTILES)


def measured(rows: Rows) -> Iterator[Found]:
    """Find rows that hold no number."""
    failed = rows.is_unmeasured
    out_of_memory = rows.is_one_of("status", ("oom",))
    reason = text(rows.said("reason"), " (%s)")
    # One size that does not fit is part of the answer; that nothing could be measured at all is not.
    all_failed = bool(failed.all()) and rows.length > 0
    yield found(
        out_of_memory,
        ERROR if all_failed else INFO,
        "It did not fit into memory%s: it holds no number to plan with.",
        reason,
    )
    yield found(
        failed & ~out_of_memory,
        ERROR,
        "It failed%s: it holds no number to plan with.",
        reason,
    )
    yield found(
        ~failed & ~rows.holds_numbers & ~rows.is_one_of("status", ("saturated",)),
        WARNING,
        "It holds neither a throughput nor a latency: there is nothing in it to plan with.",
    )


def unstated(rows: Rows) -> Iterator[Found]:
    """Find what is missing for a number to be planned against."""
    is_device, there = rows.is_device, rows.holds_numbers & ~rows.is_unmeasured
    has_clients = rows.is_given("concurrency")
    open_stated = rows.is_given("request_rate_rps") | rows.is_one_of("load", FINITE_LOADS)
    model_stated = (rows.is_one_of("load", ("closed",)) | is_device) & has_clients
    model_stated |= rows.is_one_of("load", OPEN_LOADS) & open_stated
    gaps = {
        "how requests came (open or closed loop, and the rate or the number of clients)": ~model_stated,
        "from when latency counts": ~rows.is_given("latency_basis") & rows.has_any(_PERCENTILES),
        "the batching policy": ~(rows.is_given("batch_size") & (is_device | rows.is_given("max_wait_ms"))),
        "the hardware": ~rows.is_given("device"),
    }
    # Without the first two nobody can tell what the number is; without the others, where else it holds.
    decisive = np.any([*gaps.values()][:2], axis=0)
    yield found(
        there & np.any([*gaps.values()], axis=0),
        np.where(decisive, WARNING, INFO),
        "It does not state %s: nobody can tell %s. State what is missing beside the number before planning with it.",
        listed(gaps),
        choice(decisive, "where else the number holds", "what the number is"),
        observed=np.sum([*gaps.values()], axis=0).astype(np.float64),
        expected=0.0,
    )
    yield found(
        there & (rows.number("n") > 0) & ~np.isnan(rows.number("throughput_rps")) & ~rows.is_given("duration_s"),
        INFO,
        "It does not state for how long it was measured: whether n and the throughput are of one window cannot be "
        "checked.",
    )
