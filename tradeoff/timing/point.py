"""One operating point from its first call to its row: visits of cold call, warm-up and blocks, until it is known.

A point is measured in one go, or in several visits with other points in between: moods of the machine that last for
seconds then differ from visit to visit and widen the intervals, where one go would take one mood for all there is.
"""

from __future__ import annotations

import contextlib
import math
import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tradeoff.timing.bench import Bench
from tradeoff.timing.block import make_block
from tradeoff.timing.budget import Budget
from tradeoff.timing.calls import CallMaker
from tradeoff.timing.conditions import Conditions, ConditionsError
from tradeoff.timing.failure import Failure, describe_failure, returned_nothing
from tradeoff.timing.measurement import Measurement
from tradeoff.timing.point_row import measurement_of, or_nan
from tradeoff.timing.raised import in_words, is_storm, persistent
from tradeoff.timing.samples import SampleLog
from tradeoff.timing.settle import Settled, heads, is_settling, left_out, settle, without
from tradeoff.timing.stopping import MIN_MEASURED_NS, StopRule, is_bounded
from tradeoff.timing.telemetry import Reading
from tradeoff.timing.warmup import WarmUp
from tradeoff.workloads.observe import observe
from tradeoff.workloads.own import FirstCall
from tradeoff.workloads.promises import Finished, UnfinishedError, is_promise
from tradeoff.workloads.protocol import Call, Workload, WorkloadError

BLOCK_NS = 200_000_000
"""Longest stretch without a look at the clock, the budget, the device and (between blocks) the garbage collector."""

BURST_NS = 50_000_000
IDLE_S = 0.15
"""A burst is 50 ms of calls after 150 ms of idling: the device is cool, and its clocks are at their peak."""

FEWEST_VISITS = 3
"""Visits before a point that is not measured in one go may have converged."""

VISIT_NS = MIN_MEASURED_NS // FEWEST_VISITS
"""Measured time of each of the first visits."""

AGAIN_NS = 50_000_000
AGAIN_CALLS = 5
"""Warm-up of a further visit: caches and branch predictors come back sooner than clocks and allocators settle."""

_PREPARED_QUICKLY_NS = 500_000_000
"""What takes longer to prepare is measured in one go: to prepare it again would cost more than it tells."""

_HOT_NS = 50_000_000
_SLOWER = 1.02
"""A cold cache must cost 2 % where the data would have fit a hot one, or nobody believes that it was cold."""

_COLD_TRIES = 3
"""A call that raises now and then may do so the first time."""


@dataclass
class Point:
    """Measures one operating point, once."""

    workload: Workload
    batch_size: int
    concurrency: int
    dtype: str
    device: str
    seed: int
    budget: Budget
    conditions: Conditions
    bench: Bench

    def __post_init__(self) -> None:
        """Begin with nothing measured."""
        self.log = SampleLog(
            batch_size=self.batch_size, concurrency=self.concurrency, model_clock=self.bench.runner.model_clock
        )
        self.visits = 0
        self.is_finished = False
        self.floor_ns = (math.nan, math.nan)
        self.maker = CallMaker(
            workload=self.workload,
            batch_size=self.batch_size,
            dtype=self.dtype,
            device=self.device,
            seed=self.seed,
            slots=self.concurrency,
            conditions=self.conditions,
            bench=self.bench,
        )
        self.required = tuple(dict.fromkeys(("p50", "p90", "p95", "p99", *self.budget.tolerances)))
        self.settled = Settled()
        self.departures: tuple[str, ...] = ()
        self.waited: frozenset[str] = frozenset()
        self.types: frozenset[type] = frozenset()
        self.flags: list[str] = []
        self.cold_over_hot = math.nan
        self.peak_bytes: int | None = None
        self.spent_ns = 0
        self._begin()

    def _begin(self) -> None:
        min_ns = max(MIN_MEASURED_NS, int(self.budget.min_seconds * 1e9))
        self.stop = StopRule(self.budget.tolerances, min_measured_ns=min_ns)
        self.readings: list[list[Reading]] = []
        self.measured_ns = 0
        self.measured_calls = 0

    @property
    def is_on_host(self) -> bool:
        """Whether the host's clock is the device's."""
        return self.bench.runner.model_clock == "host"

    @property
    def is_burst(self) -> bool:
        """Whether blocks are short and idle time lies between them."""
        return self.conditions.regime == "burst"

    def measure(self) -> Measurement:
        """Measure in one go, whatever the workload does."""
        return self.visit(self.bench, is_last=True)

    def visit(self, bench: Bench, *, is_last: bool = False, for_ns: int | None = None) -> Measurement:
        """Measure for one visit, whatever the workload does.

        Parameters
        ----------
        bench
            With what, this time.
        is_last
            Whether nobody will come back: the visit goes on until the point is known or its budget is spent.
        for_ns
            Measured time of this visit, where somebody else decides on it; what takes long to prepare is then not
            measured in one go either.

        Returns
        -------
        Measurement
            All that is known of the point so far; its status is ``"partial"`` while visits are to come.
        """
        self.bench = self.maker.bench = bench
        if not self.visits:
            self.floor_ns = bench.runner.floor_ns()
        with contextlib.suppress(Exception):  # a device that is broken already says so to the calls
            bench.peak.begin()
        self.log.visit = self.visits
        self.visits += 1
        failure = self._run(is_last, for_ns)
        self._note_peak()
        self.is_finished = self.is_finished or failure is not None
        return measurement_of(self, failure)

    def _run(self, is_last: bool, for_ns: int | None) -> Failure | None:
        began_ns = time.perf_counter_ns()
        try:
            calls, flags = self.maker.make()
            self.departures = tuple(getattr(self.maker.first, "departures", ()))
            self.flags += [*flags, *(["example_altered"] if self.departures else [])]
            failure = self._cold(calls[0])
            if failure is not None:
                return failure
            calls = self._waiting(self.maker.as_issued(calls))
            slowly = for_ns is None and time.perf_counter_ns() - began_ns > _PREPARED_QUICKLY_NS
            failure = self._warm_up(calls) or self._measure_steady(calls, is_last or slowly, for_ns)
            if failure is None and self.is_finished:
                self._try_once_more(calls[0])
            return failure
        except (KeyboardInterrupt, WorkloadError, ConditionsError):
            raise
        except BaseException as error:  # whatever the user's code raised, or the machine refused, is a finding
            return describe_failure(error, batch_size=self.batch_size)

    def _cold(self, call: Call) -> Failure | None:
        first = getattr(call, "first_call", None)
        if isinstance(first, FirstCall):
            times = (np.array([ns], dtype=np.int64) for ns in (first.submitted_ns, first.done_ns))
            block = make_block(
                slot=np.zeros(1, dtype=np.int64), submitted_ns=next(times), done_ns=next(times), concurrency=1
            )
            self.log.add(block, phase="cold")
            self.waited, self.types = first.waited, frozenset({first.result})
            return returned_nothing() if first.result is type(None) and not first.waited else None
        finished = Finished(call, on_host=self.is_on_host)
        for _ in range(_COLD_TRIES):
            block = self.bench.runner.run([finished], max_calls=1, duration_ns=0)
            self.log.add(block, phase="cold")
            if block.error is not None:
                return describe_failure(block.error, batch_size=self.batch_size)
            self.waited, self.types = frozenset(finished.waited), block.types
            if block.served:
                return returned_nothing() if type(None) in block.types else None
        return Failure("failed", f"raised {block.raised[0]}")

    def _waiting(self, calls: list[Call]) -> list[Call]:
        """Let calls that hand back promises end with their work; the others stay as they are, at no cost."""
        if not self.waited:
            return calls
        if self.conditions.mode == "graph":
            raise ConditionsError(f"mode='graph' cannot wait for {' and '.join(sorted(self.waited))}: use another mode")
        self.flags.append("waited_for")
        return [Finished(call, on_host=self.is_on_host) for call in calls]

    def _odd(self) -> Failure | None:
        """Find results of other types than the first: a promise among them was not waited for."""
        odd = frozenset().union(*(block.types for block in self.log.blocks)) - self.types
        if self.waited or not odd:
            return None
        promised = next((kind for kind in odd if is_promise(kind)), None)
        if promised is not None:
            return Failure(
                "failed", f"some calls returned {promised.__name__}, a promise of work, and the first did not"
            )
        if "output_varies" not in self.flags:
            self.flags.append("output_varies")
        return None

    def _warm_up(self, calls: list[Call]) -> Failure | None:
        is_first = self.visits == 1
        min_ns = 0 if self.is_burst else int(self.budget.warm_up_seconds * 1e9) if is_first else AGAIN_NS
        max_ns = max(min_ns, int(self.budget.seconds * 1e9))
        gate_ns = 0 if self.is_burst else WarmUp.gate_ns
        warm_up = WarmUp(
            min_calls=WarmUp.min_calls if is_first else AGAIN_CALLS,
            min_ns=min_ns,
            max_ns=max_ns,
            gate_ns=gate_ns,
            telemetry=self.bench.telemetry,
        )
        warmed = warm_up.run(self.bench.runner, calls)
        for block in warmed.blocks:
            self.log.add(block, phase="warmup")
            if block.error is not None:
                return describe_failure(block.error, batch_size=self.batch_size)
        if failure := self._storm() or self._odd():
            return failure
        self.flags += [] if warmed.is_complete else ["short_warmup"]
        self.flags += [] if warmed.is_steady or self.is_burst else ["clock_unsettled"]
        return None

    def _measure_steady(self, calls: list[Call], is_last: bool, for_ns: int | None) -> Failure | None:
        """Measure; what was measured in one go and drifted, once more where the budget, stretched, has room for it."""
        own_ns = self._until_ns() if for_ns is None else self.measured_ns + for_ns
        until_ns = None if is_last else own_ns
        failure = self._measure(calls, until_ns)
        if failure is not None:
            return failure
        self.settled = self._settle()
        room_s = self.budget.max_seconds - self.spent_ns / 1e9
        if self.visits == 1 and is_last and self.settled.is_unstable and room_s >= self.budget.min_seconds:
            return self._measure_again(calls)
        if self.is_finished:
            self.log.demote(self.settled.cuts)
        return None

    def _measure_again(self, calls: list[Call]) -> Failure | None:
        """Measure a second time, and forget the first if it was on its way to where the second stayed.

        Otherwise both are kept: to take the quieter of two tries would leave slow spells out.
        """
        tried, before = self.settled, (self.measured_ns, self.measured_calls)
        self.log.visit += 1
        self._begin()
        failure = self._measure(calls, None)
        if failure is not None:
            return failure
        latencies, submitted, starts = self.log.measured()
        second = starts[-1]
        self.settled = settle(latencies[second:], submitted[second:], [0], truncate=not self.is_burst)
        level = float(np.median(latencies[second:]))
        if not self.settled.is_unstable and is_settling(tried, level):
            self.log.demote([second])
            self.log.demote(self.settled.cuts)
            self.settled = left_out(tried, second, self.settled, level)
            return None
        self.measured_ns, self.measured_calls = self.measured_ns + before[0], self.measured_calls + before[1]
        kept, part = (self.settled, "the second try") if self.settled.is_unstable else (tried, "the first try")
        self.settled = replace(kept, cuts=(), part=part)
        return None

    def _until_ns(self) -> int:
        """Say up to which measured time this visit goes."""
        if self.visits <= FEWEST_VISITS:
            return self.measured_ns + VISIT_NS
        budget_ns = int(self.budget.seconds * 1e9)
        return self.measured_ns + max(VISIT_NS, budget_ns // 4, (budget_ns - self.measured_ns) // 2)

    def _measure(self, calls: list[Call], until_ns: int | None) -> Failure | None:
        self.readings.append([])
        self._read()
        block_ns = BURST_NS if self.is_burst else BLOCK_NS
        if until_ns is not None:
            block_ns = min(block_ns, until_ns - self.measured_ns)
        while not self._is_over():
            if until_ns is not None and self.measured_ns >= until_ns:
                return None
            left_ns = max(1, int(self.budget.max_seconds * 1e9) - self.spent_ns)
            if self.is_burst:
                self.bench.sleep(IDLE_S)
            block = self.bench.runner.run(calls, max_calls=None, duration_ns=min(block_ns, left_ns))
            self.log.add(block, phase="measure", label=self._read())
            if block.error is not None:
                return describe_failure(block.error, batch_size=self.batch_size)
            if not len(block):
                return Failure("failed", "the runner gave no call at all: measure again, and report it")
            if failure := self._storm() or self._odd():
                return failure
            self.measured_ns += max(1, block.elapsed_ns)
            self.spent_ns += max(1, block.elapsed_ns)
            self.measured_calls += block.served
            enough_visits = until_ns is None or self.visits >= FEWEST_VISITS
            due = enough_visits and self.stop.is_due(n=self.measured_calls, measured_ns=self.measured_ns)
            if due and self.stop.look(*self._steady()):
                self.is_finished = True
                return None
        self.stop.look(*self._steady())
        self.is_finished = True
        return None

    def _storm(self) -> Failure | None:
        """Give up when most calls raise."""
        calls = self.log.calls
        if not is_storm(raised=sum(kind.count for kind in self.log.raised), calls=calls):
            return None
        return Failure("failed", f"{in_words(self.log.raised, calls=calls)}: most of them, and it was given up")

    def _settle(self) -> Settled:
        return settle(*self.log.measured(), truncate=not self.is_burst)

    def _steady(self) -> tuple[NDArray[np.int64], list[int]]:
        latencies, _, starts = self.log.measured()
        if self.is_burst:
            return latencies, starts
        return without(latencies, starts, heads(latencies, starts)[0])

    def _read(self) -> str:
        """Read the device and return the label of what has just run."""
        reading = self.bench.telemetry.read()
        if reading is None:
            return ""
        self.readings[-1].append(reading)
        return reading.label

    def _is_over(self) -> bool:
        calls, seconds = self.measured_calls, self.measured_ns / 1e9
        if self.spent_ns / 1e9 >= self.budget.max_seconds:
            return True
        if not self.budget.is_spent(calls=calls, seconds=seconds):
            return False
        if self.budget.is_exhausted(calls=calls, seconds=seconds):
            return True
        series, visits = self._steady()
        if is_bounded(series, self.required, visits):
            return True
        return self.visits == 1 and self._plainly_drifts()

    def _plainly_drifts(self) -> bool:
        """Say whether more calls do not help: a second run may, of one that drifts by twice what chance allows."""
        drift = self._settle().drift
        return drift is not None and drift.is_unstable and drift.spread > 2.0 * drift.threshold

    def _try_once_more(self, call: Call) -> None:
        """Find out, untimed, what a call does that makes its time mean less."""
        sure = persistent(call)
        try:
            seen = [*self.bench.runner.flags(sure), *observe(sure)]
        except UnfinishedError:
            raise
        except Exception:  # what was measured stands; a device that is broken now may have been so before
            if not self.is_on_host:
                raise
            seen = []
        self.flags += [flag for flag in seen if flag not in self.flags]
        if self.conditions.cache != "hot":
            self._compare_with_hot()

    def _compare_with_hot(self) -> None:
        """Run one copy of the inputs over and over: what a cold cache costs, if it was cold."""
        (hot,) = self.maker.as_issued([self.maker.first])
        runner = self.bench.hot or self.bench.runner
        for _ in range(2):  # the first warms the cache
            block = runner.run([hot], max_calls=None, duration_ns=_HOT_NS)
        if block.error is not None or not block.served:
            return
        latencies, _, _ = self.log.measured()
        hot_ns = (block.done_ns - block.submitted_ns)[~block.failed]
        self.cold_over_hot = float(np.median(latencies) / np.median(hot_ns))
        fits = 0 < or_nan(self.workload.bytes, self.batch_size, self.dtype) <= self.bench.memory.cache_bytes / 2
        if fits and self.concurrency == 1 and self.cold_over_hot < _SLOWER:
            self.flags.append("cold_not_slower")

    def _note_peak(self) -> None:
        with contextlib.suppress(Exception):  # a device that is broken answers nothing
            peak = self.bench.peak.peak_bytes()
            self.peak_bytes = peak if self.peak_bytes is None or peak is None else max(peak, self.peak_bytes)
