"""How it was measured, in lines that a reader can check: what does not vary, how many samples, on what."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import pandas as pd

from tradeoff.digits import whole
from tradeoff.frames import IDENTITY_COLUMNS, POINT_COLUMNS

_MOST_LINES = 60
_LONGEST = 240
_PRIVATE = (
    "host", "node", "user", "login", "home", "path", "cwd", "dir", "file", "uuid", "serial", "mac", "address", "ip",
    "email", "name_of", "url", "token", "pid",
)  # fmt: skip
"""Words in a key that say its value may identify a machine or a person: not exported, whatever wrote it there."""


def measured(points: pd.DataFrame, environment: Mapping[str, Any], *, besides: Collection[str]) -> list[list[str]]:
    """List what all points share, and the environment.

    Parameters
    ----------
    points
        The points shown.
    environment
        The Run's.
    besides
        Columns shown elsewhere: axes and drop-downs.

    Returns
    -------
    list of [str, str]
        What, and its value as text.
    """
    lines = [*_shared(points, besides), *_counts(points)]
    for key, text in _flat(environment):
        if len(lines) >= _MOST_LINES:
            break
        lines.append([key, text])
    return lines


def _shared(points: pd.DataFrame, besides: Collection[str]) -> Iterator[list[str]]:
    for name in IDENTITY_COLUMNS:
        if name in points and name not in besides:
            values = points[name].dropna().unique()
            if len(values) == 1:
                described = POINT_COLUMNS[name]
                unit = f" {described.unit}" if described.unit else ""
                yield [described.label, _short(f"{values[0]}{unit}")]


def _counts(points: pd.DataFrame) -> Iterator[list[str]]:
    yield ["points", str(len(points))]
    n = points["n"].dropna() if "n" in points else pd.Series(dtype="Int64")
    if len(n):
        yield ["samples a point", " to ".join(whole(end) for end in dict.fromkeys((int(n.min()), int(n.max()))))]
    if "duration_s" in points and points["duration_s"].notna().any():
        yield ["measured for", f"{whole(points['duration_s'].sum())} s in all"]
    counts = points["status"].value_counts() if "status" in points else pd.Series(dtype="int64")
    if len(counts):
        yield ["how measurements ended", ", ".join(f"{count} {status}" for status, count in counts.items())]
    yield ["intervals", "95 %, from order statistics (exact binomial), widened where samples depend on each other"]


def _flat(content: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for key, value in content.items():
        words = str(key).lower().replace("-", "_").split("_")
        if any(word in _PRIVATE for word in words) or any(word in str(key).lower() for word in ("host", "user")):
            continue
        label = f"{above}{str(key).replace('_', ' ')}"
        if isinstance(value, Mapping):
            if above.count(":") < 2:
                yield from _flat(value, f"{label}: ")
        elif isinstance(value, list | tuple):
            if value and all(isinstance(item, str | int | float) for item in value):
                yield from _told(label, ", ".join(map(str, value)))
        elif words[-1] == "bytes" and isinstance(value, int):
            yield from _told(label.removesuffix(" bytes"), f"{value / 2**30:.1f} GiB")
        elif isinstance(value, str | int | float) and value != "":
            yield from _told(label, str(value))


def _told(label: str, text: str) -> Iterator[tuple[str, str]]:
    if text.startswith(("/", "~", "\\")) or " /" in text or ":\\" in text:
        return  # a path of that machine
    yield _short(label), _short(text)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
