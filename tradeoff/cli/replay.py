"""``tradeoff replay``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tradeoff.cli.outcome import Status, told_in_a_sentence
from tradeoff.cli.output import say, table
from tradeoff.digits import counted, whole


def replay(
    path: Annotated[Path, typer.Argument(help="A Run folder, as 'tradeoff serve --out' leaves it.")],
) -> None:
    """Serve what was served for real again under the virtual clock, with its recorded times: a check of both.

    Exit status: 0 when every request left at the same nanosecond, 1 when one did not, 2 for a file that cannot be used.
    """
    with told_in_a_sentence():
        import tradeoff

        found = tradeoff.replay(tradeoff.read(path))
        table(
            ["point", "requests", "batches", "same", "largest difference, ns"],
            [
                [row["point_id"], whole(row["requests"]), whole(row["batches"]), "yes" if row["same"] else "no",
                 whole(row["largest_difference_ns"])]
                for row in found.to_dict("records")
            ],
            numeric=["requests", "batches", "largest difference, ns"],
        )  # fmt: skip
        same = int(found["same"].sum())
        say(f"{same} of {counted(len(found), 'point')} the same, to the nanosecond")
    if same < len(found):
        raise typer.Exit(Status.NO)
