"""``tradeoff.simulate_tokens``: continuous batching under the virtual clock."""

from __future__ import annotations

import math
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
from tradeoff.frames import PERCENTILES, Run, make_points, make_samples, point_id
from tradeoff.serving.costs import Costs, FunctionCosts, MeasuredCosts, costs_of
from tradeoff.serving.simulate import whole
from tradeoff.serving.simulated import who_of, with_interval
from tradeoff.serving.systems import System, several, systems
from tradeoff.serving.virtual import engine
from tradeoff.serving.virtual.grid import columns_of
from tradeoff.stats.quantiles import carries_estimate

SOURCE = "tradeoff.simulate_tokens"
_WARM_UP, _DRAIN = 0.1, 0.01

Lengths = NDArray[np.int64]


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
        detail = _detail(memory, prompt_tokens, output_tokens)
        identity = who | system.identity
        identity["load_detail"] = "; ".join(part for part in (identity["load_detail"], detail) if part)
        rows.append(identity | _row(system, found))
        if keep_samples:
            samples += [_samples(one, system, point_id(identity), at) for at, one in enumerate(found)]
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


@dataclass(eq=False)
class _Tokens:
    """What happened to each request; times in ns."""

    prompt: Lengths
    output: Lengths
    arrivals: NDArray[np.float64]
    admitted: NDArray[np.float64]
    first: NDArray[np.float64]
    done: NDArray[np.float64]
    totals: NDArray[np.float64]

    def measured(self, *, is_finite: bool) -> NDArray[np.bool_]:
        """Which requests count: all of a finite load, else neither the first tenth nor the last hundredth."""
        n = len(self.arrivals)
        place = np.empty(n, dtype=np.int64)
        place[np.argsort(self.arrivals, kind="stable")] = np.arange(n)
        inside: NDArray[np.bool_] = (place >= int(n * _WARM_UP)) & (place < n - int(n * _DRAIN))
        return np.ones(n, dtype=np.bool_) if is_finite else inside


def _length(system: System, n: int) -> int:
    if system.load is not None and hasattr(system.load, "times_s"):
        return min(n, len(system.load.times_s))
    return n


def _serve(system: System, prepared: _Prepared, n: int, seed: int, replication: int) -> _Tokens:
    streams = [np.random.default_rng([seed, replication, what]) for what in range(5)]
    if system.load is not None:
        scale = 1.0 if system.load.own_rate_rps is not None else 1e3 / system.request_rate_rps
        given = system.load.arrivals_ms(n, streams[0]) * scale
    elif callable(system.think):
        given = np.asarray(system.think(streams[0], n), dtype=float)
    else:
        given = system.think_ms * (np.ones(n) if system.think == "constant" else streams[0].standard_exponential(n))
    prompt = _lengths("prompt_tokens", prepared.prompt, streams[3], n)
    output = _lengths("output_tokens", prepared.output, streams[4], n)
    memory = int((prompt + output).sum()) if prepared.memory is None else prepared.memory
    if (prompt + output).max() > memory:
        raise ArgumentError(
            f"memory_tokens={memory} does not hold a request of {int((prompt + output).max())} tokens: give more"
        )
    table = prepared.costs.table(prepared.largest, 1, replication)
    longest = max(prepared.most_prefill, int(prompt.max()))
    prefill = _prefill_ns(prepared.prefill, longest)
    arrivals, admitted, first, done = (np.full(n, np.nan) for _ in range(4))
    found = _Tokens(prompt, output, arrivals, admitted, first, done, np.zeros(4))
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


def _lengths(name: str, asked: Any, rng: np.random.Generator, n: int) -> Lengths:
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


def _detail(memory: int | None, prompt: Any, output: Any) -> str:
    def told(value: Any) -> str:
        return "of a function" if callable(value) else shown(value)

    held = "" if memory is None else f", memory for {memory}"
    return f"tokens: prompt {told(prompt)}, output {told(output)}{held}"


def _row(system: System, found: Sequence[_Tokens]) -> dict[str, Any]:
    every = [_seen(one, system) for one in found]
    row: dict[str, Any] = {"n": sum(int(one["n"]) for one in every), "n_errors": 0, "n_rejected": 0, "flags": []}
    row |= {"replicates": len(found), "rejection_rate": 0.0}
    for name in every[0]:
        if name == "n":
            continue
        values = np.array([one[name] for one in every])
        row |= with_interval(name, values) if _has_interval(name) else {name: float(values.mean())}
    grows = every[0]["backlog"]
    del row["backlog"]
    if system.load is not None and not system.is_finite and grows > 0.05:
        kept = {name: value for name, value in row.items() if not name.startswith(("latency", "ttft", "queue"))}
        told = f"{system.request_rate_rps:g} requests/s come, {row['throughput_rps']:.3g} are answered"
        return kept | {"status": "saturated", "reason": f"{told}: the queue grows, and no percentile has a value"}
    status = "converged" if system.is_finite else "budget"
    return row | {"status": status}


def _has_interval(name: str) -> bool:
    return name.startswith("latency_") or name == "throughput_rps"


def _seen(tokens: _Tokens, system: System) -> dict[str, float]:
    chosen = tokens.measured(is_finite=system.is_finite)
    arrivals, first, done = (times[chosen] / 1e6 for times in (tokens.arrivals, tokens.first, tokens.done))
    output = tokens.output[chosen]
    network = system.network_ms
    start = float(arrivals.min()) if system.is_finite else float(np.quantile(tokens.done / 1e6, _WARM_UP))
    end = float((tokens.done / 1e6).max()) if system.is_finite else float(arrivals.max())
    ended = (tokens.done / 1e6 > start) & (tokens.done / 1e6 <= end)
    duration = max(end - start, 1e-9)
    several_tokens = output > 1
    per_token = (done - first)[several_tokens] / (output[several_tokens] - 1)
    steps = max(tokens.totals[0], 1.0)
    seen: dict[str, float] = {
        "n": float(chosen.sum()),
        "duration_s": duration / 1e3,
        "throughput_rps": float(ended.sum()) / duration * 1e3,
        "tokens_per_s": float(tokens.output[ended].sum()) / duration * 1e3,
        "utilisation": min(1.0, float(tokens.totals[2]) / max(float(tokens.done.max() - tokens.arrivals.min()), 1.0)),
        "batch_size_mean": float(tokens.totals[3] / steps),
        # What share of the time that requests came the last of them waited: of a queue that grows it does not vanish.
        "backlog": float((tokens.done.max() - tokens.arrivals.max()) / max(tokens.arrivals.max(), 1.0)),
    }
    seen |= _statistics("latency", done - arrivals + network, PERCENTILES)
    seen |= _statistics("ttft", first - arrivals + network, PERCENTILES)
    seen |= _statistics("tpot", per_token, PERCENTILES)
    waited = tokens.admitted[chosen] / 1e6 - arrivals
    return seen | _statistics("queue_wait", waited, {"p50": 0.5, "p99": 0.99})


def _statistics(stem: str, values: NDArray[np.float64], wanted: Any) -> dict[str, float]:
    n = len(values)
    found = {f"{stem}_mean_ms": float(values.mean()) if n else math.nan}
    for name, p in wanted.items():
        known = n > 0 and carries_estimate(n, p)
        found[f"{stem}_{name}_ms"] = float(np.quantile(values, p, method="inverted_cdf")) if known else math.nan
    return found


def _samples(tokens: _Tokens, system: System, identity: str, replicate: int) -> pd.DataFrame:
    network = round(system.network_ms * 1e6)
    scheduled, admitted, first, done = (
        times.astype(np.int64) for times in (tokens.arrivals, tokens.admitted, tokens.first, tokens.done)
    )
    measured = tokens.measured(is_finite=system.is_finite)
    early = tokens.arrivals < tokens.arrivals[measured].min(initial=np.inf)
    frame = make_samples(
        {
            "seq": np.arange(len(scheduled)),
            "scheduled_ns": scheduled,
            "submitted_ns": scheduled,
            "dispatched_ns": admitted,
            "device_start_ns": admitted,
            "device_end_ns": done,
            "done_ns": done + network,
            "pre_ns": np.zeros_like(done),
            "batch_wait_ns": np.zeros_like(done),
            "queue_wait_ns": admitted - scheduled,
            "model_ns": done - admitted,
            "post_ns": np.zeros_like(done),
            "overhead_ns": np.full_like(done, network),
            "latency_ns": done + network - scheduled,
            "first_token_ns": first + network,
            "output_tokens": tokens.output,
            "phase": np.where(measured, "measure", np.where(early, "warmup", "drain")),
            "status": "ok",
            "point_id": identity,
            "replicate": replicate,
        }
    )
    return frame.sort_values(["scheduled_ns", "seq"], kind="stable", ignore_index=True)
