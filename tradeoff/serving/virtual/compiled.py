"""The inner loops, compiled by numba where the extra ``fast`` is installed: when, and in which thread."""

from __future__ import annotations

import hashlib
import inspect
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from types import FunctionType, SimpleNamespace
from typing import Any

from tradeoff.serving.virtual import token_kernel
from tradeoff.serving.virtual.kernels import (
    closed_loop,
    events,
    heap,
    layout,
    open_loop,
    order,
    points,
    seen,
)
from tradeoff.stats import histogram

_MODULES = (heap, order, seen, open_loop, closed_loop, events, points, token_kernel)
"""Whose functions are compiled."""

_CONSTANTS = (layout, histogram)
"""Whose numbers are compiled in."""

_TRIED_OUT = ("run_point", "open_path", "closed_path", "event_path")
"""What is called from outside: by `tradeoff.serving.virtual.engine.try_out`, so that it is compiled beforehand."""

_FIRST_S = 1.0
"""Before compiling begins: most first answers take less, and would take twice as long beside it, for the same lock."""

_lock = threading.Lock()
_compiled: SimpleNamespace | None = None
_warming: threading.Thread | None = None
_kept = False


def is_available() -> bool:
    """Say whether numba is installed; it is not imported."""
    return find_spec("numba") is not None


def compiled() -> Any:
    """Return the functions of `tradeoff.serving.virtual.kernels`; each is compiled when first called, and kept on disk.

    Raises
    ------
    ImportError
        When numba is not installed.
    """
    global _compiled
    with _lock:
        if _compiled is None:
            _compiled = _compile()
        return _compiled


def warm() -> None:
    """Begin to compile in a thread of its own, unless that has been done; returns at once."""
    global _warming
    if _warming is None and is_available():
        _warming = threading.Thread(target=_warm, name="tradeoff-compile", daemon=True)
        _warming.start()


def wait() -> None:
    """Wait until nothing is compiled in the background."""
    if _warming is not None:
        _warming.join()


def is_warm() -> bool:
    """Say whether the functions have been compiled in the background."""
    return _warming is not None and not _warming.is_alive()


def is_kept() -> bool:
    """Say whether the compiled functions are on disk from an earlier time: they are loaded in a moment."""
    global _kept
    if not _kept:
        found = (getattr(compiled(), name) for name in _TRIED_OUT)
        # A function's code is written after its index.
        _kept = all(any(Path(one.stats.cache_path).glob(f"*.{one.py_func.__qualname__}-*.nbc")) for one in found)
    return _kept


def _compile() -> SimpleNamespace:
    import numba

    # The functions call each other by name: each gets a namespace in which those names are the compiled ones.
    names: dict[str, Any] = {}
    for module in (*_CONSTANTS, *_MODULES):
        names |= vars(module)
    stamp, found = _stamp(), {}
    for module in _MODULES:
        for name, function in vars(module).items():
            if isinstance(function, FunctionType) and function.__module__ == module.__name__:
                own = FunctionType(function.__code__, names, name, function.__defaults__)
                own.__module__, own.__qualname__ = module.__name__, f"{name}_{stamp}"
                found[name] = numba.njit(cache=True, nogil=True)(own)
    names |= found
    return SimpleNamespace(**found)


def _stamp() -> str:
    """Return a digest of everything that compiled code depends on.

    numba knows a kept function by its name and by its own file, and would not see that one it calls, in another file,
    has changed. So this is part of the name. With numba and processor in it, what is kept is what will be loaded.
    """
    import llvmlite.binding
    import numba

    digest = hashlib.sha256(f"{numba.__version__} {llvmlite.binding.get_host_cpu_name()}".encode())
    for module in (*_CONSTANTS, *_MODULES):
        digest.update(inspect.getsource(module).encode())
    return digest.hexdigest()[:12]


def _warm() -> None:
    from tradeoff.serving.virtual.engine import try_out

    time.sleep(_FIRST_S)
    try_out(compiled())
