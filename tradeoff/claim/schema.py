"""The published JSON Schema of a claim, and a check of files against it that needs no further package.

Only the keywords that the schema uses are understood here; a test holds this check to what ``jsonschema`` says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "number": (int, float), "integer": (int,),
    "boolean": (bool,), "null": (type(None),),
}  # fmt: skip


@cache
def _schema() -> dict[str, Any]:
    text = files("tradeoff.claim").joinpath("claim.schema.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def claim_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of ``claim.json``."""
    return dict(json.loads(json.dumps(_schema())))


def violations(content: object) -> list[str]:
    """List where `content` does not follow the schema, such as ``claim.verdict: 'great' is not one of ...``."""
    return list(_check(content, _schema(), ""))


def _check(value: object, rule: Mapping[str, Any], where: str) -> Iterator[str]:
    rule = _resolved(rule)
    name = where.removeprefix(".") or "the document"
    if "const" in rule and (value != rule["const"] or isinstance(value, bool)):
        yield f"{name}: expected {rule['const']!r}"
    if "enum" in rule and value not in rule["enum"]:
        yield f"{name}: expected one of {', '.join(map(str, rule['enum']))}"
    if "type" in rule and not _is(value, rule["type"]):
        yield f"{name}: expected {rule['type'] if isinstance(rule['type'], str) else ' or '.join(rule['type'])}"
    elif isinstance(value, dict):
        yield from _check_object(value, rule, where, name)
    elif isinstance(value, list) and "items" in rule:
        for at, item in enumerate(value):
            yield from _check(item, rule["items"], f"{where}[{at}]")
    elif isinstance(value, str) and "pattern" in rule and not re.search(rule["pattern"], value):
        yield f"{name}: expected {rule['pattern']}"


def _check_object(value: Mapping[str, Any], rule: Mapping[str, Any], where: str, name: str) -> Iterator[str]:
    for key in rule.get("required", ()):
        if key not in value:
            yield f"{name}: {key!r} is missing"
    known, others = rule.get("properties", {}), rule.get("additionalProperties", {})
    for key, item in value.items():
        if key in known:
            yield from _check(item, known[key], f"{where}.{key}")
        elif others is False:
            yield f"{name}: {key[:60]!r} is not known"
        else:
            yield from _check(item, others, f"{where}.{key[:60]}")


def _resolved(rule: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in rule:
        return rule
    return dict(_schema()["$defs"][rule["$ref"].rpartition("/")[2]])


def _is(value: object, types: str | list[str]) -> bool:
    named = [types] if isinstance(types, str) else types
    if isinstance(value, bool):
        return "boolean" in named
    whole = isinstance(value, float) and value.is_integer() and "integer" in named  # 5.0 is an integer in JSON Schema
    return whole or any(isinstance(value, kind) for one in named for kind in _TYPES[one])
