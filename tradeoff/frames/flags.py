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


_BUDGET = "Measure longer: budget='standard' or 'tail'."
_LONGER = (
    "Measure longer: budget='standard' or 'tail' in a sweep, a larger duration_s or n_requests where requests are "
    "served or sent."
)

FLAGS: Mapping[str, Flag] = MappingProxyType(
    {
        flag.name: flag
        for flag in (
            Flag(
                "too_few_samples",
                "warning",
                "Too few samples for one of the percentiles: it is left out.",
                _LONGER,
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
                "In a sweep, name the workload or pass a factory: it gets a process of its own.",
            ),
            Flag(
                "in_turns",
                "info",
                "It ran in short blocks, in turns with another workload (measure_pair).",
                "Compare it with that one. By itself it may be faster, for its caches are its own.",
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
                "Two calls in flight gained less than 20 % with a core idle: the interpreter's lock was measured.",
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
                _BUDGET,
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
            Flag(
                "cache_warm",
                "warning",
                "The copies of the inputs that take turns do not fill the cache five times: some calls found it warm.",
                "Use cache='cold_flush', or larger inputs.",
            ),
            Flag(
                "cold_not_slower",
                "warning",
                "The call fits the cache, and was not 2 % slower when it should have been cold: it may not have been.",
                "Do not read the row as that of a cold cache before the reason is known.",
            ),
            Flag(
                "drift_unknown",
                "info",
                "Calls too few or too uneven to tell: a step of 15 % during the measurement may be hidden in them.",
                _BUDGET,
            ),
            Flag(
                "ended_early",
                "info",
                "It looked steady and ended before a fifth of its budget's seconds: slow spells that come back less "
                "often than time_scale_s says may have gone unseen.",
                "Measure on several days or with replicates=5, or ask for more: Budget(min_seconds=...).",
            ),
            Flag(
                "heavy_tail",
                "warning",
                "A few calls make most of the spread: the intervals of mean and throughput may be too short.",
                f"{_LONGER} Go by percentiles.",
            ),
            Flag(
                "clock_unsettled",
                "warning",
                "The device's clock still moved by over 2 % after three seconds of load.",
                f"Lock the clocks. {_BUDGET}",
            ),
            Flag(
                "telemetry_unknown",
                "info",
                "The device did not say its clocks, power and temperature: whether it was throttled is unknown.",
                "Install nvidia-ml-py, and ask for the right to read the device.",
            ),
            Flag(
                "power_capped",
                "warning",
                "The device held its clocks down to stay within its power limit during some calls.",
                "Read the row as that of a power-capped device, or raise the limit.",
            ),
            Flag(
                "thermal",
                "warning",
                "The device held its clocks down because it was hot during some calls.",
                "Look at the cooling, or read the row as that of a hot device.",
            ),
            Flag(
                "slowed_down",
                "warning",
                "The device's hardware held its clocks down during some calls.",
                "Look at its power supply and cooling.",
            ),
            Flag(
                "machine_busy",
                "warning",
                "Other processes took cores during some of the calls: the numbers are those of a busy machine.",
                "Measure again when 'tradeoff doctor' says that the machine is quiet; a server that the calls ask, on "
                "the same machine, is such a process too.",
            ),
            Flag(
                "cpu_stolen",
                "warning",
                "The hypervisor gave the virtual machine's cores to others during some of the calls.",
                "Use a machine or an instance whose cores are not shared.",
            ),
            Flag(
                "quota_throttled",
                "warning",
                "The container's quota of processor time held threads back during some of the calls.",
                "Raise the quota (docker --cpus, Kubernetes limits), or use fewer threads than it allows.",
            ),
            Flag(
                "preempted_calls",
                "warning",
                "One call in a hundred or more waited for a core for over a tenth of its time: the tail is partly the "
                "scheduler's.",
                "Look at the samples without the label 'preempted', or measure on a quiet machine.",
            ),
            Flag(
                "host_load_unknown",
                "info",
                "The system does not say what other processes did: whether the machine was busy is unknown.",
                "Make sure of it another way, or measure on Linux with /proc.",
            ),
            Flag(
                "mutates_inputs",
                "warning",
                "The call changes its own inputs: later calls did other work than the first.",
                "Copy what the call writes to, or write to buffers of the call's own.",
            ),
            Flag(
                "uncontended_service",
                "warning",
                "Several workers were simulated with times of batches that had the device to themselves.",
                "Sweep with concurrency up to the workers, and simulate from that Run; or count in devices.",
            ),
            Flag(
                "interpolated_service",
                "info",
                "Some batches were of sizes that were not measured: their times lie between those of the neighbours.",
                "Measure those sizes, or use pad_to='measured'.",
            ),
            Flag(
                "generator_bound",
                "warning",
                "The generator sent late (p99 over 5 % of the median latency) or waited for a core (5 % of the time): "
                "it was measured along with the server.",
                "The reason says which; drive from a machine with cores to spare, or ask for less.",
            ),
            Flag(
                "few_service_times",
                "info",
                "Some batch size has fewer than 100 measured times: rare slow batches are not among them.",
                "Measure those batch sizes longer, in the sweep they come from: budget='standard' or 'tail'.",
            ),
            Flag(
                "service_times_doubtful",
                "warning",
                "The service times that it was simulated from were measured in doubtful conditions, and it can be no "
                "better than they are.",
                "The reason says at which batch sizes, and why; measure those again, and simulate from that.",
            ),
            Flag(
                "call_errors",
                "info",
                "Some calls raised: they are counted as errors, and are in no percentile and no throughput.",
                "Read in the reason what they raised, and where; mend it before relying on the tail.",
            ),
            Flag(
                "example_altered",
                "warning",
                "What was measured is not as the example: its layout in memory, its number types or a part of it "
                "could not be kept.",
                "Read in the reason what differs; to keep it pass a factory that makes the inputs itself.",
            ),
            Flag(
                "waited_for",
                "info",
                "The call handed back a promise of work, such as a future, a coroutine or a generator: its end was "
                "waited for, and the wait is in every time.",
                "Read the time as that of work and hand-over together; to leave the hand-over out, do the work inside "
                "the call.",
            ),
            Flag(
                "whole_run",
                "info",
                "The run was about as long as its requests: nothing was left to leave out, and its beginning and its "
                "end count, when fewer were under way.",
                "Serve for longer, or more requests: ten times the latency, or ten requests of each client, at least.",
            ),
            Flag(
                "output_varies",
                "warning",
                "The call's output changed its shape or type from call to call.",
                "Time work of one shape; split the workload when it has several.",
            ),
        )
    }
)
"""Every flag a row of ``points`` may carry, by name."""
