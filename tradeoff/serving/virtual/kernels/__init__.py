"""The virtual clock's inner loops, in the part of Python that numba compiles.

`open_path` is the recursion for requests that come whatever happens, `closed_path` for clients who come back, both
where everybody finds a place; `event_path` is the machine of `tradeoff.serving.batching` for everything else.
`run_point` serves a system and summarises it.

All times are in ms. Paths stop at a size whose times have not been drawn yet, return it, and go on from there when they
are called again. What a batch costs is
looked up as `tradeoff.serving.costs.Table.ms` says, in place, wherever it is needed: handing arrays to a function of
its own counts their references up and down, inlined or not, and cost 45 ns a batch where all the rest takes 5 to 10.
"""

from __future__ import annotations

from tradeoff.serving.virtual.kernels.closed_loop import closed_path
from tradeoff.serving.virtual.kernels.events import event_path, event_state
from tradeoff.serving.virtual.kernels.heap import pop, push
from tradeoff.serving.virtual.kernels.layout import (
    AROUND,
    BLOCKS,
    CLOSED,
    DISPATCH,
    DONE,
    EVENTS,
    FREE,
    HOST,
    MARKS,
    MODEL,
    OPEN,
    P50,
    P90,
    P95,
    P99,
    P999,
    ROUNDING,
    SEEN,
    WHOLE,
)
from tradeoff.serving.virtual.kernels.open_loop import open_path
from tradeoff.serving.virtual.kernels.order import (
    NOTED,
    PLACES,
    gather,
    gather_and_note,
    pick,
    pick_all,
    place_of,
    rank_of,
    slots_of,
    sum_of,
    tally,
)
from tradeoff.serving.virtual.kernels.points import run_point
from tradeoff.serving.virtual.kernels.seen import (
    count_over,
    counted_window,
    rank_around,
    rank_batches,
    rank_values,
    rank_waits,
    rejected_inside,
    span,
    split_around,
    summarise,
    window,
)

__all__ = [
    "AROUND",
    "BLOCKS",
    "CLOSED",
    "DISPATCH",
    "DONE",
    "EVENTS",
    "FREE",
    "HOST",
    "MARKS",
    "MODEL",
    "NOTED",
    "OPEN",
    "P50",
    "P90",
    "P95",
    "P99",
    "P999",
    "PLACES",
    "ROUNDING",
    "SEEN",
    "WHOLE",
    "closed_path",
    "count_over",
    "counted_window",
    "event_path",
    "event_state",
    "gather",
    "gather_and_note",
    "open_path",
    "pick",
    "pick_all",
    "place_of",
    "pop",
    "push",
    "rank_around",
    "rank_batches",
    "rank_of",
    "rank_values",
    "rank_waits",
    "rejected_inside",
    "run_point",
    "slots_of",
    "span",
    "split_around",
    "sum_of",
    "summarise",
    "tally",
    "window",
]
