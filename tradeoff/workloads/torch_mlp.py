"""A two-layer perceptron in torch, the feed-forward part of a transformer block."""

from __future__ import annotations

from dataclasses import dataclass

from tradeoff.workloads.arrays import itemsize
from tradeoff.workloads.devices import has_cuda
from tradeoff.workloads.protocol import Call
from tradeoff.workloads.torch_inputs import normal, torch_device, torch_dtype, torch_module


@dataclass(frozen=True, kw_only=True)
class TorchMlp:
    """``gelu(x @ up) @ down``: a request is one row of `width` numbers, the layer between has `hidden`."""

    width: int = 256
    hidden: int = 1024
    name: str = "mlp"
    backend: str = "torch"

    def prepare(self, *, batch_size: int, dtype: str, device: str, seed: int) -> Call:
        """Make one call with its own inputs and weights."""
        torch = torch_module()
        where, kind = torch_device(device), torch_dtype(dtype)
        x = normal((batch_size, self.width), dtype=kind, device=where, seed=seed)
        # Weights scaled as an initialised layer has them, so that half precision neither overflows nor vanishes.
        up = normal((self.hidden, self.width), dtype=kind, device=where, seed=seed + 1, scale=self.width**-0.5)
        down = normal((self.width, self.hidden), dtype=kind, device=where, seed=seed + 2, scale=self.hidden**-0.5)
        linear, gelu = torch.nn.functional.linear, torch.nn.functional.gelu

        def call() -> object:
            return linear(gelu(linear(x, up)), down)

        return call

    def flops(self, batch_size: int) -> float:
        """Two matrix products; the activation is left out, as is usual."""
        return 4.0 * batch_size * self.width * self.hidden

    def bytes(self, batch_size: int, dtype: str = "float32") -> float:
        """Weights, inputs and outputs once; the layer between may stay on the chip."""
        return float(itemsize(dtype) * (2 * self.width * self.hidden + 2 * batch_size * self.width))


def torch_mlp() -> TorchMlp:
    """Return a perceptron of a size that the machine's best device notices."""
    return TorchMlp(width=4096, hidden=16384) if has_cuda() else TorchMlp()
