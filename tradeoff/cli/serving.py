"""``tradeoff simulate``, ``tradeoff serve`` and ``tradeoff drive``: who asks, and what people wait."""

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

from tradeoff.cli.outcome import Status, told_in_a_sentence
from tradeoff.cli.output import complain, say, table, three_digits
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


def simulate(
    path: Annotated[Path, typer.Argument(help="A Run folder of a sweep: what batches cost is drawn from its samples.")],
    max_batch_size: MaxBatchSize,
    request_rate: RequestRate = None,
    concurrency: Concurrency = None,
    load: LoadName = None,
    think_ms: ThinkMs = "0",
    think: Think = "constant",
    max_wait_ms: MaxWaitMs = "0",
    workers: Workers = "1",
    queue_limit: QueueLimit = None,
    formation: Formation = "shared",
    host_ms: Annotated[str, typer.Option(help="ms of host work for each batch; or several.")] = "0",
    network_ms: Annotated[str, typer.Option(help="ms that a request and its answer are under way; or several.")] = "0",
    pad_to: Annotated[str | None, typer.Option(help="measured: fill batches up to the next measured size.")] = None,
    n_requests: Annotated[int | None, typer.Option(help="Requests; by default as many as p99 needs.")] = None,
    replications: Annotated[int, typer.Option(help="Independent repetitions: intervals need five or more.")] = 5,
    seed: Seed = 0,
    out: Out = None,
) -> None:
    """Simulate a server that forms batches, from measured times.

    Exit status: 0, 1 when nothing can bear its load, 2 for arguments or files that cannot be used, 130 after Ctrl-C.
    """
    with told_in_a_sentence():
        import tradeoff

        _check_out(out)
        asked = _asked(request_rate, concurrency, load, think_ms, think) | {
            "max_batch_size": whole_numbers("--max-batch-size", max_batch_size),
            "max_wait_ms": _numbers("--max-wait-ms", max_wait_ms),
            "workers": whole_numbers("--workers", workers),
            "queue_limit": _limits("--queue-limit", queue_limit),
            "formation": parts(formation),
            "host_ms": _numbers("--host-ms", host_ms),
            "network_ms": _numbers("--network-ms", network_ms),
            "pad_to": pad_to,
            "n_requests": n_requests,
            "replications": replications,
            "seed": seed,
        }
        _end(*_with_options(asked, lambda: tradeoff.simulate(tradeoff.read(path), **asked)), out)


def serve(
    workload: Annotated[str, typer.Argument(help="A name from 'tradeoff workloads', or package.module:attribute.")],
    max_batch_size: MaxBatchSize,
    request_rate: RequestRate = None,
    concurrency: Concurrency = None,
    load: LoadName = None,
    think_ms: ThinkMs = "0",
    think: Think = "constant",
    max_wait_ms: MaxWaitMs = "0",
    workers: Workers = "1",
    queue_limit: QueueLimit = None,
    formation: Formation = "shared",
    duration_s: Annotated[float, typer.Option(help="Seconds in which requests come, at each point.")] = 5.0,
    n_requests: Annotated[int | None, typer.Option(help="Requests at most.")] = None,
    dtype: Annotated[str, typer.Option(help="float32, float16, ...")] = "float32",
    device: Annotated[str | None, typer.Option(help="cpu, cuda or cuda:1; the workload's own choice.")] = None,
    name: Annotated[str | None, typer.Option(help="What to call a workload of your own.")] = None,
    seed: Seed = 0,
    out: Out = None,
) -> None:
    """Serve requests for real, here, under the same policy.

    Exit status: 0, 1 when nothing was served within its capacity, 2 for arguments that cannot be used, 130 after
    Ctrl-C.
    """
    with told_in_a_sentence():
        import tradeoff
        from tradeoff.sweep.source import import_path

        _check_out(out)
        asked = _asked(request_rate, concurrency, load, think_ms, think) | {
            "max_batch_size": whole_numbers("--max-batch-size", max_batch_size),
            "max_wait_ms": _numbers("--max-wait-ms", max_wait_ms),
            "workers": whole_numbers("--workers", workers),
            "queue_limit": _limits("--queue-limit", queue_limit),
            "formation": parts(formation),
            "duration_s": duration_s,
            "n_requests": n_requests,
            "dtype": dtype,
            "device": device,
            "name": name,
            "seed": seed,
        }
        _find_modules_here()
        thing: Any = import_path(workload) if ":" in workload else workload
        _end(*_with_options(asked, lambda: tradeoff.serve(thing, **asked)), out)


def drive(
    send: Annotated[str, typer.Argument(help="package.module:function, an async function that asks once.")],
    request_rate: RequestRate = None,
    concurrency: Concurrency = None,
    load: LoadName = None,
    think_ms: ThinkMs = "0",
    think: Think = "constant",
    duration_s: Annotated[float, typer.Option(help="Seconds in which requests are asked for, at each point.")] = 5.0,
    n_requests: Annotated[int | None, typer.Option(help="Requests at most.")] = None,
    timeout_s: Annotated[float, typer.Option(help="After which a request is given up.")] = 30.0,
    name: Annotated[str | None, typer.Option(help="What to call the server.")] = None,
    seed: Seed = 0,
    out: Out = None,
) -> None:
    """Ask a server outside through an async function, and time what its callers wait.

    Exit status: 0, 1 when nothing was answered, 2 for arguments that cannot be used, 130 after Ctrl-C.
    """
    with told_in_a_sentence():
        import tradeoff
        from tradeoff.sweep.source import import_path

        _check_out(out)
        asked = _asked(request_rate, concurrency, load, think_ms, think) | {
            "duration_s": duration_s,
            "n_requests": n_requests,
            "timeout_s": timeout_s,
            "name": name,
            "seed": seed,
        }
        if ":" not in send:
            raise ValueError(f"SEND must be package.module:function, such as client:send; got {send!r}")
        _find_modules_here()
        _end(*_with_options(asked, lambda: tradeoff.drive(import_path(send), **asked)), out)


def _check_out(out: str | None) -> None:
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


def _end(run: Run, stopped: bool, out: str | None, *, report: Callable[[pd.DataFrame], None] | None = None) -> None:
    """Print and keep a Run, and end with its status."""
    (report or _report)(run.points)
    if out is not None:
        run.save(out)
        say(f"Saved in {out}. Next: tradeoff explore {shlex.quote(out)}")
    if stopped:
        raise typer.Exit(Status.INTERRUPTED)
    if not run.points["latency_p50_ms"].notna().any():
        raise typer.Exit(Status.NO)


def _with_options(asked: Mapping[str, object], call: Callable[[], Run]) -> tuple[Run, bool]:
    """Call, with arguments named as the options they came from, and warnings as sentences; say if Ctrl-C ended it."""
    from tradeoff.serving.real.interrupts import Interrupted

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        try:
            run = call()
        except ValueError as error:
            raise ValueError(_as_options(str(error), asked)) from None
    for warning in caught:
        complain(str(warning.message))
    return run, any(issubclass(warning.category, Interrupted) for warning in caught)


def _as_options(sentence: str, asked: Mapping[str, object]) -> str:
    """Call arguments by the options that they came from: ``--max-wait-ms must be …``."""
    for name in sorted(asked, key=len, reverse=True):
        sentence = re.sub(rf"(?<![\w.-]){name}(?=[= ,(]|$)", f"--{name.replace('_', '-')}", sentence)
    return sentence


def _report(points: pd.DataFrame) -> None:
    columns = ["batch", "load", "wait ms", "workers", "requests/s", "p50 ms", "p99 ms", "(95 %)", "rejected", "status"]
    optional = {"formation": "formation", "queue_limit": "places", "host_ms": "host ms", "network_ms": "network ms"}
    varying = [name for name in optional if len(set(points[name].dropna())) > 1]
    printed = []
    for row in points.to_dict("records"):
        low, high = row["latency_p99_ms_lo"], row["latency_p99_ms_hi"]
        lost = row["rejection_rate"]
        told = isinstance(row["reason"], str) and row["status"] in ("saturated", "failed")
        printed.append(
            [
                *(row[name] for name in varying),
                _known(row["batch_size"]),
                _who(row),
                _known(row["max_wait_ms"]),
                _known(row["workers"]),
                three_digits(row["throughput_rps"]),
                three_digits(row["latency_p50_ms"]),
                three_digits(row["latency_p99_ms"]),
                f"{three_digits(low)} to {three_digits(high)}" if low == low and high == high else "",
                f"{100 * lost:.3g} %" if lost == lost and lost > 0 else "",
                f"{row['status']}: {row['reason']}" if told else row["status"],
            ]
        )
    numeric = ("batch", "wait ms", "workers", "requests/s", "p50 ms", "p99 ms", "(95 %)", "rejected")
    table([*(optional[name] for name in varying), *columns], printed, numeric=numeric)


def _who(row: Mapping[Any, Any]) -> str:
    clients = row["concurrency"]
    who = f"{clients} clients" if clients == clients and clients else f"{three_digits(row['request_rate_rps'])}/s"
    if row["load"] not in ("closed", "poisson"):
        return f"{row['load']} {who}" if row["request_rate_rps"] == row["request_rate_rps"] else str(row["load"])
    return who


def _known(value: Any) -> str:
    return "" if value is None or value != value or str(value) == "<NA>" else f"{value:g}"


def _asked(
    request_rate: str | None, concurrency: str | None, load: str | None, think_ms: str, think: str
) -> dict[str, Any]:
    return {
        "request_rate": None if request_rate is None else _numbers("--request-rate", request_rate),
        "concurrency": None if concurrency is None else whole_numbers("--concurrency", concurrency),
        "load": load,
        "think_ms": _numbers("--think-ms", think_ms),
        "think": think,
    }


def _numbers(option: str, text: str) -> list[float]:
    found = []
    for part in parts(text):
        try:
            found.append(float(part))
        except ValueError:
            raise ValueError(f"{option} takes numbers, separated by commas, such as 1,2.5; got {part!r}") from None
    return found


def _limits(option: str, text: str | None) -> list[int | None]:
    if text is None:
        return [None]
    words = parts(text)
    wrong = next((word for word in words if not re.fullmatch(r"[0-9]{1,9}|none", word)), None)
    if wrong is not None:
        raise ValueError(f"{option} takes whole numbers of at least 0, or none, such as 0,16,none; got {wrong!r}")
    return [None if word == "none" else int(word) for word in words]


def _find_modules_here() -> None:
    if os.getcwd() not in sys.path:  # noqa: PTH109  # sys.path holds text
        sys.path.insert(0, os.getcwd())  # noqa: PTH109
