"""What measuring one operating point gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from numpy.typing import NDArray

from tradeoff.timing.failure import said_by


@dataclass(frozen=True)
class Measurement:
    """One operating point as it was measured.

    Attributes
    ----------
    point
        Columns of ``points``: what was seen, where the time went, cost and trust. The identity is the caller's.
    samples
        Arrays named as the columns of ``samples``, an entry a call, in order of submission, all phases.
    is_finished
        Whether it is all that will be measured; a sweep comes back to a point that is not finished.
    """

    point: Mapping[str, object]
    samples: Mapping[str, NDArray]  # type: ignore[type-arg]
    is_finished: bool = True


def failed(reason: str) -> Measurement:
    """Return the measurement of a point of which nothing is known but why."""
    return Measurement(point={"n": 0, "status": "failed", "reason": reason, "flags": []}, samples={})


def could_not(error: BaseException) -> Measurement:
    """Return the measurement of a point that ended in an error which is not known to be the workload's."""
    return failed(f"could not be measured: {said_by(error)}")
