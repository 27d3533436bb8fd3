"""Numbers as people read them: three significant digits, thousands apart."""

from __future__ import annotations

import math

THIN_SPACE = "\u202f"
"""Stands between groups of three digits; a terminal shows a blank."""


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
    return f"{rounded:,.{max(0, 2 - power)}f}".replace(",", THIN_SPACE)


def percent_of(share: float) -> str:
    """Write a share in percent, with four digits so that the last of a hundred is told: ``98.5 %``, ``99.95 %``."""
    if math.isnan(share):
        return "unknown"
    shown = f"{100.0 * share:.4g}"
    if shown == "100" and share < 1.0:
        shown = f"{100.0 * share:.6g}"
    return f"{shown} %" if math.isfinite(share) else three(share)


def apart(value: float, other: float, *, digits: int = 2) -> tuple[str, str]:
    """Write two numbers with as many significant digits, `digits` at least, as it takes to tell them apart.

    Examples
    --------
    >>> apart(72.31, 71.96)
    ('72.3', '72')
    """
    for more in range(digits, 18):
        one, two = f"{value:.{more}g}", f"{other:.{more}g}"
        if one != two:
            break
    return one, two


def whole(value: float) -> str:
    """Write a whole number: ``2 400``."""
    return f"{value:,.0f}".replace(",", THIN_SPACE)


def counted(number: int, noun: str) -> str:
    """Write a number of things: ``1 point``, ``3 points``."""
    return f"{whole(number)} {noun}" if number == 1 else f"{whole(number)} {noun}s"
