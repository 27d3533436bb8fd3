"""The option ``--slo`` of the commands that answer from a Run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tradeoff.frames import Run

SloOption = Annotated[
    str | None,
    typer.Option(
        "--slo",
        help='Hold every request to it: "latency <= 20 ms", "ttft <= 200 ms and tpot <= 30 ms". '
        "attainment and goodput can be asked for then.",
    ),
]


def held_to(run: Run, slo: str | None) -> Run:
    """Return a Run with SLO attainment and goodput, where an SLO was given."""
    if slo is None:
        return run
    from tradeoff.slo import with_slo

    return with_slo(run, slo)
