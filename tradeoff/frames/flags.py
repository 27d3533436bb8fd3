"""The flag table: what a reader has to know before using a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Severity = Literal["info", "warning", "error"]


@dataclass(frozen=True)
class Flag:
    """One flag: its name, how grave it is, what it means and what to do."""

    name: str
    severity: Severity
    meaning: str
    remedy: str


FLAGS: Mapping[str, Flag] = MappingProxyType(
    {
        flag.name: flag
        for flag in (
            Flag(
                "too_few_samples",
                "warning",
                "Too few samples for one of the percentiles: it is left out.",
                "Measure longer: budget='standard' or 'tail'.",
            ),
            Flag(
                "upper_unbounded",
                "warning",
                "A percentile has no upper end to its 95 % interval: it may be far worse than it looks.",
                "Measure longer: a p99 needs 368 independent samples, a p999 needs 3 688.",
            ),
            Flag(
                "not_isolated",
                "info",
                "The workload ran inside the calling process, beside whatever else it was doing.",
                "Name the workload, or pass a factory, and it gets a process of its own.",
            ),
            Flag(
                "oversubscribed",
                "info",
                "More threads ran than there are cores: they took turns.",
                "Read the latency as that of a shared machine, or lower the concurrency.",
            ),
            Flag(
                "gil_bound",
                "warning",
                "Two calls in flight gained less than 20 % with cores free: the interpreter's lock was measured.",
                "Use a workload that releases the lock, or serve from several processes.",
            ),
            Flag(
                "little_violated",
                "warning",
                "Call rate times latency is not the number in flight within 5 %.",
                "Look for time between calls: a workload too fast for the harness, or a loop that pauses.",
            ),
            Flag(
                "below_floor",
                "warning",
                "An empty measurement costs more than a tenth of the result.",
                "Give each call more work: a larger batch or a larger problem.",
            ),
            Flag(
                "short_warmup",
                "info",
                "Fewer than 25 calls of warm-up: the workload is too slow for more within its budget.",
                "Measure longer: budget='standard' or 'tail'.",
            ),
            Flag(
                "host_bound",
                "warning",
                "Submitting took longer than the device needed: the host is what was measured.",
                "Use mode='graph' or a larger batch.",
            ),
            Flag(
                "sync_inside",
                "warning",
                "The call waits for the device inside: launches cannot be hidden.",
                "Remove .item(), .cpu() or synchronize() from the call.",
            ),
        )
    }
)
"""Every flag a row of ``points`` may carry, by name."""
