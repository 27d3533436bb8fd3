"""A scripted runner and a scripted device: measurement without hardware, the same on every machine."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tradeoff.timing.block import Block, make_block
from tradeoff.timing.host_counters import HostReading
from tradeoff.timing.raised import RaisedLog

DurationOf = Callable[[int, int], int]
"""Slot and how many calls it has made before → how long the next one takes, in nanoseconds."""


@dataclass
class ScriptedClock:
    """A clock that moves only when told to.

    Attributes
    ----------
    now_ns
        The time.
    tick_ns
        How far reading the clock moves it: a loop that polls must not stand still.
    """

    now_ns: int = 0
    tick_ns: int = 0

    def __call__(self) -> int:
        """Read the clock."""
        self.now_ns += self.tick_ns
        return self.now_ns

    def advance(self, by_ns: int) -> None:
        """Let time pass."""
        self.now_ns += by_ns


@dataclass
class FakeRunner:
    """Runs calls in scripted time: slots are independent servers, each call takes what the script says.

    Attributes
    ----------
    duration_ns
        How long each call takes.
    model_share
        The part of it that is the device's; the rest is overhead, half before and half after.
    gap_ns
        Time a slot loses between two calls.
    floor
        What `floor_ns` answers.
    """

    duration_ns: DurationOf
    model_share: float = 1.0
    gap_ns: int = 0
    floor: tuple[float, float] = (0.0, 0.0)
    model_clock: str = "host"
    now_ns: int = 0
    runs: int = 0
    _made: dict[int, int] = field(default_factory=dict)

    def run(self, calls: Sequence[Callable[[], object]], *, max_calls: int | None, duration_ns: int) -> Block:
        """Run calls in the order in which they would start, until all slots have crossed the deadline."""
        k = len(calls)
        self.runs += 1
        deadline = self.now_ns + duration_ns
        quota = None if max_calls is None else max(1, max_calls // k)
        ready = [(self.now_ns, slot) for slot in range(k)]
        rows: list[tuple[int, int, int, bool]] = []
        raised, types = RaisedLog(), set[type]()
        here = [0] * k
        fatal: BaseException | None = None
        crossing: dict[int, int] = {}
        while ready:
            start, slot = heapq.heappop(ready)
            if len(crossing) == k and start >= max(crossing.values()):
                continue
            failed = False
            try:
                types.add(type(calls[slot]()))
            except KeyboardInterrupt:
                raise
            except Exception as error:  # as the real runners do
                failed = True
                try:
                    raised.note(error)
                except Exception as out_of_memory:
                    fatal = out_of_memory
                    break
            except BaseException as error:
                fatal = error
                break
            before = self._made.get(slot, 0)
            self._made[slot] = before + 1
            here[slot] += 1
            end = start + self.duration_ns(slot, before)
            rows.append((slot, start, end, failed))
            out_of_calls = quota is not None and here[slot] >= quota
            if (end >= deadline or out_of_calls) and slot not in crossing:
                crossing[slot] = end
            if not out_of_calls:
                heapq.heappush(ready, (end + self.gap_ns, slot))
        table = np.array(rows, dtype=np.int64).reshape(-1, 4)
        if rows:
            self.now_ns = int(table[:, 2].max()) + self.gap_ns
        half_of_rest = ((table[:, 2] - table[:, 1]) * (1.0 - self.model_share) / 2.0).astype(np.int64)
        return make_block(
            slot=table[:, 0],
            submitted_ns=table[:, 1],
            device_start_ns=table[:, 1] + half_of_rest,
            device_end_ns=table[:, 2] - half_of_rest,
            done_ns=table[:, 2],
            concurrency=k,
            deadline_ns=deadline,
            error=fatal,
            failed=table[:, 3].astype(np.bool_),
            raised=raised.found(),
            types=frozenset(types),
        )

    def floor_ns(self) -> tuple[float, float]:
        """Answer `floor`."""
        return self.floor

    def flags(self, call: Callable[[], object]) -> list[str]:
        """None."""
        del call
        return []

    def close(self) -> None:
        """Nothing to let go of."""


Cores = Mapping[str, float]
"""What cores do in a stretch, in cores: ``own``, ``foreign``, ``steal``, ``wait``, ``throttled``, ``pressure``."""


@dataclass
class FakeHost:
    """A machine with scripted cores behind the `HostCounters` protocol: what is left over is idle.

    Attributes
    ----------
    runner
        Whose time passes.
    does
        The number of the stretch (every second reading ends one) → what the cores do in it; what is NaN is unknown.
    cores
        How many there are.
    tick_s
        Steps in which idle time and steal are counted, core by core, each core with a phase of its own.
    """

    runner: FakeRunner
    does: Callable[[int], Cores]
    cores: int = 2
    tick_s: float = 0.0
    _read: int = 0
    _last_ns: int = 0
    _sums: dict[str, float] = field(default_factory=dict)

    def read(self) -> HostReading:
        """Read: what has passed since the last reading counts as the script says."""
        passed_s = (self.runner.now_ns - self._last_ns) * 1e-9
        self._last_ns = self.runner.now_ns
        does = self.does(self._read // 2)
        self._read += 1
        idle = self.cores - sum(does.get(name, 0.0) for name in ("own", "foreign", "steal"))
        for name, cores in {**dict.fromkeys(_COUNTED, 0.0), **does, "idle": idle, "counted": self.cores}.items():
            self._sums[name] = self._sums.get(name, 0.0) + cores * passed_s
        counts = {f"{name}_s": self._sums[name] for name in (*_COUNTED, "idle", "counted")}
        for name in ("idle_s", "steal_s") if self.tick_s else ():
            counts[name] = sum(self._counted(counts[name] / self.cores, core) for core in range(self.cores))
        counts["free_s"] = counts["idle_s"]
        return HostReading(at_ns=self.runner.now_ns, cores=self.cores, involuntary=0.0, **counts)

    def _counted(self, seconds: float, core: int) -> float:
        """Return what a core counts of its seconds: whole steps."""
        phase = core * 0.618 % 1.0
        return math.floor(seconds / self.tick_s + phase) * self.tick_s

    def close(self) -> None:
        """Nothing to let go of."""


_COUNTED = ("own", "steal", "wait", "throttled", "pressure")


@dataclass
class FakeEvent:
    """An event: the device's time at which it is reached, None before it is recorded."""

    at_ns: int | None = None


@dataclass
class FakeStream:
    """A stream: the device's time at which its last work ends."""

    busy_until_ns: int = 0


class FakeDevice:
    """A scripted device behind the `DeviceAdapter` protocol: streams run side by side, work takes what is enqueued.

    Parameters
    ----------
    clock
        The host clock; polling moves it by `poll_ns`.
    poll_ns
        Cost of asking whether an event is done.
    """

    def __init__(self, clock: ScriptedClock, *, poll_ns: int = 500) -> None:
        self.clock = clock
        self.poll_ns = poll_ns
        self.current = FakeStream()
        self.base_stream = FakeStream()
        self.events_made = 0
        self.longest_read_ms = 0.0
        self.failure: Exception | None = None
        self.flushes = self.captures = 0
        self.flush_ns = 50_000
        self.cache_bytes = 50 << 20
        self.free = 100 << 30
        self.peak = 0
        self.pci_bus_id: str | None = None

    def work(self, duration_ns: int) -> None:
        """Enqueue work on the current stream, as a call does."""
        self.current.busy_until_ns = max(self.current.busy_until_ns, self.clock.now_ns) + duration_ns

    def stream(self) -> FakeStream:
        """Make a stream."""
        return FakeStream()

    def event(self) -> FakeEvent:
        """Make an event."""
        self.events_made += 1
        return FakeEvent()

    def use(self, stream: Any) -> None:
        """Make `stream` the current one."""
        self.current = stream

    @contextmanager
    def streams_restored(self) -> Iterator[None]:
        """Put the current stream back on leaving."""
        before = self.current
        try:
            yield
        finally:
            self.current = before

    def record(self, event: Any, stream: Any) -> None:
        """Enqueue `event`: it is reached when the work before it is done."""
        event.at_ns = max(stream.busy_until_ns, self.clock.now_ns)

    def is_done(self, event: Any) -> bool:
        """Say whether the clock has passed the event."""
        self.clock.advance(self.poll_ns)
        if self.failure is not None:
            raise self.failure
        return bool(event.at_ns <= self.clock.now_ns)

    def elapsed_ms(self, start: Any, stop: Any) -> float:
        """Time between two events, in float32 as CUDA gives it."""
        if max(start.at_ns, stop.at_ns) > self.clock.now_ns:
            raise RuntimeError("device not ready: elapsed time of an event that is not done")
        elapsed = float(np.float32((stop.at_ns - start.at_ns) / 1e6))
        self.longest_read_ms = max(self.longest_read_ms, abs(elapsed))
        return elapsed

    def synchronize(self) -> None:
        """Let time pass until the current stream has nothing left to do."""
        self.clock.now_ns = max(self.clock.now_ns, self.current.busy_until_ns)

    def spin(self, duration_ns: int) -> None:
        """Enqueue work of this length."""
        self.work(duration_ns)

    def flush(self) -> None:
        """Enqueue a write that takes `flush_ns`."""
        self.flushes += 1
        self.work(self.flush_ns)

    def capture(self, call: Callable[[], object]) -> Callable[[], object]:
        """Return the call: a script has nothing to capture."""
        self.captures += 1
        return call

    def free_bytes(self) -> int:
        """Answer `free`."""
        return self.free

    def forget_peak(self) -> None:
        """Begin anew."""
        self.peak = 0

    def peak_bytes(self) -> int:
        """Answer `peak`."""
        return self.peak
