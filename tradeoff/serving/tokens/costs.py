"""What iterations of a token model cost: times of prompts by their tokens, and of steps by the size of the batch."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.arguments import ArgumentError, shown
from tradeoff.frames import Run
from tradeoff.serving.costs import Costs, MeasuredCosts, Table, check_one_kind, costs_of
from tradeoff.serving.tokens.served import SOURCE

_BINS = 64
"""Numbers of prompt tokens that are told apart: so many, with what came between two pooled."""

Times = NDArray[np.float64]


def is_served(service: Any) -> bool:
    """Say whether it is a Run of `serve_tokens`."""
    return isinstance(service, Run) and bool((service.points["source"] == SOURCE).any())


def decode_costs(decode: Any, *, seed: int) -> Costs:
    """Return what steps cost: of a Run of `serve_tokens` its own, else as `tradeoff.serving.costs.costs_of`.

    A size that the server allowed and that never came costs in proportion to the largest that did: no less.

    Raises
    ------
    TypeError, ValueError
        When it is none of these, or holds no times.
    """
    if not is_served(decode):
        return costs_of(decode, seed=seed)
    sizes, ms = _steps_of(decode, "decode", "batch_size")
    times = {int(size): ms[sizes == size] for size in np.unique(sizes)}
    most, largest = int(decode.points["batch_size"].max()), max(times)
    times.setdefault(most, times[largest] * most / largest)
    return MeasuredCosts({1: times}, told_apart=False)


def prefill_table(asked: Any, decode: Any, longest: int) -> Table:
    """Return what iterations cost that compute so many prompt tokens, up to `longest`.

    Parameters
    ----------
    asked
        ms for each token, ``(ms for a call, ms for each token)``, a function ``tokens -> ms``, a Run of `serve_tokens`;
        or None for those of `decode`.
    decode
        A Run of `serve_tokens`, where `asked` is None.
    longest
        Tokens at most.

    Raises
    ------
    ArgumentError
        When it is none of these, or gives something else than times.
    """
    if asked is None and is_served(decode):
        asked = decode
    if isinstance(asked, Run):
        if not is_served(asked):
            raise ArgumentError(
                "prefill must be ms for each token, (ms for a call, ms for each token), a function of the tokens, or a "
                "Run of tradeoff.serve_tokens; in a Run of calls it does not stand how many tokens a prompt has"
            )
        return _measured(*_steps_of(asked, "prefill", "prompt_tokens"), longest)
    times = _told(asked, longest)
    table = Table.empty(times, 1, longest, None)
    table.high_at[0], table.high_n[0] = np.arange(longest + 1), 1
    return table


def _steps_of(run: Run, step: str, by: str) -> tuple[NDArray[np.int64], Times]:
    """Return how large the steps of one kind were, and what they took, what the loop took included, in ms."""
    points = run.points[run.points["source"] == SOURCE]
    check_one_kind(points)
    rows = pd.concat([run.steps_of(str(identity)) for identity in points["point_id"]])
    rows = rows[(rows["step"] == step) & (rows["status"] == "ok")]
    if not len(rows):
        raise ArgumentError(f"the Run of {SOURCE} holds no {step} step in its samples: their times are what is needed")
    took: pd.Series[Any] = rows["done_ns"] - rows["dispatched_ns"]
    return rows[by].to_numpy(dtype=np.int64), took.to_numpy(dtype=np.float64) / 1e6


def _measured(tokens: NDArray[np.int64], ms: Times, longest: int) -> Table:
    """Interpolate between measured numbers of tokens; fewer cost what the fewest do, more in proportion to the most."""
    order = np.argsort(tokens, kind="stable")
    tokens, ms = tokens[order], ms[order]
    groups = np.unique(tokens, return_inverse=True)[1]
    if groups[-1] >= _BINS:
        groups = np.arange(len(tokens)) * _BINS // len(tokens)
    times: dict[int, Times] = {}
    for group in np.unique(groups):
        centre = round(float(tokens[groups == group].mean()))
        times[centre] = np.concatenate([times.get(centre, np.empty(0)), ms[groups == group]])
    largest = max(times)
    if longest > largest:
        times[longest] = times[largest] * longest / largest
    return MeasuredCosts({1: times}).table(longest, 1)


def _told(asked: Any, longest: int) -> Times:
    tokens = np.arange(longest + 1, dtype=np.float64)
    if callable(asked):
        times = np.array([0.0, *(float(asked(count)) for count in range(1, longest + 1))])
    else:
        pair: Any = (0.0, asked) if isinstance(asked, numbers.Real) and not isinstance(asked, bool) else asked
        try:
            fixed, marginal = (float(value) for value in pair)
        except (TypeError, ValueError):
            raise ArgumentError(
                "prefill must be ms for each token, (ms for a call, ms for each token), a function of the tokens, or a "
                f"Run of tradeoff.serve_tokens; got {shown(asked)}"
            ) from None
        times = fixed + marginal * tokens
    if not np.isfinite(times).all() or (times < 0).any():
        raise ArgumentError(f"prefill={shown(asked)} must give times in ms, finite and 0 or more")
    return times
