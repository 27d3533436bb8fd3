"""Warm-up: calls before the measurement, under the same load, kept and marked, until the clocks stand still."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tradeoff.timing.block import Block
from tradeoff.timing.raised import is_storm
from tradeoff.timing.runner import Runner
from tradeoff.timing.telemetry import Reading, Telemetry, Unknown, is_steady

_BETWEEN_READINGS_NS = 50_000_000


@dataclass(frozen=True)
class WarmedUp:
    """What a warm-up gave.

    Attributes
    ----------
    blocks
        Its calls; the last block has its error when something ended it.
    is_complete
        Whether there were calls and time enough.
    is_steady
        Whether the clock stood still in the end, as far as the device says.
    """

    blocks: list[Block]
    is_complete: bool
    is_steady: bool


@dataclass(frozen=True, kw_only=True)
class WarmUp:
    """How long to warm up.

    Attributes
    ----------
    min_calls
        Calls at least, over all slots.
    min_ns
        Time at least: 25 ms gave 30 % error in triton's harness, 250 ms none that could be seen.
    max_ns
        Time after which a workload so slow that `min_calls` do not fit is measured all the same.
    gate_ns
        Time after which a device whose clock still moves is measured all the same.
    telemetry
        Who reads the clock.
    """

    min_calls: int = 25
    min_ns: int = 250_000_000
    max_ns: int = 2_000_000_000
    gate_ns: int = 3_000_000_000
    telemetry: Telemetry = field(default_factory=Unknown)

    def run(self, runner: Runner, calls: Sequence[Callable[[], object]]) -> WarmedUp:
        """Run until both minima are met and the clock is the same, within 2 %, in five readings."""
        blocks: list[Block] = []
        readings: list[Reading] = []
        done, elapsed = 0, 0
        made, raised = 0, 0
        while True:
            complete = done >= self.min_calls and elapsed >= self.min_ns
            steady = not readings or is_steady(readings)
            if complete and (steady or elapsed >= self.gate_ns):
                return WarmedUp(blocks, True, steady)
            if not complete and elapsed >= self.max_ns:
                return WarmedUp(blocks, False, steady)
            block = runner.run(calls, max_calls=None, duration_ns=self._next_ns(elapsed, watched=bool(readings)))
            blocks.append(block)
            made, raised = made + len(block), raised + len(block) - block.served
            if block.error is not None or not len(block) or is_storm(raised=raised, calls=made):
                return WarmedUp(blocks, complete, steady)
            done, elapsed = done + block.served, elapsed + max(1, block.elapsed_ns)
            reading = self.telemetry.read()
            readings += [] if reading is None else [reading]

    def _next_ns(self, elapsed: int, *, watched: bool) -> int:
        if watched or not isinstance(self.telemetry, Unknown):
            return _BETWEEN_READINGS_NS
        left_ns = self.min_ns - elapsed
        # Only calls are missing: go by their time so far, rather than let a long block run over.
        return left_ns if left_ns > 0 else min(self.min_ns, self.max_ns - elapsed)
