"""Is the answer right? A workload's output against the same computed in float64 from the same inputs."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeoff.workloads.protocol import Workload, WorkloadError

TOLERANCES = {"float64": 1e-12, "float32": 1e-5, "tf32": 2e-3, "float16": 4e-3, "bfloat16": 3e-2}
"""Largest relative error of a right answer, by number type.

For the halves about eight times the rounding of a single number (2**-11 and 2**-8), since a block rounds after every
step; tf32 rounds what enters a product as float16 does, and adds in float32; float32 and float64 have room for sums in
any order. A wrong kernel is off by far more: one number of a thousand that is 0 instead gives 0.03.
"""


def check(workload: Workload, *, batch_size: int, dtype: str, device: str, seed: int) -> float:
    """Run a call of `workload` twice and compare its output with the reference.

    Parameters
    ----------
    workload
        A workload with a method ``reference(*, batch_size, dtype, device, seed)`` that returns what a call prepared
        with the same arguments must, as a float64 (or complex128) array. Every operation of the catalogue has it.
    batch_size, dtype, device, seed
        As for ``workload.prepare``.

    Returns
    -------
    float
        The norm of the difference over the norm of the reference, the larger of the two calls (the second shows a call
        that changes its inputs). Infinite when a number is missing or infinite, or the shape is wrong.

    Raises
    ------
    WorkloadError
        When the workload has no reference, or cannot be prepared.
    """
    reference = getattr(workload, "reference", None)
    if reference is None:
        raise WorkloadError(
            f"{workload.name} has no method reference(*, batch_size, dtype, device, seed) to be checked against"
        )
    call = workload.prepare(batch_size=batch_size, dtype=dtype, device=device, seed=seed)
    exact = reference(batch_size=batch_size, dtype=dtype, device=device, seed=seed)
    # The output may be the same memory every time: it is copied before the next call.
    return max(relative_error(on_host(call()), exact) for _ in range(2))


def relative_error(out: ArrayLike, exact: ArrayLike) -> float:
    """Distance of `out` from `exact`, over the size of `exact`.

    Infinite when `out` holds a NaN or an infinity, or has another shape. 0 is the size of nothing: there every
    difference is infinite, and none is 0.
    """
    got, right = _wide(out), _wide(exact)
    if got.shape != right.shape or not np.isfinite(got).all():
        return math.inf
    # Scaled first, so that no square of a large or small number is lost.
    scale = float(np.abs(right).max(initial=0.0))
    distance = float(np.abs(got - right).max(initial=0.0))
    if distance == 0.0:
        return 0.0
    if scale == 0.0 or not math.isfinite(distance):
        return math.inf
    error = float(np.linalg.norm(((got - right) / scale).ravel()) / np.linalg.norm((right / scale).ravel()))
    return error if math.isfinite(error) else math.inf


def on_host(out: Any) -> NDArray[Any]:
    """Return the output of a call (of NumPy, CuPy or torch) as a new float64 or complex128 array."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(out, torch.Tensor):
        wide = torch.complex128 if out.is_complex() else torch.float64
        out = out.detach().to("cpu", wide).numpy()
    elif hasattr(out, "get") and type(out).__module__.partition(".")[0] == "cupy":
        out = out.get()
    return _wide(out).copy()


def _wide(values: ArrayLike) -> NDArray[Any]:
    array = np.asarray(values)
    return array.astype(np.complex128 if np.iscomplexobj(array) else np.float64)
