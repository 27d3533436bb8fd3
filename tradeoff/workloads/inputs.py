"""Inputs of a torch module made anew from an example: its structure, its layout in memory, another batch size."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from tradeoff.workloads.layout import layout_for
from tradeoff.workloads.observe import leaves
from tradeoff.workloads.protocol import WorkloadError
from tradeoff.workloads.torch_setup import torch_module


class InputMaker:
    """Makes inputs like an example.

    Parameters
    ----------
    example
        The whole example.
    batch_size
        Size of the first dimension of every tensor.
    kind
        The type of floating-point numbers.
    where
        The device. Tensors of the processor stay there when others of the example lie on a GPU: a model that wants
        lengths on the host wants them there.
    seed
        Of the numbers.

    Attributes
    ----------
    departures
        In what the inputs differ from the example, in words.
    """

    def __init__(self, example: Any, *, batch_size: int, kind: Any, where: Any, seed: int) -> None:
        self._torch = torch_module()
        self._batch_size, self._kind, self._where = batch_size, kind, where
        self._generator = self._torch.Generator().manual_seed(seed)
        self._main = main_device(example)
        types = {str(tensor.dtype) for tensor in tensors_in(example) if tensor.is_floating_point()}
        self.departures: list[str] = []
        if len(types) > 1:
            names = " and ".join(sorted(name.removeprefix("torch.") for name in types))
            self._depart(f"inputs of types {names} became {str(kind).removeprefix('torch.')}")

    def make(self, value: Any) -> Any:
        """Make a part of the example anew."""
        if isinstance(value, self._torch.Tensor):
            return self._tensor(value)
        if not any(True for _ in tensors_in(value)):
            return value
        if isinstance(value, Mapping):
            return self._mapping(value)
        if isinstance(value, (tuple, list)):
            parts = [self.make(part) for part in value]
            return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            names = [field.name for field in dataclasses.fields(value) if field.init]
            return dataclasses.replace(value, **{name: self.make(getattr(value, name)) for name in names})
        self._depart(f"a {type(value).__name__} holds tensors and was passed as it is, at its own batch size")
        return value

    def _mapping(self, value: Mapping[Any, Any]) -> Any:
        made = {name: self.make(part) for name, part in value.items()}
        if type(value) is dict:
            return made
        try:
            same: Any = copy.copy(value)
            for name, part in made.items():
                same[name] = part
        except Exception:  # one that cannot be changed; a dict is one as well
            self._depart(f"a {type(value).__name__} became a dict")
            return made
        return same

    def _tensor(self, value: Any) -> Any:
        torch = self._torch
        where = value.device if value.device.type == "cpu" and self._main is not None else self._where
        if value.layout != torch.strided or value.is_quantized or getattr(value, "is_nested", False):
            raise WorkloadError(
                "example= holds a sparse, quantised or nested tensor, which cannot be made anew to a batch size: pass "
                "a factory, a function of the batch size that returns the call"
            )
        if value.device.type not in ("cpu", "cuda", where.type):  # one on a GPU moves only where device= says so
            self._depart(f"an input on {value.device.type} is on {where.type}")
        if value.dim() == 0:
            return value.to(where)
        if value.shape[0] == 0:
            raise WorkloadError(
                f"example= holds a tensor of shape {tuple(value.shape)}: its first dimension must not be 0"
            )
        if type(value) not in (torch.Tensor, torch.nn.Parameter):
            self._depart(f"a {type(value).__name__} became a plain tensor")
        shape = (self._batch_size, *value.shape[1:])
        layout = layout_for(tuple(value.shape), value.stride(), self._batch_size)
        if not layout.is_kept:
            self._depart(f"inputs of strides {value.stride()} became contiguous")
        flat = self._numbers(value, shape, layout.strides, layout.span)
        kind = self._kind if value.is_floating_point() else value.dtype
        return flat.to(device=where, dtype=kind).as_strided(shape, layout.strides)

    def _numbers(self, value: Any, shape: tuple[int, ...], strides: tuple[int, ...], span: int) -> Any:
        """Draw the numbers in the order of memory: what lies in gaps or is shared is drawn too."""
        torch, generator = self._torch, self._generator
        if value.is_complex():
            return torch.randn(span, generator=generator, dtype=value.dtype)
        if value.is_floating_point():
            return torch.randn(span, generator=generator)
        if value.dtype == torch.bool:
            rows = torch.arange(shape[0]) % value.shape[0]
            flat = torch.zeros(span, dtype=torch.bool)
            flat[torch.arange(span).as_strided(shape, strides).reshape(-1)] = value.cpu()[rows].reshape(-1)
            return flat
        lowest, highest = (int(value.min()), int(value.max())) if value.numel() else (0, 0)
        return torch.randint(lowest, highest + 1, (span,), generator=generator, dtype=value.dtype)

    def _depart(self, how: str) -> None:
        if how not in self.departures:
            self.departures.append(how)


def tensors_in(value: Any) -> Iterator[Any]:
    """Give every tensor of a structure."""
    tensor = torch_module().Tensor
    return (leaf for _, leaf in leaves(value) if isinstance(leaf, tensor))


def main_device(example: Any) -> Any:
    """Return the device of the first tensor that lies on none of the host's; None when all are the host's."""
    return next((tensor.device for tensor in tensors_in(example) if tensor.device.type not in ("cpu", "meta")), None)
