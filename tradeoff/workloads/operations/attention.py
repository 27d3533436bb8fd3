"""Attention: prefill, whose work grows with the square of the sequence, and decode, which reads a cache."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tradeoff.workloads.draws import Input, Normal
from tradeoff.workloads.operation import Operation
from tradeoff.workloads.operations.softmax import softmax
from tradeoff.workloads.protocol import Call, WorkloadError


@dataclass(frozen=True, kw_only=True)
class AttentionPrefill(Operation):
    """Causal attention, each position to itself and those before: a request is one sequence of `length` positions.

    `heads` heads of `head_width` numbers each, every one with keys and values of its own; no dropout.
    """

    name = "attention_prefill"
    sizes_on_gpu: ClassVar = {"heads": 32, "length": 1024, "head_width": 128}
    multiplies_matrices = True
    heads: int = 4
    length: int = 32
    head_width: int = 32

    def inputs(self, batch_size: int) -> dict[str, Input]:
        """Draw queries, keys and values of all positions."""
        shape = (batch_size, self.heads, self.length, self.head_width)
        return {name: Normal(shape=shape) for name in ("query", "key", "value")}

    def on_torch(self, torch: Any, query: Any, key: Any, value: Any) -> Call:
        """Run torch's fused attention, whichever kernel it chooses."""
        attend = torch.nn.functional.scaled_dot_product_attention
        return lambda: attend(query, key, value, is_causal=True)

    def exact(self, query: NDArray[Any], key: NDArray[Any], value: NDArray[Any]) -> NDArray[Any]:
        """Compute causal attention in float64."""
        return attention(query, key, value, causal=True)

    def flops(self, batch_size: int) -> float:
        """Count two products of head_width for length * (length + 1) / 2 pairs a head; no softmax, as is usual."""
        return 2.0 * batch_size * self.heads * self.length * (self.length + 1) * self.head_width

    def numbers(self, batch_size: int) -> float:
        """Count queries, keys, values and outputs once; a fused kernel keeps the scores on the chip."""
        return 4.0 * batch_size * self.heads * self.length * self.head_width


@dataclass(frozen=True, kw_only=True)
class AttentionDecode(Operation):
    """Attention of one new token to a cache of `context` positions: what a step of generation adds to a batch.

    `heads` query heads share `kv_heads` heads of keys and values: grouped queries (Ainslie et al., *GQA*, 2023).
    """

    name = "attention_decode"
    sizes_on_gpu: ClassVar = {"heads": 32, "kv_heads": 8, "context": 4096, "head_width": 128}
    multiplies_matrices = True
    heads: int = 4
    kv_heads: int = 2
    context: int = 128
    head_width: int = 32

    def __post_init__(self) -> None:
        super().__post_init__()
        check_groups(self.heads, self.kv_heads)

    def inputs(self, batch_size: int) -> dict[str, Input]:
        """Draw one query a request, keys and values of the cache; the heads of a group follow each other."""
        cache = Normal(shape=(batch_size, self.kv_heads, self.context, self.head_width))
        return {"query": Normal(shape=(batch_size, self.heads, 1, self.head_width)), "keys": cache, "values": cache}

    def on_torch(self, torch: Any, query: Any, keys: Any, values: Any) -> Call:
        """Run torch's fused attention, the queries of a group as if they were positions: the cache is read once."""
        attend = torch.nn.functional.scaled_dot_product_attention
        by_group, by_head = (query.shape[0], self.kv_heads, -1, self.head_width), query.shape
        return lambda: attend(query.view(by_group), keys, values).reshape(by_head)

    def exact(self, query: NDArray[Any], keys: NDArray[Any], values: NDArray[Any]) -> NDArray[Any]:
        """Compute attention to the whole cache in float64."""
        return attention(query, keys, values)

    def flops(self, batch_size: int) -> float:
        """Count two products of head_width for each position and head; no softmax, as is usual."""
        return 4.0 * batch_size * self.heads * self.context * self.head_width

    def numbers(self, batch_size: int) -> float:
        """Count the cache read once, queries and outputs."""
        return 2.0 * batch_size * self.head_width * (self.kv_heads * self.context + self.heads)


def attention(query: NDArray[Any], keys: NDArray[Any], values: NDArray[Any], *, causal: bool = False) -> NDArray[Any]:
    """Scaled dot-product attention of (batch, heads, positions, width), for references; heads share keys in groups."""
    group = query.shape[1] // keys.shape[1]
    keys, values = np.repeat(keys, group, axis=1), np.repeat(values, group, axis=1)
    scores = query @ keys.swapaxes(-1, -2) / math.sqrt(query.shape[-1])
    if causal:
        scores = np.where(np.tri(*scores.shape[-2:]) > 0, scores, -np.inf)
    mixed: NDArray[Any] = softmax(scores) @ values
    return mixed


def check_groups(heads: int, kv_heads: int) -> None:
    """Raise a `WorkloadError` unless the heads divide into groups, one for each head of keys and values."""
    if heads % kv_heads:
        raise WorkloadError(f"kv_heads={kv_heads} must divide heads={heads}")
