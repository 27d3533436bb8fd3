"""``tradeoff simulate``, ``tradeoff serve`` and ``tradeoff drive``: who asks, and what people wait."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradeoff.cli.asking import (
    Concurrency,
    Formation,
    LoadName,
    MaxBatchSize,
    MaxWaitMs,
    Out,
    QueueLimit,
    RequestRate,
    Seed,
    Think,
    ThinkMs,
    Workers,
    check_out,
    end,
    find_modules_here,
    known,
    limits,
    load_asked,
    numbers,
    who_asks,
    with_options,
)
from tradeoff.cli.outcome import told_in_a_sentence
from tradeoff.cli.output import table, three_digits
from tradeoff.cli.slo import SloOption
from tradeoff.cli.sweep import parts, whole_numbers

if TYPE_CHECKING:
    import pandas as pd


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
    slo: SloOption = None,
    out: Out = None,
) -> None:
    """Simulate a server that forms batches, from measured times.

    Exit status: 0, 1 when nothing can bear its load, 2 for arguments or files that cannot be used, 130 after Ctrl-C.
    """
    with told_in_a_sentence():
        import tradeoff

        check_out(out)
        asked = load_asked(request_rate, concurrency, load, think_ms, think) | {
            "max_batch_size": whole_numbers("--max-batch-size", max_batch_size),
            "max_wait_ms": numbers("--max-wait-ms", max_wait_ms),
            "workers": whole_numbers("--workers", workers),
            "queue_limit": limits("--queue-limit", queue_limit),
            "formation": parts(formation),
            "host_ms": numbers("--host-ms", host_ms),
            "network_ms": numbers("--network-ms", network_ms),
            "pad_to": pad_to,
            "n_requests": n_requests,
            "replications": replications,
            "seed": seed,
            "slo": slo,
        }
        end(*with_options(asked, lambda: tradeoff.simulate(tradeoff.read(path), **asked)), out, report=_report)


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

        check_out(out)
        asked = load_asked(request_rate, concurrency, load, think_ms, think) | {
            "max_batch_size": whole_numbers("--max-batch-size", max_batch_size),
            "max_wait_ms": numbers("--max-wait-ms", max_wait_ms),
            "workers": whole_numbers("--workers", workers),
            "queue_limit": limits("--queue-limit", queue_limit),
            "formation": parts(formation),
            "duration_s": duration_s,
            "n_requests": n_requests,
            "dtype": dtype,
            "device": device,
            "name": name,
            "seed": seed,
        }
        find_modules_here()
        thing: Any = import_path(workload) if ":" in workload else workload
        end(*with_options(asked, lambda: tradeoff.serve(thing, **asked)), out, report=_report)


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

        check_out(out)
        asked = load_asked(request_rate, concurrency, load, think_ms, think) | {
            "duration_s": duration_s,
            "n_requests": n_requests,
            "timeout_s": timeout_s,
            "name": name,
            "seed": seed,
        }
        if ":" not in send:
            raise ValueError(f"SEND must be package.module:function, such as client:send; got {send!r}")
        find_modules_here()
        end(*with_options(asked, lambda: tradeoff.drive(import_path(send), **asked)), out, report=_report)


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
                known(row["batch_size"]),
                who_asks(row),
                known(row["max_wait_ms"]),
                known(row["workers"]),
                three_digits(row["throughput_rps"]),
                three_digits(row["latency_p50_ms"]),
                three_digits(row["latency_p99_ms"]),
                f"{three_digits(low)} to {three_digits(high)}" if low == low and high == high else "",
                f"{100 * lost:.3g} %" if lost == lost and lost > 0 else "",
                f"{row['status']}: {row['reason']}" if told else ", ".join([row["status"], *_warnings(row["flags"])]),
            ]
        )
    numeric = ("batch", "wait ms", "workers", "requests/s", "p50 ms", "p99 ms", "(95 %)", "rejected")
    table([*(optional[name] for name in varying), *columns], printed, numeric=numeric)


def _warnings(flags: Sequence[str]) -> list[str]:
    """Return the flags that are more than a note, as words."""
    from tradeoff.frames import FLAGS

    return [flag.replace("_", " ") for flag in flags if flag in FLAGS and FLAGS[flag].severity != "info"]
