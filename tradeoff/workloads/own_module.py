"""The user's own torch module, with an example input."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from tradeoff.workloads.inputs import InputMaker, main_device, tensors_in
from tradeoff.workloads.protocol import Call, WorkloadError
from tradeoff.workloads.torch_setup import torch_device, torch_dtype, torch_module, with_tf32


class ModuleWorkload:
    """A workload made of a ``torch.nn.Module`` and an example of its input.

    The first dimension of every tensor of the example is the batch: it is made anew to the batch size, floating-point
    numbers from a normal distribution, integers between those of the example, truth values as in the example. It lies
    in memory as the example does (see `tradeoff.workloads.layout`), and tensors that wait on the processor beside
    others on a GPU stay there. What could not be kept is in ``call.departures``, and the row says it. Each
    call in flight has its own inputs; all share the weights. The module runs in ``eval`` and ``inference_mode``; when
    it has to change for that (training mode, device, number type) a copy changes, never the module itself. A compiled
    module (``torch.compile``) is a module like any other: it compiles in its first call, which is kept apart.

    Parameters
    ----------
    module
        The module. It may return anything but None: a tensor, a tuple, a mapping, a model library's own output.
    example
        A tensor, a tuple or list of positional arguments, or a mapping of keyword arguments for ``forward(**inputs)``
        (a tokenizer's output is one). Tensors may lie deeper, in tuples, lists, mappings and dataclasses; what is not
        a tensor is passed as it is, the same object to every call.
    name
        What the workload is called; the module's class unless given.

    Raises
    ------
    WorkloadError
        When there is no example, or a tensor of it or of the module lies on torch's device ``meta``, without numbers.
    """

    backend = "torch"

    def __init__(self, module: Any, *, example: Any, name: str | None = None) -> None:
        self.name = name or type(getattr(module, "_orig_mod", module)).__name__
        if example is None:
            raise WorkloadError(
                f"{self.name} is a torch module and needs example=, an input of batch size 1 or more: "
                "a tensor, a tuple of them, or a dict of keyword arguments"
            )
        _refuse_meta(self.name, module, example)
        self._module = module
        self._example = example
        self._ready: dict[tuple[str, str], Any] = {}

    def prepare(self, *, batch_size: int, dtype: str, device: str, seed: int) -> Call:
        """Make one call with its own inputs on `device`, shown as ``call.inputs``; its numbers are of type `dtype`."""
        torch = torch_module()
        where, kind = torch_device(device), torch_dtype(dtype, device=device, name=self.name)
        module = self._on(where, kind, key=(device, dtype))
        maker = InputMaker(self._example, batch_size=batch_size, kind=kind, where=where, seed=seed)
        make = maker.make

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
        call.departures = (*maker.departures, *self._mixed(dtype))  # type: ignore[attr-defined]
        return call

    @property
    def own_device(self) -> str | None:
        """The GPU that the example lies on; None when it lies on none."""
        where = main_device(self._example)
        if where is None or where.type != "cuda":
            return None
        return f"cuda:{where.index}" if where.index else "cuda"

    def _mixed(self, dtype: str) -> list[str]:
        """Say that parameters of several types became one."""
        parts = [*self._module.parameters(), *self._module.buffers()]
        types = sorted({str(part.dtype).removeprefix("torch.") for part in parts if part.is_floating_point()})
        return [f"parameters of types {' and '.join(types)} became {dtype}"] if len(types) > 1 else []

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
                and (where.type != "cuda" or tensor.device.index == (where.index or 0))
                and (not tensor.is_floating_point() or tensor.dtype == kind)
                for tensor in tensors
            )
            in_training = any(part.training for part in self._module.modules())
            if fits and not in_training:
                self._ready[key] = self._module
            else:
                self._ready[key] = copy.deepcopy(self._module).to(device=where, dtype=kind).eval()
        return self._ready[key]


def _refuse_meta(name: str, module: Any, example: Any) -> None:
    """Refuse what has shapes and no numbers: nothing is computed with it, and elsewhere it would be something else."""
    if any(tensor.device.type == "meta" for tensor in tensors_in(example)):
        raise WorkloadError(
            "example= holds a tensor on the device 'meta', which has a shape and no numbers: give one on the device to "
            "measure on, such as torch.randn(1, 8)"
        )
    own = (*module.named_parameters(), *module.named_buffers())
    empty = next((place for place, tensor in own if tensor.device.type == "meta"), None)
    if empty is not None:
        raise WorkloadError(
            f"{empty} of {name} lies on the device 'meta', without numbers: load its weights, or give it some with "
            "module.to_empty(device='cpu')"
        )
