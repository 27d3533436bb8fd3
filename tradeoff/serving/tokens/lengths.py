"""How many tokens requests have: of their prompts, and of their answers."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeoff.arguments import ArgumentError, shown
from tradeoff.serving.simulate import whole
from tradeoff.serving.systems import several

Lengths = NDArray[np.int64]


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


def memories_of(asked: Any) -> list[int | None]:
    """Return how many tokens the cache holds, one after the other; None for no limit.

    Raises
    ------
    ArgumentError
        When `asked` does not say so.
    """
    several_of = several("memory_tokens", asked)
    return [None if value is None else whole("memory_tokens", value) for value in several_of]


def check_memory(memory: int | None, prompt: Lengths, output: Lengths) -> None:
    """Check that every request fits into the memory alone.

    Raises
    ------
    ArgumentError
        When one would wait for ever.
    """
    longest = int((prompt + output).max())
    if memory is not None and longest > memory:
        raise ArgumentError(f"memory_tokens={memory} does not hold a request of {longest} tokens: give more")
