"""What NumPy and CuPy share: the module, its number types, seeded inputs."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from tradeoff.workloads.protocol import WorkloadError

DTYPES = ("float32", "float64", "float16")
"""Number types that both NumPy and CuPy compute in."""


def array_module(backend: str) -> ModuleType:
    """Return ``numpy`` or ``cupy``.

    Raises
    ------
    WorkloadError
        When CuPy is asked for and is not installed.
    """
    if backend == "numpy":
        return np
    try:
        import cupy  # type: ignore[import-not-found, unused-ignore]
    except ImportError as error:
        raise WorkloadError(
            "CuPy is not installed: pip install 'tradeoff[cupy]', or use a numpy workload such as 'numpy.softmax'"
        ) from error
    module: ModuleType = cupy
    return module


def check_dtype(dtype: str, *, name: str) -> str:
    """Return `dtype` when NumPy and CuPy compute in it.

    Raises
    ------
    WorkloadError
        When they do not.
    """
    if dtype not in DTYPES:
        raise WorkloadError(f"dtype={dtype!r} is not known to {name}: use one of {', '.join(DTYPES)}")
    return dtype


def itemsize(dtype: str) -> int:
    """Bytes of one number of type `dtype`, of the types any workload knows."""
    sizes = {"float64": 8, "float32": 4, "tf32": 4, "float16": 2, "bfloat16": 2}
    if dtype not in sizes:
        raise WorkloadError(f"dtype={dtype!r} has no known size: use one of {', '.join(sizes)}")
    return sizes[dtype]


def normal(xp: ModuleType, shape: tuple[int, ...], *, dtype: str, seed: int) -> Any:
    """Draw standard normal numbers of `shape`, the same for a seed on either backend, since NumPy draws them."""
    drawn = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
    return xp.asarray(drawn.astype(dtype))
