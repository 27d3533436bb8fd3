"""How a command ends: exit statuses, and mistakes told in a sentence."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from tradeoff.cli.output import complain


class Status(enum.IntEnum):
    """Exit statuses."""

    OK = 0
    NO = 1
    """The question was understood, and the answer is not a yes."""
    MISUSE = 2
    """An argument or a file cannot be used."""
    INTERRUPTED = 130
    """Ctrl-C, as shells count it."""
    UNHEARD = 141
    """Nobody reads what is printed any more, as shells count it."""


@contextmanager
def told_in_a_sentence() -> Iterator[None]:
    """Turn mistakes, and files that cannot be used, into their message and exit status 2; Ctrl-C into 130.

    A pipe whose reader has left, as in ``| head``, ends the command as it ends every other.

    The library's own errors are all ValueErrors or OSErrors whose message says what to do.
    """
    try:
        yield
    except KeyboardInterrupt:
        complain("Stopped.")
        raise typer.Exit(Status.INTERRUPTED) from None
    except BrokenPipeError:
        raise typer.Exit(Status.UNHEARD) from None
    except MemoryError:
        complain("There is not enough memory for this: ask for less.")
        raise typer.Exit(Status.MISUSE) from None
    except (ValueError, OSError) as error:
        complain(_sentence(error))
        raise typer.Exit(Status.MISUSE) from None


def _sentence(error: ValueError | OSError) -> str:
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__
