"""The limits of a device as they are kept, written and read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

COPY = "copy"
"""The name under which the bandwidth has its interval and its circumstances; the others are number types."""


class LimitsError(ValueError):
    """Limits that cannot be measured, or a record of them that is none; the message says why."""


@dataclass(frozen=True)
class Limits:
    """What a device was seen to do at most.

    Attributes
    ----------
    device
        The device's model, as the column ``device`` of ``points`` names it.
    backend
        Whose copies and products were measured: ``"numpy"``, ``"cupy"`` or ``"torch"``.
    copy_bytes_per_s
        Bytes read plus bytes written per second, when the device copies much more than its cache holds.
    matrix_flops_per_s
        Number type to floating-point operations per second, when the device multiplies large matrices.
    measured_at
        When, in UTC: ``"2026-01-31T12:00:00Z"``.
    how
        The circumstances: sizes, calls, versions. JSON-able; nothing in it names a person, a host or a path.
    intervals
        ``"copy"`` or a number type to the ends of the 95 % interval of its rate; absent where there were too few calls.
    """

    device: str
    backend: str
    copy_bytes_per_s: float
    matrix_flops_per_s: Mapping[str, float]
    measured_at: str
    how: Mapping[str, Any] = field(default_factory=dict)
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse rates that no device has."""
        for name, rate in ((COPY, self.copy_bytes_per_s), *self.matrix_flops_per_s.items()):
            if isinstance(rate, bool) or not isinstance(rate, int | float) or not math.isfinite(rate) or rate <= 0:
                raise LimitsError(f"the rate of {name!r} is {rate!r}: it must be a number above 0")

    def ridge_flops_per_byte(self, dtype: str) -> float:
        """Return the arithmetic intensity above which arithmetic is the limit, and below it the memory.

        NaN when the rate of `dtype` is not known.
        """
        return self.matrix_flops_per_s.get(dtype, math.nan) / self.copy_bytes_per_s

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON writes it."""
        return {
            "device": self.device,
            "backend": self.backend,
            "copy_bytes_per_s": self.copy_bytes_per_s,
            "matrix_flops_per_s": dict(self.matrix_flops_per_s),
            "measured_at": self.measured_at,
            "how": dict(self.how),
            "intervals": {name: list(ends) for name, ends in self.intervals.items()},
        }

    @classmethod
    def from_dict(cls, record: object) -> Self:
        """Read what `to_dict` has written.

        Raises
        ------
        LimitsError
            When it is something else.
        """
        if not isinstance(record, Mapping):
            raise LimitsError(f"limits are a JSON object, got {type(record).__name__}")
        for name in ("device", "backend", "measured_at"):
            if not isinstance(record.get(name), str):
                raise LimitsError(f"limits have a text under {name!r}, got {record.get(name)!r}")
        rates, how, intervals = (record.get(name) or {} for name in ("matrix_flops_per_s", "how", "intervals"))
        if not all(isinstance(part, Mapping) for part in (rates, how, intervals)):
            raise LimitsError("limits have JSON objects under 'matrix_flops_per_s', 'how' and 'intervals'")
        return cls(
            device=record["device"],
            backend=record["backend"],
            copy_bytes_per_s=record.get("copy_bytes_per_s"),  # type: ignore[arg-type]  # checked above
            matrix_flops_per_s=dict(rates),
            measured_at=record["measured_at"],
            how=dict(how),
            intervals={name: (ends[0], ends[1]) for name, ends in intervals.items() if _are_ends(ends)},
        )


def recorded_limits(environment: Mapping[str, Any]) -> list[Limits]:
    """Return the limits that the environment of a Run holds under ``"limits"``: one record, or a list of them.

    What is not a record of limits is passed over: the Run may come from a stranger.
    """
    found = environment.get("limits")
    limits = []
    for record in found if isinstance(found, list | tuple) else [found]:
        try:
            limits.append(Limits.from_dict(record))
        except LimitsError:
            continue
    return limits


def limits_for(environment: Mapping[str, Any], *, device: str, backend: str | None = None) -> Limits | None:
    """Return the recorded limits of a device: those that `backend` measured, or else another's; None without any.

    What one library does on a device another one could: the limit is the device's.
    """
    of_device = [limits for limits in recorded_limits(environment) if limits.device == device]
    return next((limits for limits in of_device if limits.backend == backend), of_device[0] if of_device else None)


def _are_ends(ends: object) -> bool:
    return isinstance(ends, list | tuple) and len(ends) == 2 and all(isinstance(end, int | float) for end in ends)
