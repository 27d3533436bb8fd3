"""What a call does besides computing: whether it changes its inputs, and whether its output keeps its form.

Both make a measurement mean less than it seems to: the calls that are timed are then not the same call. To be asked
once for a point, outside of what is timed.
"""

from __future__ import annotations

import dataclasses
import math
import sys
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tradeoff.workloads.protocol import Call

HASHED = 65_536
"""Numbers of an array that are looked at one by one: all of them, or so many spread evenly; the others as their sum."""

_DEEPEST = 8
_MOST = 4096
"""Where a structure is looked into no further; an object that holds itself ends here."""

Fingerprint = tuple[tuple[str, ...], ...]


def observe(call: Call, *, calls: int = 2) -> tuple[str, ...]:
    """Run `call` a few times and say what sets its calls apart.

    Parameters
    ----------
    call
        A prepared call. Inputs are watched when it shows them as an attribute ``inputs``, any structure of arrays: the
        catalogue's calls and those of modules do, your own may.
    calls
        How often it is called; 2 or more for the outputs to be compared.

    Returns
    -------
    tuple of str
        ``"mutates_inputs"`` when the inputs differ after the calls from before. ``"output_varies"`` when the outputs
        differ in structure, shape, number type or device.
    """
    inputs = getattr(call, "inputs", None)
    before = contents(inputs)
    forms = {form(call()) for _ in range(calls)}
    flags = []
    if contents(inputs) != before:
        flags.append("mutates_inputs")
    if len(forms) > 1:
        flags.append("output_varies")
    return tuple(flags)


def form(tree: object) -> Fingerprint:
    """Return the structure of `tree` with the type, shape, number type and device of each leaf."""
    return tuple((path, *_form(leaf)) for path, leaf in leaves(tree))


def contents(tree: object) -> Fingerprint:
    """Return `form` and, for every array, what tells its numbers apart from others with near certainty."""
    return tuple((path, *_form(leaf), _digest(leaf)) for path, leaf in leaves(tree))


def leaves(tree: object, path: str = "", depth: int = 0) -> Iterator[tuple[str, object]]:
    """Walk mappings, sequences, dataclasses and plain objects, such as a model library's outputs and caches.

    Gives the place and the leaf.
    """
    count = 0
    for name, part in _parts(tree) if depth < _DEEPEST else ():
        for found in leaves(part, f"{path}/{name}", depth + 1):
            count += 1
            if count > _MOST:
                return
            yield found
    if not count:
        yield path, tree


def _parts(tree: object) -> Iterator[tuple[str, object]]:
    if _is_array(tree) or isinstance(tree, (str, bytes, int, float, complex, type(None))):
        return
    if isinstance(tree, Mapping):
        yield from ((str(name), part) for name, part in tree.items())
    elif isinstance(tree, (tuple, list)):
        yield from ((str(place), part) for place, part in enumerate(tree))
    elif dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        yield from ((field.name, getattr(tree, field.name, None)) for field in dataclasses.fields(tree))
    elif not callable(tree):
        yield from getattr(tree, "__dict__", {}).items()


def _is_array(thing: object) -> bool:
    if isinstance(thing, (Mapping, tuple, list)):
        return False
    try:
        return hasattr(thing, "shape") and hasattr(thing, "dtype")
    except Exception:  # somebody's own __getattr__: no array, and no reason to fail
        return False


def _form(leaf: Any) -> tuple[str, ...]:
    if _is_array(leaf):
        return type(leaf).__name__, str(tuple(leaf.shape)), str(leaf.dtype), str(getattr(leaf, "device", ""))
    return (type(leaf).__name__,)


def _digest(leaf: Any) -> str:
    """Return what changes when the leaf's numbers do; of what is no array, its value if it has a plain one."""
    if not _is_array(leaf):
        return repr(leaf) if isinstance(leaf, (str, bytes, int, float, complex, type(None))) else ""
    torch = sys.modules.get("torch")
    step = max(1, math.prod(leaf.shape) // HASHED)
    try:
        if torch is not None and isinstance(leaf, torch.Tensor):
            return _digest_of_tensor(torch, leaf, step=step)
        return _digest_of_array(leaf, step=step)
    except Exception:  # an array of a kind that cannot be read so (sparse, quantised): nothing is known of its numbers
        return ""


def _digest_of_array(array: Any, *, step: int) -> str:
    flat = array.reshape(-1)
    some = np.ascontiguousarray(_fetched(flat[::step]))
    total = _fetched(flat.sum(dtype=np.float64)) if step > 1 and array.dtype.kind in "fiub" else 0
    return f"{zlib.crc32(some.tobytes()):08x} {total!r}"


def _digest_of_tensor(torch: Any, tensor: Any, *, step: int) -> str:
    with torch.no_grad():
        flat = tensor.detach().reshape(-1)
        some = flat[::step].contiguous().cpu()
        total = flat.sum(dtype=torch.float64).item() if step > 1 and not flat.is_complex() else 0
        return f"{zlib.crc32(some.view(torch.uint8).numpy().tobytes()):08x} {total!r}"


def _fetched(array: Any) -> Any:
    """Bring a CuPy array to the host; NumPy's are there."""
    return array.get() if hasattr(array, "get") else array
