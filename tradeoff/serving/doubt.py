"""What is doubtful about the service times that a simulation rests on: its rows say so too."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from tradeoff.digits import counted
from tradeoff.frames import FLAGS, Run
from tradeoff.frames.busy import BUSY_FLAGS, flags_of, why_busy

DOUBTFUL = "service_times_doubtful"
"""The flag."""

PASSED_ON = (*BUSY_FLAGS, "preempted_calls", "thermal", "power_capped", "slowed_down")
"""What happened to the machine happened to every number that rests on its times."""

_ABOUT_THE_ROW = ("too_few_samples", "upper_unbounded")
"""Flags that say how few samples there are: the intervals of what is simulated allow for that."""

_RESTLESS = ("unstable", "throttled", "partial")


@dataclass(frozen=True)
class Doubts:
    """What was doubtful at each batch size of a Run.

    Attributes
    ----------
    flags
        Batch size to what is passed on.
    said
        Batch size to what it was, in words.
    """

    flags: Mapping[float, tuple[str, ...]] = field(default_factory=dict)
    said: Mapping[float, tuple[str, ...]] = field(default_factory=dict)

    def of_row(self, row: Mapping[str, Any], largest: float = math.inf) -> dict[str, Any]:
        """Return flags and reason of a simulated row whose batches are of up to `largest`."""
        # A batch between two measured sizes costs what they say, the larger too.
        above = min((size for size in self.said if size >= largest), default=math.inf)
        used = sorted(size for size in self.said if size <= above and self.said[size])
        if not used:
            return {}
        passed = dict.fromkeys(flag for size in used for flag in self.flags[size])
        told = "; ".join(f"batch {size:g}: {', '.join(self.said[size])}" for size in used[:_MOST])
        rest = f"; and {counted(len(used) - _MOST, 'other size')}" if len(used) > _MOST else ""
        why = f"the service times it rests on are in doubt ({told}{rest})"
        return {
            "flags": [*row["flags"], DOUBTFUL, *(flag for flag in passed if flag not in row["flags"])],
            "reason": "; ".join(filter(None, [row.get("reason"), why])),
        }


_MOST = 3
"""Sizes whose doubts are told one by one."""


def doubts_of(service: Any, *, served: bool = False) -> Doubts:
    """Return what is doubtful about the times of a service; of what is no Run nothing is known.

    Parameters
    ----------
    service
        As in `simulate`.
    served
        Whether the times are those of rows of served requests, and not of calls.
    """
    if not isinstance(service, Run):
        return Doubts()
    points = service.points[~service.points["status"].isin(("failed", "oom"))]
    points = points[(points["mode"] == "serving") == served]
    flags: dict[float, tuple[str, ...]] = {}
    said: dict[float, tuple[str, ...]] = {}
    for _, point in points.iterrows():
        size, words = float(point["batch_size"]), _said(point)
        passed = tuple(flag for flag in flags_of(point.get("flags")) if flag in PASSED_ON)
        flags[size] = tuple(dict.fromkeys((*flags.get(size, ()), *passed)))
        said[size] = tuple(dict.fromkeys((*said.get(size, ()), *words)))
    return Doubts(flags, said)


def _said(point: pd.Series) -> tuple[str, ...]:
    names = [
        flag
        for flag in flags_of(point.get("flags"))
        if flag in FLAGS and FLAGS[flag].severity != "info" and flag not in (*BUSY_FLAGS, *_ABOUT_THE_ROW)
    ]
    status = [str(point["status"])] if point.get("status") in _RESTLESS else []
    busy = why_busy(point)
    return (*status, *([busy] if busy else []), *(name.replace("_", " ") for name in names))
