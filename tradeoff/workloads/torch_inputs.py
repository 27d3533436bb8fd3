"""What the torch workloads share: the module, devices, number types, seeded inputs."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from tradeoff.workloads.protocol import WorkloadError

DTYPES = ("float32", "float64", "float16", "bfloat16")


def torch_module() -> ModuleType:
    """Return ``torch``.

    Raises
    ------
    WorkloadError
        When it is not installed.
    """
    try:
        import torch
    except ImportError as error:
        raise WorkloadError("torch is not installed: pip install 'tradeoff[torch]', or use a numpy workload") from error
    module: ModuleType = torch
    return module


def torch_dtype(dtype: str) -> Any:
    """Return the torch dtype of this name.

    Raises
    ------
    WorkloadError
        When it is not one the workloads compute in.
    """
    if dtype not in DTYPES:
        raise WorkloadError(f"dtype={dtype!r} is not known to torch workloads: use one of {', '.join(DTYPES)}")
    return getattr(torch_module(), dtype)


def torch_device(device: str) -> Any:
    """Return the torch device of this name, when it is here.

    Raises
    ------
    WorkloadError
        When torch does not know the name or cannot reach the device.
    """
    torch = torch_module()
    try:
        found = torch.device(device)
    except RuntimeError as error:
        raise WorkloadError(f"device={device!r} is not known: use 'cpu', 'cuda' or 'cuda:0'") from error
    if found.type == "cuda" and not torch.cuda.is_available():
        raise WorkloadError(f"device={device!r} needs a CUDA GPU that torch can reach: use 'cpu'")
    return found


def normal(shape: tuple[int, ...], *, dtype: Any, device: Any, seed: int, scale: float = 1.0) -> Any:
    """Draw normal numbers of `shape`: the same for a seed on every device, since the CPU draws them."""
    torch = torch_module()
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(shape, generator=generator) * scale
    return drawn.to(device=device, dtype=dtype)
