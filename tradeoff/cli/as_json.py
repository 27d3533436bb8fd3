"""``--json``: one document on standard output that a program reads, and nothing else there.

What there is no finite number for is null, units are in the keys, times of day are not in it. Control characters are
escaped, and so is everything beyond ASCII: a stranger's name cannot act on a terminal. A command's exit status is the
same with ``--json``; mistakes are sentences on standard error and leave standard output empty.
"""

from __future__ import annotations

import json
import math
import numbers
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of sentences and tables.")]


def print_json(document: Mapping[str, Any]) -> None:
    """Print a document; numbers of NumPy and pandas, and rows of frames, become those of JSON."""
    typer.echo(json.dumps(plain(document), allow_nan=False, ensure_ascii=True, indent=2).replace("\x7f", "\\u007f"))


def plain(value: Any) -> Any:
    """Return a value as JSON has it: null for what is missing or not finite."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if type(value).__name__ in ("bool_", "bool"):  # NumPy's, which are no numbers.Integral
        return bool(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value) if math.isfinite(value) else None
    if type(value).__name__ == "ndarray" or isinstance(value, list | tuple | set | frozenset):
        return [plain(one) for one in value]
    return None if type(value).__name__ in ("NAType", "NaTType") or value != value else str(value)


def point_object(point: Any, names: Iterable[str]) -> dict[str, Any] | None:
    """Return a row of ``points`` as an object: its identity, and its values with their intervals.

    Parameters
    ----------
    point
        A row; None when there is none.
    names
        Columns that have to be among ``values``, beside throughput and latency.

    Returns
    -------
    dict
        ``point_id``; ``identity``: what the point is, as far as it is stated; ``values``: each column's ``value``,
        ``lo`` and ``hi``, null where unknown; ``n``, ``status`` and ``flags``.
    """
    from tradeoff.frames import IDENTITY_COLUMNS

    if point is None:
        return None
    usual = ("throughput_rps", "latency_mean_ms", "latency_p50_ms", "latency_p99_ms")
    wanted = [name for name in dict.fromkeys([*names, *usual]) if name in point]
    stated = {name: plain(point[name]) for name in IDENTITY_COLUMNS if name in point}
    return {
        "point_id": point.get("point_id"),
        "identity": {name: value for name, value in stated.items() if value is not None},
        "values": {
            name: {"value": point[name], "lo": point.get(f"{name}_lo"), "hi": point.get(f"{name}_hi")}
            for name in wanted
        },
        "n": point.get("n"),
        "status": point.get("status"),
        "flags": point.get("flags"),
    }


def objective_object(objective: Any) -> dict[str, Any]:
    """Return an objective as an object: its canonical ``text``, and its parts by full column names."""
    return {
        "text": str(objective),
        "direction": objective.direction,
        "metric": objective.metric,
        "constraints": [constraint_object(one) for one in objective.constraints],
        "at": [{"column": one.column, "value": one.value} for one in objective.at],
    }


def constraint_object(constraint: Any) -> dict[str, Any] | None:
    """Return a constraint as an object, its limit in the unit of the column; None when there is none."""
    if constraint is None:
        return None
    return {"metric": constraint.metric, "comparison": constraint.comparison, "limit": constraint.limit}
