"""``tradeoff claim`` and ``tradeoff claim show``."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from tradeoff.cli.outcome import Status, told_in_a_sentence
from tradeoff.cli.output import complain, say
from tradeoff.cli.slo import SloOption, held_to

_HELP = "--help", "-h"


class _SaveUnlessNamed(TyperGroup):
    """``claim RUN OBJECTIVE`` is ``claim save RUN OBJECTIVE``: what names no command is what to claim."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, *_HELP):
            args = ["save", *args]
        return super().parse_args(ctx, args)


claims = typer.Typer(
    cls=_SaveUnlessNamed,
    help="""Publish one number with what it takes to plan against it, and verify what was published.

    'tradeoff claim RUN OBJECTIVE' is short for 'tradeoff claim save RUN OBJECTIVE'.""",
    short_help="Publish one number with what it takes to plan against it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@claims.command()
def save(
    path: Annotated[Path, typer.Argument(help="A Run folder; ./save or ./show when it has the name of a command.")],
    objective: Annotated[
        str, typer.Argument(help='What is claimed: "maximize throughput subject to p99 <= 20 ms at concurrency 32".')
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The folder of the bundle; claim in the Run folder by default.")
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Write figure.pdf too.")] = False,
    dark: Annotated[bool, typer.Option("--dark", help="Write figure-dark.svg and figure-dark.png too.")] = False,
    date: Annotated[
        str | None, typer.Option(help="The day of the claim, such as 2026-11-24; today by default.")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(help="The file or folder of the points: hashed, and NAMED in every file. By default nothing is."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write over what is there.")] = False,
    slo: SloOption = None,
) -> None:
    """Answer an objective from a Run and write the answer as a bundle.

    figure.html with sliders, figure.svg and figure.png, points.csv, claim.json and claim.md; each holds the claim and
    can be verified by itself. Without a browser the pictures are left out, and it is said which command gives them.

    Exit status: 0 when the bundle was written, whatever its verdict; 2 for a question or a file that cannot be used.
    """
    with told_in_a_sentence():
        from tradeoff.claim import NoPicturesWarning, claim
        from tradeoff.readers import read

        made = claim(held_to(read(path), slo), objective, date=date, source=source)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always", NoPicturesWarning)
            folder = made.save(path / "claim" if out is None else out, pdf=pdf, dark=dark, overwrite=overwrite)
        say(made.sentence())
        for one in told:
            if issubclass(one.category, NoPicturesWarning):
                complain(one.message)
        say(f"{folder}: {', '.join(sorted(file.name for file in folder.iterdir() if file.is_file()))}")


@claims.command()
def show(
    files: Annotated[list[Path], typer.Argument(help="Files of a bundle: HTML, SVG, PNG, PDF, CSV, JSON or Markdown.")],
) -> None:
    """Read the claim in a file, and verify that claim, data and file are as they were written.

    Exit status: 0 when all are, 1 when something was changed, 2 for a file that holds no claim.
    """
    verified = True
    with told_in_a_sentence():
        from tradeoff.claim import ClaimChangedError, read_claim

        for file in files:
            try:
                found = read_claim(file)
            except ClaimChangedError as error:
                verified = False
                complain(f"NOT VERIFIED. {error}")
                continue
            verified &= found.verified
            say(found.sentence())
            told = "Verified" if found.verified else "NOT VERIFIED"
            say(f"{told}: {file}, data sha256 {found.content['data_sha256']}, {found.content['points']} points.")
            for problem in found.problems:
                complain(f"{file}: {problem}.")
    if not verified:
        raise typer.Exit(Status.NO)
