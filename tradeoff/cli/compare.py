"""``tradeoff compare``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradeoff.cli.as_json import JsonOption, objective_object, point_object, print_json
from tradeoff.cli.outcome import told_in_a_sentence
from tradeoff.cli.output import say, table

if TYPE_CHECKING:
    from tradeoff.compare import Comparison


def compare(
    before: Annotated[Path, typer.Argument(help="A Run folder, as 'tradeoff sweep' leaves it.")],
    after: Annotated[Path, typer.Argument(help="Another one, measured later.")],
    objective: Annotated[
        str, typer.Argument(help='What is asked of both: "maximize throughput subject to p99 <= 20 ms".')
    ],
    across: Annotated[
        str, typer.Option(help="Columns that are meant to differ, as in device,dtype; else such rows are refused.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Compare two Runs under one objective.

    With --json: objective, verdict, sentence, notes, before and after (what each attains: value, lo, hi, point, in the
    unit of the metric), ratio, changes (a row for each compared column), lost, gained, differs.

    Exit status: 0 when it is better or cannot be told apart, 1 when it is worse or mixed, 2 for a question or a file
    that cannot be used.
    """
    with told_in_a_sentence():
        from tradeoff.compare import compare as answer
        from tradeoff.readers import read

        names = [name for name in across.replace(" ", "").split(",") if name]
        found = answer(read(before), read(after), objective, across=names)
        if as_json:
            print_json(_document(found))
        else:
            _print(found)
    if found.exit_status:
        raise typer.Exit(found.exit_status)


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
