"""How a server is asked at one rate: by requests from outside, or by a function that serves or simulates."""

from __future__ import annotations

import inspect
import math
import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from tradeoff.arguments import ArgumentError, shown
from tradeoff.digits import three
from tradeoff.frames import Run
from tradeoff.objective.objective import Constraint
from tradeoff.search.system import percentile_of
from tradeoff.stats.sample_size import samples_needed

_ENOUGH = 400
"""Requests a run asks for at least: a rate and a median take no more."""

_COUNTED = 0.9
"""Share of a driven run that counts: its first tenth does not."""

_SPARE = 1.5
"""Requests depend on each other: those of a percentile are taken half as many again."""

SEED_STEP = 7919
"""Between the seeds of two runs: whoever asks with seeds 0 and 1 gets no run twice."""


class Asking:
    """Asks at one rate after the other, and keeps what came of it.

    Parameters
    ----------
    what
        An async function that asks once, or a function of ``request_rate`` and ``seed`` that returns a Run.
    constraints
        The limits: a run is long enough for their percentiles.
    duration_s
        Seconds that a driven run takes at least.
    seed
        Of the first run.
    progress
        Say what is being asked.
    options
        Handed on.
    """

    def __init__(
        self,
        what: Callable[..., Any],
        constraints: tuple[Constraint, ...],
        *,
        duration_s: float,
        seed: int,
        progress: bool,
        options: Mapping[str, Any],
    ) -> None:
        self._what, self._options = what, dict(options)
        self._duration_s, self._seed, self._progress = duration_s, seed, progress
        self._is_driven = is_async(what)
        self._requests = requests_for(constraints)
        self.samples: list[tuple[float, pd.DataFrame]] = []
        self.environment: Mapping[str, Any] = {}

    def __call__(self, rate: float, number: int) -> Mapping[str, Any] | None:
        """Ask at a rate, in run `number`; None when Ctrl-C ended it."""
        from tradeoff.serving.real.interrupts import Interrupted

        if self._progress:
            print(f"run {number + 1}: {three(rate)} requests/s", file=sys.stderr)
        seed = (self._seed + SEED_STEP * number) % 2**32
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            run = self._run(rate, seed)
        for warning in caught:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
        if any(issubclass(warning.category, Interrupted) for warning in caught):
            return None
        self.environment = run.environment
        if len(run.samples):
            self.samples.append((rate, run.samples))
        return {str(name): value for name, value in run.points.iloc[0].items()}

    def _run(self, rate: float, seed: int) -> Run:
        if self._is_driven:
            from tradeoff.serving import drive

            seconds = max(self._duration_s, self._requests / _COUNTED / rate)
            return drive(
                self._what, request_rate=rate, seed=seed, progress=False, **{"duration_s": seconds, **self._options}
            )
        run = self._what(request_rate=rate, seed=seed, **self._options)
        if not isinstance(run, Run) or len(run.points) != 1:
            got = f"a Run of {len(run.points)} points" if isinstance(run, Run) else f"{type(run).__name__}"
            raise ArgumentError(
                f"what must return a Run of one point when called with request_rate={rate:g}; got {got}: for a server "
                "outside pass an async function, for others functools.partial(tradeoff.simulate, run, max_batch_size=8)"
            )
        return run


def is_async(what: Any) -> bool:
    """Say whether a callable is an async function, or an object whose call is one."""
    return inspect.iscoroutinefunction(what) or inspect.iscoroutinefunction(getattr(what, "__call__", None))  # noqa: B004


def requests_for(constraints: tuple[Constraint, ...]) -> int:
    """Return the requests whose percentiles have intervals, with some to spare."""
    from tradeoff.search.load import LOOKS

    known = [p for one in constraints if (p := percentile_of(one.metric)) is not None]
    needed = [math.ceil(_SPARE * samples_needed(p, alpha=0.05 / LOOKS)) for p in known]
    return max([_ENOUGH, *needed])


def checked_what(what: Any) -> Callable[..., Any]:
    """Return what is asked, when it can be called.

    Raises
    ------
    ArgumentError
        When it cannot.
    """
    if callable(what):
        return what  # type: ignore[no-any-return]
    raise ArgumentError(
        "what must be an async function that asks once, or a function of request_rate and seed that returns a Run, "
        f"such as functools.partial(tradeoff.simulate, run, max_batch_size=8); got {shown(what)}"
    )
