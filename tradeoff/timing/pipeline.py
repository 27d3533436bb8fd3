"""Mode ``pipelined``: a chunk of calls enqueued behind a gate, timed by the device alone.

The device is held at a gate until the host has enqueued the whole chunk, so no launch is inside a time.
What is left of a call is the interval between its two events; there is no latency on the host to speak
of, and the frames say ``latency_basis="device"``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Any

import numpy as np

from tradeoff.timing.block import Block, make_block
from tradeoff.timing.device import DeviceAdapter
from tradeoff.timing.failure import is_out_of_memory
from tradeoff.timing.floor import floor_of
from tradeoff.timing.host import collection_held_off
from tradeoff.timing.launch import probe_launch
from tradeoff.timing.raised import RaisedLog

CHUNK = 32
"""Calls behind one gate: few enough for the queue of a stream, which holds about a thousand commands."""

_FIRST_GATE_NS = 2_000_000
_LONGEST_GATE_NS = 50_000_000


@dataclass(frozen=True)
class _Chunk:
    """Calls behind one gate: when each began and ended, what it raised, and the types of what they returned."""

    times: list[tuple[int, int]]
    failures: list[Exception | None]
    types: set[type]


class PipelineRunner:
    """Times chunks of calls on one stream with CUDA events.

    Parameters
    ----------
    adapter
        The library's streams and events.
    clock
        The host clock, in nanoseconds.
    before
        Enqueued before each call, to flush a cache; outside its interval and cut out of the time line.
    """

    model_clock = "cuda_event"

    def __init__(
        self,
        adapter: DeviceAdapter,
        *,
        clock: Callable[[], int] = perf_counter_ns,
        before: Callable[[], object] | None = None,
    ) -> None:
        self._adapter = adapter
        self._clock = clock
        self._before = before
        self._stream = adapter.stream()
        self._events = [(adapter.event(), adapter.event()) for _ in range(CHUNK)]
        self._gate_ns = _FIRST_GATE_NS
        self.chunks = 0
        self.late_chunks = 0

    def run(self, calls: Sequence[Callable[[], object]], *, max_calls: int | None, duration_ns: int) -> Block:
        """Enqueue chunk after chunk until the time or the calls have run out (see `Runner.run`).

        Raises
        ------
        ValueError
            When there is more than one call: a pipeline has one stream.
        """
        if len(calls) != 1:
            raise ValueError(f"a pipeline has one call, and there are {len(calls)}")
        rows: list[tuple[int, int]] = []
        failed: list[bool] = []
        raised, types = RaisedLog(), set[type]()
        error: BaseException | None = None
        began = self._clock()
        left = max_calls
        try:
            with collection_held_off(), self._adapter.streams_restored():
                self._adapter.synchronize()
                while left is None or left > 0:
                    count = CHUNK if left is None else min(CHUNK, left)
                    chunk = self._chunk(calls[0], count, at_ns=rows[-1][1] if rows else began)
                    for failure in filter(None, chunk.failures):
                        raised.note(failure)
                    rows += chunk.times
                    failed += [failure is not None for failure in chunk.failures]
                    types |= chunk.types
                    left = None if left is None else left - count
                    if self._clock() - began >= duration_ns:
                        break
        except KeyboardInterrupt:
            raise
        except BaseException as ended:  # MemoryError, a CUDA error: kept, with the calls until then
            error = ended
        table = np.array(rows, dtype=np.int64).reshape(-1, 2)
        span = int(table[-1, 1] - table[0, 0]) if rows else 0
        return make_block(
            slot=np.zeros(len(rows), dtype=np.int64),
            submitted_ns=table[:, 0],
            done_ns=table[:, 1],
            concurrency=1,
            error=error,
            cut_ns=max(0, self._clock() - began - span),
            failed=np.array(failed, dtype=np.bool_),
            raised=raised.found(),
            types=frozenset(types),
        )

    def floor_ns(self) -> tuple[float, float]:
        """Cost of timing a call that launches nothing: median and 99th percentile."""
        return floor_of(self.run, calls=4 * CHUNK)

    def flags(self, call: Callable[[], object]) -> list[str]:
        """``sync_inside`` when the call waits, ``host_bound`` when no gate outlasted a tenth of the chunks."""
        found = probe_launch(self._adapter, call, clock=self._clock).flags
        if "sync_inside" in found:
            return ["sync_inside"]
        return ["host_bound"] if self.late_chunks > 0.1 * max(1, self.chunks) else []

    def close(self) -> None:
        """Let go of the events."""
        self._events.clear()

    def _chunk(self, call: Callable[[], object], count: int, *, at_ns: int) -> _Chunk:
        adapter, stream = self._adapter, self._stream
        adapter.use(stream)
        while True:
            began = self._clock()
            failures: list[Exception | None] = []
            types: set[type] = set()
            adapter.spin(self._gate_ns)
            for start, stop in self._events[:count]:
                if self._before is not None:
                    self._before()
                adapter.record(start, stream)
                try:
                    types.add(type(call()))
                    failures.append(None)
                except Exception as error:
                    if is_out_of_memory(error):
                        raise
                    failures.append(error)
                adapter.record(stop, stream)
            submit_ns = self._clock() - began
            while not adapter.is_done(self._events[count - 1][1]):
                pass
            self.chunks += 1
            gate_ns, self._gate_ns = self._gate_ns, min(_LONGEST_GATE_NS, max(_FIRST_GATE_NS, 2 * submit_ns))
            if submit_ns <= gate_ns:
                break
            if gate_ns >= _LONGEST_GATE_NS:
                self.late_chunks += 1
                break  # no gate is long enough: kept, and flagged
        return _Chunk(self._placed(self._events[:count], at_ns=at_ns), failures, types)

    def _placed(self, events: Sequence[tuple[Any, Any]], *, at_ns: int) -> list[tuple[int, int]]:
        """Put the intervals on the time line, the gate and the flushes cut out."""
        elapsed = self._adapter.elapsed_ms
        rows = []
        for place, (start, stop) in enumerate(events):
            gap_ns = 0
            if place and self._before is None:
                gap_ns = max(0, round(elapsed(events[place - 1][1], start) * 1e6))
            start_ns = at_ns + gap_ns
            at_ns = start_ns + max(1, round(elapsed(start, stop) * 1e6))
            rows.append((start_ns, at_ns))
        return rows
