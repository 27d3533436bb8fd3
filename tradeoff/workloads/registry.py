"""Workloads by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import lru_cache, partial
from importlib.metadata import entry_points

from tradeoff.workloads.devices import has_cuda
from tradeoff.workloads.protocol import Workload, WorkloadError

ENTRY_POINT_GROUP = "tradeoff.workloads"
"""Packages add workloads here: name ``backend.operation``, value a class or function that makes the workload."""

Factory = Callable[[], Workload]

_OPERATIONS = {
    "attention_decode": ("attention:AttentionDecode", "torch"),
    "attention_prefill": ("attention:AttentionPrefill", "torch"),
    "conv2d": ("conv2d:Conv2d", "torch"),
    "copy": ("copy:Copy", "numpy cupy torch"),
    "embedding": ("embedding:Embedding", "numpy cupy torch"),
    "fft": ("fft:Fft", "numpy cupy torch"),
    "gemm": ("gemm:Gemm", "numpy cupy torch"),
    "layer_norm": ("layer_norm:LayerNorm", "numpy cupy torch"),
    "mlp": ("mlp:Mlp", "torch"),
    "reduction": ("reduction:Reduction", "numpy cupy torch"),
    "resnet_block": ("resnet_block:ResnetBlock", "torch"),
    "saxpy": ("saxpy:Saxpy", "numpy cupy torch"),
    "softmax": ("softmax:Softmax", "numpy cupy torch"),
    "sort": ("sort:Sort", "numpy cupy torch"),
    "transformer_decode": ("transformer:TransformerDecode", "torch"),
    "transformer_prefill": ("transformer:TransformerPrefill", "torch"),
}
"""The catalogue: where each operation is, and who runs it; written out so that a list of names imports none of them."""

_BUILT_IN = {
    f"{backend}.{operation}": place
    for operation, (place, offered) in _OPERATIONS.items()
    for backend in offered.split()
}

_ALIASES = {"attention": "attention_prefill"}
"""Other names that are understood; a row carries the operation's own."""

_registered: dict[str, Factory] = {}


def register(name: str, factory: Factory) -> None:
    """Make a workload known as `name` (``"backend.operation"``).

    Parameters
    ----------
    name
        The backend, a dot, the operation: ``"torch.my_model"``.
    factory
        Called without arguments; returns the workload.

    Raises
    ------
    WorkloadError
        When the name has not this form or is taken.
    """
    backend, dot, operation = name.partition(".")
    if not (dot and backend and operation) or "." in operation:
        raise WorkloadError(f"name={name!r} must be 'backend.operation', as in 'torch.my_model'")
    if name in _registered or name in _BUILT_IN or operation in _ALIASES:
        raise WorkloadError(f"name={name!r} is taken: choose another, or get the existing one with get({name!r})")
    _registered[name] = factory


def names() -> tuple[str, ...]:
    """Full names of every workload known here, in order."""
    return tuple(sorted({*_BUILT_IN, *_installed(), *_registered}))


def backends(operation: str) -> tuple[str, ...]:
    """Backends that offer an operation, the one preferred on this machine first."""
    offered = [name.partition(".")[0] for name in names() if name.partition(".")[2] == operation]
    gpu_first = ("cupy", "torch", "numpy") if has_cuda() else ("numpy", "torch", "cupy")
    return tuple(sorted(offered, key=lambda b: (gpu_first.index(b) if b in gpu_first else len(gpu_first), b)))


def get(name: str) -> Workload:
    """Return the workload known as `name`: ``"softmax"``, or ``"cupy.softmax"`` for a particular backend.

    The catalogue's operations come in a size that suits where they run: CuPy's, and torch's where there is a GPU, are
    larger. For another size make one: ``Gemm(backend="torch", inner=1024)`` of `tradeoff.workloads.operations.gemm`.

    Raises
    ------
    WorkloadError
        When there is none of this name, or when it needs a GPU or a package that is not there.
    """
    if not isinstance(name, str):
        raise WorkloadError(f"a workload's name is text, got {type(name).__name__}; as_workload() takes callables")
    known = names()
    backend, dot, operation = name.rpartition(".")
    operation = _ALIASES.get(operation, operation)
    full = f"{backend}{dot}{operation}"
    if not dot:
        full = f"{next(iter(backends(operation)), '')}.{operation}"
    if full not in known:
        raise WorkloadError(f"no workload {name!r}: use one of {_choices(known)}, or pass your own callable")
    backend, _, operation = full.partition(".")
    if backend == "cupy" and not has_cuda():
        other = f"'numpy.{operation}'" if f"numpy.{operation}" in known else "a numpy workload"
        raise WorkloadError(f"{full!r} needs a CUDA GPU and there is none here: use {other}")
    return _factory(full)()


def _choices(known: tuple[str, ...]) -> str:
    operations = sorted({name.partition(".")[2] for name in known})
    return f"{', '.join(operations)}, or say which backend runs it, as in 'numpy.gemm' or 'torch.softmax'"


def _factory(full: str) -> Factory:
    if full in _registered:
        return _registered[full]
    if full in _BUILT_IN:
        return partial(_of_usual_size, full)
    try:
        loaded: Factory = _installed()[full].load()  # type: ignore[attr-defined]
    except ImportError as error:
        raise WorkloadError(f"{full!r} comes from an installed package that does not import: {error}") from error
    return loaded


def _of_usual_size(full: str) -> Workload:
    backend = full.partition(".")[0]
    module, _, attribute = _BUILT_IN[full].partition(":")
    operation = getattr(importlib.import_module(f"tradeoff.workloads.operations.{module}"), attribute)
    made: Workload = operation.of_usual_size(backend, on_gpu=backend == "cupy" or (backend == "torch" and has_cuda()))
    return made


@lru_cache(maxsize=1)
def _installed() -> dict[str, object]:
    return {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP)}
