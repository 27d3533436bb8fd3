"""What it takes to repeat a measurement, and nothing that names a person or a host."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

PACKAGES = (
    "tradeoff",
    "numpy",
    "pandas",
    "pyarrow",
    "torch",
    "cupy-cuda12x",
    "cupy-cuda13x",
    "cupy",
    "numba",
    "plotly",
)
"""Packages whose versions are recorded when they are installed."""

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
"""Read by OpenMP, MKL, OpenBLAS, BLIS, numexpr and Accelerate when they are loaded, and never again."""

VARIABLES = (*THREAD_VARIABLES, "CUDA_DEVICE_MAX_CONNECTIONS", "CUDA_VISIBLE_DEVICES")
"""Environment variables that change how a workload runs."""

_NUMBERS = re.compile(r"(-?\d{1,9}(,-?\d{1,9}){0,63})?")

_GPU_QUERY = "name,driver_version,memory.total,clocks.max.sm,power.limit"


def capture(
    *, now: Callable[[], datetime] | None = None, run: Callable[[list[str]], str | None] | None = None
) -> dict[str, Any]:
    """Record the machine and the software.

    Parameters
    ----------
    now
        The clock; the system's, in UTC, unless given.
    run
        Runs a command and returns its output, or None when it cannot; given by tests.

    Returns
    -------
    dict
        JSON-able. What cannot be found out is None. No host name, user name or path is in it.
    """
    run = run or _output_of
    return {
        "recorded_at": (now or _now)().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "machine": {
            "system": platform.system(),
            "release": platform.release(),
            "architecture": platform.machine(),
            "cpu": cpu_model(),
            "cores": psutil.cpu_count(logical=False),
            "threads": os.cpu_count(),
            "usable_threads": _usable_threads(),
            "cpu_quota": _cpu_quota(),
            "governor": _governor(),
            "memory_bytes": int(psutil.virtual_memory().total),
        },
        "gpus": gpus(run),
        "python": {"implementation": platform.python_implementation(), "version": platform.python_version()},
        "packages": packages(),
        # A variable may hold anything, a path or the identifier of one GPU: only whole numbers are kept.
        "variables": {name: os.environ[name] for name in VARIABLES if _NUMBERS.fullmatch(os.environ.get(name, "/"))},
    }


def usable_cores() -> int:
    """Cores this process may use: its affinity, cut to the quota of its control group."""
    allowed = _usable_threads() or os.cpu_count() or 1
    quota = _cpu_quota()
    return allowed if quota is None else max(1, min(allowed, int(quota)))


def packages(names: tuple[str, ...] = PACKAGES) -> dict[str, str]:
    """Versions of those packages that are installed, without importing them; they are looked up once."""
    return {name: version for name in names if (version := _version(name)) is not None}


@cache
def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def device_name(device: str) -> str | None:
    """Name the device that ``"cpu"``, ``"cuda"`` or ``"cuda:1"`` stands for."""
    if device == "cpu":
        return cpu_model()
    number = int(device.partition(":")[2] or 0)
    found = gpus() or []
    return found[number]["name"] if number < len(found) else device


def cpu_model(cpuinfo: Path = Path("/proc/cpuinfo")) -> str | None:
    """Name the processor, or None when the system does not say."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    said = dict(_pair(line) for line in lines if ":" in line)
    name = said.get("model name") or said.get("Model") or said.get("Hardware") or platform.processor()
    return " ".join(name.split()) or None


def gpus(run: Callable[[list[str]], str | None] | None = None) -> list[dict[str, str | None]] | None:
    """Names and drivers of the NVIDIA GPUs; None when nobody can be asked."""
    said = (run or _output_of)(["nvidia-smi", f"--query-gpu={_GPU_QUERY}", "--format=csv,noheader"])
    if said is None:
        return None
    names = ("name", "driver", "memory", "max_sm_clock", "power_limit")
    rows = [[part.strip() for part in line.split(",")] for line in said.splitlines() if line.strip()]
    return [
        {name: (None if value.startswith("[") else value) for name, value in zip(names, row, strict=False)}
        for row in rows
    ]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """List what changed between two environments that may change a measurement: one sentence each."""
    changed = []
    for part in ("machine", "gpus", "python", "packages"):
        one, other = before.get(part), after.get(part)
        if one == other:
            continue
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            changed += [
                f"{part} {name}: {one.get(name)} before, {other.get(name)} now"
                for name in sorted({*one, *other})
                if one.get(name) != other.get(name)
            ]
        else:
            changed.append(f"{part}: {one} before, {other} now")
    return changed


def _now() -> datetime:
    return datetime.now(UTC)


def _pair(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip(), value.strip()


def _output_of(command: list[str]) -> str | None:
    if shutil.which(command[0]) is None:
        return None
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None


def _usable_threads() -> int | None:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def _cpu_quota(root: Path = Path("/sys/fs/cgroup")) -> float | None:
    """Cores that the control group may use, or None when there is no limit."""
    try:
        limit, period = (root / "cpu.max").read_text(encoding="ascii").split()  # version 2
        return None if limit == "max" else int(limit) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        pass
    try:
        quota_us = int((root / "cpu/cpu.cfs_quota_us").read_text(encoding="ascii"))  # version 1
        period_us = int((root / "cpu/cpu.cfs_period_us").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return quota_us / period_us if quota_us > 0 and period_us > 0 else None


def _governor(file: Path = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")) -> str | None:
    try:
        return file.read_text(encoding="ascii").strip() or None
    except (OSError, ValueError):
        return None
