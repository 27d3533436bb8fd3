"""What `measure_limits` needs of a device: large copies, products of matrices, and a clock."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Protocol

from tradeoff.environment import cpu_model, gpus, usable_cores
from tradeoff.limits.limits import LimitsError
from tradeoff.timing import Conditions
from tradeoff.timing.bench import Bench, bench_for
from tradeoff.workloads.arrays import array_module
from tradeoff.workloads.devices import has_cuda
from tradeoff.workloads.dtypes import BY_BACKEND
from tradeoff.workloads.operations.copy import Copy
from tradeoff.workloads.operations.gemm import Gemm
from tradeoff.workloads.protocol import Call
from tradeoff.workloads.torch_setup import torch_device, torch_module

_COPY_ON_GPU, _COPY_ON_CPU = 2 << 30, 256 << 20
"""Bytes to copy: so many that starting the copy (some microseconds) is nothing beside it, and no cache holds them."""


class Machine(Protocol):
    """A device as one backend drives it."""

    @property
    def device(self) -> str:
        """The device's model."""
        ...

    @property
    def backend(self) -> str:
        """Who copies and multiplies."""
        ...

    @property
    def dtypes(self) -> Sequence[str]:
        """Number types whose products the backend leaves to a fast library."""
        ...

    @property
    def bench(self) -> Bench:
        """Who times calls, and whose memory it is."""
        ...

    @property
    def copy_bytes(self) -> int:
        """Bytes that are worth copying, if there is room for them."""
        ...

    def copies(self, size_bytes: int) -> list[Call]:
        """Make the calls that, in flight together, copy about `size_bytes`, one time each."""
        ...

    def products(self, size: int, dtype: str) -> list[Call]:
        """Make the calls, to be in flight together, that each multiply two matrices of `size` × `size` numbers."""
        ...

    def close(self) -> None:
        """Let go of the device and its memory."""
        ...


class OfCatalogue:
    """A machine made of the catalogue's ``copy`` and ``gemm``: random numbers, never zeros, which cost less power.

    On a processor there are as many calls in flight as it takes to use all cores: NumPy copies with one thread a call,
    and multiplies with those of its library. On a GPU there is one call at a time, and chunks of calls are enqueued
    ahead, so that neither the launch nor the host is in a time.
    """

    def __init__(self, device: str, backend: str) -> None:
        self._where, self.backend = device, backend
        self._on_gpu = device.startswith("cuda")
        if backend == "torch":  # or a sentence why not
            torch_device(device)
        else:
            array_module(backend)
        self.device = device_name(device)
        self.bench = bench_for(backend, device, Conditions(mode="pipelined" if self._on_gpu else "concurrent"))
        self.copy_bytes = _COPY_ON_GPU if self._on_gpu else _COPY_ON_CPU

    @property
    def dtypes(self) -> Sequence[str]:
        """All that the backend multiplies; of NumPy's not float16, for which it has a loop and no library."""
        offered = Gemm(backend=self.backend).dtypes_on(self._where)
        return [dtype for dtype in offered if (self.backend, dtype) != ("numpy", "float16")]

    def copies(self, size_bytes: int) -> list[Call]:
        """Make the calls that copy float32 numbers."""
        calls = self._slots(threads_a_call=1 if self.backend == "numpy" else _threads_of(self.backend))
        copy = Copy(backend=self.backend, width=max(1, size_bytes // (4 * calls)))
        return self._made(calls, lambda seed: copy.prepare(
            batch_size=1, dtype="float32", device=self._where, seed=seed
        ))  # fmt: skip

    def products(self, size: int, dtype: str) -> list[Call]:
        """Make the calls that multiply."""
        gemm = Gemm(backend=self.backend, rows=size, inner=size, outer=size)
        calls = self._slots(threads_a_call=_threads_of(self.backend))
        return self._made(calls, lambda seed: gemm.prepare(batch_size=1, dtype=dtype, device=self._where, seed=seed))

    def close(self) -> None:
        """Give the memory back to the device: a library would keep it for its own next arrays."""
        self.bench.runner.close()
        if self._on_gpu and self.backend == "torch":
            torch_module().cuda.empty_cache()
        elif self._on_gpu:
            sys.modules["cupy"].get_default_memory_pool().free_all_blocks()

    def _slots(self, *, threads_a_call: int) -> int:
        return 1 if self._on_gpu else max(1, usable_cores() // threads_a_call)

    @staticmethod
    def _made(count: int, make: Callable[[int], Call]) -> list[Call]:
        return [make(seed) for seed in range(count)]


def machine_for(device: str | None, backend: str | None) -> OfCatalogue:
    """Return the machine for a device: the GPU where there is one, through torch or else CuPy; NumPy's processor else.

    Raises
    ------
    LimitsError
        When there is no such device or backend here; `WorkloadError` when the backend is not installed.
    """
    device = ("cuda" if has_cuda() else "cpu") if device is None else device
    if not isinstance(device, str) or not re.fullmatch(r"cpu|cuda(:\d{1,3})?", device):
        raise LimitsError(f"device={device!r} is not known: use 'cpu', 'cuda' or 'cuda:1'")
    on_gpu = device != "cpu"
    if on_gpu and not has_cuda():
        raise LimitsError(f"device={device!r} needs a CUDA GPU and there is none here: use 'cpu'")
    if backend is None:
        backend = "numpy" if not on_gpu else "torch" if _torch_reaches_cuda() else "cupy"
    if backend not in BY_BACKEND:
        raise LimitsError(f"backend={backend!r} is not known: use one of {', '.join(BY_BACKEND)}")
    if (on_gpu and backend == "numpy") or (not on_gpu and backend == "cupy"):
        fitting = "torch or cupy" if on_gpu else "numpy or torch"
        raise LimitsError(f"backend={backend!r} does not run on {device!r}: use {fitting}")
    return OfCatalogue(device, backend)


def device_name(device: str) -> str:
    """Name the model of ``"cpu"``, ``"cuda"`` or ``"cuda:1"``, as the column ``device`` does."""
    if device == "cpu":
        return cpu_model() or "cpu"
    number = int(device.partition(":")[2] or 0)
    found = gpus() or []
    return (found[number]["name"] if number < len(found) else None) or device


def _torch_reaches_cuda() -> bool:
    return find_spec("torch") is not None and bool(torch_module().cuda.is_available())


def _threads_of(backend: str) -> int:
    """Threads that one call of a processor's library uses: torch says it; NumPy's read a variable when loaded."""
    if backend == "torch":
        return max(1, int(torch_module().get_num_threads()))
    said = [os.environ.get(name, "") for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")]
    threads = [int(text) for text in said if re.fullmatch(r"[1-9]\d{0,3}", text)]
    return min(threads) if threads else usable_cores()
