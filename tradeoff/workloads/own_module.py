"""The user's own torch module, with an example input."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from tradeoff.workloads.protocol import Call, WorkloadError
from tradeoff.workloads.torch_setup import torch_device, torch_dtype, torch_module, with_tf32


class ModuleWorkload:
    """A workload made of a ``torch.nn.Module`` and an example of its input.

    The first dimension of every tensor of the example is the batch: it is made anew to the batch size, floating-point
    numbers from a normal distribution, integers between those of the example, truth values as in the example. Each
    call in flight has its own inputs; all share the weights. The module runs in ``eval`` and ``inference_mode``; when
    it has to change for that (training mode, device, number type) a copy changes, never the module itself. A compiled
    module (``torch.compile``) is a module like any other: it compiles in its first call, which is kept apart.

    Parameters
    ----------
    module
        The module. It may return anything but None: a tensor, a tuple, a mapping, a model library's own output.
    example
        A tensor, a tuple or list of positional arguments, or a mapping of keyword arguments for ``forward(**inputs)``
        (a tokenizer's output is one). Tensors may lie deeper, in tuples, lists and dicts; what is not a tensor is
        passed as it is, the same object to every call.
    name
        What the workload is called; the module's class unless given.
    """

    backend = "torch"

    def __init__(self, module: Any, *, example: Any, name: str | None = None) -> None:
        self.name = name or type(getattr(module, "_orig_mod", module)).__name__
        if example is None:
            raise WorkloadError(
                f"{self.name} is a torch module and needs example=, an input of batch size 1 or more: "
                "a tensor, a tuple of them, or a dict of keyword arguments"
            )
        self._module = module
        self._example = example
        self._ready: dict[tuple[str, str], Any] = {}

    def prepare(self, *, batch_size: int, dtype: str, device: str, seed: int) -> Call:
        """Make one call with its own inputs on `device`, shown as ``call.inputs``; its numbers are of type `dtype`."""
        torch = torch_module()
        where, kind = torch_device(device), torch_dtype(dtype, device=device, name=self.name)
        module = self._on(where, kind, key=(device, dtype))
        generator = torch.Generator().manual_seed(seed)

        def make(value: Any) -> Any:
            return _like(value, batch_size=batch_size, kind=kind, where=where, generator=generator)

        positional: tuple[Any, ...] = ()
        named: dict[str, Any] = {}
        if isinstance(self._example, Mapping):
            named = {name: make(value) for name, value in self._example.items()}
        elif isinstance(self._example, (tuple, list)):
            positional = tuple(make(value) for value in self._example)
        else:
            positional = (make(self._example),)
        inference_mode = torch.inference_mode

        def run() -> object:
            with inference_mode():
                return module(*positional, **named)

        call = with_tf32(run, dtype=dtype, device=device)
        call.inputs = (positional, named)  # type: ignore[attr-defined]
        call.within = inference_mode  # type: ignore[attr-defined]
        return call

    def flops(self, batch_size: int) -> float | None:
        """Unknown."""
        del batch_size
        return None

    def bytes(self, batch_size: int, dtype: str = "float32") -> float | None:
        """Unknown."""
        del batch_size, dtype
        return None

    def _on(self, where: Any, kind: Any, *, key: tuple[str, str]) -> Any:
        if key not in self._ready:
            tensors = [*self._module.parameters(), *self._module.buffers()]
            fits = all(
                tensor.device.type == where.type
                and (where.index is None or tensor.device.index == where.index)
                and (not tensor.is_floating_point() or tensor.dtype == kind)
                for tensor in tensors
            )
            in_training = any(part.training for part in self._module.modules())
            if fits and not in_training:
                self._ready[key] = self._module
            else:
                self._ready[key] = copy.deepcopy(self._module).to(device=where, dtype=kind).eval()
        return self._ready[key]


def _like(value: Any, *, batch_size: int, kind: Any, where: Any, generator: Any) -> Any:
    torch = torch_module()
    if not isinstance(value, torch.Tensor):
        how: dict[str, Any] = {"batch_size": batch_size, "kind": kind, "where": where, "generator": generator}
        if type(value) in (tuple, list):
            return type(value)(_like(part, **how) for part in value)
        return {name: _like(part, **how) for name, part in value.items()} if type(value) is dict else value
    if value.dim() == 0:
        return value.to(where)
    if value.shape[0] == 0:
        raise WorkloadError(f"example= holds a tensor of shape {tuple(value.shape)}: its first dimension must not be 0")
    shape = (batch_size, *value.shape[1:])
    if value.is_complex():
        return torch.randn(shape, generator=generator, dtype=value.dtype).to(where)
    if value.is_floating_point():
        return torch.randn(shape, generator=generator).to(device=where, dtype=kind)
    if value.dtype == torch.bool:
        rows = torch.arange(batch_size) % value.shape[0]
        return value.cpu()[rows].to(where)
    lowest, highest = int(value.min()), int(value.max())
    return torch.randint(lowest, highest + 1, shape, generator=generator, dtype=value.dtype).to(where)
