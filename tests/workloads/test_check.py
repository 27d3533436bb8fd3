from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.workloads import WorkloadError, as_workload
from tradeoff.workloads.check import TOLERANCES, check, relative_error
from tradeoff.workloads.dtypes import SIZES
from tradeoff.workloads.operations.gemm import Gemm
from tradeoff.workloads.operations.softmax import Softmax

HOW = {"batch_size": 3, "dtype": "float32", "device": "cpu", "seed": 11}


def broken(change):
    """Return a softmax whose output somebody changes."""

    class Broken(Softmax):
        def on_numpy(self, np, x):
            call = super().on_numpy(np, x)
            return lambda: change(np.array(call()))

    return Broken(backend="numpy", rows=2, width=500)


def put(out, value):
    out[1, 7] = value
    return out


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda out: out, "right"),
        (lambda out: put(out, 0), "wrong"),
        (lambda out: out * 1.001, "wrong"),
        (lambda out: out[:, ::-1], "wrong"),
        (np.zeros_like, "wrong"),
        (lambda out: put(out, np.nan), "not even a number"),
        (lambda out: put(out, np.inf), "not even a number"),
        (lambda out: out[:-1], "not even a number"),
        (lambda out: out.ravel(), "not even a number"),
    ],
)
def test_a_broken_kernel_is_found(change, said: str) -> None:
    error = check(broken(change), **HOW)
    if said == "right":
        assert error < TOLERANCES["float32"]
    else:
        assert error > 50 * TOLERANCES["float32"]
        assert math.isinf(error) == (said == "not even a number")


def test_a_kernel_that_changes_its_input_is_found_at_the_second_call() -> None:
    class Eager(Gemm):
        def on_numpy(self, np, x, w):
            def call():
                out = x @ w
                x[...] = 0.5 * x
                return out

            return call

    assert check(Eager(backend="numpy"), **HOW) == pytest.approx(0.5, rel=1e-3)


def test_a_kernel_that_adds_halves_as_halves_is_found() -> None:
    class Naive(Gemm):
        def on_numpy(self, np, x, w):
            def call():
                out = np.zeros((len(x), w.shape[1]), dtype=x.dtype)
                for k in range(w.shape[0]):
                    out += x[:, k : k + 1] * w[k]
                return out

            return call

    sizes = {"backend": "numpy", "inner": 2048, "outer": 8}
    how = HOW | {"dtype": "float16"}
    assert check(Gemm(**sizes), **how) < TOLERANCES["float16"] < check(Naive(**sizes), **how)


def test_what_has_no_reference_says_so() -> None:
    with pytest.raises(WorkloadError, match=r"mine has no method reference\(\*, batch_size"):
        check(as_workload(lambda b: b, name="mine"), **HOW)


def test_every_type_has_a_tolerance() -> None:
    assert set(TOLERANCES) == set(SIZES)


numbers = st.lists(st.floats(-1e150, 1e150), min_size=1, max_size=20)


@given(numbers)
def test_a_right_answer_has_no_error(values: list[float]) -> None:
    assert relative_error(values, values) == 0.0


@given(numbers, st.floats(1e-6, 10))
def test_a_scaled_answer_is_off_by_the_scale(values: list[float], error: float) -> None:
    exact = np.array(values)
    if np.abs(exact).max() > 1e-150:
        assert relative_error(exact * (1 + error), exact) == pytest.approx(error, rel=1e-6)


@given(numbers, st.integers(0, 19), st.sampled_from([math.nan, math.inf, -math.inf]))
def test_what_is_no_number_is_infinitely_wrong(values: list[float], place: int, value: float) -> None:
    out = np.array(values)
    out[place % len(out)] = value
    assert relative_error(out, values) == math.inf


@given(numbers)
def test_another_shape_is_infinitely_wrong(values: list[float]) -> None:
    assert relative_error([*values, 0.0], values) == math.inf
    assert relative_error([values], values) == math.inf


def test_errors_by_hand() -> None:
    assert relative_error([1.0, 2.2], [1.0, 2.0]) == pytest.approx(0.2 / 5**0.5)
    assert relative_error([1 + 1j], [1]) == pytest.approx(1.0)
    assert relative_error([1e-300], [0.0]) == math.inf
    assert relative_error([0.0, 0.0], [0.0, 0.0]) == 0.0
    assert relative_error([], []) == 0.0
