"""``tradeoff decide``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradeoff.cli.as_json import JsonOption, constraint_object, objective_object, point_object, print_json
from tradeoff.cli.outcome import Status, told_in_a_sentence
from tradeoff.cli.output import say
from tradeoff.cli.slo import SloOption, held_to

if TYPE_CHECKING:
    from tradeoff.objective import Decision


def decide(
    path: Annotated[Path, typer.Argument(help="A Run folder, as 'tradeoff sweep' leaves it.")],
    objective: Annotated[
        str, typer.Argument(help='What is asked: "maximize throughput subject to p99 <= 20 ms at concurrency 32".')
    ],
    slo: SloOption = None,
    errors: Annotated[
        str,
        typer.Option(help="count: a limit is judged over all who asked, errors as slower than any; ignore: not so."),
    ] = "count",
    confirm: Annotated[
        bool,
        typer.Option("--confirm", help="Measure the chosen point anew; the verdict is that of the fresh row."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Answer an objective from a Run.

    With --json: objective, verdict, sentence, point, runner_up, contender (each with point_id, identity, values and
    their intervals lo and hi), binding, shortfall, room, further_samples, others_busy, errors, tied,
    among (m points that the point cannot be told from in what decides), intervals (of the point, by column, that allow
    for the choice among m), alike (point_id of those as good as it), preferred (the column that decides among them),
    chosen (with --confirm: the row by which the point was chosen; point is the fresh one).

    Exit status: 0 when a point surely meets the objective, 1 when none does or it cannot be told, 2 for a question
    or a file that cannot be used.
    """
    with told_in_a_sentence():
        from tradeoff.objective import Objective
        from tradeoff.objective import decide as answer
        from tradeoff.readers import read

        run = held_to(read(path), slo)
        asked = Objective.parse(objective, columns=run.points.columns)
        decision = answer(run, asked, errors=errors, confirm=confirm)  # type: ignore[arg-type]
        if as_json:
            print_json(document_of(decision))
        else:
            say(f"{asked}: {decision.verdict}")
            say(decision.sentence())
    if decision.verdict != "feasible":
        raise typer.Exit(Status.NO)


def document_of(decision: Decision) -> dict[str, Any]:
    """Return a decision as the object that --json prints."""
    objective, room = decision.objective, decision.room
    names = [objective.metric, *(one.metric for one in objective.constraints)]
    found = ("point", "runner_up", "contender")
    return {
        "objective": objective_object(objective),
        "verdict": decision.verdict,
        "sentence": decision.sentence(),
        **{name: point_object(getattr(decision, name), names) for name in found},
        "binding": constraint_object(decision.binding),
        "shortfall": constraint_object(decision.shortfall),
        "room": None if room is None else {
            "constraint": constraint_object(room.constraint), "point": point_object(room.point, names),
            "gain": room.gain, "more": room.more, "price": room.price,
        },
        "further_samples": decision.further_samples,
        "others_busy": decision.others_busy,
        "errors": decision.errors,
        "tied": decision.tied,
        "among": decision.among,
        "intervals": {
            name: {"value": one.value, "lo": one.low, "hi": one.high} for name, one in decision.intervals.items()
        },
        "alike": list(decision.alike["point_id"]) if "point_id" in decision.alike else [],
        "preferred": decision.preferred,
        "chosen": point_object(decision.chosen, names),
    }  # fmt: skip
