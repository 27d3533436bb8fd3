"""Words and numbers in figures: escaped, three significant digits, units."""

from __future__ import annotations

import html
import math
import textwrap
from collections.abc import Iterable

import pandas as pd

from tradeoff.digits import percent_of, three, whole
from tradeoff.frames import POINT_COLUMNS
from tradeoff.frames.columns import SHARES
from tradeoff.strangers import shortened

__all__ = ["count", "escape", "label_of", "quantity", "shortened", "three", "with_interval", "wrapped"]


def escape(text: object, *, longest: int = 120) -> str:
    """Make text from data safe to show: plotly renders a subset of HTML, and LaTeX between dollar signs."""
    return html.escape(shortened(text, longest=longest), quote=False).replace("$", "&#36;")


def wrapped(lines: Iterable[str], *, width: int = 100) -> list[str]:
    """Break plain text into lines of at most `width` characters, then escape each."""
    return [escape(part, longest=width + 1) for line in lines for part in textwrap.wrap(str(line), width)]


def count(value: object) -> str:
    """Write a whole number: ``2 400``."""
    return whole(value) if pd.notna(value) else "unknown"  # type: ignore[arg-type, call-overload]


def quantity(value: float, name: str) -> str:
    """Write a value of a column with its unit: ``9.80 ms``."""
    if name in SHARES:
        return percent_of(value)
    unit = POINT_COLUMNS[name].unit if name in POINT_COLUMNS else ""
    return f"{three(value)} {unit}".rstrip()


def label_of(name: str) -> str:
    """Return the human name of a column; of a column the table does not know, its name."""
    return POINT_COLUMNS[name].label if name in POINT_COLUMNS else name


def with_interval(value: float, low: float, high: float, name: str) -> str:
    """Write a value with its interval: ``9.80 ms (9.10 to 11.0)``; an end that is not known is said to be so."""
    if math.isnan(low) and math.isnan(high):
        return quantity(value, name)
    written = percent_of if name in SHARES else three
    return f"{quantity(value, name)} ({written(low)} to {written(high)})"
