"""Where a workload comes from, in a form that can be carried to another process."""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tradeoff.timing.failure import said_by
from tradeoff.workloads import Workload, WorkloadError, as_workload
from tradeoff.workloads.own import OwnWorkload

_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


@dataclass(frozen=True)
class Source:
    """How a worker process gets the workload.

    Attributes
    ----------
    kind
        ``"name"`` of a registered workload, ``"path"`` as in ``"package.module:attribute"``, or a callable that
        is ``"pickled"``.
    content
        The name, the path, or the bytes.
    name
        What the workload is called; its own name unless given.
    """

    kind: Literal["name", "path", "pickled"]
    content: str | bytes
    name: str | None = None

    def load(self) -> Workload:
        """Make the workload.

        Raises
        ------
        WorkloadError
            When it does not exist or cannot run here.
        """
        if self.kind == "name":
            return as_workload(self.content)
        if self.kind == "path":
            return as_workload(import_path(str(self.content)), name=self.name)
        import pickle

        # Made by this very program a moment ago and handed over a private pipe: not a file from anywhere.
        return as_workload(pickle.loads(bytes(self.content)), name=self.name)  # type: ignore[arg-type]  # noqa: S301


def import_path(path: str) -> Any:
    """Import what ``"package.module:attribute"`` names.

    Raises
    ------
    WorkloadError
        When the module or the attribute is not there, or importing it raises.
    """
    module, _, attribute = path.partition(":")
    if not _DOTTED.fullmatch(module):
        raise WorkloadError(
            f"workload {path!r} must be package.module:attribute, with the module's dotted name and no path to its "
            "file: run it from the folder that holds the module"
        )
    try:
        found = importlib.import_module(module)
    except ImportError as error:
        raise WorkloadError(f"workload {path!r}: module {module!r} cannot be imported ({error})") from error
    except (Exception, SystemExit) as error:  # the module is the user's own: it may raise anything
        raise WorkloadError(f"workload {path!r}: importing module {module!r} raised {said_by(error)}") from error
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise WorkloadError(f"workload {path!r}: module {module!r} has no {attribute!r}")
        found = getattr(found, part)
    return found


def source_of(
    thing: Any, workload: Workload, *, name: str | None, batch_sizes: Sequence[int], dtype: str, device: str
) -> Source | None:
    """Return how another process can get the workload, or None when only this one has it.

    A name and an importable path can be had anywhere. A callable is carried when it is a factory, for then
    everything it needs is made where it is called; a live callable belongs to the notebook it was written in.
    """
    if isinstance(thing, str):
        return Source("path" if ":" in thing else "name", thing, name)
    if not isinstance(workload, OwnWorkload):
        return None
    try:
        workload.prepare(batch_size=min(batch_sizes), dtype=dtype, device=device, seed=0)
    except Exception:  # it is measured in this process, and each point will say what went wrong
        return None
    if not workload.is_factory:
        return None
    try:
        import cloudpickle

        return Source("pickled", cloudpickle.dumps(thing), workload.name)
    except Exception:  # whatever cannot be pickled raises whatever it likes
        return None
