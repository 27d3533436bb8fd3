"""The control group's quota of processor time: where Linux says how long it held threads back."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

_SECONDS = {b"throttled_usec": 1e-6, b"throttled_time": 1e-9}
"""How versions 2 and 1 call it, and its unit."""


def throttling_files(groups: Path, sys_folder: Path) -> list[Path] | None:
    """Return the ``cpu.stat`` of each group around this process that has a quota; None when it is not known.

    Parameters
    ----------
    groups
        ``/proc/self/cgroup``.
    sys_folder
        ``/sys``.
    """
    try:
        lines = groups.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    mount = sys_folder / "fs/cgroup"
    found: dict[Path, None] = {}
    for line in lines:
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        roots = [mount] if not controllers else []
        if "cpu" in controllers.split(","):
            roots = [mount / "cpu", mount / "cpu,cpuacct", mount / controllers]
        found |= dict.fromkeys(group for root in roots for group in _around(root, path))
    return [group / "cpu.stat" for group in found if _has_quota(group)]


def throttled_s(stat: bytes) -> float:
    """Return the seconds that a ``cpu.stat`` counts as throttled, summed over cores; NaN when it does not say."""
    for line in stat.split(b"\n"):
        name, _, value = line.partition(b" ")
        if name in _SECONDS and value.isdigit():
            return int(value) * _SECONDS[name]
    return math.nan


def _around(root: Path, path: str) -> Iterator[Path]:
    """Yield a group and those around it; inside a container its root is where the mount is."""
    parts = [part for part in path.split("/") if part not in ("", "..")]
    for length in range(len(parts), -1, -1):
        group = root.joinpath(*parts[:length])
        if (group / "cpu.stat").exists():
            yield group


def _has_quota(group: Path) -> bool:
    try:
        return not (group / "cpu.max").read_text(encoding="ascii").startswith("max")
    except (OSError, ValueError):
        pass
    try:
        return int((group / "cpu.cfs_quota_us").read_text(encoding="ascii")) > 0
    except (OSError, ValueError):
        return False
