"""Answers in float64 to check a workload's output by."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray


def softmax(x: ArrayLike) -> NDArray[np.float64]:
    """Softmax over the last axis, in float64."""
    exact = np.asarray(x, dtype=np.float64)
    powers = np.exp(exact - exact.max(axis=-1, keepdims=True))
    quotient: NDArray[np.float64] = powers / powers.sum(axis=-1, keepdims=True)
    return quotient


def relative_error(out: ArrayLike, reference: ArrayLike) -> float:
    """Distance of `out` from `reference`, over the size of `reference`; infinite when `out` holds a NaN."""
    got, exact = np.asarray(out, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    if got.shape != exact.shape:
        raise ValueError(f"out has shape {got.shape}, the reference {exact.shape}")
    error = float(np.linalg.norm(got - exact) / np.linalg.norm(exact))
    return error if math.isfinite(error) else math.inf
