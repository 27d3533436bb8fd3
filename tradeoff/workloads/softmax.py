"""Row-wise softmax: moves bytes rather than computes, so that it shows what memory bandwidth does to a batch."""

from __future__ import annotations

from dataclasses import dataclass

from tradeoff.workloads.arrays import array_module, check_dtype, itemsize, normal
from tradeoff.workloads.protocol import Call


@dataclass(frozen=True, kw_only=True)
class NumpySoftmax:
    """Softmax over the last axis with NumPy; a request is `rows` rows of `width` numbers.

    The default is so small that 32 requests take well below a millisecond on two cores, which gives
    every p99 of a two-second budget both ends of its interval.
    """

    rows: int = 2
    width: int = 2048
    name: str = "softmax"
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

    def flops(self, batch_size: int) -> float:
        """Five operations a number: compare, subtract, exponential (counted as one), add, divide."""
        return 5.0 * batch_size * self.rows * self.width

    def bytes(self, batch_size: int, dtype: str = "float32") -> float:
        """Each number is read once and written once."""
        return 2.0 * batch_size * self.rows * self.width * itemsize(dtype)
