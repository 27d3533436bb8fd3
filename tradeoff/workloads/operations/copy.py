"""A copy: the bandwidth of the memory, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.typing import NDArray

from tradeoff.workloads.draws import Input, Normal
from tradeoff.workloads.operation import Operation
from tradeoff.workloads.protocol import Call


@dataclass(frozen=True, kw_only=True)
class Copy(Operation):
    """Copy numbers to another place in the same memory: a request is `width` numbers."""

    name = "copy"
    sizes_on_gpu: ClassVar = {"width": 2**22}
    width: int = 65_536

    def inputs(self, batch_size: int) -> dict[str, Input]:
        """Draw what is copied."""
        return {"x": Normal(shape=(batch_size, self.width))}

    def on_numpy(self, xp: Any, x: Any) -> Call:
        """Copy with NumPy or CuPy."""
        out = xp.empty_like(x)

        def call() -> object:
            xp.copyto(out, x)
            return out

        return call

    on_cupy = on_numpy

    def on_torch(self, torch: Any, x: Any) -> Call:
        """Copy with torch."""
        out = torch.empty_like(x)
        return lambda: out.copy_(x)

    def exact(self, x: NDArray[Any]) -> NDArray[Any]:
        """Return the same numbers."""
        return x

    def flops(self, batch_size: int) -> float:
        """Count none at all."""
        del batch_size
        return 0.0

    def numbers(self, batch_size: int) -> float:
        """Count each number read once and written once."""
        return 2.0 * batch_size * self.width
