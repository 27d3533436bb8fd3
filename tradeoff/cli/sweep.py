"""``tradeoff sweep``."""

from __future__ import annotations

import os
import re
import shlex
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradeoff.cli.outcome import Status, told_in_a_sentence
from tradeoff.cli.output import complain, say, table, three_digits

if TYPE_CHECKING:
    import pandas as pd

    from tradeoff.frames import Run


def sweep(
    workload: Annotated[
        str, typer.Argument(help="A name from 'tradeoff workloads', or package.module:attribute of your own.")
    ],
    batch_size: Annotated[
        str, typer.Option("--batch-size", "-b", help="Whole numbers, separated by commas.")
    ] = "1,2,4,8,16",
    concurrency: Annotated[
        str, typer.Option("--concurrency", "-c", help="Calls in flight: whole numbers, separated by commas.")
    ] = "1",
    dtype: Annotated[str, typer.Option(help="float32, float16, bfloat16, float64, or several.")] = "float32",
    device: Annotated[
        str | None, typer.Option(help="cpu, cuda or cuda:1; the workload's own choice by default.")
    ] = None,
    mode: Annotated[
        str, typer.Option(help="concurrent, isolated, and on a GPU pipelined or graph; or several.")
    ] = "concurrent",
    cache: Annotated[str, typer.Option(help="hot, cold_flush or cold_rotate; or several.")] = "hot",
    regime: Annotated[str, typer.Option(help="sustained (load that lasts) or burst; or both.")] = "sustained",
    budget: Annotated[
        str,
        typer.Option(
            help="What a point may take: draft (2 s or 20 000 calls), standard (10 s or 200 000), tail (60 s or a "
            "million); up to four times that while a percentile lacks an end of its interval."
        ),
    ] = "draft",
    replicates: Annotated[
        int, typer.Option(help="Processes that measure each point; from about five on their differences tell much.")
    ] = 1,
    price_per_hour: Annotated[
        float | None, typer.Option(help="What the device costs an hour; gives the cost of a million requests.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the inputs and of the order of the points.")] = 0,
    name: Annotated[
        str | None, typer.Option(help="What to call a workload of your own; its own name by default.")
    ] = None,
    out: Annotated[str | None, typer.Option("--out", "-o", help="The Run folder; results/WORKLOAD by default.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the Run in --out.")] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="With --resume: measure points that failed once more.")
    ] = False,
) -> None:
    """Measure a workload over batch sizes and concurrency.

    Each point is kept as soon as it is finished. Exit status: 0, or 1 when every point failed, 2 for arguments or
    files that cannot be used, 130 after Ctrl-C.
    """
    with told_in_a_sentence():
        folder = _folder(workload, out)
        asked = {
            "batch_size": whole_numbers("--batch-size", batch_size),
            "concurrency": whole_numbers("--concurrency", concurrency),
            "dtype": parts(dtype),
            "device": device,
            "mode": parts(mode),
            "cache": parts(cache),
            "regime": parts(regime),
            "replicates": replicates,
            "price_per_hour": price_per_hour,
            "budget": _budget(budget),
            "seed": seed,
            "name": name,
            "retry_failed": retry_failed,
        }
        before = _finished(folder, but_failed=retry_failed) if resume else 0
        run, interrupted = _measure(workload, folder, resume=resume, **asked)
        if interrupted:
            complain(_how_to_go_on(folder, run))
            raise typer.Exit(Status.INTERRUPTED)
        report(run.points)
        if before:
            say(f"{before} of {len(run.points)} points were there already.")
        failed = int(run.points["status"].isin(["failed", "oom"]).sum())
        if failed and not retry_failed:
            say(f"{failed} of {len(run.points)} points failed. To measure them again: --resume --retry-failed")
        say(f"Saved in {folder}. Next: tradeoff explore {shlex.quote(str(folder))}")
    if failed == len(run.points):
        raise typer.Exit(Status.NO)


def whole_numbers(option: str, text: str) -> list[int]:
    """Read ``"1,2,4"``.

    Raises
    ------
    ValueError
        When a part is not a whole number of at least 1, or has more than nine digits.
    """
    numbers = []
    for part in parts(text):
        if not re.fullmatch(r"\+?[0-9]{1,9}", part) or int(part) < 1:
            raise ValueError(
                f"{option} takes whole numbers of at least 1 and of nine digits at most, separated by commas, "
                f"such as 1,2,4; got {part!r}"
            )
        numbers.append(int(part))
    return numbers


def report(points: pd.DataFrame) -> None:
    """Print a row for every point; those on the frontier are marked."""
    from tradeoff.frontier import frontier

    place = frontier(points)
    rows = points.assign(on_frontier=(place == "frontier").fillna(False).astype(bool))
    varying = [name for name in _WHAT_MAY_VARY if len(set(rows[name].dropna())) > 1]
    rows = rows.sort_values([*varying, "batch_size", "concurrency"])
    columns = [*varying, "batch", "concurrency", "requests/s", "p50 ms", "p99 ms", "(95 %)", "n", "frontier", "status"]
    printed = [
        [
            *(row[name] for name in varying),
            row["batch_size"],
            row["concurrency"],
            three_digits(row["throughput_rps"]),
            three_digits(row["latency_p50_ms"]),
            three_digits(row["latency_p99_ms"]),
            _interval(row["latency_p99_ms_lo"], row["latency_p99_ms_hi"]),
            row["n"],
            "●" if row["on_frontier"] else "",
            _status(row),
        ]
        for row in rows.to_dict("records")
    ]
    table(columns, printed, numeric=("batch", "concurrency", "requests/s", "p50 ms", "p99 ms", "(95 %)", "n"))


_WHAT_MAY_VARY = ("workload", "backend", "device", "dtype", "mode", "cache", "regime")


def _budget(name: str) -> str:
    from tradeoff.timing import BUDGETS

    if name not in BUDGETS:
        raise ValueError(f"--budget takes one of {', '.join(BUDGETS)}; got {name!r}")
    return name


def _measure(workload: str, folder: Path, *, resume: bool, **asked: Any) -> tuple[Run, bool]:
    """Measure; also tell whether Ctrl-C ended it. Warnings become sentences."""
    from tradeoff.sweep import ArgumentError, SweepInterrupted
    from tradeoff.sweep import sweep as measure

    if ":" in workload and os.getcwd() not in sys.path:  # noqa: PTH109  # sys.path holds text
        sys.path.insert(0, os.getcwd())  # noqa: PTH109  # as 'python -m' does, so that a module lying here is found
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        try:
            run = measure(workload, path=folder, resume=resume, **asked)
        except ArgumentError as error:
            raise ValueError(as_option(str(error), asked)) from None
    interrupted = any(issubclass(warning.category, SweepInterrupted) for warning in caught)
    for warning in caught:
        if not issubclass(warning.category, SweepInterrupted):
            complain(f"Note: {warning.message}")
    return run, interrupted


def _folder(workload: str, out: str | None) -> Path:
    if out is None:
        return Path("results") / re.sub(r"[^\w.-]+", "_", workload)
    if not out.strip():
        raise ValueError(f"--out takes the path of a folder; got {out!r}")
    return Path(out)


def as_option(sentence: str, asked: Mapping[str, object]) -> str:
    """Call an argument by the option that it came from: ``--dtype must be …``."""
    name = re.match(r"\w*", sentence)[0]  # type: ignore[index]
    return sentence.replace(name, f"--{name.replace('_', '-')}", 1) if name in asked else sentence


def _finished(folder: Path, *, but_failed: bool) -> int:
    from tradeoff.frames import RunFolder

    there = RunFolder(folder)
    return len(there.finished() - there.with_status("partial", *(("failed", "oom") if but_failed else ())))


def _how_to_go_on(folder: Path, run: Run) -> str:
    words = [word for word in sys.argv[1:] if word != "--resume"]
    command = shlex.join(["tradeoff", *words, "--resume"])
    partial = int((run.points["status"] == "partial").sum())
    finished = len(run.points) - partial
    kept = "1 finished point is kept" if finished == 1 else f"{finished} finished points are kept"
    kept += f", {partial} more measured in part," if partial else ""
    return f"Stopped. {kept} in {folder}; to go on: {command}"


def _interval(low: float, high: float) -> str:
    if low != low and high != high:
        return ""
    return f"{three_digits(low)} to {three_digits(high) if high == high else 'unknown'}"


def _status(row: Mapping[Any, Any]) -> str:
    drift = row["drift_pct"]
    if row["status"] == "unstable" and drift >= 1 and "medians" in str(row.get("reason")):
        return f"unstable (drift {drift:.0f} %)" if drift >= 10 else f"unstable (drift {drift:.2g} %)"
    reason = row.get("reason")
    # That a budget ended a point is no news, unless it left a percentile without a value; the frame has the details.
    unknown = row["latency_p50_ms"] != row["latency_p50_ms"] or row["latency_p99_ms"] != row["latency_p99_ms"]
    told = isinstance(reason, str) and reason and (unknown or row["status"] not in ("converged", "budget"))
    return f"{row['status']}: {reason}" if told else str(row["status"])


def parts(text: str) -> Sequence[str]:
    """Read words that are separated by commas."""
    return [part.strip() for part in text.split(",")]
