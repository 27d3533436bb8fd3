"""``tradeoff decide``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tradeoff.cli.outcome import Status, told_in_a_sentence
from tradeoff.cli.output import say


def decide(
    path: Annotated[Path, typer.Argument(help="A Run folder, as 'tradeoff sweep' leaves it.")],
    objective: Annotated[
        str, typer.Argument(help='What is asked: "maximize throughput subject to p99 <= 20 ms at concurrency 32".')
    ],
) -> None:
    """Answer an objective from a Run.

    Exit status: 0 when a point surely meets the objective, 1 when none does or it cannot be told, 2 for a question
    or a file that cannot be used.
    """
    with told_in_a_sentence():
        from tradeoff.objective import Objective
        from tradeoff.objective import decide as answer
        from tradeoff.readers import read

        run = read(path)
        asked = Objective.parse(objective, columns=run.points.columns)
        decision = answer(run, asked)
        say(f"{asked}: {decision.verdict}")
        say(decision.sentence())
    if decision.verdict != "feasible":
        raise typer.Exit(Status.NO)
