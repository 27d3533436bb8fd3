"""Which rows were measured while something else had the machine's cores, and what it was."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

BUSY_FLAGS = ("machine_busy", "cpu_stolen", "quota_throttled")
"""Flags of rows whose cores were lost: to other processes, to the hypervisor's other guests, to a quota."""

_BUSY = frozenset(BUSY_FLAGS)

_TOOK = {
    "machine_busy": ("other processes took", "foreign_load", "of the cores' time"),
    "cpu_stolen": ("the hypervisor took", "steal", "of the cores' time"),
    "quota_throttled": ("a quota held threads back for", "throttled", "of a core's time"),
}


def flags_of(row: Any) -> tuple[str, ...]:
    """Return the flags of a row as its column ``flags`` holds them: a list, or text with semicolons; else none."""
    if isinstance(row, str):
        return tuple(part for part in re.split(r"[;,\s]+", row) if part)
    return tuple(map(str, row)) if isinstance(row, list | tuple | np.ndarray) else ()


def is_busy(points: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell for each row whether it says that the machine was busy; a row that does not know says no such thing."""
    if "flags" not in points:
        return np.zeros(len(points), dtype=np.bool_)
    # Lists are what there is, ten thousand of them in a few milliseconds; a frame of somebody else's may hold text.
    rows = (row if type(row) is list else flags_of(row) for row in points["flags"].tolist())
    return np.fromiter((not _BUSY.isdisjoint(row) for row in rows), dtype=np.bool_, count=len(points))


def why_busy(point: pd.Series) -> str:
    """Say what took the cores of a row: ``other processes took 48 % of the cores' time``; nothing when nothing did."""
    parts = []
    for flag in flags_of(point.get("flags")):
        if flag in _TOOK:
            who, column, of_what = _TOOK[flag]
            share = pd.to_numeric(point.get(column, math.nan), errors="coerce")
            parts.append(f"{who} {percent(share) if pd.notna(share) else 'part'} {of_what}")
    return " and ".join(parts)


def on_busy_machine(points: pd.DataFrame) -> str:
    """Say how many points were measured beside other work; nothing where none was."""
    busy = is_busy(points)
    if not busy.any():
        return ""
    number, them = int(busy.sum()), "it" if busy.sum() == 1 else "them"
    rows = points[busy]
    worst = rows.sort_values("foreign_load", na_position="first").iloc[-1]
    told = f"{number} of {len(points)} points {'was' if number == 1 else 'were'} measured on a busy machine"
    return f"{told} (at worst {why_busy(worst)}): measure {them} again on a quiet one before relying on {them}"


def percent(share: float) -> str:
    """Write a share: ``48 %``, ``0.3 %``."""
    return f"{100 * share:.0f} %" if share >= 0.0995 else f"{100 * share:.2g} %"
