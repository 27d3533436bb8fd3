"""Matrix multiplication: computes rather than moves bytes once the batch is large, and the other way round before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.typing import NDArray

from tradeoff.workloads.draws import Input, Normal
from tradeoff.workloads.operation import Operation
from tradeoff.workloads.protocol import Call


@dataclass(frozen=True, kw_only=True)
class Gemm(Operation):
    """``x @ w``: a request is `rows` rows of `inner` numbers, the weights are `inner` by `outer`."""

    name = "gemm"
    sizes_on_gpu: ClassVar = {"rows": 16, "inner": 4096, "outer": 4096}
    multiplies_matrices = True
    rows: int = 1
    inner: int = 512
    outer: int = 512

    def inputs(self, batch_size: int) -> dict[str, Input]:
        """Draw the rows of all requests, and the weights."""
        return {
            "x": Normal(shape=(batch_size * self.rows, self.inner)),
            "w": Normal(shape=(self.inner, self.outer)),
        }

    def on_numpy(self, xp: Any, x: Any, w: Any) -> Call:
        """Run the library that NumPy or CuPy was built with."""
        out = xp.empty((x.shape[0], self.outer), dtype=x.dtype)
        return lambda: xp.matmul(x, w, out=out)

    on_cupy = on_numpy

    def on_torch(self, torch: Any, x: Any, w: Any) -> Call:
        """Run the library that torch was built with."""
        return lambda: torch.matmul(x, w)

    def exact(self, x: NDArray[Any], w: NDArray[Any]) -> Any:
        """Compute the product in float64."""
        return x @ w

    def flops(self, batch_size: int) -> float:
        """Count a multiplication and an addition for each of rows * inner * outer products."""
        return 2.0 * batch_size * self.rows * self.inner * self.outer

    def numbers(self, batch_size: int) -> float:
        """Count inputs and weights read once, outputs written once."""
        rows = batch_size * self.rows
        return rows * self.inner + self.inner * self.outer + rows * self.outer
