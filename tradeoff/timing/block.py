"""A block: what one uninterrupted stretch of calls gave."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tradeoff.timing.host_load import HostLoad
from tradeoff.timing.raised import Raised

Nanoseconds = NDArray[np.int64]


@dataclass(frozen=True)
class Block:
    """The calls of one uninterrupted stretch, an entry a call, in order of submission.

    All times are int64 nanoseconds on one time line, that of ``time.perf_counter_ns``.

    Attributes
    ----------
    slot
        Which of the calls in flight it was: 0 ... k-1. Each slot has one call in flight at a time.
    submitted_ns
        Just before the launch call.
    device_start_ns, device_end_ns
        The device's own interval. On a synchronous backend the host's: equal to submitted and done.
    done_ns
        When completion was observed.
    window_ns
        Start and end of the time in which every slot had a call in flight; empty (end <= start) when there was none.
    counts_from_ns
        Calls submitted from then on count: from the window's start, or from the first submission on where no slot had
        finished a call before the last one began. Calls longer than a block would not count otherwise, but for one.
    error
        What ended the block early: memory that ran out, a device that failed, ``sys.exit``; None when all went well.
    cut_ns
        Time cut out of the time line between calls, for flushing a cache or waiting behind a gate: what calls wait
        for in a measurement only is in no window, but it has to be paid.
    launched_ns
        When the launch call had returned; None where that is when the call is done.
    failed
        The calls that raised: their times are those until then.
    raised
        What they raised.
    types
        The types of what the others returned.
    preempted
        Which calls waited for a core for a good part of their time; None where nobody looked.
    load
        What became of the machine's cores meanwhile; None where nobody looked.
    """

    slot: NDArray[np.int64]
    submitted_ns: Nanoseconds
    device_start_ns: Nanoseconds
    device_end_ns: Nanoseconds
    done_ns: Nanoseconds
    window_ns: tuple[int, int]
    error: BaseException | None = None
    cut_ns: int = 0
    launched_ns: Nanoseconds | None = None
    failed: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    raised: tuple[Raised, ...] = ()
    types: frozenset[type] = frozenset()
    preempted: NDArray[np.bool_] | None = None
    load: HostLoad | None = None
    counts_from_ns: int | None = None

    def __post_init__(self) -> None:
        """Let no call have failed where nothing is said of it, and all of the window count."""
        if self.counts_from_ns is None:
            object.__setattr__(self, "counts_from_ns", self.window_ns[0])
        if self.failed.shape != self.slot.shape:
            object.__setattr__(self, "failed", np.zeros(self.slot.shape, dtype=np.bool_))

    def __len__(self) -> int:
        return int(self.slot.shape[0])

    @property
    def served(self) -> int:
        """Calls that returned something."""
        return len(self) - int(self.failed.sum())

    @property
    def elapsed_ns(self) -> int:
        """From the first submission to the last completion, with what was cut out."""
        return int(self.done_ns.max() - self.submitted_ns.min()) + self.cut_ns if len(self) else 0

    @property
    def has_preempted(self) -> bool:
        """Whether some call is known to have waited for a core."""
        return self.preempted is not None and bool(self.preempted.any())

    def starting_at(self, ns: int) -> Block:
        """Return the block with nothing counted that was submitted before `ns`."""
        start, end = self.window_ns
        return replace(self, window_ns=(max(start, min(ns, end)), end), counts_from_ns=max(self._from_ns, ns))

    @property
    def in_window(self) -> NDArray[np.bool_]:
        """The calls that count: submitted in the window, or just before it where there was no ramp-up.

        Chosen by their start: to ask that they also end inside would drop the long ones more often than the short.
        """
        return np.equal(self.place, 0)

    @property
    def place(self) -> NDArray[np.int8]:
        """Where each call lies: before those that count (-1), among them (0), or after them (1)."""
        start, end = self.window_ns
        if end <= start:
            return np.ones(len(self), dtype=np.int8)
        return (self.submitted_ns >= end).astype(np.int8) - (self.submitted_ns < self._from_ns).astype(np.int8)

    @property
    def _from_ns(self) -> int:
        assert self.counts_from_ns is not None  # noqa: S101  # filled in when it was made
        return self.counts_from_ns


def make_block(
    *,
    slot: NDArray[np.int64],
    submitted_ns: Nanoseconds,
    done_ns: Nanoseconds,
    device_start_ns: Nanoseconds | None = None,
    device_end_ns: Nanoseconds | None = None,
    concurrency: int,
    deadline_ns: int | None = None,
    error: BaseException | None = None,
    cut_ns: int = 0,
    launched_ns: Nanoseconds | None = None,
    failed: NDArray[np.bool_] | None = None,
    raised: tuple[Raised, ...] = (),
    types: frozenset[type] = frozenset(),
    preempted: NDArray[np.bool_] | None = None,
) -> Block:
    """Put calls in order of submission and find the window in which all slots had one in flight.

    The window starts when the last slot has submitted its first call. It ends with the first call that crossed the
    deadline or, when calls ran out before, with the first slot that had no more: no call is submitted between the
    deadline and then, and calls longer than a block are in it whole.
    """
    order = np.lexsort((slot, submitted_ns))
    device_start_ns = submitted_ns if device_start_ns is None else device_start_ns
    device_end_ns = done_ns if device_end_ns is None else device_end_ns
    window, counts_from = (0, 0), 0
    counts = np.bincount(slot, minlength=concurrency) if slot.size else np.zeros(concurrency, dtype=np.int64)
    if counts.min() > 0:
        firsts = [int(submitted_ns[slot == which].min()) for which in range(concurrency)]
        start = max(firsts)
        window = (start, max(start, min(_end_of(done_ns[slot == which], deadline_ns) for which in range(concurrency))))
        counts_from = start if bool((done_ns < start).any()) else min(firsts)
    return Block(
        slot=slot[order],
        submitted_ns=submitted_ns[order],
        device_start_ns=device_start_ns[order],
        device_end_ns=device_end_ns[order],
        done_ns=done_ns[order],
        window_ns=window,
        counts_from_ns=counts_from,
        error=error,
        cut_ns=cut_ns,
        launched_ns=None if launched_ns is None else launched_ns[order],
        failed=np.zeros(slot.shape, dtype=np.bool_) if failed is None else failed[order],
        raised=raised,
        types=types,
        preempted=None if preempted is None else preempted[order],
    )


def _end_of(done_ns: Nanoseconds, deadline_ns: int | None) -> int:
    """Return when a slot's call that crossed the deadline was done; the end of its last one when none did."""
    crossed = done_ns[done_ns >= deadline_ns] if deadline_ns is not None else done_ns[:0]
    return int(crossed.min() if crossed.size else done_ns.max())
