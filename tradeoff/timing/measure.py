"""Measure one operating point: cold call, warm-up, blocks until the percentiles are known or the budget is spent."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradeoff.environment import usable_cores
from tradeoff.timing.block import make_block
from tradeoff.timing.budget import Budget, as_budget
from tradeoff.timing.failure import Failure, describe_failure, returned_nothing
from tradeoff.timing.runner import Runner
from tradeoff.timing.samples import SampleLog
from tradeoff.timing.select import runner_for
from tradeoff.timing.stopping import StopRule, is_bounded
from tradeoff.timing.summary import summarise
from tradeoff.timing.threads import is_oversubscribed, threads_per_call
from tradeoff.timing.warmup import WarmUp
from tradeoff.workloads.own import FirstCall
from tradeoff.workloads.protocol import Call, Workload, WorkloadError

BLOCK_NS = 200_000_000
"""Longest stretch without a look at the clock, the budget and (between blocks) the garbage collector."""


@dataclass(frozen=True)
class Measurement:
    """One operating point as it was measured.

    Attributes
    ----------
    point
        Columns of ``points``: what was seen, where the time went, cost and trust. The identity is the caller's.
    samples
        Arrays named as the columns of ``samples``, an entry a call, in order of submission, all phases.
    """

    point: Mapping[str, object]
    samples: Mapping[str, NDArray]  # type: ignore[type-arg]


def measure(
    workload: Workload,
    *,
    batch_size: int,
    concurrency: int = 1,
    dtype: str = "float32",
    device: str = "cpu",
    seed: int = 0,
    budget: str | Budget = "draft",
    runner: Runner | None = None,
) -> Measurement:
    """Measure `workload` with `concurrency` calls of `batch_size` requests in flight.

    Parameters
    ----------
    workload
        What runs.
    batch_size, concurrency
        Requests a call, calls in flight; 1 or more.
    dtype, device, seed
        Handed to the workload; slot i gets ``seed + i`` and its own inputs.
    budget
        ``"draft"``, ``"standard"``, ``"tail"``, or a `Budget`.
    runner
        Who keeps the calls in flight; chosen by the workload's backend and device unless given.

    Returns
    -------
    Measurement
        A workload that raises, returns nothing or runs out of memory gives a row with ``status`` ``"failed"`` or
        ``"oom"`` and a ``reason``, not an exception.

    Raises
    ------
    ValueError
        When an argument is wrong; `WorkloadError` when the workload cannot run here at all.
    """
    _check_count("batch_size", batch_size)
    _check_count("concurrency", concurrency)
    budget = as_budget(budget)
    if runner is None:
        with closing(runner_for(workload.backend, device)) as own:
            return _Point(workload, batch_size, concurrency, dtype, device, seed, budget, own).measure()
    return _Point(workload, batch_size, concurrency, dtype, device, seed, budget, runner).measure()


@dataclass
class _Point:
    workload: Workload
    batch_size: int
    concurrency: int
    dtype: str
    device: str
    seed: int
    budget: Budget
    runner: Runner

    def __post_init__(self) -> None:
        self.log = SampleLog(
            batch_size=self.batch_size, concurrency=self.concurrency, model_clock=self.runner.model_clock
        )
        self.stop = StopRule(self.budget.tolerances)
        self.measured_ns = 0
        self.measured_calls = 0
        self.short_warm_up = False
        self.required = tuple(dict.fromkeys(("p50", "p90", "p95", "p99", *self.budget.tolerances)))

    def measure(self) -> Measurement:
        floor_ns, _ = self.runner.floor_ns()
        failure = self._run()
        samples = self.log.columns()
        measured = samples["phase"] == "measure"
        blocks = [block for block, phase in zip(self.log.blocks, self.log.phases, strict=True) if (phase >= 2).any()]
        if failure is not None:
            row: dict[str, object] = {"n": int(measured.sum()), "n_errors": 1, "n_rejected": 0, "flags": []}
            row |= {"status": failure.status, "reason": failure.reason}
        else:
            row, flags = summarise(
                {name: values[measured] for name, values in samples.items()},
                blocks,
                batch_size=self.batch_size,
                concurrency=self.concurrency,
                floor_ns=floor_ns,
                required=self.required,
            )
            row |= {"flags": [*flags, *self._flags()], **self._verdict()}
        return Measurement(point=row | self._cost(), samples=samples)

    def _run(self) -> Failure | None:
        try:
            calls = [self._prepare(slot) for slot in range(self.concurrency)]
        except (KeyboardInterrupt, WorkloadError):
            raise
        except BaseException as error:  # whatever the user's code raised is a finding about it
            return describe_failure(error, batch_size=self.batch_size)
        return self._cold(calls[0]) or self._warm_up(calls) or self._measure(calls)

    def _prepare(self, slot: int) -> Call:
        return self.workload.prepare(
            batch_size=self.batch_size, dtype=self.dtype, device=self.device, seed=self.seed + slot
        )

    def _cold(self, call: Call) -> Failure | None:
        first = getattr(call, "first_call", None)
        if isinstance(first, FirstCall):
            times = (np.array([ns], dtype=np.int64) for ns in (first.submitted_ns, first.done_ns))
            block = make_block(
                slot=np.zeros(1, dtype=np.int64), submitted_ns=next(times), done_ns=next(times), concurrency=1
            )
            self.log.add(block, phase="cold")
            return returned_nothing() if first.returned_nothing else None
        results: list[object] = []
        block = self.runner.run([lambda: results.append(call())], max_calls=1, duration_ns=0)
        self.log.add(block, phase="cold")
        if block.error is not None:
            return describe_failure(block.error, batch_size=self.batch_size)
        return returned_nothing() if results and results[-1] is None else None

    def _warm_up(self, calls: list[Call]) -> Failure | None:
        min_ns = int(self.budget.warm_up_seconds * 1e9)
        max_ns = max(min_ns, int(self.budget.seconds * 1e9))
        blocks, complete = WarmUp(min_ns=min_ns, max_ns=max_ns).run(self.runner, calls)
        self.short_warm_up = not complete
        for block in blocks:
            self.log.add(block, phase="warmup")
            if block.error is not None:
                return describe_failure(block.error, batch_size=self.batch_size)
        return None

    def _measure(self, calls: list[Call]) -> Failure | None:
        while not self._is_over():
            left_ns = int(self.budget.max_seconds * 1e9) - self.measured_ns
            block = self.runner.run(
                calls,
                max_calls=None,
                duration_ns=min(BLOCK_NS, left_ns),
            )
            self.log.add(block, phase="measure")
            if block.error is not None:
                return describe_failure(block.error, batch_size=self.batch_size)
            if not len(block):
                return Failure("failed", "the runner gave no call at all: measure again, and report it")
            self.measured_ns += max(1, block.elapsed_ns)
            self.measured_calls += len(block)
            if self.stop.is_due(n=self.measured_calls, measured_ns=self.measured_ns) and self.stop.look(self._series()):
                return None
        self.stop.look(self._series())
        return None

    def _is_over(self) -> bool:
        calls, seconds = self.measured_calls, self.measured_ns / 1e9
        if not self.budget.is_spent(calls=calls, seconds=seconds):
            return False
        return self.budget.is_exhausted(calls=calls, seconds=seconds) or is_bounded(self._series(), self.required)

    def _series(self) -> NDArray[np.int64]:
        parts = [
            (block.done_ns - block.submitted_ns)[phase == 2]
            for block, phase in zip(self.log.blocks, self.log.phases, strict=True)
        ]
        return np.concatenate(parts)

    def _verdict(self) -> dict[str, str]:
        missing = self.stop.missing()
        seconds = self.measured_ns / 1e9
        if not missing:
            return {
                "status": "converged",
                "reason": f"every requested percentile was known well enough after {seconds:.3g} s",
            }
        spent = f"the {self.budget.name} budget was spent after {self.measured_calls} calls in {seconds:.3g} s"
        return {"status": "budget", "reason": f"{spent}: {'; '.join(missing)}"}

    def _flags(self) -> list[str]:
        flags = ["short_warmup"] if self.short_warm_up else []
        if self.runner.model_clock == "host" and is_oversubscribed(
            concurrency=self.concurrency, threads=threads_per_call(self.workload.backend), available=usable_cores()
        ):
            flags.append("oversubscribed")
        return flags

    def _cost(self) -> dict[str, object]:
        return {
            "flops": _or_nan(self.workload.flops, self.batch_size),
            "bytes": _or_nan(self.workload.bytes, self.batch_size, self.dtype),
        }


def _or_nan(cost: Callable[..., float | None], *arguments: object) -> float:
    try:
        found = cost(*arguments)
    except Exception:  # a cost nobody can state is unknown; it must not cost the measurement
        return math.nan
    return math.nan if found is None else float(found)


def _check_count(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise ValueError(f"{name}={value!r} must be a whole number, 1 or more")
    if value < 1:
        raise ValueError(f"{name}={value} must be 1 or more")
