"""Axes: ranges that hold every interval, and ticks at sensible places."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_SUFFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


class Axis(NamedTuple):
    """An axis as a figure needs it.

    Attributes
    ----------
    title
        With unit and the direction that is better.
    log
        Whether it is logarithmic.
    low, high
        The ends of its range, in the data's unit.
    ticks, minor
        Where ticks stand, labelled and not.
    """

    title: str
    log: bool
    low: float
    high: float
    ticks: tuple[float, ...]
    minor: tuple[float, ...] = ()

    def layout(self) -> dict[str, Any]:
        """Return it as plotly writes it."""
        return {
            "title": {"text": self.title},
            "type": "log" if self.log else "linear",
            "range": [math.log10(self.low), math.log10(self.high)] if self.log else [self.low, self.high],
            "tickmode": "array",
            "tickvals": list(self.ticks),
            "ticktext": [tick_text(tick) for tick in self.ticks],
            "tickangle": 0,
            "minor": {"tickmode": "array", "tickvals": list(self.minor), "ticks": "outside", "ticklen": 3},
        }


def axis(values: Iterable[float], *, title: str, log: bool | None = None, most: int = 8, room: float = 0.07) -> Axis:
    """Fit an axis around values.

    Parameters
    ----------
    values
        What it must hold; those not finite are passed over.
    title
        Its title.
    log
        Logarithmic; by default when every value is positive.
    most
        The largest number of labelled ticks.
    room
        Share of the range left free at each end.
    """
    known = np.asarray([value for value in values if math.isfinite(value)], dtype="float64")
    if log is None:
        log = bool(len(known)) and bool((known > 0).all())
    if log:
        known = known[known > 0]
    if not len(known):
        return Axis(title, False, 0.0, 1.0, ())
    if log:
        low, high = _spread(np.log10(known), room, least=0.15)
        return Axis(title, True, 10**low, 10**high, tuple(log_ticks(10**low, 10**high, most=most)), _minor(low, high))
    low, high = _spread(known, room, least=abs(float(known[0])) or 1.0)
    return Axis(title, False, low, high, tuple(linear_ticks(low, high, most=most)))


def measured_axis(values: Iterable[float], *, title: str, most: int = 10) -> Axis:
    """Fit a logarithmic axis with ticks at the measured values themselves, thinned where they would overlap."""
    known = np.unique([value for value in values if math.isfinite(value)])
    if not len(known) or known[0] <= 0:
        return axis(known, title=title)._replace(ticks=tuple(known.tolist()))
    low, high = _spread(np.log10(known), 0.06, least=0.3)
    return Axis(title, True, 10**low, 10**high, tuple(_thinned(known, (high - low) / most)))


def log_ticks(low: float, high: float, *, most: int = 8) -> list[float]:
    """Choose round numbers between two positive ones: as many as fit."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    decades = [float(power) for power in range(first, last + 1)]
    choices: list[list[float]] = [
        [step * 10**power for power in decades for step in steps]
        for steps in ((1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,))
    ]
    choices += [[10**power for power in decades if power % every == 0] for every in (2, 3, 6)]
    if high < 3 * low:  # so narrow that equal steps look equal
        choices.append(linear_ticks(low, high, most=most))
    inside = [[float(f"{tick:.12g}") for tick in choice if low <= tick <= high] for choice in choices]
    fitting = [choice for choice in inside if 2 <= len(choice) <= most]
    return max(fitting, key=len) if fitting else []


def linear_ticks(low: float, high: float, *, most: int = 8) -> list[float]:
    """Choose multiples of 1, 2 or 5 between two numbers: as many as fit."""
    if not high > low:
        return [low]
    rough = (high - low) / max(1, most - 1)
    power = math.floor(math.log10(rough))
    step = next(
        size for size in (10.0**power * m for m in (1, 2, 5, 10, 20)) if math.floor(high / size) - low / size < most
    )
    first = math.ceil(low / step - 1e-9)
    return [float(f"{number * step:.12g}") for number in range(first, math.floor(high / step + 1e-9) + 1)]


def tick_text(value: float) -> str:
    """Write a tick: ``0.5``, ``20``, ``10k``, ``2.5M``."""
    for size, suffix in _SUFFIXES:
        if size <= abs(value) < 1e12 and (size > 1e3 or abs(value) >= 1e4):
            return f"{value / size:.6g}{suffix}"
    return f"{value:.6g}"


def _spread(known: NDArray[np.float64], room: float, *, least: float) -> tuple[float, float]:
    low, high = float(known.min()), float(known.max())
    if high - low < least:
        low, high = (low + high - least) / 2, (low + high + least) / 2
    return low - room * (high - low), high + room * (high - low)


def _minor(low: float, high: float) -> tuple[float, ...]:
    if high - low > 8:
        return ()
    every = [step * 10.0**power for power in range(math.floor(low), math.ceil(high) + 1) for step in range(1, 10)]
    return tuple(float(f"{tick:.12g}") for tick in every if 10**low <= tick <= 10**high)


def _thinned(known: Sequence[float] | NDArray[np.float64], gap: float) -> list[float]:
    """Keep values at least `gap` apart in log10; powers of two go first, for they are what people look for."""
    kept: list[float] = []
    for value in sorted(known, key=lambda value: (value != known[0], not float(math.log2(value)).is_integer(), value)):
        if all(abs(math.log10(value / other)) >= gap - 1e-9 for other in kept):
            kept.append(float(value))
    return sorted(kept)
