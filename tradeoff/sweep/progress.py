"""What a sweep will cost, and how far it is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tradeoff.timing import Budget

if TYPE_CHECKING:
    from tqdm import tqdm

LEAST_S = 0.6
"""A quick point: 250 ms of warm-up, 250 ms of measuring, and what lies between."""


def predicted_cost(points: int, budget: Budget) -> str:
    """Say how long `points` points will take: at best, and when each needs its budget."""
    least, most = points * LEAST_S, points * (LEAST_S + budget.seconds)
    noun = "point" if points == 1 else "points"
    longer = f"longer where a call takes over {_longest_ms(budget)} or calls are uneven"
    return f"{points} {noun}, {_duration(least)} to {_duration(most)}, {longer}"


def progress_bar(*, points: int, name: str, show: bool) -> tqdm[None]:
    """Make a bar: a widget in a notebook, a line in a terminal, nothing where nobody looks."""
    from tqdm.auto import tqdm

    in_notebook = "ipykernel" in sys.modules
    visible = show and (in_notebook or sys.stderr.isatty())
    return tqdm(total=points, desc=name, unit="point", disable=not visible)


def _longest_ms(budget: Budget) -> str:
    return f"{1000 * budget.seconds / budget.min_calls:.3g} ms"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
