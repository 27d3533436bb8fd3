"""``tradeoff search``."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradeoff.cli.as_json import JsonOption, objective_object, point_object, print_json
from tradeoff.cli.asking import Seed, check_out, find_modules_here
from tradeoff.cli.decide import document_of
from tradeoff.cli.outcome import Status, told_in_a_sentence
from tradeoff.cli.output import complain, say
from tradeoff.cli.sweep import as_option, whole_numbers

if TYPE_CHECKING:
    from tradeoff.search import SearchResult


def search(
    what: Annotated[
        str,
        typer.Argument(
            help="With --batch-size: a name from 'tradeoff workloads', or package.module:attribute. With "
            "--request-rate, as package.module:function: an async function that asks a server once, or one of "
            "request_rate and seed that returns a Run."
        ),
    ],
    objective: Annotated[str, typer.Argument(help='What is asked: "maximize throughput subject to p99 <= 20 ms".')],
    batch_size: Annotated[
        str | None, typer.Option("--batch-size", "-b", help="A grid: whole numbers, separated by commas.")
    ] = None,
    concurrency: Annotated[
        str | None, typer.Option("--concurrency", "-c", help="Calls in flight: whole numbers; 1 unless given.")
    ] = None,
    request_rate: Annotated[
        str | None, typer.Option("--request-rate", "-r", help="A load: lowest:highest requests a second, as 10:1000.")
    ] = None,
    budget: Annotated[str | None, typer.Option(help="Of a grid: draft, standard or tail, as for sweep.")] = None,
    effort: Annotated[
        float | None, typer.Option(help="Of a grid: share of the full grid that may be spent; 0.3 unless given.")
    ] = None,
    tolerance: Annotated[
        float | None, typer.Option(help="What is as good: a share; 0.01 for a grid, 0.05 for a load unless given.")
    ] = None,
    duration_s: Annotated[float, typer.Option(help="Seconds at each rate at least, of an async function.")] = 5.0,
    dtype: Annotated[str | None, typer.Option(help="Of a grid: float32, float16, ...")] = None,
    device: Annotated[str | None, typer.Option(help="Of a grid: cpu, cuda or cuda:1.")] = None,
    name: Annotated[str | None, typer.Option(help="What to call a workload or server of your own.")] = None,
    seed: Seed = 0,
    out: Annotated[str | None, typer.Option("--out", "-o", help="Keep the Run in this folder.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Of a grid: go on with the Run in --out.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Find what answers an objective, and measure only where that is open: a grid, or the highest rate of a load.

    With --json: objective, verdict, sentence, is_settled, calls, full_calls, share, seconds, highest_rate_rps, lo, hi
    (null for a grid, and where unknown or without end), open_points, decision (as of tradeoff decide; null without).

    Exit status: 0 when something surely meets the objective, 1 when nothing does or it cannot be told, 2 for arguments
    that cannot be used, 130 after Ctrl-C.
    """
    with told_in_a_sentence():
        from tradeoff.sweep.source import import_path

        asked: dict[str, Any] = {
            "concurrency": None if concurrency is None else whole_numbers("--concurrency", concurrency),
            "budget": budget, "effort": effort, "tolerance": tolerance, "duration_s": duration_s, "seed": seed,
            "path": out, "resume": resume,
        }  # fmt: skip
        asked |= {key: value for key, value in {"dtype": dtype, "device": device, "name": name}.items() if value}
        find_modules_here()
        thing: Any = what
        if batch_size is not None:
            asked["batch_size"] = whole_numbers("--batch-size", batch_size)
        if request_rate is not None:
            asked["request_rate"] = _range(request_rate)
            if ":" not in what:
                raise ValueError(f"with --request-rate WHAT must be package.module:function; got {what!r}")
            check_out(out)
            thing = import_path(what)
        found, stopped = _found(thing, objective, asked)
        if as_json:
            print_json(_document(found))
        else:
            say(f"{found.objective}: {found.verdict}")
            say(found.sentence())
            if out is not None:
                say(f"Saved in {out}.")
    if stopped:
        raise typer.Exit(Status.INTERRUPTED)
    if found.verdict != "feasible":
        raise typer.Exit(Status.NO)


def _found(thing: Any, objective: str, asked: dict[str, Any]) -> tuple[SearchResult, bool]:
    """Search, with arguments named as their options, and warnings as sentences; say if Ctrl-C ended it."""
    from tradeoff.search import search as find
    from tradeoff.serving.real.interrupts import Interrupted
    from tradeoff.sweep import ArgumentError, SweepInterrupted

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        try:
            found = find(thing, objective, **asked)
        except ArgumentError as error:
            raise ValueError(as_option(str(error), asked)) from None
    for warning in caught:
        complain(str(warning.message))
    return found, any(issubclass(one.category, Interrupted | SweepInterrupted) for one in caught)


def _range(text: str) -> tuple[float, float]:
    """Read ``10:1000``."""
    try:
        low, high = (float(part) for part in text.split(":"))
    except ValueError:
        raise ValueError(
            f"--request-rate takes the lowest and the highest rate, with a colon between, as in 10:1000; got {text!r}"
        ) from None
    return low, high


def _document(found: SearchResult) -> dict[str, Any]:
    names = [found.objective.metric, *(one.metric for one in found.objective.constraints)]
    return {
        "objective": objective_object(found.objective),
        "verdict": found.verdict,
        "sentence": found.sentence(),
        **{name: getattr(found, name) for name in ("is_settled", "calls", "full_calls", "share", "seconds")},
        **{name: getattr(found, name) for name in ("highest_rate_rps", "lo", "hi")},
        "open_points": [point_object(row, names) for _, row in found.open_points.iterrows()],
        "decision": None if found.decision is None else document_of(found.decision),
    }
