"""``tradeoff.search``: the answer to an objective, measured only where it is open."""

from __future__ import annotations

import inspect
import math
import numbers
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from tradeoff.arguments import ArgumentError, folder, shown, yes_or_no
from tradeoff.arguments import seed as seed_of
from tradeoff.frames import Run, make_points, make_samples
from tradeoff.objective import Decision, Objective, ObjectiveError, decide
from tradeoff.search.asking import Asking, checked_what
from tradeoff.search.grid import RaceLoop
from tradeoff.search.load import RUNS, Bracket
from tradeoff.search.race import OPEN
from tradeoff.search.repeats import together
from tradeoff.search.result import SearchResult
from tradeoff.sweep import sweep, swept
from tradeoff.timing import Budget

_OF_A_GRID = ("batch_size", "concurrency", "effort", "budget")
_RATES = ("throughput_rps", "request_rate_rps", "achieved_rate_rps")


def search(
    what: Any,
    objective: Objective | str,
    *,
    batch_size: int | Sequence[int] | None = None,
    concurrency: int | Sequence[int] | None = None,
    request_rate: tuple[float, float] | None = None,
    effort: float | None = None,
    tolerance: float | None = None,
    budget: str | Budget | None = None,
    duration_s: float = 5.0,
    runs: int = RUNS,
    path: str | os.PathLike[str] | None = None,
    resume: bool = False,
    seed: int = 0,
    progress: bool = True,
    **options: Any,
) -> SearchResult:
    """Find what answers an objective, and spend measuring time only where that is open.

    Over a grid (`batch_size`, `concurrency`): every point gets a short look. Those that surely miss a limit, or are
    surely beaten, get no more; time goes to the one that looks best and to those that could still be. Over a load
    (`request_rate`): the highest rate that keeps the limits, between one that surely keeps and one that surely misses
    them.

    Parameters
    ----------
    what
        For a grid: a workload, as for `tradeoff.sweep`. For a load: an async function that asks a server once, as for
        `tradeoff.drive`, or a function that is called with ``request_rate`` and ``seed`` and returns a Run of one
        point, such as ``functools.partial(tradeoff.simulate, run, max_batch_size=8)``; `serve`, `serve_tokens` and
        `simulate_tokens` likewise.
    objective
        As for `tradeoff.decide`. For a load ``"maximize throughput subject to …"``, with one limit at least.
    batch_size, concurrency
        The grid; `concurrency` is 1 unless given.
    request_rate
        Where to look for the rate: the lowest and the highest, in requests a second. It begins at the lowest; the
        highest is asked for only when all below it keep the limits.
    effort
        Of a grid: the share of the full grid's calls and time that may be spent, first looks aside; 0.3 unless given.
        With 1 a search goes on until nothing is open.
    tolerance
        Points that could beat the best by this share at most are as good (0.01 for a grid), and rates that differ by
        it are told apart no further (0.05 for a load).
    budget
        Of a grid: what a point that is measured in full may take, as for `sweep`; ``"draft"`` unless given.
    duration_s
        Of an async function: how long it is asked at each rate, in seconds; longer at rates that are too low for the
        percentiles of the limits.
    runs
        Of a load: independent runs at one rate at most, 3 or more.
    path
        A folder for the Run. Points of a grid are committed to it while they are measured.
    resume
        Of a grid: points that are finished in `path` are taken as they are.
    seed
        Of everything that is drawn, and of the order of the first looks.
    progress
        Show the predicted cost and what is measured.
    **options
        Others of `sweep`, of `drive`, or of the function.

    Returns
    -------
    SearchResult
        The decision, the Run, what it took, and for a load `highest_rate_rps`, `lo` and `hi`. After Ctrl-C: from what
        was measured until then, and not settled.

    Raises
    ------
    ValueError
        When an argument cannot be used, as `sweep`, `drive` or the function raise it; `ObjectiveError` when the
        objective cannot be read or asked here.
    RunFolderError
        As for `sweep`; for a load when `path` holds a Run.

    Notes
    -----
    Grids are raced [1]_, and the time of those that are left is shared as LUCB shares it [2]_. Intervals allow for all
    looks at all points together (Bonferroni), so a grid's answer is lost with 5 % at most as far as the intervals hold;
    that throughput and p99 mostly rise with batch size and concurrency is not made use of. A load is bracketed by
    doubling and halved on a logarithmic scale; a server that misses at one rate is taken to miss at all higher ones.

    References
    ----------
    .. [1] Maron, O. and Moore, A. (1993). Hoeffding races: accelerating model selection search for classification and
       function approximation. NIPS 6.
    .. [2] Kalyanakrishnan, S., Tewari, A., Auer, P. and Stone, P. (2012). PAC subset selection in stochastic
       multi-armed bandits. ICML 29.

    Examples
    --------
    >>> from functools import partial
    >>> server = partial(tradeoff.simulate, lambda size: 4.0 + size, max_batch_size=8, n_requests=2000, replications=5)
    >>> asked = "maximize throughput subject to p99 <= 30 ms"
    >>> found = tradeoff.search(server, asked, request_rate=(50, 2000), progress=False)
    >>> 50 < found.lo < found.highest_rate_rps < found.hi < 667
    True

    >>> found = tradeoff.search("softmax", asked, batch_size=[1, 2, 4, 8], concurrency=[1, 2])  # doctest: +SKIP
    """
    began = time.perf_counter()
    asked = Objective.of(objective)
    seed, progress, path = seed_of(seed), yes_or_no("progress", progress), folder(path)
    if (request_rate is None) == (batch_size is None):
        raise ArgumentError("search needs batch_size= (a grid) or request_rate=(lowest, highest) (a load), one of them")
    if request_rate is None:
        margin = 0.01 if tolerance is None else _share("tolerance", tolerance)
        part = 0.3 if effort is None else _share("effort", effort)
        grid = {
            "batch_size": batch_size, "concurrency": 1 if concurrency is None else concurrency,
            "budget": "draft" if budget is None else budget, "path": path, "resume": resume, "seed": seed,
            "progress": progress,
        }  # fmt: skip
        return _over_grid(what, asked, grid, options, effort=part, tolerance=margin, began=began)
    given = {"concurrency": concurrency, "effort": effort, "budget": budget, "resume": resume or None}
    if wrong := [name for name, value in given.items() if value is not None]:
        raise ArgumentError(f"{' and '.join(wrong)} go with batch_size= (a grid), not with request_rate=")
    _check_load_objective(asked)
    asking = Asking(
        checked_what(what), asked.constraints, duration_s=_seconds(duration_s), seed=seed, progress=progress,
        options=options,
    )  # fmt: skip
    lo, hi = _range(request_rate)
    bracket = Bracket(
        asking, asked.constraints, lo, hi,
        tolerance=0.05 if tolerance is None else _share("tolerance", tolerance), runs=_runs(runs),
    )  # fmt: skip
    if path is not None:
        _refuse_if_there(path)
    bracket.run()
    if not bracket.found:
        raise KeyboardInterrupt
    return _of_load(bracket, asking, asked, path, began)


def _over_grid(
    what: Any,
    objective: Objective,
    grid: Mapping[str, Any],
    options: Mapping[str, Any],
    *,
    effort: float,
    tolerance: float,
    began: float,
) -> SearchResult:
    parameters = inspect.signature(sweep).parameters
    if wrong := [name for name in options if name not in parameters or name in ("workload", *grid)]:
        allowed = ", ".join(name for name in parameters if name not in ("workload", *grid))
        raise ArgumentError(f"{wrong[0]} is no option of a search over a grid: use some of {allowed}")
    usual = {name: one.default for name, one in parameters.items() if one.default is not inspect.Parameter.empty}
    loop = RaceLoop(objective, effort=effort, tolerance=tolerance)
    run = swept(loop, what, **{**usual, **options, **grid})
    race = loop.race
    calls, full = (0, 0.0) if race is None else (
        sum(one.calls for one in race.seen), sum(one.full_calls for one in race.seen)
    )  # fmt: skip
    if race is None:  # nothing was left to measure, or it was stopped
        known = run.points["n"].fillna(0).sum()
        calls, full = int(known), float(known)
    fate = {} if race is None else {p.point_id: f for p, f in zip(loop.points, race.fate, strict=True)}
    decision = _decided(run, objective, must=race is not None)
    chosen = None if decision is None else decision.point["point_id"]
    still = run.points["point_id"].map(fate).eq(OPEN) & (run.points["point_id"] != chosen)
    is_partial = bool((run.points["status"] == "partial").any())
    return SearchResult(
        objective=objective,
        decision=decision,
        run=run,
        is_settled=race.is_settled if race is not None else not is_partial,
        calls=calls,
        full_calls=full,
        seconds=time.perf_counter() - began,
        open_points=run.points[still & (run.points["status"] == "partial")],
    )


def _of_load(
    bracket: Bracket, asking: Asking, objective: Objective, path: str | os.PathLike[str] | None, began: float
) -> SearchResult:
    rates = sorted(bracket.found)
    metrics = [one.metric for one in objective.constraints]
    points = make_points(together(bracket.rows[rate], metrics=metrics) for rate in rates)
    numbered: dict[float, int] = {}
    parts = []
    for rate, samples in asking.samples:
        numbered[rate] = numbered.get(rate, -1) + 1
        parts.append(samples.assign(replicate=numbered[rate]))
    samples = pd.concat(parts, ignore_index=True) if parts else make_samples({})
    run = Run(points, samples, {**asking.environment, "search": str(objective)})
    if path is not None:
        run.save(path)
    is_open = pd.Series([bracket.found[rate] == "open" for rate in rates], index=points.index)
    counts = points[["n", "n_errors", "n_rejected"]].astype("float64").fillna(0.0)
    return SearchResult(
        objective=objective,
        decision=_decided(run, objective, must=False),
        run=run,
        is_settled=not bracket.is_stopped,
        calls=int(counts.to_numpy().sum()),
        full_calls=math.nan,
        seconds=time.perf_counter() - began,
        open_points=points[is_open],
        highest_rate_rps=bracket.estimate(),
        lo=bracket.kept_to,
        hi=bracket.missed_from,
    )


def _decided(run: Run, objective: Objective, *, must: bool) -> Decision | None:
    """Decide, where something that was measured can be judged."""
    try:
        return decide(run, objective)
    except ObjectiveError:
        if must:
            raise
        return None


def _check_load_objective(objective: Objective) -> None:
    if objective.direction != "maximize" or objective.metric not in _RATES or not objective.constraints:
        raise ObjectiveError(
            f"{str(objective)!r} cannot be searched for over request_rate: it finds the highest rate that keeps the "
            "limits, as in 'maximize throughput subject to p99 <= 20 ms'"
        )


def _share(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0.0 < float(value) <= 1.0:
        raise ArgumentError(f"{name} must be a share above 0 and at most 1, such as 0.3; got {shown(value)}")
    return float(value)


def _range(value: Any) -> tuple[float, float]:
    ends = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else []
    if len(ends) != 2 or any(isinstance(end, bool) or not isinstance(end, numbers.Real) for end in ends):
        raise ArgumentError(f"request_rate must be (lowest, highest) in requests a second; got {shown(value)}")
    lo, hi = float(ends[0]), float(ends[1])
    if not 0.0 < lo < hi < math.inf:
        raise ArgumentError(f"request_rate must be (lowest, highest) with 0 < lowest < highest; got {shown(value)}")
    return lo, hi


def _runs(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or not 3 <= int(value) <= 100:
        raise ArgumentError(f"runs must be a whole number from 3 to 100; got {shown(value)}")
    return int(value)


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0.0 < float(value) < 1e6:
        raise ArgumentError(f"duration_s must be seconds, above 0 and below a million; got {shown(value)}")
    return float(value)


def _refuse_if_there(path: str | os.PathLike[str]) -> None:
    from tradeoff.frames import RunFolder, RunFolderError

    if RunFolder(path).is_run():
        raise RunFolderError(f"{os.fspath(path)} holds a Run already: choose another folder")
