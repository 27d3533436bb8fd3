"""``tradeoff serve-tokens`` and ``tradeoff simulate-tokens``: models that answer token by token."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradeoff.cli.asking import (
    Concurrency,
    LoadName,
    MaxBatchSize,
    Out,
    RequestRate,
    Seed,
    Think,
    ThinkMs,
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
from tradeoff.cli.sweep import whole_numbers

if TYPE_CHECKING:
    import pandas as pd

PromptTokens = Annotated[str, typer.Option(help="Tokens of each prompt; or several, to draw from.")]
OutputTokens = Annotated[str, typer.Option(help="Tokens of each answer; or several, to draw from.")]
MemoryTokens = Annotated[str | None, typer.Option(help="Tokens that the cache holds; none for no limit; or several.")]
MaxPrefillTokens = Annotated[int, typer.Option(help="Prompt tokens of one iteration at most.")]


def serve_tokens(
    model: Annotated[str, typer.Argument(help="transformer, or package.module:attribute, a model or what makes one.")],
    prompt_tokens: PromptTokens,
    output_tokens: OutputTokens,
    max_batch_size: MaxBatchSize,
    memory_tokens: MemoryTokens = None,
    max_prefill_tokens: MaxPrefillTokens = 8192,
    request_rate: RequestRate = None,
    concurrency: Concurrency = None,
    load: LoadName = None,
    think_ms: ThinkMs = "0",
    think: Think = "constant",
    duration_s: Annotated[float, typer.Option(help="Seconds in which requests come, at each point.")] = 5.0,
    n_requests: Annotated[int, typer.Option(help="Requests at most.")] = 10_000,
    dtype: Annotated[str, typer.Option(help="float32, float16, ...")] = "float32",
    device: Annotated[str | None, typer.Option(help="cpu, cuda or cuda:1; a GPU where there is one.")] = None,
    name: Annotated[str | None, typer.Option(help="What to call the model.")] = None,
    seed: Seed = 0,
    out: Out = None,
) -> None:
    """Serve requests of tokens for real, here: continuous batching with a cache of keys and values.

    Exit status: 0, 1 when nothing was served within its capacity, 2 for arguments that cannot be used, 130 after
    Ctrl-C.
    """
    with told_in_a_sentence():
        import tradeoff
        from tradeoff.sweep.source import import_path

        check_out(out)
        asked = load_asked(request_rate, concurrency, load, think_ms, think) | {
            "prompt_tokens": _lengths("--prompt-tokens", prompt_tokens),
            "output_tokens": _lengths("--output-tokens", output_tokens),
            "max_batch_size": whole_numbers("--max-batch-size", max_batch_size),
            "memory_tokens": limits("--memory-tokens", memory_tokens),
            "max_prefill_tokens": max_prefill_tokens,
            "duration_s": duration_s,
            "n_requests": n_requests,
            "dtype": dtype,
            "device": device,
            "name": name,
            "seed": seed,
        }
        find_modules_here()
        thing: Any = import_path(model) if ":" in model else model
        end(*with_options(asked, lambda: tradeoff.serve_tokens(thing, **asked)), out, report=_report)


def simulate_tokens(
    path: Annotated[Path, typer.Argument(help="A Run folder of serve-tokens; or of a sweep of steps, with --prefill.")],
    prompt_tokens: PromptTokens,
    output_tokens: OutputTokens,
    max_batch_size: MaxBatchSize,
    prefill: Annotated[
        str | None, typer.Option(help="ms for each prompt token, or for a call and for each token: 5,0.05.")
    ] = None,
    memory_tokens: MemoryTokens = None,
    max_prefill_tokens: MaxPrefillTokens = 8192,
    request_rate: RequestRate = None,
    concurrency: Concurrency = None,
    load: LoadName = None,
    think_ms: ThinkMs = "0",
    think: Think = "constant",
    n_requests: Annotated[int, typer.Option(help="Requests of each repetition.")] = 10_000,
    replications: Annotated[int, typer.Option(help="Independent repetitions: intervals need five or more.")] = 5,
    seed: Seed = 0,
    slo: SloOption = None,
    out: Out = None,
) -> None:
    """Simulate a server of a token model, from measured times.

    Exit status: 0, 1 when nothing can bear its load, 2 for arguments or files that cannot be used.
    """
    with told_in_a_sentence():
        import tradeoff

        check_out(out)
        asked = load_asked(request_rate, concurrency, load, think_ms, think) | {
            "prompt_tokens": _lengths("--prompt-tokens", prompt_tokens),
            "output_tokens": _lengths("--output-tokens", output_tokens),
            "max_batch_size": whole_numbers("--max-batch-size", max_batch_size),
            "prefill": None if prefill is None else _price(prefill),
            "memory_tokens": limits("--memory-tokens", memory_tokens),
            "max_prefill_tokens": max_prefill_tokens,
            "n_requests": n_requests,
            "replications": replications,
            "seed": seed,
            "slo": slo,
        }
        found = with_options(asked, lambda: tradeoff.simulate_tokens(tradeoff.read(path), **asked))
        end(*found, out, report=_report)


def _lengths(option: str, text: str) -> int | list[int]:
    found = whole_numbers(option, text)
    return found[0] if len(found) == 1 else found


def _price(text: str) -> float | list[float]:
    found = numbers("--prefill", text)
    return found[0] if len(found) == 1 else found


def _report(points: pd.DataFrame) -> None:
    memory = ["memory"] if points["memory_tokens"].notna().any() else []
    told = ["requests/s", "tokens/s", "TTFT p50 ms", "p99", "TPOT p50 ms", "p99 ", "latency p50 ms", " p99"]
    measured = (
        "throughput_rps", "tokens_per_s", "ttft_p50_ms", "ttft_p99_ms", "tpot_p50_ms", "tpot_p99_ms", "latency_p50_ms",
        "latency_p99_ms",
    )  # fmt: skip
    printed = []
    for row in points.to_dict("records"):
        why = isinstance(row["reason"], str) and row["status"] in ("saturated", "failed", "oom")
        printed.append(
            [
                known(row["batch_size"]),
                *(known(row["memory_tokens"]) or "none" for _ in memory),
                who_asks(row),
                *(three_digits(row[name]) for name in measured),
                f"{row['status']}: {row['reason']}" if why else row["status"],
            ]
        )
    table(["batch", *memory, "load", *told, "status"], printed, numeric=("batch", *memory, *told))
