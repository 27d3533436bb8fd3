"""The sum of a row: many numbers read, one written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.typing import NDArray

from tradeoff.workloads.draws import Input, Normal
from tradeoff.workloads.operation import Operation
from tradeoff.workloads.protocol import Call


@dataclass(frozen=True, kw_only=True)
class Reduction(Operation):
    """Sum over the last axis: a request is `rows` rows of `width` numbers. Halves are added in float32."""

    name = "reduction"
    sizes_on_gpu: ClassVar = {"rows": 64, "width": 16_384}
    rows: int = 8
    width: int = 4096

    def inputs(self, batch_size: int) -> dict[str, Input]:
        """Draw the rows of all requests."""
        return {"x": Normal(shape=(batch_size * self.rows, self.width))}

    def on_numpy(self, np: Any, x: Any) -> Call:
        """Run NumPy's sum."""
        out = np.empty(x.shape[0], dtype=x.dtype)
        wide = np.float32 if x.dtype == np.float16 else x.dtype
        return lambda: np.add.reduce(x, axis=1, dtype=wide, out=out)

    def on_cupy(self, cupy: Any, x: Any) -> Call:
        """Run CuPy's sum, which adds halves in float32."""
        out = cupy.empty(x.shape[0], dtype=x.dtype)
        return lambda: cupy.sum(x, axis=1, out=out)

    def on_torch(self, torch: Any, x: Any) -> Call:
        """Run torch's sum, which adds halves in float32."""
        return lambda: torch.sum(x, dim=1)

    def exact(self, x: NDArray[Any]) -> Any:
        """Compute the sums in float64."""
        return x.sum(axis=1)

    def flops(self, batch_size: int) -> float:
        """Count an addition a number."""
        return 1.0 * batch_size * self.rows * self.width

    def numbers(self, batch_size: int) -> float:
        """Count each number read, a sum a row written."""
        return 1.0 * batch_size * self.rows * (self.width + 1)
