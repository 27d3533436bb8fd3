"""Fourier transform of real signals."""

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
class Fft(Operation):
    """Transform real numbers to the half of the spectrum that says all: a request is `rows` rows of `width` numbers."""

    name = "fft"
    sizes_on_gpu: ClassVar = {"rows": 64, "width": 16_384}
    # No library has a transform of halves for every width.
    dtypes: ClassVar = dict.fromkeys(("numpy", "cupy", "torch"), ("float32", "float64"))
    rows: int = 1
    width: int = 4096

    def inputs(self, batch_size: int) -> dict[str, Input]:
        """Draw the rows of all requests."""
        return {"x": Normal(shape=(batch_size * self.rows, self.width))}

    def on_numpy(self, xp: Any, x: Any) -> Call:
        """Run NumPy's pocketfft, or CuPy's cuFFT."""
        return lambda: xp.fft.rfft(x, axis=1)

    on_cupy = on_numpy

    def on_torch(self, torch: Any, x: Any) -> Call:
        """Run the library that torch was built with."""
        return lambda: torch.fft.rfft(x, dim=1)

    def exact(self, x: NDArray[Any]) -> NDArray[Any]:
        """Compute the transform in complex128."""
        return np.fft.rfft(x, axis=1)

    def flops(self, batch_size: int) -> float:
        """Count 2.5 * width * log2(width) a row, as benchmarks of real transforms do (FFTW's benchFFT)."""
        return 2.5 * batch_size * self.rows * self.width * math.log2(self.width)

    def numbers(self, batch_size: int) -> float:
        """Count each number read once; width / 2 + 1 pairs a row written."""
        return 1.0 * batch_size * self.rows * (self.width + 2 * (self.width // 2 + 1))
