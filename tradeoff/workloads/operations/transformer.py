"""A whole transformer block, prefill and decode: what a language model repeats layer by layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tradeoff.workloads.draws import Input, Normal
from tradeoff.workloads.operation import Operation
from tradeoff.workloads.operations.attention import attention, check_groups
from tradeoff.workloads.operations.layer_norm import EPSILON, layer_norm
from tradeoff.workloads.operations.mlp import gelu
from tradeoff.workloads.protocol import Call, WorkloadError


@dataclass(frozen=True, kw_only=True)
class _Block(Operation):
    """What prefill and decode share: norm, projection to queries, keys and values, attention, projection, norm, MLP.

    The norms come first (pre-norm), each half adds to its input, linear layers have no bias. Positions are not encoded:
    that costs little, and every model does it in its own way.
    """

    multiplies_matrices = True
    width: int = 64
    heads: int = 4
    kv_heads: int = 2
    hidden: int = 256

    def __post_init__(self) -> None:
        super().__post_init__()
        check_groups(self.heads, self.kv_heads)
        if self.width % self.heads:
            raise WorkloadError(f"heads={self.heads} must divide width={self.width}")

    @property
    def head_width(self) -> int:
        """Numbers a head."""
        return self.width // self.heads

    @property
    def kv_width(self) -> int:
        """Numbers of the keys (or of the values) of a position."""
        return self.kv_heads * self.head_width

    def _inputs(self, batch_size: int, *, positions: int, context: int) -> dict[str, Input]:
        """Draw embeddings of the new positions, weights as an initialised layer has them, and a cache of `context`."""
        width, hidden = self.width, self.hidden
        cache = Normal(shape=(batch_size, self.kv_heads, context, self.head_width), state=True)
        return {
            "x": Normal(shape=(batch_size, positions, width)),
            "scale1": Normal(shape=(width,), mean=1.0, scale=0.1),
            "shift1": Normal(shape=(width,), scale=0.1),
            "qkv": Normal(shape=(width + 2 * self.kv_width, width), scale=width**-0.5),
            "project": Normal(shape=(width, width), scale=width**-0.5),
            "scale2": Normal(shape=(width,), mean=1.0, scale=0.1),
            "shift2": Normal(shape=(width,), scale=0.1),
            "up": Normal(shape=(hidden, width), scale=width**-0.5),
            "down": Normal(shape=(width, hidden), scale=hidden**-0.5),
            "keys": cache,
            "values": cache,
        }

    def layer(self, torch: Any, weights: Mapping[str, Any]) -> Callable[[Any, Callable[..., Any]], Any]:
        """Return what computes the block: ``layer(x, attend)`` of new positions (batch, positions, width).

        ``attend(query, key, value)`` uses the cache, and returns (batch, positions, width); each of its arguments is
        (batch, heads, positions, head width).
        """
        functional = torch.nn.functional
        linear, gelu, norm = functional.linear, functional.gelu, functional.layer_norm
        qkv, project, up, down = (weights[name] for name in ("qkv", "project", "up", "down"))
        first, second = ((weights[f"scale{i}"], weights[f"shift{i}"], EPSILON) for i in (1, 2))
        shape, parts = (self.width,), (self.width, self.kv_width, self.kv_width)

        def layer(x: Any, attend: Callable[..., Any]) -> Any:
            by_head = (x.shape[0], x.shape[1], -1, self.head_width)
            three = linear(norm(x, shape, *first), qkv).split(parts, dim=-1)
            query, key, value = (part.view(by_head).transpose(1, 2) for part in three)
            half = x + linear(attend(query, key, value), project)
            return half + linear(gelu(linear(norm(half, shape, *second), up)), down)

        return layer

    def _call(self, torch: Any, arrays: dict[str, Any], *, attend: Callable[..., Any]) -> Call:
        x, layer = arrays["x"], self.layer(torch, arrays)
        return lambda: layer(x, attend)

    def exact(self, *, keys: NDArray[Any], values: NDArray[Any], **arrays: NDArray[Any]) -> Any:
        """Compute the block in float64; keys and values of the new positions take the place of the cache's last."""
        x = arrays["x"]
        batch, positions, _ = x.shape
        three = layer_norm(x, arrays["scale1"], arrays["shift1"]) @ arrays["qkv"].T
        split = np.split(three, [self.width, self.width + self.kv_width], axis=-1)
        query, key, value = (part.reshape(batch, positions, -1, self.head_width).swapaxes(1, 2) for part in split)
        keys, values = (
            np.concatenate([old[:, :, :-positions], new], axis=2) for old, new in ((keys, key), (values, value))
        )
        mixed = attention(query, keys, values, causal=positions > 1).swapaxes(1, 2).reshape(x.shape)
        half = x + mixed @ arrays["project"].T
        return half + gelu(layer_norm(half, arrays["scale2"], arrays["shift2"]) @ arrays["up"].T) @ arrays["down"].T

    def _weights(self) -> float:
        """Count the numbers in the weight matrices."""
        return 2.0 * self.width * (self.width + self.kv_width + self.hidden)


@dataclass(frozen=True, kw_only=True)
class TransformerPrefill(_Block):
    """One block over a prompt: a request is `length` positions, whose keys and values are written to the cache."""

    name = "transformer_prefill"
    sizes_on_gpu: ClassVar = {"width": 4096, "heads": 32, "kv_heads": 8, "hidden": 16384, "length": 512}
    length: int = 8

    def inputs(self, batch_size: int) -> dict[str, Input]:
        """Draw embeddings of the prompt, weights, room in the cache."""
        return self._inputs(batch_size, positions=self.length, context=self.length)

    def on_torch(self, torch: Any, **arrays: Any) -> Call:
        """Run causal attention by torch's fused kernel, over keys and values as the cache holds them."""
        attention = torch.nn.functional.scaled_dot_product_attention
        keys, values, shape, group = arrays["keys"], arrays["values"], arrays["x"].shape, self.heads // self.kv_heads

        def attend(query: Any, key: Any, value: Any) -> Any:
            keys.copy_(key)
            values.copy_(value)
            every = (kept.repeat_interleave(group, dim=1) if group > 1 else kept for kept in (keys, values))
            return attention(query, *every, is_causal=True).transpose(1, 2).reshape(shape)

        return self._call(torch, arrays, attend=attend)

    def flops(self, batch_size: int) -> float:
        """Count products with the weights, and attention as in `AttentionPrefill`; norms and GELU are left out."""
        attended = 2.0 * self.length * (self.length + 1) * self.width
        return batch_size * (2.0 * self.length * self._weights() + attended)

    def numbers(self, batch_size: int) -> float:
        """Count weights and embeddings read, cache and outputs written, once each."""
        return self._weights() + 2.0 * batch_size * self.length * (self.width + self.kv_width)


@dataclass(frozen=True, kw_only=True)
class TransformerDecode(_Block):
    """One block for one new token: a request reads a cache of `context` positions, of which the last is the token's.

    The token's keys and values are written to that last position, the same at every call: the cache does not grow, and
    every call does what the one before did.
    """

    name = "transformer_decode"
    sizes_on_gpu: ClassVar = {"width": 4096, "heads": 32, "kv_heads": 8, "hidden": 16384, "context": 1024}
    context: int = 128

    def inputs(self, batch_size: int) -> dict[str, Input]:
        """Draw the embedding of the token, weights, the cache."""
        return self._inputs(batch_size, positions=1, context=self.context)

    def on_torch(self, torch: Any, **arrays: Any) -> Call:
        """Run attention as in `AttentionDecode`, the queries of a group as if they were positions."""
        attention = torch.nn.functional.scaled_dot_product_attention
        keys, values, shape = arrays["keys"], arrays["values"], arrays["x"].shape
        last_key, last_value = keys[:, :, -1:], values[:, :, -1:]
        by_group = (shape[0], self.kv_heads, -1, self.head_width)

        def attend(query: Any, key: Any, value: Any) -> Any:
            last_key.copy_(key)
            last_value.copy_(value)
            return attention(query.reshape(by_group), keys, values).reshape(shape)

        return self._call(torch, arrays, attend=attend)

    def flops(self, batch_size: int) -> float:
        """Count products with the weights, and attention as in `AttentionDecode`; norms and GELU are left out."""
        return batch_size * (2.0 * self._weights() + 4.0 * self.context * self.width)

    def numbers(self, batch_size: int) -> float:
        """Count weights, cache and embedding read, the token's keys and values and the output written, once each."""
        return self._weights() + 2.0 * batch_size * (self.width + self.kv_width * (self.context + 1))
