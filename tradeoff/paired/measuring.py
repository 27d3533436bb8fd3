"""``tradeoff.measure_pair``: before and after, measured in turns."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict
from typing import Any

import pandas as pd

from tradeoff.arguments import ArgumentError, dtypes, shown, text, whole_numbers, yes_or_no
from tradeoff.arguments import device as checked_device
from tradeoff.arguments import seed as seed_of
from tradeoff.callers import level_of_caller
from tradeoff.environment import capture, device_name
from tradeoff.frames import PERCENTILES, Run, make_points, make_samples, point_id
from tradeoff.frames.names import UnknownColumnError, resolve
from tradeoff.objective import Objective
from tradeoff.objective.objective import EXAMPLE
from tradeoff.paired.alternate import ALPHA, Alternated, alternate
from tradeoff.paired.comparison import PairedComparison
from tradeoff.paired.verdict import direction_of, headline, how, metric_of, notes, verdict_of
from tradeoff.paired.workload_side import WorkloadSide, benches_of
from tradeoff.sweep.grid import GridPoint, Subject
from tradeoff.sweep.isolation import threads_for
from tradeoff.sweep.measuring import intra_op_threads
from tradeoff.sweep.progress import not_quiet
from tradeoff.sweep.source import import_path
from tradeoff.sweep.turn import turn_on
from tradeoff.timing import Budget, as_budget
from tradeoff.timing.quiet import look
from tradeoff.workloads import Workload, as_workload
from tradeoff.workloads.anything import is_module
from tradeoff.workloads.choice import check_dtypes, device_for
from tradeoff.workloads.operation import Operation
from tradeoff.workloads.trial import refusal_of

COLUMNS = {"throughput": "throughput_rps", **{name: f"latency_{name}_ms" for name in PERCENTILES}}
"""Metrics that a pair can be asked for, and their columns of ``points``."""


class PairInterrupted(UserWarning):
    """A paired measurement was stopped by Ctrl-C; what was measured until then is kept."""


def measure_pair(
    before: Any,
    after: Any,
    *,
    batch_size: int,
    concurrency: int = 1,
    budget: str | Budget = "standard",
    objective: Objective | str | None = None,
    metrics: Sequence[str] = ("throughput", "p50", "p99"),
    dtype: str = "float32",
    device: str | None = None,
    example: Any = None,
    name: str | None = None,
    seed: int = 0,
    progress: bool = True,
) -> PairedComparison:
    """Measure before and after in turns, in the same minutes on the same machine, and say what changed.

    Both are kept ready and warm, and take turns in short blocks: before-after-after-before or the reverse, by the toss
    of a coin each time. Whatever the machine does meanwhile meets both alike, so that a busy or moody machine makes the
    intervals wider and invents no winner: of two that are the same, each round's difference has either sign with equal
    probability, whatever else runs beside them. Two Runs that were measured one after the other cannot know that.

    Parameters
    ----------
    before, after
        As in `sweep`: names, importable paths, torch modules (with `example`), calls that take a batch size, factories.
    batch_size, concurrency
        Requests a call, calls in flight; a number each.
    budget
        ``"draft"`` (2 s of each side), ``"standard"`` (10 s), ``"tail"`` (60 s), or a `Budget`. It ends earlier when
        every ratio is known well enough: to half of the difference that is to be told, which is the budget's tolerance
        of a percentile (1 % of p50 and 5 % of p99 unless it says otherwise) and 1 % of the throughput; or to a tenth of
        the change that there is.
    objective
        As text, ``"maximize throughput subject to p99 <= 20 ms"``, or an `Objective`; what it names is measured beside
        `metrics`.
    metrics
        Some of ``"throughput"``, ``"p50"``, ``"p90"``, ``"p95"``, ``"p99"``, ``"p999"``.
    dtype, device
        As in `sweep`; two modules on one GPU share it in turns.
    example
        An example input of torch modules.
    name
        What to call both in the frames; their own names unless given.
    seed
        Of the inputs, the same for both, and of the order within rounds.
    progress
        Say what it may take, and whether other work keeps the machine busy.

    Returns
    -------
    PairedComparison
        With a `verdict`. Without an objective, a metric that is surely better is a gain, one that is surely worse a
        loss: ``"better"`` with a gain and no loss, ``"worse"`` with a loss and no gain, ``"mixed"`` with both,
        ``"not_separable"`` with neither. With an objective its metric counts, and limits that are surely met and surely
        were not, or the reverse; if none of them changed, the limited metrics do. Who fails is worse than who does not.
        After Ctrl-C: what was known until then, with a `PairInterrupted` warning.

    Raises
    ------
    ValueError
        When an argument cannot be used, or a call returns nothing, or a promise that cannot be waited for; nothing has
        been measured then.
    ObjectiveError
        When the objective cannot be read.

    Notes
    -----
    **Blocks.** Their first part does not count, for caches hold what the other side has left: how long that can be seen
    is measured first, in eight longer blocks of each. Blocks are then as short as allowed, 10 ms for short calls (see
    `tradeoff.paired.block_length`): the shorter, the less a machine changes its mood within a round.

    **Intervals** are those of differences of rounds (`tradeoff.stats.paired`). Those of m metrics miss an m-th of 5 %
    each, so that they hold together with 95 % and a verdict over all of them is wrong in at most one of twenty.
    Looking whether to stop goes by their width alone, never by whether a difference shows.

    **One process.** Both sides run in this process (flag ``not_isolated``): processes of their own would take turns by
    messages, sit on other cores and have memory of their own, and those are differences that the pair would then
    measure. What differs from one process to the next for the same code is therefore not in the intervals; `sweep` with
    ``replicates=5`` shows it. Slow spells that are one side's own, such as a pause every few seconds, are known as well
    as the number of them that was seen.

    **p50** is compared round by round, and its ratio is the typical one; other percentiles and the throughput are
    compared over all calls, and their ratios are those of the two rows of ``run.points``.

    Examples
    --------
    >>> found = tradeoff.measure_pair("softmax", my_softmax, batch_size=8)  # doctest: +SKIP
    >>> print(found.sentence())  # doctest: +SKIP
    p50 −3.0 % (−3.2 % to −2.8 %); not separable: throughput +2.1 % (−0.8 % to +5.1 %) and p99 −1.2 % (−4.0 % to
    +1.6 %); 412 pairs of blocks in turns.
    """
    batch_size, concurrency = _one("batch_size", batch_size), _one("concurrency", concurrency)
    budget, seed = as_budget(budget), seed_of(seed)
    device = checked_device(device)
    if len(dtypes(dtype)) != 1:
        raise ArgumentError(f"dtype must be one number type; got {shown(dtype)}")
    name, progress = text("name", name), yes_or_no("progress", progress)
    asked = _objective(objective)
    names = _metrics(metrics, asked)
    made = _made((before, after), example=example, name=name)
    where = tuple(device_for(each, device) for each in made)
    points = []
    for workload, at in zip(made, where, strict=True):
        check_dtypes(workload, (dtype,), at)
        subject = Subject(workload.name, workload.backend, at, device_name(at))
        points.append(GridPoint(subject, batch_size, concurrency, dtype))
    with ExitStack() as held:
        for at in dict.fromkeys(where):
            held.enter_context(turn_on(at))  # a GPU that another sweep measures on is waited for
        held.enter_context(intra_op_threads(threads_for(concurrency)))
        for workload, point in zip(made, points, strict=True):
            _try_once(workload, point, seed)
        if progress:
            print(_told(made, budget) + not_quiet(look()), file=sys.stderr)
        benches = benches_of((made[0], made[1]), (where[0], where[1]))
        for bench in dict.fromkeys(map(id, benches)):
            held.enter_context(closing(next(each for each in benches if id(each) == bench).runner))
        sides = [
            WorkloadSide(workload, point, budget=budget, seed=seed, bench=bench, which=which)
            for workload, point, bench, which in zip(made, points, benches, ("before", "after"), strict=True)
        ]
        taken = alternate(sides, metrics=names, budget=budget, batch_size=batch_size, seed=seed)
        others = [each.name for each in reversed(made)]
        found = [side.row_and_samples(how(taken, other)) for side, other in zip(sides, others, strict=True)]
    if taken.is_interrupted:
        warnings.warn(
            f"stopped after {taken.pairs} pairs; what was measured is in the comparison that was returned",
            PairInterrupted,
            stacklevel=level_of_caller(),
        )
    spec = {
        "workloads": [f"{each.backend}.{each.name}" for each in made],
        "batch_size": batch_size,
        "concurrency": concurrency,
        "dtype": dtype,
        "device": list(where),
        "budget": {**asdict(budget), "tolerances": dict(budget.tolerances)},
        "metrics": list(names),
        "seed": seed,
    }
    return compared(found, taken, names, asked, spec)


def compared(
    found: Sequence[tuple[dict[str, Any], dict[str, Any]]],
    taken: Alternated,
    metrics: Sequence[str],
    objective: Objective | None,
    spec: dict[str, Any],
) -> PairedComparison:
    """Put rows, samples and rounds together."""
    ids = [point_id(row) for row, _ in found]
    points = make_points([row for row, _ in found])
    frames = [
        make_samples({"point_id": which, **samples}) for which, (_, samples) in zip(ids, found, strict=True) if samples
    ]
    run = Run(
        points,
        pd.concat(frames, ignore_index=True) if frames else make_samples({}),
        {**capture(), "pair": spec},
    )
    told = tuple(
        metric_of(
            each,
            COLUMNS[each],
            taken.rounds.ratio(each, ALPHA / len(metrics)),
            taken.pairs,
            direction_of(COLUMNS[each], objective),
        )
        for each in metrics
    )
    return PairedComparison(
        metrics=told,
        verdict=verdict_of(told, objective, points),
        objective=objective,
        blocks=taken.rounds.frame(),
        run=run,
        pairs=taken.pairs,
        block_ms=taken.plan.block_ns / 1e6 if taken.plan else float("nan"),
        start_up_ms=taken.plan.start_up_ns / 1e6 if taken.plan else float("nan"),
        ended=taken.ended,
        headline=headline(told, objective, taken, points),
        notes=notes(told, taken, points),
    )


def _one(what: str, value: Any) -> int:
    numbers = whole_numbers(what, value)
    if len(numbers) != 1:
        raise ArgumentError(f"{what} must be one whole number, for a pair is one operating point; got {shown(value)}")
    return numbers[0]


def _objective(objective: Objective | str | None) -> Objective | None:
    if objective is None or isinstance(objective, Objective):
        asked = objective
    elif isinstance(objective, str):
        asked = Objective.parse(objective)
    else:
        raise ArgumentError(
            f"objective must be text such as {EXAMPLE!r}, an Objective, or None; got {shown(objective)}"
        )
    if asked is not None and asked.at:
        raise ArgumentError(f"a pair is one operating point: leave 'at …' out of the objective {str(asked)!r}")
    return asked


def _metrics(metrics: Any, objective: Objective | None) -> tuple[str, ...]:
    """Return short names, those of the objective among them."""
    if isinstance(metrics, str):
        metrics = (metrics,)
    allowed = ", ".join(COLUMNS)
    if not isinstance(metrics, Sequence) or not metrics:
        raise ArgumentError(f"metrics must be some of {allowed}; got {shown(metrics)}")
    by_column = {full: short for short, full in COLUMNS.items()}
    found = []
    for each in metrics:
        full = _column(each)
        if full not in by_column:
            raise ArgumentError(f"metrics must be some of {allowed}; got {shown(each)}")
        found.append(by_column[full])
    for full in () if objective is None else (objective.metric, *(limit.metric for limit in objective.constraints)):
        if full not in by_column:
            raise ArgumentError(f"objective names {full}, which a pair does not measure: use some of {allowed}")
        found.append(by_column[full])
    return tuple(dict.fromkeys(found))


def _column(name: Any) -> str:
    try:
        return resolve(name)
    except UnknownColumnError:
        return ""


def _made(things: tuple[Any, Any], *, example: Any, name: str | None) -> tuple[Workload, Workload]:
    found = [import_path(each) if isinstance(each, str) and ":" in each else each for each in things]
    with_example = [is_module(each) for each in found]
    if not any(with_example):
        with_example = [True, True]  # nobody can use it: who is asked first says so
    made = [
        as_workload(each, example=example if takes else None, name=name)
        for each, takes in zip(found, with_example, strict=True)
    ]
    return made[0], made[1]


def _try_once(workload: Workload, point: GridPoint, seed: int) -> None:
    """Try one call before anything is measured; the catalogue needs no trial."""
    if isinstance(workload, Operation):
        return
    refusal = refusal_of(
        workload, batch_sizes=[point.batch_size], dtype=point.dtype, device=point.subject.device, seed=seed
    )
    if refusal is not None:
        raise ArgumentError(f"{workload.name} cannot be measured: {refusal}")


def _told(made: Sequence[Workload], budget: Budget) -> str:
    return (
        f"{made[0].name} and {made[1].name} in turns: up to {2 * budget.seconds:.3g} s, longer where calls are slow or "
        f"uneven"
    )
