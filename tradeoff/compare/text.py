"""Changes, values and names as people read them. All text is plain: whoever shows it escapes it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tradeoff.compare.changes import Ratio
from tradeoff.digits import three
from tradeoff.frames import POINT_COLUMNS


def change_text(ratio: Ratio) -> str:
    """Write a change: ``+38 %``, ``doubled``, ``halved``, ``2.60 times as high``."""
    if 1.9 <= ratio.value <= 2.1:
        return "doubled"
    if 1 / 2.1 <= ratio.value <= 1 / 1.9:
        return "halved"
    if math.isinf(ratio.value):
        return "up from 0"
    return f"{three(ratio.value)} times as high" if ratio.value > 2.1 else percent(ratio.value)


def percent(ratio: float) -> str:
    """Write a ratio as a change: ``+38 %``, ``−1.2 %``."""
    change = 100 * (ratio - 1)
    if not math.isfinite(change):
        return "unknown"
    text = f"{change:+.0f} %" if abs(change) >= 9.95 else f"{change:+.1f} %"
    return "±0.0 %" if abs(change) < 0.05 else text.replace("-", "−")


def interval_text(ratio: Ratio) -> str:
    """Write the interval of a change, ``−12 % to −5.0 %``; an end that is not known is said to be so."""
    return f"{'unknown' if ratio.lo == 0 else percent(ratio.lo)} to {percent(ratio.hi)}"


def with_interval(ratio: Ratio) -> str:
    """Write a change with its interval, ``−8.6 % (−12 % to −5.0 %)``, unless that is a point."""
    exact = ratio.lo == ratio.value == ratio.hi
    return percent(ratio.value) if exact else f"{percent(ratio.value)} ({interval_text(ratio)})"


def value_text(name: str, value: Any) -> str:
    """Write the value of a column that says what a point is."""
    if value is None or isinstance(value, str):
        return value or "unstated"
    unit = POINT_COLUMNS[name].unit if name in POINT_COLUMNS else ""
    return f"{float(value):g} {unit}".rstrip() if unit == "ms" else f"{float(value):g}"


def quantity(value: float, name: str) -> str:
    """Write a measured value with its unit."""
    unit = POINT_COLUMNS[name].unit if name in POINT_COLUMNS else ""
    return f"{three(value)} {unit}".rstrip()


def label_of(name: str) -> str:
    """Return the human name of a column; of one that the table does not know, its name."""
    return POINT_COLUMNS[name].label if name in POINT_COLUMNS else name


def joined(parts: Sequence[str]) -> str:
    """Join parts as a sentence does: ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]])) if parts else ""


def capital(text: str) -> str:
    """Begin with a capital letter."""
    return text[:1].upper() + text[1:]
