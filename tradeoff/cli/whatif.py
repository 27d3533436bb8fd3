"""``tradeoff what-if``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tradeoff.cli.outcome import told_in_a_sentence
from tradeoff.cli.output import say


def what_if(
    path: Annotated[Path, typer.Argument(help="A Run folder of one workload, as 'tradeoff sweep' leaves it.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The page to write; what-if.html in the Run folder by default.")
    ] = None,
    limit_ms: Annotated[float | None, typer.Option(help="A p99 limit to start with.")] = None,
    request_rate: Annotated[float | None, typer.Option(help="Requests a second to start with.")] = None,
    most_workers: Annotated[int, typer.Option(help="Where the slider of the workers ends.")] = 8,
    title: Annotated[str | None, typer.Option(help="A heading; the workload by default.")] = None,
) -> None:
    """Write one HTML file with sliders for load and batching policy of a server with these service times.

    It simulates the server in the browser, without a kernel and without a network.
    """
    with told_in_a_sentence():
        from tradeoff.explorer.whatif import WhatIf
        from tradeoff.readers import read

        start: dict[str, Any] = {"limit_ms": limit_ms, "request_rate": request_rate}
        given = {name: value for name, value in start.items() if value is not None}
        widget = WhatIf(read(path), most_workers=most_workers, title=title, **given)
        page = widget.save(path / "what-if.html" if out is None else out)
        say(f"{page}: {page.stat().st_size / 1e6:.1f} MB, open it in any browser")
