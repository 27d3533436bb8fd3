"""Words and numbers in figures: escaped, three significant digits, units."""

from __future__ import annotations

import html
import math
import textwrap
import unicodedata
from collections.abc import Iterable

import pandas as pd

from tradeoff.frames import POINT_COLUMNS

_THIN_SPACE = "\u202f"


def shortened(text: object, *, longest: int = 120) -> str:
    """Bring text on one line of at most `longest` characters; control characters become spaces."""
    plain = "".join(" " if unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp") else sign for sign in str(text))
    plain = " ".join(plain.split())
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"


def escape(text: object, *, longest: int = 120) -> str:
    """Make text from data safe to show: plotly renders a subset of HTML, and LaTeX between dollar signs."""
    return html.escape(shortened(text, longest=longest), quote=False).replace("$", "&#36;")


def wrapped(lines: Iterable[str], *, width: int = 100) -> list[str]:
    """Break plain text into lines of at most `width` characters, then escape each."""
    return [escape(part, longest=width + 1) for line in lines for part in textwrap.wrap(str(line), width)]


def three(value: float) -> str:
    """Write a number with three significant digits: ``9.80``, ``412``, ``41 800``, ``1.23e+12``."""
    if math.isnan(value):
        return "unknown"
    if math.isinf(value):
        return "infinite" if value > 0 else "minus infinite"
    rounded = float(f"{value:.3g}")
    if rounded == 0:
        return "0"
    power = math.floor(math.log10(abs(rounded)))
    if not -4 <= power < 9:
        return f"{value:.3g}"
    return f"{rounded:,.{max(0, 2 - power)}f}".replace(",", _THIN_SPACE)


def count(value: object) -> str:
    """Write a whole number: ``2 400``."""
    return f"{int(value):,}".replace(",", _THIN_SPACE) if pd.notna(value) else "unknown"  # type: ignore[call-overload]


def quantity(value: float, name: str) -> str:
    """Write a value of a column with its unit: ``9.80 ms``."""
    unit = POINT_COLUMNS[name].unit if name in POINT_COLUMNS else ""
    return f"{three(value)} {unit}".rstrip()


def label_of(name: str) -> str:
    """Return the human name of a column; of a column the table does not know, its name."""
    return POINT_COLUMNS[name].label if name in POINT_COLUMNS else name


def with_interval(value: float, low: float, high: float, name: str) -> str:
    """Write a value with its interval: ``9.80 ms (9.10 to 11.0)``; an end that is not known is said to be so."""
    if math.isnan(low) and math.isnan(high):
        return quantity(value, name)
    return f"{quantity(value, name)} ({three(low)} to {three(high)})"
