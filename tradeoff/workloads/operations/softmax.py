"""Row-wise softmax: moves bytes rather than computes, so that it shows what memory bandwidth does to a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tradeoff.workloads.draws import Input, Normal
from tradeoff.workloads.kernels import THREADS, kernel
from tradeoff.workloads.operation import Operation
from tradeoff.workloads.protocol import Call


@dataclass(frozen=True, kw_only=True)
class Softmax(Operation):
    """Softmax over the last axis: a request is `rows` rows of `width` numbers. CuPy runs a kernel written by hand.

    The size for a CPU is so small that 32 requests take well below a millisecond on two cores, which gives
    every p99 of a two-second budget both ends of its interval.
    """

    name = "softmax"
    sizes_on_gpu: ClassVar = {"rows": 64, "width": 4096}
    rows: int = 6
    width: int = 2048

    def inputs(self, batch_size: int) -> dict[str, Input]:
        """Draw the rows of all requests."""
        return {"x": Normal(shape=(batch_size * self.rows, self.width))}

    def on_numpy(self, np: Any, x: Any) -> Call:
        """Make five loops over the rows, with room of their own for what they write."""
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

    def on_cupy(self, cupy: Any, x: Any) -> Call:
        """Run ``kernels/softmax.cu``."""
        out = cupy.empty_like(x)
        launch = kernel("softmax", str(x.dtype))
        grid, block, arguments = (x.shape[0],), (THREADS,), (x, out, cupy.int32(self.width))

        def call() -> object:
            launch(grid, block, arguments)
            return out

        return call

    def on_torch(self, torch: Any, x: Any) -> Call:
        """Run torch's own."""
        return lambda: torch.softmax(x, dim=-1)

    def exact(self, x: NDArray[Any]) -> NDArray[Any]:
        """Compute it in float64."""
        return softmax(x)

    def flops(self, batch_size: int) -> float:
        """Count five operations a number: compare, subtract, exponential (counted as one), add, divide."""
        return 5.0 * batch_size * self.rows * self.width

    def numbers(self, batch_size: int) -> float:
        """Count each number is read once and written once."""
        return 2.0 * batch_size * self.rows * self.width


def softmax(x: NDArray[Any]) -> NDArray[Any]:
    """Softmax over the last axis, for references."""
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    quotient: NDArray[Any] = powers / powers.sum(axis=-1, keepdims=True)
    return quotient
