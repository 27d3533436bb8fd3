"""Matrix multiplication: computes rather than moves bytes once the batch is large, and the other way round before."""

from __future__ import annotations

from dataclasses import dataclass

from tradeoff.workloads.arrays import array_module, check_dtype, itemsize, normal
from tradeoff.workloads.protocol import Call


@dataclass(frozen=True, kw_only=True)
class Gemm:
    """``x @ w`` with NumPy or CuPy: a request is `rows` rows of `inner` numbers, the weights are `inner` by `outer`.

    Calls in flight share nothing: each has its own weights, as replicas of a model have.
    """

    rows: int = 1
    inner: int = 512
    outer: int = 512
    backend: str = "numpy"
    name: str = "gemm"

    def prepare(self, *, batch_size: int, dtype: str, device: str, seed: int) -> Call:
        """Make one call with its own inputs and its own room for the output."""
        del device
        xp = array_module(self.backend)
        dtype = check_dtype(dtype, name=f"{self.backend}.gemm")
        x = normal(xp, (batch_size * self.rows, self.inner), dtype=dtype, seed=seed)
        w = normal(xp, (self.inner, self.outer), dtype=dtype, seed=seed + 1_000_003)
        out = xp.empty((batch_size * self.rows, self.outer), dtype=dtype)
        matmul = xp.matmul

        def call() -> object:
            return matmul(x, w, out=out)

        return call

    def flops(self, batch_size: int) -> float:
        """Count a multiplication and an addition for each of rows * inner * outer products."""
        return 2.0 * batch_size * self.rows * self.inner * self.outer

    def bytes(self, batch_size: int, dtype: str = "float32") -> float:
        """Count inputs and weights read once, outputs written once."""
        rows = batch_size * self.rows
        return float(itemsize(dtype) * (rows * self.inner + self.inner * self.outer + rows * self.outer))


def cupy_gemm() -> Gemm:
    """GEMM of a size that a GPU notices: 16 rows a request against weights of 4096 by 4096."""
    return Gemm(rows=16, inner=4096, outer=4096, backend="cupy")
