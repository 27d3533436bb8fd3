"""The inner loops, compiled by numba where the extra ``fast`` is installed: when, and in which thread."""

from __future__ import annotations

import threading
from importlib.util import find_spec
from pathlib import Path
from types import FunctionType, SimpleNamespace
from typing import Any

from tradeoff.serving.virtual import kernels, token_kernel

_lock = threading.Lock()
_compiled: SimpleNamespace | None = None
_warming: threading.Thread | None = None


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


def is_warm() -> bool:
    """Say whether the functions have been compiled in the background."""
    return _warming is not None and not _warming.is_alive()


def is_kept() -> bool:
    """Say whether the compiled functions are on disk from an earlier time: loading them takes a second."""
    functions = compiled()
    for name in ("run_open", "run_events"):
        function = getattr(functions, name)
        kept = Path(function.stats.cache_path).glob(f"kernels.{name}-{function.py_func.__code__.co_firstlineno}.*.nbi")
        if not any(kept):
            return False
    return True


def _compile() -> SimpleNamespace:
    import numba

    # The functions call each other by name: each gets a namespace in which those names are the compiled ones.
    names: dict[str, Any] = {**vars(token_kernel), **vars(kernels)}
    everything = [(module, name) for module in (kernels, token_kernel) for name in module.COMPILED]
    for module, name in everything:
        function = getattr(module, name)
        own = FunctionType(function.__code__, names, name, function.__defaults__)
        own.__module__, own.__qualname__ = function.__module__, name
        names[name] = numba.njit(cache=True, nogil=True)(own)
    return SimpleNamespace(**{name: names[name] for _, name in everything})


def _warm() -> None:
    from tradeoff.serving.virtual.engine import try_out

    try_out(compiled())
