"""Warm-up: calls before the measurement, under the same load, kept and marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tradeoff.timing.block import Block
from tradeoff.timing.runner import Runner


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
    """

    min_calls: int = 25
    min_ns: int = 250_000_000
    max_ns: int = 2_000_000_000

    def run(self, runner: Runner, calls: Sequence[Callable[[], object]]) -> tuple[list[Block], bool]:
        """Run until both minima are met.

        Returns
        -------
        tuple of list of Block and bool
            The blocks, the last with its error when a call raised, and whether both minima were met.
        """
        blocks: list[Block] = []
        done, elapsed = 0, 0
        while done < self.min_calls or elapsed < self.min_ns:
            if elapsed >= self.max_ns:
                return blocks, False
            left_ns = self.min_ns - elapsed
            # Only calls are missing: go by their time so far, rather than let a long block run over.
            duration_ns = left_ns if left_ns > 0 else min(self.min_ns, self.max_ns - elapsed)
            block = runner.run(calls, max_calls=None, duration_ns=duration_ns)
            blocks.append(block)
            if block.error is not None or not len(block):
                break
            done, elapsed = done + len(block), elapsed + max(1, block.elapsed_ns)
        return blocks, True
