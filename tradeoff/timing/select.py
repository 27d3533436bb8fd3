"""Which runner measures what."""

from __future__ import annotations

import sys

from tradeoff.timing.cuda import CudaRunner
from tradeoff.timing.device import CupyAdapter, TorchAdapter
from tradeoff.timing.host import HostRunner
from tradeoff.timing.runner import Runner


def runner_for(backend: str, device: str) -> Runner:
    """Return the runner for a backend on a device: CUDA events where the work is asynchronous, else the host clock.

    A callable of the user's own on a CUDA device is timed through the library it has loaded: torch, or else CuPy.
    """
    if backend == "cupy":
        return CudaRunner(CupyAdapter(device))
    if not device.startswith("cuda") or backend == "numpy":
        return HostRunner()
    if backend == "torch" or "torch" in sys.modules:
        return CudaRunner(TorchAdapter(device))
    return CudaRunner(CupyAdapter(device)) if "cupy" in sys.modules else HostRunner()
