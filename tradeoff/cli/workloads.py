"""``tradeoff workloads``."""

from __future__ import annotations

from importlib.util import find_spec

from tradeoff.cli.outcome import told_in_a_sentence
from tradeoff.cli.output import say, table


def workloads() -> None:
    """List the workloads known by name, and what they lack here."""
    with told_in_a_sentence():
        from tradeoff.workloads import backends, names

        rows = []
        for name in sorted(names(), key=lambda name: name.partition(".")[::-1]):
            backend, _, operation = name.partition(".")
            chosen = f"yes, as {operation!r}" if backends(operation)[0] == backend else ""
            rows.append((operation, backend, name, missing(backend) or "ready", chosen))
        table(("operation", "backend", "full name", "here", "preferred"), rows, title="Workloads")
        say("A callable or module of your own: tradeoff sweep package.module:attribute")


def missing(backend: str) -> str | None:
    """Say what a backend lacks on this machine, or None; nothing is imported for it."""
    from tradeoff.workloads.devices import has_cuda

    lacks = []
    if backend == "cupy" and not has_cuda():
        lacks.append("a CUDA GPU")
    if backend in ("cupy", "torch") and find_spec(backend) is None:
        lacks.append(f"{backend}: pip install 'tradeoff[{backend}]'")
    return f"needs {' and '.join(lacks)}" if lacks else None
