"""The catalogue's transformer block as a model that answers token by token, with a cache that grows."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, Protocol, runtime_checkable

from tradeoff.arguments import ArgumentError, shown
from tradeoff.serving.tokens.loop import Steps
from tradeoff.workloads import Workload, draws
from tradeoff.workloads.devices import has_cuda
from tradeoff.workloads.operations.layer_norm import EPSILON
from tradeoff.workloads.operations.transformer import TransformerDecode
from tradeoff.workloads.protocol import WorkloadError
from tradeoff.workloads.torch_setup import torch_device, torch_dtype, torch_module, with_tf32


@runtime_checkable
class TokenModel(Protocol):
    """A model that answers token by token.

    Attributes
    ----------
    name
        What to call it.
    backend
        Who runs it: ``"torch"``, ``"cupy"``, ``"numpy"`` or ``"python"``.
    """

    @property
    def name(self) -> str:
        """What to call it."""
        ...

    @property
    def backend(self) -> str:
        """Who runs it."""
        ...

    def prepare(self, *, places: int, positions: int, dtype: str, device: str, seed: int) -> Steps:
        """Make the model with a cache for so many requests at once, each of at most so many tokens."""
        ...


@dataclass(frozen=True, kw_only=True)
class Transformer:
    """Layers of the catalogue's transformer block, each with weights and a cache of its own.

    There is no vocabulary: what comes out at the last position of a sequence, normed, goes in at the next one, as if it
    were the embedding of the token. So each step needs the one before, as in a language model.

    Attributes
    ----------
    block
        The sizes of the block; its `context` means nothing here.
    layers
        Blocks, one after another.
    """

    name: ClassVar[str] = "transformer"
    backend: ClassVar[str] = "torch"
    block: TransformerDecode = field(default_factory=TransformerDecode)
    layers: int = 1

    def __post_init__(self) -> None:
        """Check the sizes; those of the block it checks itself."""
        if not isinstance(self.block, TransformerDecode):
            raise WorkloadError(f"block must be a TransformerDecode(width=..., ...); got {shown(self.block)}")
        if isinstance(self.layers, bool) or not isinstance(self.layers, int) or self.layers < 1:
            raise WorkloadError(f"layers={shown(self.layers)} must be a whole number, 1 or more")

    @classmethod
    def of_usual_size(cls, *, on_gpu: bool) -> Transformer:
        """Return one layer of the size that suits a GPU or a CPU."""
        return cls(block=TransformerDecode.of_usual_size("torch", on_gpu=on_gpu))

    def prepare(self, *, places: int, positions: int, dtype: str, device: str, seed: int) -> TransformerSteps:
        """Draw weights and prompts, and make room for the cache: `places` requests of `positions` tokens.

        Raises
        ------
        WorkloadError
            When the number type or the device is not here.
        """
        return TransformerSteps(self, places, positions, dtype, device, seed)


def token_model(model: Any, *, device: str | None) -> TokenModel:
    """Return a model of what people have: a name, sizes, a model, or what makes one.

    Raises
    ------
    ArgumentError
        When it is none of these.
    """
    if isinstance(model, str) and model == Transformer.name:
        return Transformer.of_usual_size(on_gpu=has_cuda() if device is None else device.startswith("cuda"))
    if isinstance(model, TransformerDecode):
        return Transformer(block=model)
    made = model() if isinstance(model, type) or inspect.isroutine(model) else model
    # A workload has all that a model has by its names, but is prepared for calls of one size.
    if isinstance(made, TokenModel) and not isinstance(made, Workload):
        return made
    raise ArgumentError(
        f"model must be {Transformer.name!r}, a Transformer(...) or TransformerDecode(...), or an object with name, "
        f"backend and prepare(places=..., positions=..., dtype=..., device=..., seed=...); got {shown(model)}"
    )


class TransformerSteps:
    """The layers at work: who is in, and what is cached of each.

    Who is in lies side by side in the first places of the cache, so that a step reads one slice of it. Prompts follow
    each other in one sequence, and attend to themselves only: nothing is padded. Steps mask what is not yet there of
    the shorter ones. The queries of a group share its keys and values as if they were positions, as in
    `tradeoff.workloads.operations.attention`.
    """

    def __init__(
        self, model: Transformer, places: int, positions: int, dtype: str, device: str, seed: int
    ) -> None:  # fmt: skip
        torch, block, where = torch_module(), model.block, torch_device(device)
        kind = torch_dtype(dtype, device=device, name=model.name)
        self._torch, self._block, self._setting = torch, block, (dtype, device)
        self._attention, self._norm = torch.nn.functional.scaled_dot_product_attention, torch.nn.functional.layer_norm
        put = partial(draws.on_torch, torch, kind=kind, device=where)
        self._layers = []
        for layer in range(model.layers):
            weights = {
                name: put(spec, seed=seed + layer, place=place)
                for place, (name, spec) in enumerate(block.inputs(1).items())
                if not spec.state and name != "x"
            }
            # Zeros: what is masked has no weight, but infinity times nothing would not be nothing.
            shape = (2, places, block.kv_heads, positions, block.head_width)
            cache = torch.zeros(shape, dtype=kind, device=where)
            self._layers.append((block.layer(torch, weights), cache[0], cache[1]))
        # Prompts are pieces of one long text, each from a place of its own.
        self._longest = positions
        text = draws.Normal(shape=(2 * positions, block.width))
        self._text = put(text, seed=seed, place=len(block.inputs(1)))
        self._next = torch.zeros((places, 1, block.width), dtype=kind, device=where)
        self._at = torch.zeros(places, dtype=torch.int64, device=where)
        self._rows = torch.arange(places, device=where)
        self._columns = torch.arange(positions, device=where)
        self._numbers: list[int] = []
        self._held: list[int] = []

    @property
    def numbers(self) -> tuple[int, ...]:
        """Who is in, place by place."""
        return tuple(self._numbers)

    def prompt(self, number: int, tokens: int) -> Any:
        """Return the embeddings of a request's prompt: (tokens, width)."""
        start = number % self._longest
        return self._text[start : start + tokens]

    def prefill(self, prompts: Sequence[tuple[int, int]]) -> Any:
        """Take in requests, and compute their prompts; return what comes out at the last position of each."""
        return self._run(partial(self._prefill, prompts))

    def decode(self) -> Any:
        """Compute one more position of every request that is in; return what comes out, place by place."""
        return self._run(self._decode)

    def leave(self, numbers: Sequence[int]) -> None:
        """Let requests go; the last ones take the places of those that leave."""
        for number in numbers:
            if number not in self._numbers:
                continue
            place, last = self._numbers.index(number), len(self._numbers) - 1
            if place != last:
                self._move(last, place)
            del self._numbers[last], self._held[last]

    def _run(self, step: Any) -> Any:
        dtype, device = self._setting
        with self._torch.inference_mode():
            return with_tf32(step, dtype=dtype, device=device)()

    def _move(self, source: int, place: int) -> None:
        held = self._held[source]
        for _, keys, values in self._layers:
            for cache in (keys, values):
                cache[place, :, :held] = cache[source, :, :held]
        self._next[place], self._at[place] = self._next[source], self._at[source]
        self._numbers[place], self._held[place] = self._numbers[source], held

    def _prefill(self, prompts: Sequence[tuple[int, int]]) -> Any:
        torch, first = self._torch, len(self._numbers)
        x = torch.cat([self.prompt(number, tokens) for number, tokens in prompts])[None]
        ends: list[int] = []
        pieces = []
        for place, (_, tokens) in enumerate(prompts, start=first):
            begin = ends[-1] if ends else 0
            ends.append(begin + tokens)
            pieces.append((place, begin, begin + tokens))
        for layer, keys, values in self._layers:
            x = layer(x, partial(self._attend_to_prompts, keys, values, pieces))
        out = x[0, torch.tensor(ends, device=x.device) - 1]
        self._numbers += [number for number, _ in prompts]
        self._held += [tokens for _, tokens in prompts]
        self._feed(out, slice(first, len(self._numbers)))
        self._at[first : len(self._numbers)] = torch.tensor(self._held[first:], device=x.device)
        return out

    def _attend_to_prompts(self, keys: Any, values: Any, pieces: Any, query: Any, key: Any, value: Any) -> Any:
        group = self._block.heads // self._block.kv_heads
        mixed = []
        for place, begin, end in pieces:
            keys[place, :, : end - begin] = key[0, :, begin:end]
            values[place, :, : end - begin] = value[0, :, begin:end]
            own = [part[:, :, begin:end] for part in (key, value)]
            every = [part.repeat_interleave(group, dim=1) if group > 1 else part for part in own]
            mixed.append(self._attention(query[:, :, begin:end], *every, is_causal=True))
        return self._torch.cat(mixed, dim=2).transpose(1, 2).reshape(1, -1, self._block.width)

    def _decode(self) -> Any:
        count = len(self._numbers)
        at = self._at[:count]
        seen = max(self._held) + 1
        mask = (self._columns[:seen] <= at[:, None])[:, None, None]
        x = self._next[:count]
        for layer, keys, values in self._layers:
            x = layer(x, partial(self._attend_to_cache, keys, values, mask))
        out = x[:, 0]
        self._feed(out, slice(0, count))
        at += 1
        self._held = [held + 1 for held in self._held]
        return out

    def _attend_to_cache(self, keys: Any, values: Any, mask: Any, query: Any, key: Any, value: Any) -> Any:
        count, seen = query.shape[0], mask.shape[-1]
        rows, at = self._rows[:count], self._at[:count]
        keys[rows, :, at] = key[:, :, 0]
        values[rows, :, at] = value[:, :, 0]
        by_group = (count, self._block.kv_heads, -1, self._block.head_width)
        mixed = self._attention(
            query.reshape(by_group), keys[:count, :, :seen], values[:count, :, :seen], attn_mask=mask
        )
        return mixed.reshape(count, 1, self._block.width)

    def _feed(self, out: Any, places: slice) -> None:
        """Let what came out, normed, go in at the next position."""
        self._next[places] = self._norm(out, (self._block.width,), eps=EPSILON)[:, None]
