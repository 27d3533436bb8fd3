"""What commands that ask a server share: how requests come, and how such a command ends."""

from __future__ import annotations

import errno
import os
import re
import shlex
import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradeoff.cli.outcome import Status
from tradeoff.cli.output import complain, say, three_digits
from tradeoff.cli.sweep import parts, whole_numbers

if TYPE_CHECKING:
    import pandas as pd

    from tradeoff.frames import Run

MaxBatchSize = Annotated[str, typer.Option("--max-batch-size", "-b", help="Requests in a batch at most; or several.")]
RequestRate = Annotated[str | None, typer.Option("--request-rate", "-r", help="Open loop: requests a second; several.")]
Concurrency = Annotated[str | None, typer.Option("--concurrency", "-c", help="Closed loop: clients; or several.")]
LoadName = Annotated[str | None, typer.Option("--load", help="poisson (by default), constant, or all_at_once.")]
ThinkMs = Annotated[str, typer.Option(help="Closed loop: ms that a client thinks before it asks again; or several.")]
Think = Annotated[str, typer.Option(help="constant or exponential.")]
MaxWaitMs = Annotated[str, typer.Option(help="ms a request may wait for its batch to fill; inf; or several.")]
Workers = Annotated[str, typer.Option(help="Batches under way at once; or several.")]
QueueLimit = Annotated[str | None, typer.Option(help="Requests that may wait; others are rejected; or several.")]
Formation = Annotated[str, typer.Option(help="shared or per_worker; or both.")]
Seed = Annotated[int, typer.Option(help="Of everything that is drawn.")]
Out = Annotated[str | None, typer.Option("--out", "-o", help="Keep the Run in this folder.")]


def check_out(out: str | None) -> None:
    """Check that a Run can be kept there, before a minute is spent on measuring one."""
    if out is None:
        return
    if not out.strip():
        raise ValueError(f"--out takes the path of a folder; got {out!r}")
    from tradeoff.frames import RunFolder

    folder = RunFolder(out)
    if folder.is_run():
        raise ValueError(f"{out} holds a Run already: choose another folder")
    folder.check_parts()
    there = next(place for place in (Path(out).absolute(), *Path(out).absolute().parents) if place.exists())
    if not there.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(there))
    if not os.access(there, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(there))
    if not Path(out).exists():  # what may write everywhere, and where nothing can be made, only trying tells
        Path(out).mkdir(parents=True)
        Path(out).rmdir()


def end(run: Run, stopped: bool, out: str | None, *, report: Callable[[pd.DataFrame], None]) -> None:
    """Print and keep a Run, and end with its status."""
    report(run.points)
    if out is not None:
        run.save(out)
        say(f"Saved in {out}. Next: tradeoff explore {shlex.quote(out)}")
    if stopped:
        if out is None:
            complain("It was not saved; --out FOLDER keeps what there is when Ctrl-C comes.")
        raise typer.Exit(Status.INTERRUPTED)
    if not run.points["latency_p50_ms"].notna().any():
        raise typer.Exit(Status.NO)


def with_options(asked: Mapping[str, object], call: Callable[[], Run]) -> tuple[Run, bool]:
    """Call, with arguments named as the options they came from, and warnings as sentences; say if Ctrl-C ended it."""
    from tradeoff.serving.real.interrupts import RETURNED, Interrupted

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        try:
            run = call()
        except ValueError as error:
            raise ValueError(_as_options(str(error), asked)) from None
    for warning in caught:
        complain(str(warning.message).replace(RETURNED, "printed below"))
    return run, any(issubclass(warning.category, Interrupted) for warning in caught)


def _as_options(sentence: str, asked: Mapping[str, object]) -> str:
    """Call arguments by the options that they came from: ``--max-wait-ms must be …``."""
    for name in sorted(asked, key=len, reverse=True):
        sentence = re.sub(rf"(?<![\w.-]){name}(?=[= ,(]|$)", f"--{name.replace('_', '-')}", sentence)
    return sentence


def who_asks(row: Mapping[Any, Any]) -> str:
    """Say who asked of a point: clients, or requests a second."""
    clients = row["concurrency"]
    who = f"{clients} clients" if clients == clients and clients else f"{three_digits(row['request_rate_rps'])}/s"
    if row["load"] not in ("closed", "poisson"):
        return f"{row['load']} {who}" if row["request_rate_rps"] == row["request_rate_rps"] else str(row["load"])
    return who


def known(value: Any) -> str:
    """Write a number, or nothing where there is none."""
    return "" if value is None or value != value or str(value) == "<NA>" else f"{value:g}"


def load_asked(
    request_rate: str | None, concurrency: str | None, load: str | None, think_ms: str, think: str
) -> dict[str, Any]:
    """Read the options that say how requests come."""
    return {
        "request_rate": None if request_rate is None else numbers("--request-rate", request_rate),
        "concurrency": None if concurrency is None else whole_numbers("--concurrency", concurrency),
        "load": load,
        "think_ms": numbers("--think-ms", think_ms),
        "think": think,
    }


def numbers(option: str, text: str) -> list[float]:
    """Read the numbers of an option."""
    found = []
    for part in parts(text):
        try:
            found.append(float(part))
        except ValueError:
            raise ValueError(f"{option} takes numbers, separated by commas, such as 1,2.5; got {part!r}") from None
    return found


def limits(option: str, text: str | None) -> list[int | None]:
    """Read the whole numbers of an option, of which each may be none."""
    if text is None:
        return [None]
    words = parts(text)
    wrong = next((word for word in words if not re.fullmatch(r"[0-9]{1,9}|none", word)), None)
    if wrong is not None:
        raise ValueError(f"{option} takes whole numbers of at least 0, or none, such as 0,16,none; got {wrong!r}")
    return [None if word == "none" else int(word) for word in words]


def find_modules_here() -> None:
    """Let modules of the working folder be imported."""
    if os.getcwd() not in sys.path:  # noqa: PTH109  # sys.path holds text
        sys.path.insert(0, os.getcwd())  # noqa: PTH109
