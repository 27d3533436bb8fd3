"""A residual block of a convolutional network, as it runs in inference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tradeoff.workloads.draws import Input, Normal
from tradeoff.workloads.operation import Operation
from tradeoff.workloads.operations.conv2d import convolve
from tradeoff.workloads.protocol import Call

EPSILON = 1e-5
"""Added to the variance; torch's default."""

_NORM = ("mean", "variance", "scale", "shift")


@dataclass(frozen=True, kw_only=True)
class ResnetBlock(Operation):
    """``relu(x + norm(conv(relu(norm(conv(x))))))``: a request is one image of `channels` by `size` by `size`.

    The basic block of He et al., *Deep residual learning for image recognition* (2015): 3 by 3 convolutions, batch
    normalisation with the running statistics.
    """

    name = "resnet_block"
    sizes_on_gpu: ClassVar = {"channels": 128, "size": 56}
    multiplies_matrices = True
    channels: int = 16
    size: int = 8

    def inputs(self, batch_size: int) -> dict[str, Input]:
        """Draw images, filters as an initialised layer has them, and statistics: variances and scales around 1."""
        channels, taps = self.channels, self.channels * 9
        filters = Normal(shape=(channels, channels, 3, 3), scale=taps**-0.5)
        inputs: dict[str, Input] = {"x": Normal(shape=(batch_size, channels, self.size, self.size))}
        for i in (1, 2):
            inputs[f"w{i}"] = filters
            for name in _NORM:
                mean = 1.0 if name in ("variance", "scale") else 0.0
                inputs[f"{name}{i}"] = Normal(shape=(channels,), mean=mean, scale=0.1)
        return inputs

    def on_torch(self, torch: Any, x: Any, w1: Any, w2: Any, **norms: Any) -> Call:
        """Run torch's own operations, one after the other."""
        convolution, norm, relu = torch.nn.functional.conv2d, torch.nn.functional.batch_norm, torch.relu
        first, second = ([norms[f"{name}{i}"] for name in _NORM] for i in (1, 2))

        def call() -> object:
            inner = relu(norm(convolution(x, w1, padding=1), *first, eps=EPSILON))
            return relu(x + norm(convolution(inner, w2, padding=1), *second, eps=EPSILON))

        return call

    def exact(self, x: NDArray[Any], w1: NDArray[Any], w2: NDArray[Any], **norms: NDArray[Any]) -> Any:
        """Compute the block in float64."""

        def norm(values: NDArray[Any], i: int) -> Any:
            mean, variance, scale, shift = (norms[f"{name}{i}"][:, None, None] for name in _NORM)
            return (values - mean) / np.sqrt(variance + EPSILON) * scale + shift

        inner = np.maximum(norm(convolve(x, w1), 1), 0.0)
        return np.maximum(x + norm(convolve(inner, w2), 2), 0.0)

    def flops(self, batch_size: int) -> float:
        """Count the two convolutions, as in `Conv2d`; what is done number by number is left out."""
        return 4.0 * batch_size * self.channels**2 * 9 * self.size**2

    def numbers(self, batch_size: int) -> float:
        """Count image and filters read, the output written, once each; all between may stay on the chip."""
        return 2.0 * batch_size * self.channels * self.size**2 + 2.0 * self.channels**2 * 9
