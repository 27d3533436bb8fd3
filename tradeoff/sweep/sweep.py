"""``tradeoff.sweep``: workloads × grid → Run."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tradeoff import arguments, environment
from tradeoff.callers import level_of_caller
from tradeoff.frames import Run, RunFolder
from tradeoff.frames.busy import on_busy_machine
from tradeoff.limits import Limits, known_limits
from tradeoff.sweep.grid import Subject, grid
from tradeoff.sweep.isolation import Workers
from tradeoff.sweep.loop import InTurn, Loop, UnderWay
from tradeoff.sweep.measuring import Measuring
from tradeoff.sweep.progress import not_quiet, progress_bar
from tradeoff.sweep.source import import_path, source_of
from tradeoff.sweep.store import Folder, Memory
from tradeoff.sweep.turn import turn_on
from tradeoff.timing import CACHES, MODES, REGIMES, Budget, Conditions, as_budget
from tradeoff.timing.quiet import look
from tradeoff.workloads import as_workload
from tradeoff.workloads.choice import check_dtypes, device_for


class SweepInterrupted(UserWarning):
    """A sweep was stopped by Ctrl-C; the message says what was kept and how to go on."""


def sweep(
    workload: Any,
    *,
    batch_size: int | Sequence[int],
    concurrency: int | Sequence[int] = 1,
    dtype: str | Sequence[str] = "float32",
    device: str | None = None,
    mode: str | Sequence[str] = "concurrent",
    cache: str | Sequence[str] = "hot",
    regime: str | Sequence[str] = "sustained",
    budget: str | Budget = "draft",
    replicates: int = 1,
    price_per_hour: float | None = None,
    seed: int = 0,
    path: str | os.PathLike[str] | None = None,
    resume: bool = False,
    retry_failed: bool = False,
    example: Any = None,
    name: str | None = None,
    isolate: bool = True,
    progress: bool = True,
) -> Run:
    """Measure a workload over batch sizes and concurrency.

    Each point is measured in several visits with other points in between, in random order: moods of the machine that
    last for seconds show as differences between visits, which widen the intervals (Kalibera and Jones, *Rigorous
    benchmarking in reasonable time*, ISMM 2013). What takes over half a second to prepare is measured in one go.

    Parameters
    ----------
    workload
        A name (``"softmax"``, ``"torch.mlp"``: see ``tradeoff workloads``), an importable path
        (``"package.module:factory"``), a torch module (with `example`), a call that takes a batch size, or a factory
        that takes one and returns the call. A call returns its output. A promise of it (a future, a coroutine, a
        generator) is waited for, within the time, and the row is flagged ``waited_for``; lazy arrays and frames are
        refused: compute them inside the call.
    batch_size, concurrency, dtype
        One value or several; several span a grid.
    device
        ``"cpu"``, ``"cuda"`` or ``"cuda:1"``; the backend's own choice unless given.
    mode
        How calls are issued: ``"concurrent"`` (as many in flight as `concurrency` says), ``"isolated"`` (the next only
        when the device is idle), and on a GPU ``"pipelined"`` (a chunk enqueued behind a gate, device times only) and
        ``"graph"`` (replays of one CUDA graph). Several make rows of their own; all but the first are measured at
        concurrency 1.
    cache
        ``"hot"``, ``"cold_flush"`` (the cache is overwritten before each call; concurrency 1) or ``"cold_rotate"``
        (copies of the inputs that do not fit the cache take turns), or several.
    regime
        ``"sustained"`` (load that lasts), ``"burst"`` (50 ms of calls after 150 ms of idling), or several.
    budget
        ``"draft"`` (2 s a point), ``"standard"`` (10 s), ``"tail"`` (60 s), or a `Budget`.
    replicates
        Processes that measure each point, each from the start; their differences widen the intervals. Take five or so:
        two leave nearly everything open, for Student's factor is then 12.7.
    price_per_hour
        What the device costs an hour, in any currency, for the column ``cost_per_million``.
    seed
        Of the inputs and of the order in which points are measured.
    path
        A folder to which what is known of a point is committed after each visit.
    resume
        Go on with the Run in `path`: points that are there are not measured again, unless their status is
        ``"partial"``.
    retry_failed
        With `resume`: measure points that failed or ran out of memory once more.
    example
        An example input of a torch module; its first dimension is the batch. What is measured lies in memory as it
        does, channels-last for one, on the GPU that it lies on unless `device` is given; where that cannot be kept the
        row is flagged ``example_altered``.
    name
        What to call a callable or module in the frames; its own name unless given.
    isolate
        Measure names, paths and factories in a process of their own, with the threads of each call set to the cores
        divided by the concurrency. A live callable always runs in this process; its points say ``not_isolated``.
    progress
        Show the predicted cost, a progress bar, and whether other work keeps the machine busy.

    Returns
    -------
    Run
        A row of ``points`` for every operating point, failed ones with their reason, and the samples. Of calls that
        raise now and then the others are kept: ``n_errors`` counts them, ``reason`` says what they raised and where.
        Points whose cores went to other work meanwhile are flagged (``machine_busy``), their calls labelled.
        After Ctrl-C: what was finished until then, with a `SweepInterrupted` warning that says how to go on.

    Raises
    ------
    ValueError
        When an argument cannot be used, or the call returns nothing, or a promise that cannot be waited for, as one
        call at the smallest batch size shows; nothing has been measured then.
    RunFolderError
        When `path` holds a Run and `resume` is not given, or points of another workload of the same name, or is being
        written to by another sweep, or cannot be written.

    Examples
    --------
    >>> run = tradeoff.sweep("softmax", batch_size=[1, 2, 4], concurrency=[1, 2])  # doctest: +SKIP
    """
    return swept(
        InTurn(),
        workload,
        batch_size=batch_size,
        concurrency=concurrency,
        dtype=dtype,
        device=device,
        mode=mode,
        cache=cache,
        regime=regime,
        budget=budget,
        replicates=replicates,
        price_per_hour=price_per_hour,
        seed=seed,
        path=path,
        resume=resume,
        retry_failed=retry_failed,
        example=example,
        name=name,
        isolate=isolate,
        progress=progress,
    )


def swept(
    loop: Loop,
    workload: Any,
    *,
    batch_size: int | Sequence[int],
    concurrency: int | Sequence[int],
    dtype: str | Sequence[str],
    device: str | None,
    mode: str | Sequence[str],
    cache: str | Sequence[str],
    regime: str | Sequence[str],
    budget: str | Budget,
    replicates: int,
    price_per_hour: float | None,
    seed: int,
    path: str | os.PathLike[str] | None,
    resume: bool,
    retry_failed: bool,
    example: Any,
    name: str | None,
    isolate: bool,
    progress: bool,
) -> Run:
    """Measure the points of a grid as `loop` decides; the other parameters are those of `sweep`."""
    batch_sizes = arguments.whole_numbers("batch_size", batch_size)
    concurrencies = arguments.whole_numbers("concurrency", concurrency)
    dtypes = arguments.dtypes(dtype)
    device = arguments.device(device)
    conditions = [
        Conditions(mode=how, cache=state, regime=length)
        for how in arguments.words("mode", mode, MODES)
        for state in arguments.words("cache", cache, CACHES)
        for length in arguments.words("regime", regime, REGIMES)
    ]
    seed = arguments.seed(seed)
    budget = as_budget(budget)
    price_per_hour = arguments.price(price_per_hour)
    flags = {"resume": resume, "retry_failed": retry_failed, "isolate": isolate, "progress": progress}
    for flag, value in flags.items():
        arguments.yes_or_no(flag, value)
    path, name = arguments.folder(path), arguments.text("name", name)
    replicates = arguments.replicates(replicates, isolate=isolate)
    if resume and path is None:
        raise arguments.ArgumentError("resume=True needs path=: the folder of the sweep to go on with")
    if retry_failed and not resume:
        raise arguments.ArgumentError("retry_failed=True goes with resume=True: there is nothing to try again yet")

    thing = workload
    is_path = isinstance(thing, str) and ":" in thing
    made = as_workload(import_path(thing) if is_path else thing, example=example, name=name)
    device = device_for(made, device)
    check_dtypes(made, dtypes, device)
    subject = Subject(made.name, made.backend, device, environment.device_name(device))
    points = grid(
        subject,
        batch_sizes=batch_sizes,
        concurrencies=concurrencies,
        dtypes=dtypes,
        conditions=conditions,
        seed=seed,
    )
    spec = {
        "workload": f"{made.backend}.{made.name}",
        "path": thing if is_path else None,
        "batch_size": list(batch_sizes),
        "concurrency": list(concurrencies),
        "dtype": list(dtypes),
        "device": device,
        "conditions": [asdict(how) for how in conditions],
        "replicates": replicates,
        "price_per_hour": price_per_hour,
        "budget": {**asdict(budget), "tolerances": dict(budget.tolerances)},
        "seed": seed,
    }
    store = Memory() if path is None else Folder(RunFolder(path), resume=resume, retry_failed=retry_failed)
    with store.held():
        left = store.left(points, spec)
        if not left:
            if progress:
                print(f"{made.name}: nothing to measure, all {len(points)} points are there", file=sys.stderr)
            return store.end()
        source = None
        if isolate and os.name == "posix":
            source = source_of(thing, made, name=name, batch_sizes=batch_sizes, dtype=dtypes[0], device=device)
        if replicates > 1 and source is None:
            raise arguments.ArgumentError(
                f"replicates={replicates} needs a process for each, and {made.name} cannot leave this one: "
                "pass a name, an importable path or a factory"
            )
        measuring = Measuring(
            workload=made,
            source=source,
            budget=budget,
            seed=seed,
            replicates=replicates,
            price_per_hour=price_per_hour,
            limits=_limits_of(subject),
        )
        under_way: UnderWay | None = None
        try:
            with turn_on(device), Workers() as workers:
                measuring.try_once(left, workers)
                store.begin(spec, measuring.limits)
                if progress:
                    cost = loop.cost(len(left) * replicates, budget)
                    print(f"{made.name}: {cost}{not_quiet(look())}", file=sys.stderr)
                with progress_bar(points=len(left), name=made.name, show=progress) as bar:
                    under_way = UnderWay(points, left, budget, seed, measuring, workers, store, bar)
                    loop.run(under_way)
        except KeyboardInterrupt:
            if under_way is None:
                raise
            kept = f"kept in {os.fspath(path)}" if path is not None else "in the Run that was returned"
            how = "the same call with resume=True goes on" if path is not None else "pass path= to be able to go on"
            warnings.warn(
                f"stopped after {under_way.done} of {len(left)} points; they and what is known of others are {kept}, "
                f"and {how}",
                SweepInterrupted,
                stacklevel=level_of_caller(),
            )
        run = store.end()
        if progress and (told := on_busy_machine(run.points)):
            print(f"{made.name}: {told}", file=sys.stderr)
        return run


def _limits_of(subject: Subject) -> Limits | None:
    """Look up what ``tradeoff limits`` has measured on this device, by this backend or else by another."""
    name = subject.device_name or ""
    return known_limits(name, subject.backend) or known_limits(name)
