"""What is printed: sentences, and tables whose cells may come from a stranger's file."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence

import typer

from tradeoff.digits import THIN_SPACE, three

_WIDTH_OF_A_PIPE = 160


def plain(text: object) -> str:
    """Return text that a terminal shows as it is: control characters are spelled out, so none can act."""
    text = str(text).replace(THIN_SPACE, " ")
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


def say(text: object = "") -> None:
    """Print a sentence."""
    typer.echo(plain(text))


def complain(text: object) -> None:
    """Print a sentence about what went wrong, or that is not part of the result."""
    typer.echo(plain(text), err=True)


def table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None, numeric: Iterable[str] = ()
) -> None:
    """Print a table; `numeric` names the columns that are set flush right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    right = set(numeric)
    drawn = Table(
        box=box.SIMPLE_HEAD, title=None if title is None else Text(plain(title)), title_justify="left", pad_edge=False
    )
    for column in columns:
        drawn.add_column(Text(plain(column)), justify="right" if column in right else "left")
    for row in rows:
        # Text, not str: rich would read "[red]" in a str as markup.
        drawn.add_row(*(Text(plain(cell)) for cell in row))
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else _WIDTH_OF_A_PIPE, highlight=False)
    with console.capture() as text:
        console.print(drawn)
    typer.echo(text.get(), nl=False)  # rich would end the command by itself when the pipe is closed


def three_digits(value: float) -> str:
    """Return a number with three significant digits for a table; a dash where there is none."""
    if 0 < abs(value) < 1e-4:
        return f"{value:.{2 - math.floor(math.log10(abs(value)))}f}"  # in a column of its like an exponent is misread
    return "–" if value != value else three(value)
