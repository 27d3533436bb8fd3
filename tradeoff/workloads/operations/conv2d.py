"""Two-dimensional convolution: few weights, used at every place of an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tradeoff.workloads.draws import Input, Normal
from tradeoff.workloads.operation import Operation
from tradeoff.workloads.protocol import Call, WorkloadError


@dataclass(frozen=True, kw_only=True)
class Conv2d(Operation):
    """Convolution of stride 1, padded to keep the size: a request is one image of `channels` by `size` by `size`.

    `filters` filters of `kernel` by `kernel`, an odd number.
    """

    name = "conv2d"
    sizes_on_gpu: ClassVar = {"channels": 128, "filters": 128, "size": 56}
    multiplies_matrices = True
    channels: int = 16
    filters: int = 16
    size: int = 14
    kernel: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kernel % 2 == 0:
            raise WorkloadError(f"kernel={self.kernel} must be odd, so that padding keeps the size")

    def inputs(self, batch_size: int) -> dict[str, Input]:
        """Draw images, and filters scaled as an initialised layer has them."""
        taps = self.channels * self.kernel**2
        return {
            "x": Normal(shape=(batch_size, self.channels, self.size, self.size)),
            "w": Normal(shape=(self.filters, self.channels, self.kernel, self.kernel), scale=taps**-0.5),
        }

    def on_torch(self, torch: Any, x: Any, w: Any) -> Call:
        """Run torch's own, which on CUDA is cuDNN's."""
        convolution, padding = torch.nn.functional.conv2d, self.kernel // 2
        return lambda: convolution(x, w, padding=padding)

    def exact(self, x: NDArray[Any], w: NDArray[Any]) -> NDArray[Any]:
        """Compute the convolution in float64."""
        return convolve(x, w)

    def flops(self, batch_size: int) -> float:
        """Count two operations for each tap, filter and place; taps in the padding count, as is usual."""
        return 2.0 * batch_size * self.filters * self.channels * self.kernel**2 * self.size**2

    def numbers(self, batch_size: int) -> float:
        """Count images and filters read, outputs written, once each."""
        images = batch_size * (self.channels + self.filters) * self.size**2
        return images + self.filters * self.channels * self.kernel**2


def convolve(x: NDArray[Any], w: NDArray[Any]) -> NDArray[Any]:
    """Convolution of stride 1 that keeps the size, for references."""
    kernel, padding = w.shape[-1], w.shape[-1] // 2
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), axis=(2, 3))
    summed: NDArray[Any] = np.tensordot(windows, w, axes=([1, 4, 5], [1, 2, 3])).transpose(0, 3, 1, 2)
    return summed
