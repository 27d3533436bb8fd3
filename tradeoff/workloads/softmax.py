"""Row-wise softmax: moves bytes rather than computes, so that it shows what memory bandwidth does to a batch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tradeoff.workloads.arrays import array_module, check_dtype, itemsize, normal
from tradeoff.workloads.protocol import Call


@dataclass(frozen=True, kw_only=True)
class _Softmax:
    rows: int
    width: int
    name: str = "softmax"

    def flops(self, batch_size: int) -> float:
        """Five operations a number: compare, subtract, exponential (counted as one), add, divide."""
        return 5.0 * batch_size * self.rows * self.width

    def bytes(self, batch_size: int, dtype: str = "float32") -> float:
        """Each number is read once and written once."""
        return 2.0 * batch_size * self.rows * self.width * itemsize(dtype)


@dataclass(frozen=True, kw_only=True)
class NumpySoftmax(_Softmax):
    """Softmax over the last axis with NumPy; a request is `rows` rows of `width` numbers.

    The default is so small that 32 requests take well below a millisecond on two cores, which gives
    every p99 of a two-second budget both ends of its interval.
    """

    rows: int = 6
    width: int = 2048
    backend: str = "numpy"

    def prepare(self, *, batch_size: int, dtype: str, device: str, seed: int) -> Call:
        """Make one call with its own inputs and its own room for the output."""
        del device
        np = array_module("numpy")
        x = normal(np, (batch_size * self.rows, self.width), dtype=check_dtype(dtype, name="numpy.softmax"), seed=seed)
        out = np.empty_like(x)
        column = np.empty((x.shape[0], 1), dtype=x.dtype)
        largest, subtract, exp, add, divide = np.maximum.reduce, np.subtract, np.exp, np.add.reduce, np.divide

        def call() -> object:
            # Output given, not allocated: a page fault a call is the allocator's time, not the operation's.
            largest(x, axis=1, keepdims=True, out=column)
            subtract(x, column, out=out)
            exp(out, out=out)
            add(out, axis=1, keepdims=True, out=column)
            return divide(out, column, out=out)

        return call


@dataclass(frozen=True, kw_only=True)
class CupySoftmax(_Softmax):
    """Softmax over the last axis with a hand-written CUDA kernel; a request is `rows` rows of `width` numbers.

    One block of threads a row, the row read twice: once for its maximum and sum together (Milakov and Gimelshein,
    *Online normalizer calculation for softmax*, 2018), once to write the quotient.
    """

    rows: int = 64
    width: int = 4096
    backend: str = "cupy"

    def prepare(self, *, batch_size: int, dtype: str, device: str, seed: int) -> Call:
        """Make one call with its own inputs and its own room for the output, on the current device and stream."""
        del device
        cupy = array_module("cupy")
        x = normal(cupy, (batch_size * self.rows, self.width), dtype=check_dtype(dtype, name="cupy.softmax"), seed=seed)
        return softmax_call(x)


def softmax_call(x: Any) -> Call:
    """Make a call that computes the softmax over the rows of a two-dimensional, contiguous CuPy array."""
    cupy = array_module("cupy")
    out = cupy.empty_like(x)
    kernel = _kernel(str(x.dtype))
    rows, width = x.shape
    grid, block, arguments = (rows,), (THREADS,), (x, out, cupy.int32(width))

    def call() -> object:
        kernel(grid, block, arguments)
        return out

    return call


THREADS = 256
"""Threads a row: eight warps, and 16 numbers a thread at the default width."""

_C_TYPES = {"float16": ("__half", "float"), "float32": ("float", "float"), "float64": ("double", "double")}

KERNEL = r"""
#include <cuda_fp16.h>

typedef %(number)s number;
typedef %(sum)s real;

__device__ __forceinline__ real largest_of(real a, real b) { return a > b ? a : b; }

// Joins two partial results (maximum m, sum s of exp(x - m)) of disjoint parts of a row.
__device__ __forceinline__ void join(real &m, real &s, real other_m, real other_s) {
    real top = largest_of(m, other_m);
    // An empty part has s = 0 and the lowest m: exp() of a very negative number is 0, never NaN.
    s = s * exp(m - top) + other_s * exp(other_m - top);
    m = top;
}

extern "C" __global__ void softmax_rows(const number *x, number *out, int width) {
    const number *row = x + (long long)blockIdx.x * width;
    number *target = out + (long long)blockIdx.x * width;
    real m = (real)-1e30f, s = (real)0;
    for (int i = threadIdx.x; i < width; i += blockDim.x) {
        real value = (real)row[i];
        real top = largest_of(m, value);
        s = s * exp(m - top) + exp(value - top);
        m = top;
    }
    for (int offset = 16; offset > 0; offset >>= 1) {
        real other_m = __shfl_down_sync(0xffffffffu, m, offset);
        real other_s = __shfl_down_sync(0xffffffffu, s, offset);
        join(m, s, other_m, other_s);
    }
    __shared__ real warp_m[32], warp_s[32];
    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = (blockDim.x + 31) >> 5;
    if (lane == 0) { warp_m[warp] = m; warp_s[warp] = s; }
    __syncthreads();
    if (warp == 0) {
        m = lane < warps ? warp_m[lane] : (real)-1e30f;
        s = lane < warps ? warp_s[lane] : (real)0;
        for (int offset = 16; offset > 0; offset >>= 1) {
            real other_m = __shfl_down_sync(0xffffffffu, m, offset);
            real other_s = __shfl_down_sync(0xffffffffu, s, offset);
            join(m, s, other_m, other_s);
        }
        if (lane == 0) { warp_m[0] = m; warp_s[0] = s; }
    }
    __syncthreads();
    m = warp_m[0];
    s = warp_s[0];
    for (int i = threadIdx.x; i < width; i += blockDim.x) {
        target[i] = (number)(exp((real)row[i] - m) / s);
    }
}
"""
"""CUDA source; ``%(number)s`` is the type of the numbers, ``%(sum)s`` the type that adds them."""


def kernel_source(dtype: str) -> str:
    """CUDA source of the softmax kernel for numbers of type `dtype`."""
    number, total = _C_TYPES[check_dtype(dtype, name="cupy.softmax")]
    return KERNEL % {"number": number, "sum": total}


@lru_cache(maxsize=8)
def _kernel(dtype: str) -> Any:
    return array_module("cupy").RawKernel(kernel_source(dtype), "softmax_rows", options=("--std=c++14",))
