"""``tradeoff.serve_tokens``: continuous batching under the real clock."""

from __future__ import annotations

import math
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from tradeoff.arguments import ArgumentError, yes_or_no
from tradeoff.arguments import device as checked_device
from tradeoff.arguments import seed as seed_of
from tradeoff.arguments import text as checked_text
from tradeoff.callers import level_of_caller
from tradeoff.environment import capture, device_name
from tradeoff.frames import Run, make_points, make_samples, point_id
from tradeoff.serving.host import host_of, labelled, say_if_not_quiet, say_what_was_busy
from tradeoff.serving.real.interrupts import RETURNED, Interrupts
from tradeoff.serving.schedule import arrivals_of, check_length, thinker
from tradeoff.serving.serve import ServeInterrupted
from tradeoff.serving.simulate import whole
from tradeoff.serving.systems import System, systems
from tradeoff.serving.tokens.lengths import Lengths, check_memory, lengths, memories_of
from tradeoff.serving.tokens.loop import Steps, Timed, TokenLoop, TokenRecord, device_timed, host_timed
from tradeoff.serving.tokens.policy import TokenPolicy, requests_with
from tradeoff.serving.tokens.record import identity_of
from tradeoff.serving.tokens.served import SOURCE, requests_of, served_row, steps_of, tokens_of
from tradeoff.serving.tokens.transformer import Transformer, token_model
from tradeoff.serving.trace import Trace
from tradeoff.timing.bench import adapter_for
from tradeoff.timing.failure import Failure, describe_failure
from tradeoff.timing.host_watch import HostWatch
from tradeoff.workloads.choice import check_dtypes, device_for
from tradeoff.workloads.promises import UnfinishedError, check_done
from tradeoff.workloads.torch_setup import torch_module

_WARM_UP_STEPS = 3
_REQUESTS = 10_000


def serve_tokens(
    model: Any,
    *,
    prompt_tokens: Any,
    output_tokens: Any,
    max_batch_size: int | Sequence[int],
    memory_tokens: int | Sequence[int | None] | None = None,
    max_prefill_tokens: int = 8192,
    request_rate: float | Sequence[float] | None = None,
    concurrency: int | Sequence[int] | None = None,
    load: Any = None,
    think_ms: float | Sequence[float] = 0.0,
    think: Any = "constant",
    duration_s: float = 5.0,
    n_requests: int | None = None,
    dtype: str = "float32",
    device: str | None = None,
    name: str | None = None,
    seed: int = 0,
    progress: bool = True,
) -> Run:
    """Serve requests of tokens for real: prompts and steps that are computed, with a cache of keys and values.

    The policy is that of `simulate_tokens`: before each iteration waiting requests are admitted, in the order in which
    they came, as long as there is a place in the batch and room for all their tokens; the iteration computes the
    prompts of those admitted, or else one token for each request of the batch.

    Parameters
    ----------
    model
        ``"transformer"``: a layer of the catalogue's block, of the size that suits the device; a
        `tradeoff.serving.tokens.Transformer` of another size and more layers, or a `TransformerDecode`; or a model of
        your own: an object with `name`, `backend` and ``prepare(*, places, positions, dtype, device, seed)``, which
        returns one with ``prefill([(number, tokens), ...])``, ``decode()`` and ``leave([number, ...])``
        (`tradeoff.serving.tokens.TokenModel`).
    prompt_tokens, output_tokens
        Of each request: a number, a sequence to draw from, or a function ``(rng, n) -> n whole numbers``.
    max_batch_size, memory_tokens, max_prefill_tokens
        As in `simulate_tokens`; lists span a grid in the order of the arguments.
    request_rate, concurrency, load, think_ms, think
        As in `simulate`.
    duration_s
        How long requests come, at each point; the first tenth is not counted (see `tradeoff.serving.window`). A `Trace`
        has its own length, and all of it counts.
    n_requests
        Requests at most; unless given 10 000, or all of a `Trace`.
    dtype, device
        As in `sweep`.
    name
        What to call the model.
    seed
        Of arrivals, tokens, times to think, weights and prompts; with the same one, and as many `n_requests`,
        `simulate_tokens` has the same requests.
    progress
        Say what is being served.

    Returns
    -------
    Run
        A row of ``points`` for each combination, with ``tokens_per_s``, ``ttft_*``, ``tpot_*`` and ``itl_*``. A row of
        ``samples`` for each request, and after them one for each iteration (``run.steps_of(point_id)``): its column
        ``step`` is ``prefill`` or ``decode``, it has no ``phase``, and no statistic counts it.

        After Ctrl-C nobody is admitted any more, those that are in get all their tokens (a second Ctrl-C gives them
        up), and all that was measured is kept, with a `ServeInterrupted` warning. Requests that had come and got no
        answer then are ``unfinished``.

    Raises
    ------
    ValueError
        When an argument cannot be used; nothing has been served then.

    Notes
    -----
    An iteration begins where the one before was seen to end, so that its time has in it what the loop takes. `replay`
    serves a Run again under the virtual clock with these times; `simulate_tokens` takes a Run for `decode`, and asks
    what if.

    `memory_tokens` says who is admitted. The transformer's cache has a place of the longest request's size for each
    that may be in at once; it takes more memory than that where lengths differ.

    An open loop whose queue has grown without end when the last request has come is given up, and the point is
    ``saturated``. Garbage is collected as ever; requests whose iterations met that, or lost their core, carry the label
    ``gc`` or ``preempted``.

    Latency counts from when a request was due. ``model`` is the device's time from admission to the last token, in
    which iterations for others have their part; ``overhead`` what the loop takes.

    Examples
    --------
    >>> run = tradeoff.serve_tokens(
    ...     "transformer", prompt_tokens=64, output_tokens=[16, 64], max_batch_size=[1, 8], request_rate=50
    ... )  # doctest: +SKIP
    >>> tradeoff.replay(run)["same"].all()  # doctest: +SKIP
    """
    asked = systems(
        max_batch_size=max_batch_size, request_rate=request_rate, concurrency=concurrency, load=load, think_ms=think_ms,
        think=think,
    )  # fmt: skip
    memories = memories_of(memory_tokens)
    most_prefill, n = whole("max_prefill_tokens", max_prefill_tokens), _most(asked, n_requests)
    check_length(asked, duration_s=duration_s, n_requests=n)
    seed, progress, named = seed_of(seed), yes_or_no("progress", progress), checked_text("name", name)
    device = checked_device(device)
    made = token_model(model, device=device)
    device = device_for(made, device)
    if isinstance(made, Transformer):
        torch_module()  # before anything is served or kept
        check_dtypes(made.block, (dtype,), device)
    until = round(float(duration_s) * 1e9)
    due = [_due(system, seed=seed, until=until, most=n) for system in asked]
    used = max(1, *(n if arrivals is None else len(arrivals) for arrivals in due))
    prompt = lengths("prompt_tokens", prompt_tokens, _rng(seed, 3), n)[:used]
    output = lengths("output_tokens", output_tokens, _rng(seed, 4), n)[:used]
    for memory in memories:
        check_memory(memory, prompt, output)
    adapter = adapter_for(made.backend, device)
    who = {
        "workload": named or made.name, "backend": made.backend, "dtype": dtype, "device": device_name(device),
        "cache": "hot", "regime": "sustained", "source": SOURCE,
        "model_clock": "host" if adapter is None else "cuda_event",
    }  # fmt: skip
    timed = host_timed(time.perf_counter_ns) if adapter is None else device_timed(adapter)
    places = max(_places(system, memory, prompt + output) for system, memory in product(asked, memories))
    make = partial(
        made.prepare, places=places, positions=int((prompt + output).max()), dtype=dtype, device=device, seed=seed
    )
    steps = _prepared(make, places, int(prompt.max()), timed)
    rows, samples = [], []
    grid = list(product(zip(asked, due, strict=True), memories))
    if progress:
        say_if_not_quiet(named or made.name)
    with Interrupts() as interrupts:
        for (system, arrivals), memory in grid:
            identity = who | identity_of(
                system, prompt=prompt_tokens, output=output_tokens, memory=memory, most_prefill=most_prefill
            )
            if isinstance(steps, Failure):
                rows.append(identity | {"status": steps.status, "reason": steps.reason, "flags": []})
                continue
            if progress:
                print(f"{who['workload']}: {_said(system, memory)}", file=sys.stderr)
            policy = TokenPolicy(
                max_batch_size=system.policy.max_batch_size, memory_tokens=memory, max_prefill_tokens=most_prefill
            )
            loop = TokenLoop(policy, steps, requests_with(prompt, output), timed=timed, interrupts=interrupts)
            with HostWatch() as watch:
                record = _served(loop, system, arrivals, until=until, seed=seed)
            slices = watch.slices(origin=record.origin)
            identified = point_id(identity)
            ceased = None if len(record.requests) >= n or record.interrupted else until
            found = labelled(requests_of(record, system, identified, until=ceased), slices)
            row = served_row(record, found, system, until=ceased)
            window, _ = tokens_of(record).window(system, until=ceased)
            cores, lost = host_of(found, slices, window, is_oversubscribed=False)
            rows.append(identity | row | cores | {"flags": ["not_isolated", *row["flags"], *lost]})
            samples += [found, steps_of(record, identified)]
            if interrupts.count:
                break
    if interrupts.count:
        warnings.warn(
            f"stopped at point {len(rows)} of {len(grid)}; what was measured is {RETURNED}",
            ServeInterrupted,
            stacklevel=level_of_caller(),
        )
    held = pd.concat(samples, ignore_index=True) if samples else make_samples({})
    points = make_points(rows)
    if progress:
        say_what_was_busy(named or made.name, points)
    return Run(points, held, capture() | {"seed": seed})


def _most(asked: tuple[System, ...], n_requests: int | None) -> int:
    """Return how many requests there may be."""
    if n_requests is not None:
        return whole("n_requests", n_requests)
    return max(_REQUESTS, *(len(one.load.times_s) for one in asked if isinstance(one.load, Trace)), 0)


def _served(loop: TokenLoop, system: System, arrivals: list[int] | None, *, until: int, seed: int) -> TokenRecord:
    """Serve one point."""
    if arrivals is None:
        return loop.serve_clients(system.clients, thinker(system, _rng(seed, 0)), until)
    return loop.serve(arrivals, until=math.inf if system.is_finite else max(arrivals, default=0))


def _due(system: System, *, seed: int, until: int, most: int) -> list[int] | None:
    """Return when requests come; None for a closed loop."""
    if system.load is None:
        return None
    return list(arrivals_of(system, _rng(seed, 0), until=until, most=most))


def _rng(seed: int, stream: int) -> np.random.Generator:
    """Return the numbers that `simulate_tokens` draws the same from."""
    return np.random.default_rng([seed, 0, stream])


def _places(system: System, memory: int | None, held: Lengths) -> int:
    """Return how many requests may be in at once."""
    most = min(system.policy.max_batch_size, len(held))
    return most if memory is None else min(most, memory // int(held.min()))


def _prepared(make: Callable[[], Steps], places: int, longest: int, timed: Timed) -> Steps | Failure:
    """Make the model and warm it up, with more and more requests at once and with the longest prompt."""
    made: list[Steps] = []
    try:
        timed(lambda: made.append(make()))
    except Exception as error:
        return describe_failure(error, batch_size=places)
    (steps,) = made
    sizes = sorted({places, *(1 << power for power in range(places.bit_length()))})
    for prompts in (*([(number, 1) for number in range(size)] for size in sizes), [(0, longest)]):
        for _ in range(_WARM_UP_STEPS):
            try:
                timed(partial(_step, steps.prefill, prompts))
                timed(partial(_step, steps.decode))
            except UnfinishedError as error:
                raise ArgumentError(f"model cannot be served: {error}") from None
            except Exception:  # noqa: S110  # it may fail for some sizes only: its requests will be errors
                pass
            with suppress(Exception):
                timed(partial(steps.leave, [number for number, _ in prompts]))
    return steps


def _step(step: Callable[..., object], *arguments: object) -> object:
    return check_done(step(*arguments))


def _said(system: System, memory: int | None) -> str:
    held = "" if memory is None else f", memory for {memory} tokens"
    return f"{system.who}, batches up to {system.policy.max_batch_size}{held}"
