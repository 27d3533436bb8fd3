"""``tradeoff.simulate_tokens``: continuous batching under the virtual clock."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.arguments import seed as seed_of
from tradeoff.arguments import yes_or_no
from tradeoff.environment import packages
from tradeoff.frames import Run, make_points, make_samples, point_id
from tradeoff.serving.costs import Costs, FunctionCosts, MeasuredCosts, Table
from tradeoff.serving.doubt import doubts_of
from tradeoff.serving.simulate import whole
from tradeoff.serving.simulated import flags_of, who_of
from tradeoff.serving.systems import System, systems
from tradeoff.serving.tokens.costs import decode_costs, prefill_table
from tradeoff.serving.tokens.lengths import check_memory, lengths, memories_of
from tradeoff.serving.tokens.record import Tokens, identity_of, row_of, samples_of, slo_of
from tradeoff.serving.trace import Trace
from tradeoff.serving.virtual import engine
from tradeoff.serving.virtual.grid import columns_of
from tradeoff.slo import SLO

SOURCE = "tradeoff.simulate_tokens"
_NONE = np.empty(0)
_REQUESTS = 10_000


def simulate_tokens(
    decode: Any,
    *,
    prefill: Any = None,
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
    n_requests: int | None = None,
    replications: int = 1,
    seed: int = 0,
    keep_samples: bool = False,
    slo: str | SLO | None = None,
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
        What an iteration costs that gives every request of a batch one token: a Run of `serve_tokens`; or as `service`
        in `simulate` a Run of calls (``sweep("transformer_decode", ...)``), a fitted model, a mapping of batch size to
        ms, or a function.
    prefill
        What computing prompts costs: ms for each token, ``(ms for a call, ms for each token)``, a function
        ``tokens -> ms``, or a Run of `serve_tokens`. May be left out where `decode` is one.
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
    n_requests
        Requests of each replication; unless given 10 000, or all of a `Trace`.
    replications, seed, keep_samples
        As in `simulate`.
    slo
        Limits on what a single request sees, ``"ttft <= 200 ms and tpot <= 30 ms"``: SLO attainment and goodput become
        columns (see `tradeoff.with_slo`).

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

    From a Run of `serve_tokens` iterations are drawn, with what its loop took: steps by the size of the batch, prompts
    by their tokens; between what was measured they are interpolated quantile by quantile. Above the most that came, and
    up to what the server allowed, they cost in proportion: no less than that. A step takes longer the more tokens its
    requests hold, which the size of the batch does not say: simulate prompts and answers as long as the served ones.

    A sweep of prompts, ``model = tradeoff.service(tradeoff.sweep("transformer_prefill", ...))[0]``, gives
    ``prefill=lambda tokens: model.time_ms(tokens / length).item()`` for its prompts' `length`: 8 tokens on a processor
    and 512 on a GPU, unless the workload was made with another.

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
    >>> served = tradeoff.serve_tokens(
    ...     "transformer", prompt_tokens=64, output_tokens=32, max_batch_size=8, concurrency=8
    ... )  # doctest: +SKIP
    >>> what_if = tradeoff.simulate_tokens(
    ...     served, prompt_tokens=64, output_tokens=32, max_batch_size=[2, 4, 8], request_rate=100
    ... )  # doctest: +SKIP
    """
    asked = systems(
        max_batch_size=max_batch_size, request_rate=request_rate, concurrency=concurrency, load=load, think_ms=think_ms,
        think=think, network_ms=network_ms,
    )  # fmt: skip
    memories = memories_of(memory_tokens)
    most_prefill = whole("max_prefill_tokens", max_prefill_tokens)
    n = None if n_requests is None else whole("n_requests", n_requests)
    replications = whole("replications", replications)
    seed, keep_samples = seed_of(seed), yes_or_no("keep_samples", keep_samples)
    held_to = None if slo is None else SLO.parse(slo)
    costs = decode_costs(decode, seed=seed)
    largest = max(system.policy.max_batch_size for system in asked)
    costs.check(largest)
    who = who_of(decode) | {"source": SOURCE}
    world = _World(costs, partial(prefill_table, prefill, decode), prompt_tokens, output_tokens, most_prefill, largest)
    served = isinstance(decode, Run) and bool((decode.points["mode"] == "serving").all())
    doubts = doubts_of(decode, served=served)
    rows, samples = [], []
    for system, memory in product(asked, memories):
        length = _length(system, n)
        found = [world.serve(system, memory, length, seed, replication) for replication in range(replications)]
        identity = who | identity_of(
            system, prompt=prompt_tokens, output=output_tokens, memory=memory, most_prefill=most_prefill
        )
        row = row_of(system, found)
        if held_to is not None:
            row |= slo_of(held_to, system, found, row)
        row = identity | row | {"flags": [*row["flags"], *flags_of(system, costs, pad=False)]}
        rows.append(row | doubts.of_row(row, math.inf if served else system.policy.max_batch_size))
        if keep_samples:
            samples += [samples_of(one, system, point_id(identity), at) for at, one in enumerate(found)]
    about = {"seed": seed, "replications": replications, "packages": packages()}
    measured = dict(decode.environment) if isinstance(decode, Run) else {}
    held = pd.concat(samples, ignore_index=True) if samples else make_samples({})
    return Run(make_points(rows), held, measured | {"simulation": about})


@dataclass(eq=False)
class _World:
    """What requests are, and what iterations cost.

    Attributes
    ----------
    costs
        Of steps.
    price
        Makes the table of what prompts cost, up to so many tokens.
    """

    costs: Costs
    price: Callable[[int], Table]
    prompt: Any
    output: Any
    most_prefill: int
    largest: int
    prefill: Table | None = None

    def serve(self, system: System, memory: int | None, n: int, seed: int, replication: int) -> Tokens:
        """Serve one system once."""
        streams = [np.random.default_rng([seed, replication, what]) for what in range(5)]
        given = np.rint(_given(system, n, streams[0]) * 1e6)
        prompt = lengths("prompt_tokens", self.prompt, streams[3], n)
        output = lengths("output_tokens", self.output, streams[4], n)
        check_memory(memory, prompt, output)
        most, held = min(system.policy.max_batch_size, n), int((prompt + output).sum()) if memory is None else memory
        prefill = self._prefill(max(int(prompt.max()), min(self.most_prefill, most * int(prompt.max()))))
        table = self.costs.table(self.largest, 1, replication)
        if self._skips:
            _fill(table, most)
        arrivals, admitted, first, done = (np.full(n, np.nan) for _ in range(4))
        totals, passed = np.zeros(4), np.full((n, 5), np.nan)
        inner, uniforms = engine.loops(50 * n), streams[2].random(max(n, 65_536))
        while True:
            totals[:] = 0.0
            _, missing = inner.token_path(
                given, system.clients, round(system.network_ms * 1e6), prompt, output, system.policy.max_batch_size,
                held, self.most_prefill, columns_of(prefill), columns_of(table), uniforms, self._skips, _NONE,
                arrivals, admitted, first, done, totals, passed,
            )  # fmt: skip
            if not missing:
                last = np.concatenate([[np.nanmax(done)], totals])
                counted = np.vstack([np.zeros(5), passed[~np.isnan(passed[:, 0])], last])
                return Tokens(prompt, output, arrivals, admitted, first, done, counted)
            # The path begins anew: sizes it may come to next are drawn as well, so that it does so a few times only.
            _fill(table, min(most, 2 * int(missing)))

    def _prefill(self, longest: int) -> Table:
        if self.prefill is None or self.prefill.weight.shape[1] <= longest:
            self.prefill = self.price(longest)
        return self.prefill

    @property
    def _skips(self) -> bool:
        """Whether the time of a step is not drawn, so that steps that are alike can be taken at once."""
        if isinstance(self.costs, MeasuredCosts):
            return self.costs.largest_count == 1
        return isinstance(self.costs, FunctionCosts) and not self.costs.draws


def _given(system: System, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return when requests come, or how long clients think, in ms."""
    if system.load is not None:
        scale = 1.0 if system.load.own_rate_rps is not None else 1e3 / system.request_rate_rps
        return system.load.arrivals_ms(n, rng) * scale
    if callable(system.think):
        return np.asarray(system.think(rng, n), dtype=float)
    return system.think_ms * (np.ones(n) if system.think == "constant" else rng.standard_exponential(n))


def _length(system: System, n: int | None) -> int:
    if isinstance(system.load, Trace):
        there = len(system.load.times_s)
        return there if n is None else min(n, there)
    return _REQUESTS if n is None else n


def _fill(table: Table, most: int) -> None:
    """Give every size up to `most` its times."""
    for size in range(1, most + 1):
        if not table.high_n[0, size]:
            table.fill(size)
