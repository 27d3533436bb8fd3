"""``tradeoff calibrate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tradeoff.cli.outcome import Status, told_in_a_sentence
from tradeoff.cli.output import say, table


def calibrate(
    path: Annotated[Path, typer.Argument(help="A Run folder, as 'tradeoff serve --out' leaves it.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="The page to write; calibration.html in the Run folder by default."),
    ] = None,
    draws: Annotated[int, typer.Option(help="Simulations of each point, from which the intervals come.")] = 20,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 0,
) -> None:
    """Simulate what was served, from its own service times, and compare p50 and p99 over the load.

    Exit status: 0 when all points below 80 % busy agree, 1 when one does not or it cannot be told, 2 for arguments or
    files that cannot be used.
    """
    with told_in_a_sentence():
        import tradeoff

        found = tradeoff.calibrate(tradeoff.read(path), draws=draws, seed=seed)
        heads, *rows = found.cells()
        table(heads, rows, numeric=heads[1:8])
        say(found.sentence())
        page = found.save(path / "calibration.html" if out is None else out)
        say(f"{page}: {page.stat().st_size / 1e6:.1f} MB, open it in any browser")
    if not found.agrees:
        raise typer.Exit(Status.NO)
