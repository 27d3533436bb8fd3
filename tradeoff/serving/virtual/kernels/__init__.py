"""The virtual clock's inner loops, in the part of Python that numba compiles.

`open_path` is the recursion for requests that come whatever happens, `closed_path` for clients who come back, both
where everybody finds a place; `event_path` is the machine of `tradeoff.serving.batching` for everything else.
`run_points` serves many systems and summarises each.

All times are in ms. Paths stop at a size whose times have not been drawn yet, and return it. What a batch costs is
looked up as `tradeoff.serving.costs.Table.ms` says, in place, wherever it is needed: handing arrays to a function of
its own counts their references up and down, inlined or not, and cost 45 ns a batch where all the rest takes 5 to 10.
"""

from __future__ import annotations

from tradeoff.serving.virtual.kernels.closed_loop import closed_path
from tradeoff.serving.virtual.kernels.events import event_path
from tradeoff.serving.virtual.kernels.heap import pop, push
from tradeoff.serving.virtual.kernels.layout import (
    AROUND,
    CLOSED,
    DISPATCH,
    DONE,
    EVENTS,
    FREE,
    HOST,
    MODEL,
    OPEN,
    P50,
    P90,
    P95,
    P99,
    P999,
    ROUNDING,
    SEEN,
)
from tradeoff.serving.virtual.kernels.open_loop import open_path
from tradeoff.serving.virtual.kernels.order import order_statistics, pick, rank_of
from tradeoff.serving.virtual.kernels.points import run_points
from tradeoff.serving.virtual.kernels.seen import rejected_inside, span, summarise, summarise_parts, window

__all__ = [
    "AROUND",
    "CLOSED",
    "DISPATCH",
    "DONE",
    "EVENTS",
    "FREE",
    "HOST",
    "MODEL",
    "OPEN",
    "P50",
    "P90",
    "P95",
    "P99",
    "P999",
    "ROUNDING",
    "SEEN",
    "closed_path",
    "event_path",
    "open_path",
    "order_statistics",
    "pick",
    "pop",
    "push",
    "rank_of",
    "rejected_inside",
    "run_points",
    "span",
    "summarise",
    "summarise_parts",
    "window",
]
