"""What CuPy is asked to do, by a stand-in that has the functions CuPy has, with CuPy's arguments, and NumPy inside.

Kernels are not run here: `test_kernels` compiles them. What a GPU makes of all this says
``benchmarks/check_workloads.py``.
"""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from tests.workloads.small import names_of, small
from tradeoff.workloads import WorkloadError, kernels
from tradeoff.workloads.check import TOLERANCES, check
from tradeoff.workloads.operations.layer_norm import layer_norm
from tradeoff.workloads.operations.softmax import softmax

NAMES = names_of("cupy")
TYPED = [(name, dtype) for name in NAMES for dtype in small(name).dtypes["cupy"]]


class RawKernel:
    def __init__(self, code, name, options=()) -> None:
        self.name = name

    def __call__(self, grid, block, arguments) -> None:
        x, *between, out, width = arguments[: -1 if self.name == "layer_norm_rows" else None]
        assert (grid, block, len(x)) == ((len(x),), (kernels.THREADS,), grid[0])
        assert block[0] % 32 == 0
        assert type(width) is np.int32
        assert x.shape == out.shape == (grid[0], width)
        exact = x.astype(float)
        out[...] = softmax(exact) if not between else layer_norm(exact, *(part.astype(float) for part in between))


class ElementwiseKernel:
    def __init__(self, inputs, outputs, operation, name) -> None:
        assert (inputs, outputs, operation) == ("T a, T x, T y", "T z", "z = a * x + y")

    def __call__(self, a, x, y, out):
        assert type(a) is x.dtype.type
        np.add(a * x, y, out=out)
        return out


@pytest.fixture(autouse=True)
def cupy(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType("cupy")
    for name in ("asarray", "empty", "empty_like", "tile", "matmul", "copyto", "int32", "float64"):
        setattr(module, name, getattr(np, name))
    module.take = lambda a, indices, axis=None, out=None: np.take(a, indices, axis=axis, out=out)
    module.sort = lambda a, axis=-1: np.sort(a, axis=axis)
    wide = {"float16": np.float32}
    module.sum = lambda a, axis=None, out=None: np.sum(a, axis=axis, dtype=wide.get(str(a.dtype)), out=out)
    module.fft = SimpleNamespace(rfft=lambda a, n=None, axis=-1: np.fft.rfft(a, n, axis))
    module.RawKernel, module.ElementwiseKernel = RawKernel, ElementwiseKernel
    monkeypatch.setitem(sys.modules, "cupy", module)
    kernels.kernel.cache_clear()
    yield module
    kernels.kernel.cache_clear()


@pytest.mark.parametrize(("name", "dtype"), TYPED)
@pytest.mark.parametrize("batch_size", [1, 5])
def test_cupy_is_asked_for_the_right_thing(name: str, dtype: str, batch_size: int) -> None:
    error = check(small(name), batch_size=batch_size, dtype=dtype, device="cuda", seed=batch_size)
    assert error < TOLERANCES[dtype]


@pytest.mark.parametrize("name", NAMES)
def test_types_that_cupy_lacks(name: str) -> None:
    for dtype in ("bfloat16", "tf32"):
        with pytest.raises(WorkloadError, match=rf"'{dtype}' is not known to {name}: use one of float32, float64"):
            small(name).prepare(batch_size=1, dtype=dtype, device="cuda", seed=0)


def test_a_kernel_is_compiled_once_for_each_type() -> None:
    assert kernels.kernel("softmax", "float32") is kernels.kernel("softmax", "float32")
    assert kernels.kernel("softmax", "float32") is not kernels.kernel("softmax", "float16")
