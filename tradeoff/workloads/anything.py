"""Makes a workload of whatever the user passes: a name, a workload, a module, a callable."""

from __future__ import annotations

import sys
from typing import Any

from tradeoff.workloads.own import OwnWorkload
from tradeoff.workloads.protocol import Workload, WorkloadError
from tradeoff.workloads.registry import get


def as_workload(thing: Any, *, example: Any = None, name: str | None = None) -> Workload:
    """Return `thing` as a workload.

    Parameters
    ----------
    thing
        A workload's name, a workload, a ``torch.nn.Module``, a call that takes a batch size, or a factory that takes
        one and returns the call.
    example
        An example input, for a module.
    name
        What to call a module or callable; its own name unless given.

    Raises
    ------
    WorkloadError
        When it is none of these.
    """
    if isinstance(thing, str):
        return get(thing)
    if is_module(thing):
        from tradeoff.workloads.own_module import ModuleWorkload

        return ModuleWorkload(thing, example=example, name=name)
    if example is not None:
        raise WorkloadError(
            f"example= goes with a torch module, and workload is a {type(thing).__name__}: leave it out"
        )
    if isinstance(thing, Workload) and not isinstance(thing, type):
        return thing
    if callable(thing):
        return OwnWorkload(thing, name=name)
    raise WorkloadError(
        f"workload must be a name, a callable that takes a batch size, or a torch module, got {type(thing).__name__}"
    )


def is_module(thing: object) -> bool:
    """Say whether `thing` is a torch module, without loading torch: who has a module has loaded it."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(thing, torch.nn.Module)
