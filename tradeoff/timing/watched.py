"""A runner that also says what became of the machine's cores in each block."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tradeoff.timing.block import Block
from tradeoff.timing.host_counters import HostCounters
from tradeoff.timing.host_load import between
from tradeoff.timing.runner import Runner


@dataclass(frozen=True)
class WatchedRunner:
    """Reads what the system counts just before each block and just after it, outside of all times.

    Attributes
    ----------
    runner
        Who keeps the calls in flight.
    counters
        Who reads.
    """

    runner: Runner
    counters: HostCounters

    @property
    def model_clock(self) -> str:
        """The runner's."""
        return self.runner.model_clock

    def run(self, calls: Sequence[Callable[[], object]], *, max_calls: int | None, duration_ns: int) -> Block:
        """Run a block (see `Runner.run`), and say what became of the cores."""
        before = self.counters.read()
        block = self.runner.run(calls, max_calls=max_calls, duration_ns=duration_ns)
        return replace(block, load=between(before, self.counters.read(), callers=len(calls)))

    def floor_ns(self) -> tuple[float, float]:
        """Cost of an empty measurement: the runner's."""
        return self.runner.floor_ns()

    def flags(self, call: Callable[[], object]) -> list[str]:
        """Return the flags that the runner can tell."""
        return self.runner.flags(call)

    def close(self) -> None:
        """Let go of the runner, and of the counters' files."""
        self.runner.close()
        self.counters.close()
