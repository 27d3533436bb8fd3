"""Which devices this machine has, found out without loading torch or CuPy."""

from __future__ import annotations

import ctypes
from functools import lru_cache


@lru_cache(maxsize=1)
def cuda_device_count() -> int:
    """Count the CUDA devices that the driver offers; 0 without a driver.

    Asks the driver library itself: importing torch for this question costs seconds.
    """
    for library in ("libcuda.so.1", "nvcuda.dll"):
        try:
            driver = ctypes.CDLL(library)
        except OSError:
            continue
        count = ctypes.c_int(0)
        if driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0:
            return count.value
    return 0


def has_cuda() -> bool:
    """Say whether a CUDA device is here."""
    return cuda_device_count() > 0
