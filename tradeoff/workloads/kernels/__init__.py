"""Hand-written CUDA kernels: their source, and how CuPy runs them.

A ``.cu`` file is written for numbers of type ``number`` and sums of type ``real``: half precision adds in float32.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Any

from tradeoff.workloads.arrays import array_module
from tradeoff.workloads.dtypes import check_dtype

ENTRIES = {"layer_norm": "layer_norm_rows", "softmax": "softmax_rows"}
"""The function that each file offers."""

TYPES = {"float16": ("__half", "float"), "float32": ("float", "float"), "float64": ("double", "double")}
"""``number`` and ``real`` for each number type."""

OPTIONS = ("--std=c++14",)
"""What the compiler is told, beside the device to compile for."""

THREADS = 256
"""Threads a row: eight warps, and 16 numbers a thread in a row of 4096."""


def source(name: str, dtype: str) -> str:
    """CUDA source of the kernel in ``<name>.cu`` for numbers of type `dtype`.

    Raises
    ------
    WorkloadError
        When the kernels are not written for this type.
    """
    check_dtype(dtype, allowed=tuple(TYPES), where=f"the {name} kernel")
    number, real = TYPES[dtype]
    text = (files(__name__) / f"{name}.cu").read_text(encoding="utf-8")
    return f"#include <cuda_fp16.h>\ntypedef {number} number;\ntypedef {real} real;\n{text}"


@lru_cache(maxsize=len(ENTRIES) * len(TYPES))
def kernel(name: str, dtype: str) -> Any:
    """Return the kernel for CuPy to launch with a block of `THREADS` a row; compiled when it first runs."""
    return array_module("cupy").RawKernel(source(name, dtype), ENTRIES[name], options=OPTIONS)
