"""The application: what commands there are, and what is common to them."""

from __future__ import annotations

from typing import Annotated

import typer

import tradeoff
from tradeoff.cli.audit import audit
from tradeoff.cli.calibrate import calibrate
from tradeoff.cli.claim import claims
from tradeoff.cli.compare import compare
from tradeoff.cli.decide import decide
from tradeoff.cli.doctor import doctor
from tradeoff.cli.explore import explore
from tradeoff.cli.limits import limits
from tradeoff.cli.replay import replay
from tradeoff.cli.search import search
from tradeoff.cli.serving import drive, serve, simulate
from tradeoff.cli.sweep import sweep
from tradeoff.cli.tail import tail
from tradeoff.cli.tokens import serve_tokens, simulate_tokens
from tradeoff.cli.whatif import what_if
from tradeoff.cli.workloads import workloads

app = typer.Typer(
    name="tradeoff",
    help="Measure how an inference system trades throughput against latency, and slide along the trade-off.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _command in (
    sweep, search, serve, simulate, serve_tokens, simulate_tokens, drive, replay, calibrate, explore, what_if, decide,
    compare, audit, tail, workloads, limits, doctor,
):  # fmt: skip
    app.command()(_command)
app.add_typer(claims, name="claim")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tradeoff {tradeoff.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    del version
