"""What the operations of the catalogue share: seeded inputs, a call for each backend, costs, the answer in float64.

An operation is a frozen dataclass whose fields are its sizes. It says what it reads (`inputs`), how each backend that
offers it runs (`on_numpy`, `on_cupy`, `on_torch`: each returns a call), what the right answer is (`exact`), and what
it costs (`flops`, `numbers`). Everything else is here. `tradeoff.workloads.operations.saxpy` is a short example;
yours becomes known by a name with `tradeoff.workloads.register`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from tradeoff.workloads import draws
from tradeoff.workloads.arrays import array_module
from tradeoff.workloads.draws import Input
from tradeoff.workloads.dtypes import BY_BACKEND, check_dtype, itemsize
from tradeoff.workloads.protocol import Call, WorkloadError
from tradeoff.workloads.torch_setup import torch_device, torch_dtype, torch_module, with_tf32


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation of given sizes, run by one backend; it is a `Workload`.

    Calls in flight share nothing: each has its own inputs and its own weights, as replicas of a model have.

    Attributes
    ----------
    name
        The operation.
    sizes_on_gpu
        Sizes that a GPU notices; a field's default is the size for a CPU.
    dtypes
        Number types it computes in, by backend.
    multiplies_matrices
        Whether tf32 means anything to it (in torch on CUDA).
    backend
        ``"numpy"``, ``"cupy"`` or ``"torch"``, of those that it offers.
    """

    name: ClassVar[str]
    sizes_on_gpu: ClassVar[Mapping[str, int]] = {}
    dtypes: ClassVar[Mapping[str, tuple[str, ...]]] = BY_BACKEND
    multiplies_matrices: ClassVar[bool] = False

    backend: str = "torch"

    def __post_init__(self) -> None:
        offered = self.backends()
        if self.backend not in offered:
            raise WorkloadError(f"backend={self.backend!r} does not offer {self.name}: use one of {', '.join(offered)}")
        for size in fields(self):
            value = getattr(self, size.name)
            if size.name != "backend" and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise WorkloadError(f"{size.name}={value!r} must be a whole number, 1 or more")

    @classmethod
    def backends(cls) -> tuple[str, ...]:
        """Backends that run it."""
        return tuple(b for b in BY_BACKEND if getattr(cls, f"on_{b}") is not getattr(Operation, f"on_{b}"))

    @classmethod
    def of_usual_size(cls, backend: str, *, on_gpu: bool) -> Self:
        """Return it for `backend`, of the sizes that suit a GPU or a CPU."""
        return cls(backend=backend, **(cls.sizes_on_gpu if on_gpu else {}))

    def dtypes_on(self, device: str) -> tuple[str, ...]:
        """Return the number types that it computes in on `device`; tf32 where torch multiplies matrices on CUDA."""
        with_tf32 = self.backend == "torch" and self.multiplies_matrices and device.startswith("cuda")
        return (*self.dtypes[self.backend], "tf32") if with_tf32 else self.dtypes[self.backend]

    def prepare(self, *, batch_size: int, dtype: str, device: str, seed: int) -> Call:
        """Make one call with its own seeded inputs, which it shows as ``call.inputs``, a mapping of arrays by name.

        What the operation writes to (a key-value cache) is not among them.

        Raises
        ------
        WorkloadError
            When `dtype` is not one that it computes in there, or the backend or device is not here.
        """
        if self.backend == "torch":
            where: Any = torch_device(device)
            library: Any = torch_module()
            self._check_dtype(dtype, device)
            put: Any = partial(draws.on_torch, library, kind=torch_dtype(dtype, device=device), device=where)
        else:
            self._check_dtype(dtype, device)
            library = array_module(self.backend)
            put = partial(draws.on_arrays, library, dtype=dtype)
        specs = self.inputs(batch_size)
        arrays = {name: put(spec, seed=seed, place=place) for place, (name, spec) in enumerate(specs.items())}
        make = {"numpy": self.on_numpy, "cupy": self.on_cupy, "torch": self.on_torch}[self.backend]
        call = make(library, **arrays)
        if self.backend == "torch" and self.multiplies_matrices:
            call = with_tf32(call, dtype=dtype, device=device)
        watched = {name: array for name, array in arrays.items() if not specs[name].state}
        call.inputs = watched  # type: ignore[attr-defined]
        return call

    def reference(self, *, batch_size: int, dtype: str, device: str, seed: int) -> NDArray[Any]:
        """Compute what the call of the same arguments must return, in float64, from the same inputs drawn anew.

        The inputs are rounded to `dtype` first: an error of the operation is found, not that of its number type.
        """
        self._check_dtype(dtype, device)
        put = partial(draws.exact, dtype=dtype, seed=seed)
        specs = self.inputs(batch_size)
        return np.asarray(self.exact(**{name: put(specs[name], place=place) for place, name in enumerate(specs)}))

    def bytes(self, batch_size: int, dtype: str = "float32") -> float:
        """Count the bytes that one call must move at least: what `numbers` counts, each of the size of `dtype`."""
        return float(itemsize(dtype) * self.numbers(batch_size))

    def flops(self, batch_size: int) -> float:
        """Count the floating-point operations of one call."""
        raise NotImplementedError

    def numbers(self, batch_size: int) -> float:
        """Count the numbers that one call must read and write at least."""
        raise NotImplementedError

    def inputs(self, batch_size: int) -> dict[str, Input]:
        """Name the inputs, in the order in which they are drawn."""
        raise NotImplementedError

    def exact(self, *args: Any, **arrays: Any) -> Any:
        """Compute the answer from float64 inputs."""
        raise NotImplementedError

    def on_numpy(self, *args: Any, **arrays: Any) -> Call:
        """Make the call from NumPy and the inputs."""
        raise NotImplementedError

    def on_cupy(self, *args: Any, **arrays: Any) -> Call:
        """Make the call from CuPy and the inputs."""
        raise NotImplementedError

    def on_torch(self, *args: Any, **arrays: Any) -> Call:
        """Make the call from torch and the inputs."""
        raise NotImplementedError

    def _check_dtype(self, dtype: str, device: str) -> None:
        where = f"{self.backend}.{self.name}" + (f" on {device}" if self.backend == "torch" else "")
        check_dtype(dtype, allowed=self.dtypes_on(device), where=where)
