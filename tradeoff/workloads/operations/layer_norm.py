"""Layer normalisation: two statistics of a row, then every number scaled by them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tradeoff.workloads.draws import Input, Normal
from tradeoff.workloads.kernels import THREADS, kernel
from tradeoff.workloads.operation import Operation
from tradeoff.workloads.protocol import Call

EPSILON = 1e-5
"""Added to the variance; torch's default."""


@dataclass(frozen=True, kw_only=True)
class LayerNorm(Operation):
    """Layer normalisation with scale and shift: a request is `rows` rows of `width` numbers.

    CuPy runs a fused kernel written by hand.
    """

    name = "layer_norm"
    sizes_on_gpu: ClassVar = {"rows": 64, "width": 4096}
    rows: int = 6
    width: int = 1024

    def inputs(self, batch_size: int) -> dict[str, Input]:
        """Draw rows away from 0, where a careless variance loses its digits; a scale around 1, a shift around 0."""
        return {
            "x": Normal(shape=(batch_size * self.rows, self.width), mean=3.0),
            "scale": Normal(shape=(self.width,), mean=1.0, scale=0.1),
            "shift": Normal(shape=(self.width,), scale=0.1),
        }

    def on_numpy(self, np: Any, x: Any, scale: Any, shift: Any) -> Call:
        """Make two passes for the statistics, added in float32 where the numbers are halves."""
        out, squares = np.empty_like(x), np.empty_like(x)
        wide = np.float64 if x.dtype == np.float64 else np.float32
        column = np.empty((x.shape[0], 1), dtype=wide)

        def call() -> object:
            np.mean(x, axis=1, keepdims=True, dtype=wide, out=column)
            np.subtract(x, column, out=out, casting="same_kind")
            np.multiply(out, out, out=squares)
            np.mean(squares, axis=1, keepdims=True, dtype=wide, out=column)
            np.add(column, EPSILON, out=column)
            np.sqrt(column, out=column)
            np.divide(out, column, out=out, casting="same_kind")
            np.multiply(out, scale, out=out)
            return np.add(out, shift, out=out)

        return call

    def on_cupy(self, cupy: Any, x: Any, scale: Any, shift: Any) -> Call:
        """Run ``kernels/layer_norm.cu``."""
        out = cupy.empty_like(x)
        launch = kernel("layer_norm", str(x.dtype))
        grid, block = (x.shape[0],), (THREADS,)
        arguments = (x, scale, shift, out, cupy.int32(self.width), cupy.float64(EPSILON))

        def call() -> object:
            launch(grid, block, arguments)
            return out

        return call

    def on_torch(self, torch: Any, x: Any, scale: Any, shift: Any) -> Call:
        """Run torch's own."""
        layer_norm, shape = torch.nn.functional.layer_norm, (self.width,)
        return lambda: layer_norm(x, shape, scale, shift, EPSILON)

    def exact(self, x: NDArray[Any], scale: NDArray[Any], shift: NDArray[Any]) -> NDArray[Any]:
        """Compute it in float64."""
        return layer_norm(x, scale, shift)

    def flops(self, batch_size: int) -> float:
        """Count eight operations a number: two for the mean's and variance's sums each, four to shift and scale."""
        return 8.0 * batch_size * self.rows * self.width

    def numbers(self, batch_size: int) -> float:
        """Count each number is read once and written once, scale and shift are read once."""
        return 2.0 * batch_size * self.rows * self.width + 2.0 * self.width


def layer_norm(x: NDArray[Any], scale: NDArray[Any], shift: NDArray[Any]) -> NDArray[Any]:
    """Layer normalisation over the last axis, for references."""
    distance = x - x.mean(axis=-1, keepdims=True)
    variance = (distance**2).mean(axis=-1, keepdims=True)
    normal: NDArray[Any] = distance / np.sqrt(variance + EPSILON) * scale + shift
    return normal
