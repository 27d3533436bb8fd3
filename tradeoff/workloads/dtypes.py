"""Number types by name: their sizes, which backend computes in which, and how they round."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tradeoff.workloads.protocol import WorkloadError

SIZES = {"float64": 8, "float32": 4, "tf32": 4, "float16": 2, "bfloat16": 2}
"""Bytes of a number in memory. tf32 is float32 in memory; only the products of matrices round it to 10 bits."""

BY_BACKEND = {
    "numpy": ("float32", "float64", "float16"),
    "cupy": ("float32", "float64", "float16"),
    "torch": ("float32", "float64", "float16", "bfloat16"),
}
"""What an operation computes in unless it says otherwise; tf32 comes with matrix products on CUDA (`Operation`)."""


def itemsize(dtype: str) -> int:
    """Bytes of one number of type `dtype`, of the types any workload knows.

    Raises
    ------
    WorkloadError
        When no workload knows it.
    """
    return SIZES[check_dtype(dtype, allowed=tuple(SIZES), where="any workload")]


def check_dtype(dtype: str, *, allowed: Sequence[str], where: str) -> str:
    """Return `dtype` when it is among those `allowed`.

    Raises
    ------
    WorkloadError
        When it is not; the sentence names `where` and those that are.
    """
    if dtype not in allowed:
        raise WorkloadError(f"dtype={dtype!r} is not known to {where}: use one of {', '.join(allowed)}")
    return dtype


def rounded(values: NDArray[np.float32], dtype: str) -> NDArray[np.float64]:
    """Return `values` as numbers of type `dtype` hold them, in float64.

    NumPy has no bfloat16: it is the upper half of a float32, rounded to nearest, ties to even.
    """
    if dtype == "bfloat16":
        bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
        bits = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
        return (bits & np.uint32(0xFFFF0000)).view(np.float32).astype(np.float64)
    stored = "float32" if dtype == "tf32" else dtype
    return values.astype(stored).astype(np.float64)
