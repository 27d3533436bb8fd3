"""``tradeoff.simulate_tokens``: continuous batching under the virtual clock."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.arguments import ArgumentError, shown, yes_or_no
from tradeoff.arguments import seed as seed_of
from tradeoff.environment import packages
from tradeoff.frames import Run, make_points, make_samples, point_id
from tradeoff.serving.costs import Costs, FunctionCosts, MeasuredCosts, costs_of
from tradeoff.serving.simulate import whole
from tradeoff.serving.simulated import who_of
from tradeoff.serving.systems import System, several, systems
from tradeoff.serving.tokens.record import Lengths, Tokens, detail_of, row_of, samples_of
from tradeoff.serving.virtual import engine
from tradeoff.serving.virtual.grid import columns_of

SOURCE = "tradeoff.simulate_tokens"


def simulate_tokens(
    decode: Any,
    *,
    prefill: Any,
    prompt_tokens: Any,
    output_tokens: Any,
    max_batch_size: int | Sequence[int],
    memory_tokens: int | Sequence[int] | None = None,
    max_prefill_tokens: int = 8192,
    request_rate: float | Sequence[float] | None = None,
    concurrency: int | Sequence[int] | None = None,
    load: Any = None,
    think_ms: float | Sequence[float] = 0.0,
    think: Any = "constant",
    network_ms: float = 0.0,
    n_requests: int = 10_000,
    replications: int = 1,
    seed: int = 0,
    keep_samples: bool = False,
) -> Run:
    """Simulate a server of a token model that batches continuously: tokens a second, and how long the first one takes.

    The server works in iterations. Before each one waiting requests are admitted, in the order in which they came, as
    long as there is a place in the batch and room for all their tokens, prompt and output, in the cache of keys and
    values. If any were admitted, the iteration computes their prompts together, and gives each its first token, while
    the others stand still; else it gives every request of the batch one token. Who has all leaves. No request is
    ever put back.

    Parameters
    ----------
    decode
        What an iteration costs that gives every request of a batch one token: a Run, a fitted model, a mapping of batch
        size to ms, or a function, as `service` in `simulate`.
    prefill
        What computing prompts costs: ms for each token, ``(ms for a call, ms for each token)``, or a function
        ``tokens -> ms``.
    prompt_tokens, output_tokens
        Of each request: a number, a sequence to draw from, or a function ``(rng, n) -> n whole numbers``. Output tokens
        are known to the simulator, not to the scheduler's order.
    max_batch_size
        Requests that are served at once, at most.
    memory_tokens
        Tokens that the cache of keys and values holds; None for no limit.
    max_prefill_tokens
        Prompt tokens of one iteration, at most; a longer prompt has an iteration of its own.
    request_rate, concurrency, load, think_ms, think, network_ms
        As in `simulate`.
    n_requests, replications, seed, keep_samples
        As in `simulate`.

    Returns
    -------
    Run
        A row of ``points`` for each combination, with ``ttft_*``, ``tpot_*``, ``tokens_per_s``; a row of ``samples``
        for each request, where `queue_wait_ns` ends when it is admitted.

    Raises
    ------
    ValueError, TypeError
        When an argument cannot be used; a request that does not fit into the memory alone among them.

    Notes
    -----
    Iteration-level scheduling is from Yu et al., *Orca: a distributed serving system for Transformer-based generative
    models*, OSDI 2022. Where a step's time is not drawn, steps in which nobody comes and nobody goes are taken at once,
    in whole nanoseconds: the answer is that of a loop over every token.

    Examples
    --------
    >>> run = tradeoff.simulate_tokens(
    ...     lambda size: 8 + 0.1 * size,
    ...     prefill=(5.0, 0.05),
    ...     prompt_tokens=500,
    ...     output_tokens=[50, 200],
    ...     max_batch_size=[8, 32],
    ...     request_rate=4,
    ... )  # doctest: +SKIP
    """
    asked = systems(
        max_batch_size=max_batch_size, request_rate=request_rate, concurrency=concurrency, load=load, think_ms=think_ms,
        think=think, network_ms=network_ms,
    )  # fmt: skip
    memories = [None if value is None else whole("memory_tokens", value) for value in several("m", memory_tokens)]
    most_prefill = whole("max_prefill_tokens", max_prefill_tokens)
    n, replications = whole("n_requests", n_requests), whole("replications", replications)
    seed, keep_samples = seed_of(seed), yes_or_no("keep_samples", keep_samples)
    costs = costs_of(decode, seed=seed)
    largest = max(system.policy.max_batch_size for system in asked)
    costs.check(largest)
    who = who_of(decode) | {"source": SOURCE}
    rows, samples = [], []
    for system, memory in product(asked, memories):
        prepared = _Prepared(costs, prefill, prompt_tokens, output_tokens, memory, most_prefill, largest)
        length = _length(system, n)
        found = [_serve(system, prepared, length, seed, replication) for replication in range(replications)]
        detail = detail_of(memory, prompt_tokens, output_tokens)
        identity = who | system.identity
        identity["load_detail"] = "; ".join(part for part in (identity["load_detail"], detail) if part)
        rows.append(identity | row_of(system, found))
        if keep_samples:
            samples += [samples_of(one, system, point_id(identity), at) for at, one in enumerate(found)]
    about = {"seed": seed, "replications": replications, "packages": packages()}
    measured = dict(decode.environment) if isinstance(decode, Run) else {}
    held = pd.concat(samples, ignore_index=True) if samples else make_samples({})
    return Run(make_points(rows), held, measured | {"simulation": about})


@dataclass(frozen=True, eq=False)
class _Prepared:
    """What requests are, and what iterations cost."""

    costs: Costs
    prefill: Any
    prompt: Any
    output: Any
    memory: int | None
    most_prefill: int
    largest: int

    @property
    def skips(self) -> bool:
        """Whether the time of a step is not drawn, so that steps that are alike can be taken at once."""
        if isinstance(self.costs, MeasuredCosts):
            return self.costs.largest_count == 1
        return isinstance(self.costs, FunctionCosts) and not self.costs.draws


def _length(system: System, n: int) -> int:
    if system.load is not None and hasattr(system.load, "times_s"):
        return min(n, len(system.load.times_s))
    return n


def _serve(system: System, prepared: _Prepared, n: int, seed: int, replication: int) -> Tokens:
    streams = [np.random.default_rng([seed, replication, what]) for what in range(5)]
    if system.load is not None:
        scale = 1.0 if system.load.own_rate_rps is not None else 1e3 / system.request_rate_rps
        given = system.load.arrivals_ms(n, streams[0]) * scale
    elif callable(system.think):
        given = np.asarray(system.think(streams[0], n), dtype=float)
    else:
        given = system.think_ms * (np.ones(n) if system.think == "constant" else streams[0].standard_exponential(n))
    prompt = lengths("prompt_tokens", prepared.prompt, streams[3], n)
    output = lengths("output_tokens", prepared.output, streams[4], n)
    memory = int((prompt + output).sum()) if prepared.memory is None else prepared.memory
    if (prompt + output).max() > memory:
        raise ArgumentError(
            f"memory_tokens={memory} does not hold a request of {int((prompt + output).max())} tokens: give more"
        )
    table = prepared.costs.table(prepared.largest, 1, replication)
    longest = max(prepared.most_prefill, int(prompt.max()))
    prefill = _prefill_ns(prepared.prefill, longest)
    arrivals, admitted, first, done = (np.full(n, np.nan) for _ in range(4))
    found = Tokens(prompt, output, arrivals, admitted, first, done, np.zeros(4))
    inner = engine.loops(50 * n)
    uniforms = streams[2].random(max(n, 65_536))
    while True:
        found.totals[:] = 0.0
        _, missing = inner.token_path(
            np.rint(given * 1e6), system.clients, round(system.network_ms * 1e6), prompt, output,
            system.policy.max_batch_size, memory, prepared.most_prefill, prefill, columns_of(table), uniforms,
            prepared.skips, found.arrivals, found.admitted, found.first, found.done, found.totals,
        )  # fmt: skip
        if not missing:
            return found
        table.fill(int(missing))


def lengths(name: str, asked: Any, rng: np.random.Generator, n: int) -> Lengths:
    """Return how many tokens each of `n` requests has.

    Raises
    ------
    ArgumentError
        When `asked` does not say so.
    """
    if callable(asked):
        found = np.asarray(asked(rng, n))
        if found.shape != (n,):
            raise ArgumentError(f"{name}(rng, {n}) must give {n} whole numbers; got an array of shape {found.shape}")
    elif isinstance(asked, numbers.Integral) and not isinstance(asked, bool):
        found = np.full(n, int(asked))
    else:
        choices = np.asarray(asked)
        if choices.ndim != 1 or not len(choices) or choices.dtype.kind not in "iu":
            raise ArgumentError(f"{name} must be a whole number, several, or a function; got {shown(asked)}")
        found = choices[rng.integers(0, len(choices), n)]
    if found.dtype.kind not in "iu" or found.min() < 1:
        raise ArgumentError(f"{name} must be whole numbers, 1 or more; got {shown(asked)}")
    return found.astype(np.int64)


def _prefill_ns(asked: Any, longest: int) -> NDArray[np.float64]:
    tokens = np.arange(longest + 1, dtype=np.float64)
    if callable(asked):
        times = np.array([0.0, *(float(asked(count)) for count in range(1, longest + 1))])
    else:
        pair: Any = (0.0, asked) if isinstance(asked, numbers.Real) and not isinstance(asked, bool) else asked
        try:
            fixed, marginal = (float(value) for value in pair)
        except (TypeError, ValueError):
            raise ArgumentError(
                "prefill must be ms for each token, (ms for a call, ms for each token), or a function of the tokens; "
                f"got {shown(asked)}"
            ) from None
        times = fixed + marginal * tokens
    if not np.isfinite(times).all() or (times < 0).any():
        raise ArgumentError(f"prefill={shown(asked)} must give times in ms, finite and 0 or more")
    return np.asarray(np.rint(times * 1e6))
