"""``tradeoff compare``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradeoff.cli.as_json import JsonOption, objective_object, point_object, print_json
from tradeoff.cli.outcome import told_in_a_sentence
from tradeoff.cli.output import say, table

if TYPE_CHECKING:
    from tradeoff.compare import Comparison


def compare(
    before: Annotated[str, typer.Argument(help="A Run folder, as 'tradeoff sweep' leaves it; with --live a workload.")],
    after: Annotated[str, typer.Argument(help="Another one, measured later; with --live another workload.")],
    objective: Annotated[
        str | None,
        typer.Argument(
            help='What is asked of both: "maximize throughput subject to p99 <= 20 ms". --live can do without.'
        ),
    ] = None,
    across: Annotated[
        str, typer.Option(help="Columns that are meant to differ, as in device,dtype; else such rows are refused.")
    ] = "",
    as_json: JsonOption = False,
    live: Annotated[
        bool,
        typer.Option(
            "--live",
            help="Measure two workloads (names, or package.module:attribute) in turns, now: a busy or moody machine "
            "meets both alike.",
        ),
    ] = False,
    batch_size: Annotated[int | None, typer.Option("--batch-size", "-b", help="--live: requests a call; 1.")] = None,
    concurrency: Annotated[int | None, typer.Option("--concurrency", "-c", help="--live: calls in flight; 1.")] = None,
    budget: Annotated[
        str | None, typer.Option(help="--live: draft (2 s of each), standard (10 s) by default, or tail (60 s).")
    ] = None,
    metrics: Annotated[
        str | None, typer.Option(help="--live: throughput,p50,p99 by default; also p90, p95, p999.")
    ] = None,
    dtype: Annotated[str | None, typer.Option(help="--live: float32 by default.")] = None,
    device: Annotated[str | None, typer.Option(help="--live: cpu, cuda or cuda:1.")] = None,
    seed: Annotated[int | None, typer.Option(help="--live: of the inputs and of the order.")] = None,
    out: Annotated[str | None, typer.Option("--out", "-o", help="--live: keep the Run of both in this folder.")] = None,
) -> None:
    """Compare two Runs under one objective, or with --live two workloads that are measured in turns.

    With --json: objective, verdict, sentence, notes, before and after (what each attains: value, lo, hi, point, in the
    unit of the metric), ratio, changes (a row for each compared column), lost, gained, differs. Of --live: objective,
    verdict, sentence, notes, changes (a row for each metric), before and after (value, lo, hi of each), pairs,
    block_ms, start_up_ms, ended.

    Exit status: 0 when it is better or cannot be told apart, 1 when it is worse or mixed, or nothing could be measured,
    2 for a question or a file that cannot be used.
    """
    with told_in_a_sentence():
        measured = {
            "batch_size": batch_size, "concurrency": concurrency, "budget": budget, "metrics": metrics, "dtype": dtype,
            "device": device, "seed": seed, "out": out,
        }  # fmt: skip
        if live:
            if across:
                raise ValueError("--across goes with recorded Runs: leave it out, or leave --live out")
            from tradeoff.cli.compare_live import compare_live

            status = compare_live(before, after, objective, as_json=as_json, **measured)
        else:
            _refuse(measured)
            status = _compare(before, after, objective, across, as_json=as_json)
    if status:
        raise typer.Exit(status)


def _refuse(measured: Mapping[str, object]) -> None:
    given = next((name for name, value in measured.items() if value is not None), None)
    if given is not None:
        raise ValueError(
            f"--{given.replace('_', '-')} goes with --live, which measures; recorded Runs stay as they are"
        )


def _compare(before: str, after: str, objective: str | None, across: str, *, as_json: bool) -> int:
    from tradeoff.compare import compare as answer
    from tradeoff.objective.objective import EXAMPLE
    from tradeoff.readers import read

    if objective is None:
        raise ValueError(f'two Runs are compared under an objective, such as "{EXAMPLE}": add one')
    names = [name for name in across.replace(" ", "").split(",") if name]
    found = answer(read(before), read(after), objective, across=names)
    if as_json:
        print_json(_document(found))
    else:
        _print(found)
    return found.exit_status


def _print(found: Comparison) -> None:
    say(f"{found.objective}: {found.verdict.replace('_', ' ')}")
    say(found.sentence())
    for note in found.notes:
        say(note)
    if len(found.table):
        heads = ("", "median change", "95 % interval", "points", "higher", "lower", "cannot tell")
        table(heads, _rows(found), numeric=heads[1:])


def _document(found: Comparison) -> dict[str, Any]:
    objective = found.objective
    names = [objective.metric, *(one.metric for one in objective.constraints)]
    return {
        "objective": objective_object(objective),
        "verdict": found.verdict,
        "sentence": found.sentence(),
        "notes": found.notes,
        **{
            side: {"value": one.value, "lo": one.lo, "hi": one.hi, "points": n, "point": point_object(one.point, names)}
            for side, one, n in (("before", found.before, found.n_before), ("after", found.after, found.n_after))
        },
        "ratio": found.ratio._asdict(),
        "changes": found.changes.to_dict("records"),
        "matched": len(found.table),
        "lost": found.lost,
        "gained": found.gained,
        "differs": {name: {"before": one, "after": other} for name, (one, other) in found.differs.items()},
    }


def _rows(found: Comparison) -> Iterator[tuple[object, ...]]:
    from tradeoff.compare.changes import Ratio
    from tradeoff.compare.text import interval_text, percent
    from tradeoff.objective.objective import short_of

    for row in found.changes.to_dict("records"):
        ratio = Ratio(row["ratio"], row["lo"], row["hi"])
        change = (percent(ratio.value), interval_text(ratio)) if ratio.value == ratio.value else ("–", "–")
        yield (short_of(row["metric"]), *change, row["n"], row["higher"], row["lower"], row["open"])
