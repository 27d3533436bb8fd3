"""What measuring one operating point gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from numpy.typing import NDArray


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
