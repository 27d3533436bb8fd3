"""The claim as a JSON document: what is in it, how it is hashed, and how it is checked when it comes from a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from tradeoff.claim import words
from tradeoff.claim.data import Data, canonical_sha256
from tradeoff.claim.errors import ClaimChangedError, ClaimError
from tradeoff.claim.private import public_text
from tradeoff.claim.schema import violations
from tradeoff.claim.stated import metrics_of, stated
from tradeoff.figures.text import label_of
from tradeoff.frames import IDENTITY_COLUMNS, POINT_COLUMNS
from tradeoff.frames.busy import why_busy
from tradeoff.objective import Constraint, Decision, Objective, describe, judge
from tradeoff.objective.words import RESTLESS, turned_away

FORMAT = "tradeoff.claim"
VERSION = 1
"""Raised when a reader of older claims would misread a newer one."""

_ALSO = ("throughput_rps", "latency_p50_ms", "latency_p99_ms")
"""What a planner wants beside any number."""


def content_of(
    decision: Decision,
    data: Data,
    *,
    axes: tuple[str, str],
    environment: Mapping[str, Any],
    source: Mapping[str, Any],
    findings: list[dict[str, str]],
    day: date,
) -> dict[str, Any]:
    """Write everything that is claimed as one JSON-able mapping.

    Parameters
    ----------
    decision
        What answers the objective.
    data
        The points that it is one of, as they are published.
    axes
        Columns of the figure.
    environment, source, findings
        As `tradeoff.claim.private`, `tradeoff.claim.source` and `tradeoff.claim.findings` return them.
    day
        The date of the claim.
    """
    point, objective = decision.reported(), decision.objective
    told = stated(point, environment, objective)
    named = metrics_of(objective)
    content: dict[str, Any] = {
        "axes": list(axes),
        "date": day.isoformat(),
        "objective": str(objective),
        "verdict": decision.verdict,
        "decision": decision.sentence(),
        "among": decision.among,
        "further_samples": decision.further_samples,
        "turned_away": turned_away(point),
        "place": _place(point),
        "value": {**_measure(point, objective.metric), "n": _whole(point.get("n"))},
        "constraints": [_constraint(point, one) for one in objective.constraints],
        "also": [_measure(point, name) for name in _ALSO if name not in named and pd.notna(point.get(name))],
        "point": {name: _plain(point[name]) for name in ("point_id", *IDENTITY_COLUMNS) if pd.notna(point.get(name))},
        "runner_up": None if decision.runner_up is None else _other(decision.runner_up, objective),
        "contender": None if decision.contender is None else _other(decision.contender, objective),
        "stated": told,
        "missing": [name for name, text in told.items() if text is None],
        "simulated": "simulate" in str(point.get("source")),
        "environment": dict(environment),
        "source": dict(source),
        "findings": findings,
        "points": len(data.rows),
        "data_sha256": data.sha256(),
    }
    content["marks"] = _marks(content, str(point.get("status")), is_busy=bool(why_busy(point)))
    content["sentence"] = words.sentence(content)
    return {"sentence": content.pop("sentence"), "marks": content.pop("marks"), **content}


def document(content: Mapping[str, Any], data: Data) -> dict[str, Any]:
    """Put the claim, its data and the hash of the claim together; the claim holds the hash of the data."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "claim": dict(content),
        "claim_sha256": canonical_sha256(content),
        "data": data.json(),
    }


def as_text(whole: Mapping[str, Any]) -> str:
    """Write a document for people and for version control: a row of data a line."""
    rows = whole["data"]["rows"]
    text = json.dumps({**whole, "data": {**whole["data"], "rows": []}}, ensure_ascii=False, allow_nan=False, indent=2)
    lines = ",\n".join("      " + json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows)
    head, _, tail = text.rpartition('"rows": []')
    return f'{head}"rows": [\n{lines}\n    ]{tail}\n' if rows else text + "\n"


def as_block(whole: Mapping[str, Any]) -> str:
    """Write a document on one line of ASCII without ``<``, ``>``, ``&`` and ``--``: it can stand inside any file."""
    text = json.dumps(whole, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.replace("--", "-\\u002d")


def from_text(text: str) -> dict[str, Any]:
    """Read a document, and check it against the schema.

    Raises
    ------
    ClaimChangedError
        When it is no claim, or no longer one.
    ClaimError
        When a later tradeoff wrote it.
    """
    try:
        whole = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise ClaimChangedError(f"the claim inside is not JSON ({str(error).splitlines()[0]})") from error
    version = whole.get("version") if isinstance(whole, dict) else None
    if isinstance(version, int) and version > VERSION:
        raise ClaimError(f"the claim inside is of version {version}, and this tradeoff reads {VERSION}: update it")
    wrong = violations(whole)
    if wrong:
        raise ClaimChangedError(f"the claim inside does not follow its schema: {'; '.join(wrong[:3])}")
    return dict(whole)


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")


def _marks(content: Mapping[str, Any], status: str, *, is_busy: bool) -> list[str]:
    """Name what a reader must see before anything else."""
    marks = [] if content["verdict"] == "feasible" else [content["verdict"].upper()]
    marks += [status.upper()] if status in RESTLESS else []
    marks += [words.BUSY] if is_busy else []
    marks += ["INCOMPLETE"] if content["missing"] else []
    marks += ["CONTRADICTORY"] if any(one["severity"] == "error" for one in content["findings"]) else []
    return marks + (["SIMULATED"] if content["simulated"] else [])


def _measure(point: pd.Series, name: str) -> dict[str, Any]:
    return {
        "metric": name,
        "label": public_text(label_of(name)),
        "unit": POINT_COLUMNS[name].unit if name in POINT_COLUMNS else "",
        "value": _number(point.get(name)),
        "low": _number(point.get(f"{name}_lo")),
        "high": _number(point.get(f"{name}_hi")),
    }


def _constraint(point: pd.Series, one: Constraint) -> dict[str, Any]:
    sure, possible = judge(point.to_frame().T.infer_objects(), one)
    verdict = "met" if sure[0] else "undecided" if possible[0] else "missed"
    return {**_measure(point, one.metric), "text": str(one), "limit": one.limit, "verdict": verdict}


def _other(point: pd.Series, objective: Objective) -> dict[str, Any]:
    return {"point_id": str(point["point_id"]), "place": _place(point), **_measure(point, objective.metric)}


def _place(point: pd.Series) -> str:
    place = describe(point)
    return place[0].lower() + place[1:]


def _number(value: Any) -> float | None:
    number = float(value) if value is not None and pd.notna(value) else np.nan
    return number if np.isfinite(number) else None


def _whole(value: Any) -> int | None:
    return int(value) if value is not None and pd.notna(value) else None


def _plain(value: Any) -> Any:
    plain = value.item() if hasattr(value, "item") else value
    return plain if not isinstance(plain, float) or np.isfinite(plain) else str(plain)
