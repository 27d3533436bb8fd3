"""Which device a workload runs on, and whether it computes in the number types that were asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tradeoff.arguments import ArgumentError
from tradeoff.workloads.devices import has_cuda
from tradeoff.workloads.operation import Operation
from tradeoff.workloads.protocol import Workload


class Runs(Protocol):
    """What runs somewhere: a workload, or a model of tokens."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def backend(self) -> str:
        """Who runs it."""
        ...


def device_for(workload: Runs, device: str | None) -> str:
    """Return the device that was asked for, or that of a module's example, or the backend's own choice.

    Raises
    ------
    ArgumentError
        When it cannot run there.
    """
    own = getattr(workload, "own_device", None)
    if device is None and isinstance(own, str):
        return own
    if device is None:
        return "cuda" if workload.backend in ("cupy", "torch") and has_cuda() else "cpu"
    if device.startswith("cuda") and not has_cuda():
        raise ArgumentError(f"device={device!r} needs a CUDA GPU and there is none here: use 'cpu'")
    if device.startswith("cuda") and workload.backend == "numpy":
        raise ArgumentError(f"device={device!r} cannot run numpy.{workload.name}: use 'cpu' or a cupy workload")
    return device


def check_dtypes(workload: Workload, dtypes: Sequence[str], device: str) -> None:
    """Refuse number types that an operation of the catalogue does not compute in; others have to say so themselves."""
    if not isinstance(workload, Operation):
        return
    allowed = workload.dtypes_on(device)
    wrong = next((dtype for dtype in dtypes if dtype not in allowed), None)
    if wrong is not None:
        what = f"{workload.backend}.{workload.name} on {device}"
        raise ArgumentError(f"dtype must be one of {', '.join(allowed)} for {what}; got {wrong!r}")
