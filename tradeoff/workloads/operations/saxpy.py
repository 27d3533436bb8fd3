"""A x plus y: the plainest work number by number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.typing import NDArray

from tradeoff.workloads.draws import Input, Normal
from tradeoff.workloads.operation import Operation
from tradeoff.workloads.protocol import Call

A = 0.75
"""The factor; every number type holds it exactly."""


@dataclass(frozen=True, kw_only=True)
class Saxpy(Operation):
    """``a * x + y``, the sum written elsewhere: a request is `width` numbers of each."""

    name = "saxpy"
    sizes_on_gpu: ClassVar = {"width": 2**20}
    width: int = 16_384

    def inputs(self, batch_size: int) -> dict[str, Input]:
        """Draw two vectors a request."""
        return {name: Normal(shape=(batch_size, self.width)) for name in ("x", "y")}

    def on_numpy(self, np: Any, x: Any, y: Any) -> Call:
        """Make two loops: NumPy has none for both, so that the product is written and read once more."""
        out, a = np.empty_like(x), x.dtype.type(A)

        def call() -> object:
            np.multiply(x, a, out=out)
            return np.add(out, y, out=out)

        return call

    def on_cupy(self, cupy: Any, x: Any, y: Any) -> Call:
        """Make one loop, as CuPy makes it."""
        out, a = cupy.empty_like(x), x.dtype.type(A)
        loop = cupy.ElementwiseKernel("T a, T x, T y", "T z", "z = a * x + y", "saxpy")
        return lambda: loop(a, x, y, out)

    def on_torch(self, torch: Any, x: Any, y: Any) -> Call:
        """Run torch's own, into room of its own."""
        out = torch.empty_like(x)
        return lambda: torch.add(y, x, alpha=A, out=out)

    def exact(self, x: NDArray[Any], y: NDArray[Any]) -> Any:
        """Compute the sum in float64."""
        return A * x + y

    def flops(self, batch_size: int) -> float:
        """Count a multiplication and an addition a number."""
        return 2.0 * batch_size * self.width

    def numbers(self, batch_size: int) -> float:
        """Count two read, one written."""
        return 3.0 * batch_size * self.width
