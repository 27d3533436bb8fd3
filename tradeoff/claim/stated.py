"""What a number needs beside it to be planned against, in words; None where nobody has stated it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from tradeoff.digits import counted, three, whole
from tradeoff.figures.text import quantity
from tradeoff.frames import PERCENTILES, POINT_COLUMNS
from tradeoff.frames.busy import flags_of, percent, why_busy
from tradeoff.frames.columns import OF_AN_SLO
from tradeoff.objective import Objective

_BASES = {
    "scheduled": "counted from when a request was due",
    "send": "counted from when a request was sent",
    "device": "the device's own interval",
}
_ARRIVALS = {
    "poisson": "Poisson arrivals",
    "constant": "constant arrivals",
    "gamma": "gamma arrivals",
    "mmpp": "bursty arrivals (MMPP)",
    "trace": "arrivals of a trace",
}
_NO_NAME = ("cpu", "gpu", "cuda", "cuda:0", "device")
"""What says on what kind of device something ran, and not on which."""


def stated(point: pd.Series, environment: Mapping[str, Any], objective: Objective) -> dict[str, str | None]:
    """Say everything that a planner asks about one number.

    Parameters
    ----------
    point
        The row of points that the claim is about.
    environment
        As `tradeoff.claim.private.public_environment` returns it.
    objective
        What was asked; its metrics decide what there is to state about latency.

    Returns
    -------
    dict
        What, and how it was; None where it is not known. Only what applies to the objective is in it.
    """
    return {
        **_slo(point, objective),
        **_interval(point, objective),
        "n": counted(int(point["n"]), "sample") if pd.notna(point.get("n")) else None,
        **_latency(point, objective),
        "batch policy": _policy(point),
        "load": _load(point),
        "regime": _text(point, "regime"),
        "window": None if pd.isna(point.get("duration_s")) else quantity(point["duration_s"], "duration_s"),
        "hardware": _hardware(point, environment),
        **_machine_load(point),
        "software": _software(point, environment),
        "source": _text(point, "source"),
        "date measured": environment.get("recorded_on"),
    }  # fmt: skip


def is_latency(name: str) -> bool:
    """Say whether a column is a time that people or a device take for a request."""
    column = POINT_COLUMNS.get(name)
    return column is not None and (column.unit, column.better) == ("ms", "lower")


def metrics_of(objective: Objective) -> list[str]:
    """Name the metric and what is constrained, each once."""
    return list(dict.fromkeys([objective.metric, *(one.metric for one in objective.constraints)]))


def _interval(point: pd.Series, objective: Objective) -> dict[str, str | None]:
    """Say the interval of each metric; the first is "interval", others carry their name."""
    found: dict[str, str | None] = {}
    for name in metrics_of(objective):
        low, high = (point.get(f"{name}_{end}") for end in ("lo", "hi"))
        label = POINT_COLUMNS[name].label if name in POINT_COLUMNS else name
        word = "interval" if name == objective.metric else f"interval of {label}"
        if low is None or high is None or (pd.isna(low) and pd.isna(high)):
            found[word] = None
        elif pd.isna(low) or pd.isna(high):
            found[f"{'lower' if pd.isna(low) else 'upper'} end of the {word}"] = None
        else:
            found[word] = f"{three(low)} to {three(high)} (95 %)"
    return found


def _slo(point: pd.Series, objective: Objective) -> dict[str, str | None]:
    """Say what each request was held to, where the objective is about that."""
    return {"SLO": _text(point, "slo")} if _is_of_an_slo(objective) else {}


def _is_of_an_slo(objective: Objective) -> bool:
    return not set(OF_AN_SLO).isdisjoint(metrics_of(objective))


def _latency(point: pd.Series, objective: Objective) -> dict[str, str | None]:
    latencies = [name for name in metrics_of(objective) if is_latency(name)]
    if not latencies and _is_of_an_slo(objective):
        basis = _text(point, "latency_basis")
        return {"latency basis": _BASES.get(basis, basis) if basis is not None else None}
    if not latencies:
        return {"latency limit": None}
    percentiles = [name.removesuffix("_ms").rpartition("_")[2] for name in latencies]
    known = [name for name in dict.fromkeys(percentiles) if name in PERCENTILES]
    basis, clock = _text(point, "latency_basis"), _text(point, "model_clock")
    found = {"percentile": ", ".join(known) if len(known) == len(set(percentiles)) else None}
    if objective.metric in latencies and "throughput_rps" not in metrics_of(objective):
        found["throughput"] = (
            None if pd.isna(point.get("throughput_rps")) else quantity(point["throughput_rps"], "throughput_rps")
        )
    found["latency"] = " and ".join(dict.fromkeys(filter(None, (_kind(point, name) for name in latencies)))) or None
    if all(name.startswith("model_") for name in latencies):
        return found | {"clock": clock if clock not in (None, "none") else None}
    return found | {"latency basis": _BASES.get(basis, basis) if basis is not None else None}


def _kind(point: pd.Series, name: str) -> str | None:
    """Say which latency it is: of the model, of a call, or what the caller waits."""
    if not name.startswith("latency_"):
        label = POINT_COLUMNS[name].label
        return label.removeprefix(label.split()[0] + " ") if label.split()[0] in (*PERCENTILES, "mean") else label
    mode, basis = _text(point, "mode"), _text(point, "latency_basis")
    if mode == "serving" or (mode is None and basis in ("scheduled", "send")):
        return "system latency (what a caller waits)"
    if basis == "device":
        return "model latency"
    return "call latency (no waiting for a batch or a worker)" if mode is not None else None


def _policy(point: pd.Series) -> str | None:
    if pd.isna(point.get("batch_size")):
        return None
    size = whole(int(point["batch_size"]))
    if point.get("mode") != "serving":
        return f"every call a batch of {size}" if _text(point, "mode") else f"batch size {size}"
    if pd.isna(point.get("max_wait_ms")):
        return None
    parts = [f"batches of up to {size}", f"waiting up to {quantity(point['max_wait_ms'], 'max_wait_ms')}"]
    if pd.notna(point.get("workers")):
        parts.append(counted(int(point["workers"]), "worker"))
    if _text(point, "formation") == "per_worker":
        parts.append("formed by each worker")
    if pd.notna(point.get("queue_limit")):
        parts.append(f"at most {whole(int(point['queue_limit']))} waiting")
    return ", ".join(parts)


def _load(point: pd.Series) -> str | None:
    load = _text(point, "load")
    if load == "all_at_once":
        return "all requests at once"
    if load == "closed":
        if pd.isna(point.get("concurrency")):
            return None
        clients = counted(int(point["concurrency"]), "client" if point.get("mode") == "serving" else "call")
        think = float(point["think_ms"]) if pd.notna(point.get("think_ms")) else 0.0
        return f"closed loop, {clients} in flight" + (
            f", thinking for {quantity(think, 'think_ms')}" if think > 0 else ""
        )
    if load is None or pd.isna(point.get("request_rate_rps")):
        return None
    detail = _text(point, "load_detail")
    told = f"{_ARRIVALS.get(load, load)}, {quantity(point['request_rate_rps'], 'request_rate_rps')}"
    return f"open loop, {told}" + (f" ({detail})" if detail else "")


def _hardware(point: pd.Series, environment: Mapping[str, Any]) -> str | None:
    machine, gpus = environment.get("machine", {}), environment.get("gpus", [])
    device = _text(point, "device")
    if device is None or device.lower() in _NO_NAME:
        device = machine.get("cpu") if device is not None and device.lower() == "cpu" else None
    if device is None:
        return None
    parts = [str(device)]
    card = next((gpu for gpu in gpus if gpu.get("name") == device), None)
    if card is not None:
        parts += [f"driver {card['driver']}"] if "driver" in card else []
        parts += [f"beside {machine['cpu']}"] if "cpu" in machine else []
    elif isinstance(machine.get("usable_threads"), int):
        parts.append(counted(machine["usable_threads"], "thread"))
    return ", ".join(parts)


def _machine_load(point: pd.Series) -> dict[str, str]:
    """Say whether the machine had other work; nothing of rows that never looked (older, imported, simulated ones)."""
    if why := why_busy(point):
        return {"machine load": f"busy: {why}"}
    if "host_load_unknown" in flags_of(point.get("flags")):
        return {"machine load": "unknown, for the system does not say"}
    share = pd.to_numeric(point.get("foreign_load", math.nan), errors="coerce")
    return {"machine load": f"quiet: other processes took {percent(share)} of the cores' time"} if share >= 0 else {}


def _software(point: pd.Series, environment: Mapping[str, Any]) -> str | None:
    packages, backend = environment.get("packages", {}), _text(point, "backend")
    if not packages:
        return None
    ours = [name for name in packages if backend is not None and name.startswith(backend)]
    shown = [name for name in ("tradeoff", *ours) if name in packages] or sorted(packages)[:3]
    parts = [f"{name} {packages[name]}" for name in shown]
    number = _text(point, "dtype")
    version = environment.get("python", {}).get("version")
    return ", ".join([*parts, *([f"Python {version}"] if version else []), *([number] if number else [])])


def _text(point: pd.Series, name: str) -> str | None:
    value = point.get(name)
    return None if value is None or pd.isna(value) else str(value)
