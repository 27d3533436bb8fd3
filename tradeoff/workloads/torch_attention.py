"""Scaled dot-product attention in torch: work that grows with the square of the sequence."""

from __future__ import annotations

from dataclasses import dataclass

from tradeoff.workloads.arrays import itemsize
from tradeoff.workloads.devices import has_cuda
from tradeoff.workloads.protocol import Call
from tradeoff.workloads.torch_inputs import normal, torch_device, torch_dtype, torch_module


@dataclass(frozen=True, kw_only=True)
class TorchAttention:
    """Attention of every position to every other: a request is one sequence of `length` positions.

    `heads` heads of `head_width` numbers each; no mask, no dropout.
    """

    heads: int = 4
    length: int = 32
    head_width: int = 32
    name: str = "attention"
    backend: str = "torch"

    def prepare(self, *, batch_size: int, dtype: str, device: str, seed: int) -> Call:
        """Make one call with its own queries, keys and values."""
        torch = torch_module()
        where, kind = torch_device(device), torch_dtype(dtype)
        shape = (batch_size, self.heads, self.length, self.head_width)
        query, key, value = (normal(shape, dtype=kind, device=where, seed=3 * seed + i) for i in range(3))
        attention = torch.nn.functional.scaled_dot_product_attention

        def call() -> object:
            return attention(query, key, value)

        return call

    def flops(self, batch_size: int) -> float:
        """Two products of length * length * head_width for each head; the softmax is left out, as is usual."""
        return 4.0 * batch_size * self.heads * self.length**2 * self.head_width

    def bytes(self, batch_size: int, dtype: str = "float32") -> float:
        """Count queries, keys, values and outputs once; a fused kernel keeps the scores on the chip."""
        return 4.0 * itemsize(dtype) * batch_size * self.heads * self.length * self.head_width


def torch_attention() -> TorchAttention:
    """Return attention of a size that the machine's best device notices."""
    return TorchAttention(heads=32, length=1024, head_width=128) if has_cuda() else TorchAttention()
