"""Inputs of the catalogue's operations: described by their shape, drawn by NumPy, the same on every backend."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeoff.workloads.dtypes import rounded

PERIOD = 1_048_573
"""Most numbers drawn for one input; a longer one repeats them.

Drawing a transformer's weights in full takes seconds for each call in flight. The period is a prime (the largest below
2**20), so that no row of a matrix begins where another did for as many rows as the period is long.
"""


@dataclass(frozen=True, kw_only=True)
class Normal:
    """Normally distributed floating-point numbers.

    Attributes
    ----------
    shape
        The input's shape.
    mean, scale
        Mean and standard deviation.
    state
        Whether the operation writes to it (a key-value cache): it is then no input that must stay as it is.
    """

    shape: tuple[int, ...]
    mean: float = 0.0
    scale: float = 1.0
    state: bool = False


@dataclass(frozen=True, kw_only=True)
class Indices:
    """Whole numbers from 0 to `below` - 1, each as likely, as int64; `shape` as in `Normal`."""

    shape: tuple[int, ...]
    below: int
    state: bool = False


Input = Normal | Indices


def draw(spec: Input, *, seed: int, place: int) -> NDArray[Any]:
    """Draw the numbers of the operation's input number `place`: one-dimensional, at most `PERIOD` of them."""
    generator = np.random.default_rng([seed, place])
    count = min(PERIOD, math.prod(spec.shape))
    if isinstance(spec, Indices):
        return generator.integers(spec.below, size=count)
    drawn = generator.standard_normal(count, dtype=np.float32)
    return drawn * np.float32(spec.scale) + np.float32(spec.mean)


def exact(spec: Input, *, dtype: str, seed: int, place: int) -> NDArray[Any]:
    """Return the input as a call with numbers of type `dtype` has it, in float64 (indices in int64)."""
    drawn = draw(spec, seed=seed, place=place)
    return np.resize(drawn if isinstance(spec, Indices) else rounded(drawn, dtype), spec.shape)


def on_arrays(xp: Any, spec: Input, *, dtype: str, seed: int, place: int) -> Any:
    """Return the input as a contiguous array of NumPy or CuPy (`xp`), on CuPy's current device."""
    drawn = draw(spec, seed=seed, place=place)
    array = xp.asarray(drawn if isinstance(spec, Indices) else drawn.astype(dtype))
    return _spread(array, spec.shape, xp.tile)


def on_torch(torch: Any, spec: Input, *, kind: Any, device: Any, seed: int, place: int) -> Any:
    """Return the input as a contiguous tensor on `device`, floating-point numbers as torch's type `kind`."""
    drawn = torch.from_numpy(draw(spec, seed=seed, place=place))
    tensor = drawn.to(device=device, dtype=None if isinstance(spec, Indices) else kind)
    return _spread(tensor, spec.shape, torch.tile)


def _spread(values: Any, shape: tuple[int, ...], tile: Any) -> Any:
    """Repeat `values`, where they lie, until they fill `shape`."""
    size = math.prod(shape)
    if size > PERIOD:
        values = tile(values, (-(-size // PERIOD),))[:size]
    return values.reshape(shape)
