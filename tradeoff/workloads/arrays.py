"""NumPy and CuPy, which share their functions' names."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from tradeoff.workloads.protocol import WorkloadError


def array_module(backend: str) -> ModuleType:
    """Return ``numpy`` or ``cupy``.

    Raises
    ------
    WorkloadError
        When CuPy is asked for and is not installed.
    """
    if backend == "numpy":
        return np
    try:
        import cupy  # type: ignore[import-not-found, unused-ignore]
    except ImportError as error:
        raise WorkloadError(
            "CuPy is not installed: pip install 'tradeoff[cupy]', or use a numpy workload such as 'numpy.softmax'"
        ) from error
    module: ModuleType = cupy
    return module
