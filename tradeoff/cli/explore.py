"""``tradeoff explore``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tradeoff.cli.outcome import told_in_a_sentence
from tradeoff.cli.output import say
from tradeoff.cli.slo import SloOption, held_to


def explore(
    path: Annotated[Path, typer.Argument(help="A Run folder, as 'tradeoff sweep' leaves it.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The page to write; explorer.html in the Run folder by default.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="A heading; the workloads by default.")] = None,
    objective: Annotated[
        str | None,
        typer.Option(help='What is asked at first: "maximize throughput subject to p99 <= 20 ms"; nothing by default.'),
    ] = None,
    before: Annotated[Path | None, typer.Option(help="Another Run folder, to compare with.")] = None,
    slo: SloOption = None,
) -> None:
    """Write the explorer of a Run as one HTML file.

    Its sliders work without a kernel and without a network. The objective can be changed in the page.
    """
    with told_in_a_sentence():
        from tradeoff.explorer.page import save_page
        from tradeoff.readers import read

        page = save_page(
            held_to(read(path), slo), path / "explorer.html" if out is None else out, title=title, objective=objective,
            before=None if before is None else held_to(read(before), slo),
        )  # fmt: skip
        say(f"{page}: {page.stat().st_size / 1e6:.1f} MB, open it in any browser")
