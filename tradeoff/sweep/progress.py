"""What a sweep will cost, and how far it is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tradeoff.timing import Budget
from tradeoff.timing.quiet import State

if TYPE_CHECKING:
    from tqdm import tqdm

LEAST_S = 1.0
"""A quick point: 350 ms of warm-up and 600 ms of measuring, in three visits."""

FAST_S = 2.0
"""What a million calls take beside the measuring, as calls of half a microsecond give: statistics, and the way from
one process to another."""


def predicted_cost(points: int, budget: Budget) -> str:
    """Say how long `points` points will take: at best, and when each needs its budget."""
    least, most = points * LEAST_S, points * (LEAST_S + budget.seconds + FAST_S)
    noun = "point" if points == 1 else "points"
    longer = f"longer where a call takes over {_longest_ms(budget)} or calls are uneven"
    return f"{points} {noun}, {_duration(least)} to {_duration(most)}, {longer}"


def not_quiet(state: State) -> str:
    """Say, to be put behind the cost, that other work keeps the machine busy; nothing where it does not."""
    why = state.not_quiet()
    return f". The machine is not quiet: {why}; what is measured meanwhile is flagged" if why else ""


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
