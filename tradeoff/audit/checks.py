"""The checks: what each is called, and what looks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tradeoff.audit.findings import Found
from tradeoff.audit.identity import identity
from tradeoff.audit.kind import contention, model_or_system, parts
from tradeoff.audit.little import littles_law, units
from tradeoff.audit.load import achieved_rate, coordinated_omission, intended_rate
from tradeoff.audit.lost import errors, rejections
from tradeoff.audit.ranges import intervals, ranges
from tradeoff.audit.rows import Rows
from tradeoff.audit.size import sample_size
from tradeoff.audit.stated import measured, unstated
from tradeoff.audit.statistics import averages, impossible
from tradeoff.audit.steady import drain_and_ramp, regime
from tradeoff.audit.window import window


@dataclass(frozen=True)
class Check:
    """One check of the audit.

    Attributes
    ----------
    name
        What it is called in the findings.
    label
        What people call it.
    rule
        What it looks for, in a sentence.
    unit
        Of the numbers that it judges.
    find
        Gives what it found.
    tells
        Flags of rows that say the same: a row with such a finding is not told of the flag as well.
    """

    name: str
    label: str
    rule: str
    unit: str
    find: Callable[[Rows], Iterator[Found]]
    tells: tuple[str, ...] = ()


CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        check.name: check
        for check in (
            Check(
                "measured", "measured at all", "The row failed, ran out of memory, or holds no number.", "", measured
            ),
            Check(
                "impossible",
                "impossible numbers",
                "A number is below 0, or percentiles do not ascend from the shortest to the longest latency.",
                "that of the column",
                impossible,
            ),
            Check(
                "interval",
                "interval",
                "The ends of an interval are the wrong way round, or do not hold its value.",
                "that of the column",
                intervals,
            ),
            Check(
                "range",
                "range",
                "A share is above 1, a percentage above 100, or a mean batch below 1 or above the largest batch.",
                "that of the column",
                ranges,
            ),
            Check(
                "identity",
                "identity",
                "Rows that differ share an id, or a row was measured in the future.",
                "rows; s since 1970 for a time",
                identity,
            ),
            Check(
                "window",
                "measured window",
                "The throughput is 0 or infinite though requests were served, or not n divided by the window, or the "
                "window is shorter than a request takes.",
                "requests/s; ms where the window is too short",
                window,
            ),
            Check(
                "littles_law",
                "Little's law",
                "Throughput times latency is not the number in flight, within 5 %.",
                "in flight",
                littles_law,
                tells=("little_violated",),
            ),
            Check(
                "units",
                "units",
                "Latency is far too short for the clients or the busy device that the row states, as of a column in s.",
                "in flight",
                units,
            ),
            Check(
                "achieved_rate",
                "achieved rate",
                "Less was served than was asked for, by more than 5 % and by more than the load itself varies: three "
                "standard deviations by its index of dispersion.",
                "requests/s",
                achieved_rate,
            ),
            Check(
                "intended_rate",
                "intended rate",
                "A closed loop states a rate at which requests should come.",
                "requests/s",
                intended_rate,
            ),
            Check(
                "coordinated_omission",
                "coordinated omission",
                "Latency counts from the send, and requests were sent late.",
                "ms",
                coordinated_omission,
            ),
            Check(
                "sample_size",
                "sample size",
                "A percentile has fewer samples than its 95 % interval needs, or is the largest value.",
                "samples; ms where p99 is the largest",
                sample_size,
                tells=("upper_unbounded",),
            ),
            Check(
                "drain_and_ramp",
                "drain and ramp",
                "Time or requests outside the steady state are counted, or are a large share of the run.",
                "share",
                drain_and_ramp,
            ),
            Check(
                "errors",
                "errors",
                "Requests failed, or are counted in the percentiles although they did.",
                "share",
                errors,
                tells=("call_errors",),
            ),
            Check("rejections", "rejections", "Requests were turned away.", "share", rejections),
            Check(
                "averages",
                "averages",
                "A mean stands without percentiles, is above the p99, or outside the latencies' range.",
                "ms",
                averages,
            ),
            Check("parts", "parts of the latency", "The parts of a latency are more than the whole.", "ms", parts),
            Check(
                "model_or_system",
                "model or system latency",
                "The latency is not what a user waits.",
                "",
                model_or_system,
            ),
            Check(
                "contention",
                "contention",
                "Several workers share a device, with times measured alone.",
                "workers",
                contention,
                tells=("uncontended_service",),
            ),
            Check(
                "regime",
                "regime",
                "The row is of short bursts, drifted, or was throttled.",
                "%",
                regime,
                tells=("power_capped", "thermal", "slowed_down"),
            ),
            Check(
                "unstated",
                "unstated",
                "Load, latency basis, batching policy or hardware are not in the row.",
                "statements",
                unstated,
            ),
        )
    }
)
"""Every check by name, in the order in which findings of one severity are told."""
