"""A two-layer perceptron, the feed-forward part of a transformer block."""

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
class Mlp(Operation):
    """``gelu(x @ up) @ down``: a request is one row of `width` numbers, the layer between has `hidden`."""

    name = "mlp"
    sizes_on_gpu: ClassVar = {"width": 4096, "hidden": 16384}
    multiplies_matrices = True
    width: int = 256
    hidden: int = 1024

    def inputs(self, batch_size: int) -> dict[str, Input]:
        """Draw rows, and weights as an initialised layer has them, so that halves neither overflow nor vanish."""
        return {
            "x": Normal(shape=(batch_size, self.width)),
            "up": Normal(shape=(self.hidden, self.width), scale=self.width**-0.5),
            "down": Normal(shape=(self.width, self.hidden), scale=self.hidden**-0.5),
        }

    def on_torch(self, torch: Any, x: Any, up: Any, down: Any) -> Call:
        """Run two linear layers without bias, the exact GELU between them."""
        linear, gelu = torch.nn.functional.linear, torch.nn.functional.gelu
        return lambda: linear(gelu(linear(x, up)), down)

    def exact(self, x: NDArray[Any], up: NDArray[Any], down: NDArray[Any]) -> Any:
        """Compute the perceptron in float64."""
        return gelu(x @ up.T) @ down.T

    def flops(self, batch_size: int) -> float:
        """Count two matrix products; the activation is left out, as is usual."""
        return 4.0 * batch_size * self.width * self.hidden

    def numbers(self, batch_size: int) -> float:
        """Count weights, inputs and outputs once; the layer between may stay on the chip."""
        return 2.0 * self.width * self.hidden + 2.0 * batch_size * self.width


_erf = np.vectorize(math.erf, otypes=[np.float64])


def gelu(x: NDArray[Any]) -> NDArray[Any]:
    """Gaussian error linear unit, x times the normal distribution function of x, for references."""
    unit: NDArray[Any] = 0.5 * x * (1.0 + _erf(x / math.sqrt(2.0)))
    return unit
