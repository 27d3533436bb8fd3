"""Sorting rows: compares and moves, with little to foresee for the processor."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tradeoff.workloads.draws import Input, Normal
from tradeoff.workloads.operation import Operation
from tradeoff.workloads.protocol import Call


@dataclass(frozen=True, kw_only=True)
class Sort(Operation):
    """Sort the last axis into ascending order: a request is `rows` rows of `width` numbers, which stay as they are."""

    name = "sort"
    sizes_on_gpu: ClassVar = {"rows": 16, "width": 16_384}
    rows: int = 1
    width: int = 1024

    def inputs(self, batch_size: int) -> dict[str, Input]:
        """Draw the rows of all requests."""
        return {"x": Normal(shape=(batch_size * self.rows, self.width))}

    def on_numpy(self, np: Any, x: Any) -> Call:
        """Copy, and sort in place."""
        out = np.empty_like(x)

        def call() -> object:
            np.copyto(out, x)
            out.sort(axis=1)
            return out

        return call

    def on_cupy(self, cupy: Any, x: Any) -> Call:
        """Run CuPy's sort, which is Thrust's."""
        return lambda: cupy.sort(x, axis=1)

    def on_torch(self, torch: Any, x: Any) -> Call:
        """Run torch's sort, which finds the order as well."""
        return lambda: torch.sort(x, dim=1).values

    def exact(self, x: NDArray[Any]) -> NDArray[Any]:
        """Return the rows in order."""
        return np.sort(x, axis=1)

    def flops(self, batch_size: int) -> float:
        """Count width * log2(width) comparisons a row, about what sorting by comparison takes."""
        return batch_size * self.rows * self.width * math.log2(self.width)

    def numbers(self, batch_size: int) -> float:
        """Count each number read once and written once, though no sort gets by with that."""
        return 2.0 * batch_size * self.rows * self.width
