"""What may be published: text without paths and addresses, and of an environment only what is listed here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from tradeoff.strangers import shortened

_LONGEST = 200
_ADDRESS = "(address)"
_NONCHARACTERS = re.compile("[\ufffe\uffff]")  # valid in text, not in XML
_URL = re.compile(r"\b[A-Za-z][A-Za-z0-9+.-]*://[^\s\"'<>|]*")
_PERSON = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_HOST = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?(?![\w.])")
_STARTS_AS_PATH = re.compile(r"[\\/]|~[\w.-]*[\\/]|[A-Za-z]:[\\/]")
_PATH = re.compile(
    r"(?:^|(?<=[\s\"'(=,:;\[]))(?:~[\w.-]*|[A-Za-z]:)?[\\/]+(?:[^\s\\/\"'<>|]+[\\/]+)+(?P<last>[^\s\\/\"'<>|]*)"
)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_PACKAGE, _VERSION = re.compile(r"[A-Za-z0-9._-]{1,60}"), re.compile(r"[0-9][\w.+!-]{0,59}")

_MACHINE = ("system", "architecture", "cpu", "cores", "threads", "usable_threads", "cpu_quota", "governor",
            "memory_bytes")  # fmt: skip
_GPU = ("name", "driver", "memory", "max_sm_clock", "power_limit")


def public_text(text: object, *, longest: int = _LONGEST) -> str:
    """Bring text on one line without control characters; of paths only the last part stays, of addresses nothing.

    ``/data/models/llama-7b`` becomes ``llama-7b``, ``ada@example.org`` and ``10.0.0.7:8000`` become ``(address)``.
    """
    plain = _NONCHARACTERS.sub(" ", str(text).encode("utf-8", "replace").decode("utf-8"))
    plain = shortened(plain, longest=10 * longest)
    if _STARTS_AS_PATH.match(plain):
        plain = _last_part(plain)
    plain = _URL.sub(lambda found: _last_part(found[0].partition("://")[2].partition("?")[0], of_several=True), plain)
    plain = _HOST.sub(_ADDRESS, _PERSON.sub(_ADDRESS, plain))
    plain = _PATH.sub(lambda found: found["last"] or _last_part(found[0]), plain)
    return shortened(plain, longest=longest)


def public_environment(environment: Mapping[str, Any]) -> dict[str, Any]:
    """Keep of a Run's environment the machine, the graphics cards, the versions and the day; whoever wrote it.

    What is not listed here may name a host, a person or a folder, and is left out.
    """
    kept = {
        "recorded_on": _day(environment.get("recorded_at")),
        "machine": dict(_listed(environment.get("machine"), _MACHINE)),
        "gpus": _gpus(environment.get("gpus")),
        "python": dict(_listed(environment.get("python"), ("implementation", "version"))),
        "packages": _packages(environment.get("packages")),
    }
    return {name: value for name, value in kept.items() if value}


def _last_part(path: str, *, of_several: bool = False) -> str:
    parts = [part for part in re.split(r"[\\/]+", path) if part and part != "~"]
    if len(parts) < 1 + of_several:
        return _ADDRESS  # an address without a path is a host's
    return parts[-1]


def _listed(content: object, names: tuple[str, ...]) -> Iterator[tuple[str, str | int | float]]:
    for name in names:
        value = content.get(name) if isinstance(content, Mapping) else None
        if isinstance(value, str) and value.strip():
            yield name, public_text(value)
        elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e18:
            yield name, value


def _gpus(content: object) -> list[dict[str, str | int | float]]:
    found = [dict(_listed(one, _GPU)) for one in content[:64]] if isinstance(content, list) else []
    return [one for one in found if one]


def _packages(content: object) -> dict[str, str]:
    pairs = content.items() if isinstance(content, Mapping) else ()
    texts = {name: version for name, version in pairs if isinstance(name, str) and isinstance(version, str)}
    return {n: v for n, v in sorted(texts.items()) if _PACKAGE.fullmatch(n) and _VERSION.fullmatch(v)}


def _day(text: object) -> str | None:
    found = _DAY.match(text) if isinstance(text, str) else None
    try:
        return date.fromisoformat(found[0]).isoformat() if found else None
    except ValueError:
        return None
