"""How far a simulation is: said when it takes longer than people wait without a word."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tqdm import tqdm

AFTER_S = 2.0
"""Seconds of silence."""

_LINE_EVERY_S = 10.0
"""Between two lines where they are kept, as in a log."""


class Progress:
    """Says on stderr how many requests have been simulated, from `AFTER_S` seconds on.

    Parameters
    ----------
    show
        Whether to say anything.
    clock
        In seconds.
    """

    def __init__(self, *, show: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._show, self._clock, self._began, self._done = show, clock, clock(), 0
        self._bar: tqdm[None] | None = None

    def __enter__(self) -> Progress:
        """Begin."""
        return self

    def __exit__(self, *raised: object) -> None:
        """End the bar, where there is one."""
        if self._bar is not None:
            self._bar.close()

    def update(self, requests: int, where: str) -> None:
        """Count requests that have been simulated; `where` says how far that is."""
        self._done += requests
        if not self._show or self._clock() - self._began < AFTER_S:
            return
        if self._bar is None:
            from tqdm.auto import tqdm

            kept = "ipykernel" not in sys.modules and not sys.stderr.isatty()
            self._bar = tqdm(
                desc="simulate", unit=" requests", unit_scale=True, mininterval=_LINE_EVERY_S if kept else 0.1
            )
            requests = self._done
        self._bar.set_postfix_str(where, refresh=False)
        self._bar.update(requests)
