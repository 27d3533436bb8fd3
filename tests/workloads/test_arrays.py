from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from tradeoff.workloads import Workload, WorkloadError, get, reference
from tradeoff.workloads.gemm import Gemm
from tradeoff.workloads.softmax import CupySoftmax, NumpySoftmax, kernel_source

HOW = {"dtype": "float32", "device": "cpu", "seed": 3}


def arrays_of(call) -> dict[str, np.ndarray]:
    cells = zip(call.__code__.co_freevars, call.__closure__, strict=True)
    named = {name: cell.cell_contents for name, cell in cells}
    return {name: value for name, value in named.items() if isinstance(value, np.ndarray)}


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("batch_size", [1, 7])
def test_softmax_equals_the_float64_reference(dtype: str, batch_size: int) -> None:
    call = NumpySoftmax(width=300).prepare(batch_size=batch_size, dtype=dtype, device="cpu", seed=1)
    x = arrays_of(call)["x"]
    tolerance = {"float16": 5e-3, "float32": 1e-6, "float64": 1e-14}[dtype]
    for _ in range(2):  # a call must not change its inputs
        assert reference.relative_error(call(), reference.softmax(x)) < tolerance


def test_gemm_equals_the_float64_reference() -> None:
    gemm = Gemm(rows=2, inner=40, outer=30)
    call = gemm.prepare(batch_size=5, **HOW)
    x = arrays_of(call)["x"]
    w = arrays_of(call)["w"]
    assert reference.relative_error(call(), x.astype(float) @ w.astype(float)) < 1e-6


@pytest.mark.parametrize("name", ["numpy.softmax", "numpy.gemm"])
def test_inputs_are_random_seeded_and_a_slots_own(name: str) -> None:
    workload = get(name)
    assert isinstance(workload, Workload)
    one, again, other = (workload.prepare(batch_size=2, dtype="float32", device="cpu", seed=s) for s in (1, 1, 2))
    assert np.array_equal(one(), again())
    assert not np.array_equal(one(), other())
    assert not any(np.shares_memory(a, b) for a in arrays_of(one).values() for b in arrays_of(again).values())
    assert np.count_nonzero(one()) == np.size(one())


@pytest.mark.parametrize("name", ["numpy.softmax", "numpy.gemm"])
def test_cost_grows_with_the_batch(name: str) -> None:
    workload = get(name)
    assert workload.flops(8) == 8 * workload.flops(1) > 0
    assert workload.bytes(1) < workload.bytes(8) <= 8 * workload.bytes(1)
    assert workload.bytes(4, "float64") == 2 * workload.bytes(4)


def test_costs_in_closed_form() -> None:
    assert NumpySoftmax(rows=2, width=10).bytes(3, "float16") == 2 * 3 * 2 * 10 * 2
    gemm = Gemm(rows=1, inner=4, outer=5)
    assert gemm.flops(3) == 2 * 3 * 4 * 5
    assert gemm.bytes(3) == 4 * (3 * 4 + 4 * 5 + 3 * 5)


@pytest.mark.parametrize("name", ["numpy.softmax", "numpy.gemm"])
def test_an_unknown_dtype_lists_the_known(name: str) -> None:
    with pytest.raises(WorkloadError, match=r"dtype='int3'.*float32, float64, float16"):
        get(name).prepare(batch_size=1, dtype="int3", device="cpu", seed=0)
    with pytest.raises(WorkloadError, match="int3"):
        get(name).bytes(1, "int3")


def test_cupy_that_is_not_installed_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(WorkloadError, match=r"tradeoff\[cupy\].*numpy"):
        CupySoftmax().prepare(batch_size=1, **HOW)


def test_the_kernel_is_made_for_its_number_type() -> None:
    assert "typedef __half number" in kernel_source("float16")
    assert "typedef float real" in kernel_source("float16")
    assert "typedef double real" in kernel_source("float64")
    with pytest.raises(WorkloadError, match="bfloat17"):
        kernel_source("bfloat17")


def test_the_error_of_a_nan_is_infinite_and_shapes_must_agree() -> None:
    assert reference.relative_error([1.0, float("nan")], [1.0, 2.0]) == float("inf")
    assert reference.relative_error([1.0, 2.2], [1.0, 2.0]) == pytest.approx(0.2 / 5**0.5)
    with pytest.raises(ValueError, match="shape"):
        reference.relative_error([1.0], [1.0, 2.0])


def test_numpy_paths_load_neither_torch_nor_cupy_nor_screens() -> None:
    code = (
        "import sys; from tradeoff.workloads import get; from tradeoff.timing import measure, Budget;"
        "b = Budget(name='b', seconds=.01, min_calls=1, max_calls=500);"
        "measure(get('numpy.softmax'), batch_size=1, budget=b);"
        "print({'torch','cupy','plotly','ipywidgets','anywidget','numba'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
