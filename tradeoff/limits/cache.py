"""Limits that were measured before, remembered for the user.

One small file for each device, backend and set of library versions, in the user's cache folder. It is written aside
and renamed, so nobody reads half of it; one that cannot be read, or is not what its name promises, is as good as none.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path

from platformdirs import user_cache_path

from tradeoff.environment import cpu_model, packages, usable_cores
from tradeoff.limits.limits import Limits

_PACKAGES = {
    "numpy": ("numpy",),
    "torch": ("torch",),
    "cupy": ("cupy-cuda12x", "cupy-cuda13x", "cupy"),
}
"""The packages whose version decides how fast a backend copies and multiplies."""

_FORMAT = 1


def known_limits(device_name: str, backend: str | None = None, *, folder: Path | None = None) -> Limits | None:
    """Look up what was measured before.

    Parameters
    ----------
    device_name
        The device's model, as the column ``device`` names it (`tradeoff.limits.device_name`).
    backend
        Whose copies and products: ``"numpy"``, ``"cupy"`` or ``"torch"``; unless given those measured last.
    folder
        Where to look; the user's cache folder unless given.

    Returns
    -------
    Limits or None
        None when this backend, in the versions installed now, has not been measured on this device; on a processor
        also when it was measured with another number of usable cores.
    """
    if backend is None:
        found_by = [known_limits(device_name, name, folder=folder) for name in _PACKAGES]
        return max((found for found in found_by if found), key=lambda found: found.measured_at, default=None)
    key = _key(device_name, backend)
    try:
        content = json.loads(_file(folder, key).read_text(encoding="utf-8"))
        found = Limits.from_dict(content.get("limits"))
    except (OSError, ValueError, AttributeError, RecursionError):
        return None
    return found if content.get("key") == key and (found.device, found.backend) == (device_name, backend) else None


def remember(limits: Limits, *, folder: Path | None = None) -> bool:
    """Keep limits for `known_limits`; say whether that was possible (a folder may be read-only)."""
    key = _key(limits.device, limits.backend)
    file = _file(folder, key)
    text = json.dumps({"format": _FORMAT, "key": key, "limits": limits.to_dict()}, indent=1, allow_nan=False)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        number, aside = tempfile.mkstemp(dir=file.parent, prefix=file.stem, suffix=".tmp")
        try:
            with os.fdopen(number, "w", encoding="utf-8") as stream:
                stream.write(text + "\n")
            Path(aside).replace(file)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(aside).unlink()
            raise
    except OSError:
        return False
    return True


def _key(device_name: str, backend: str) -> dict[str, object]:
    versions = packages(_PACKAGES.get(backend, (backend,)))
    is_processor = device_name == (cpu_model() or "cpu")
    cores = usable_cores() if is_processor else None
    return {"device": device_name, "backend": backend, "versions": versions, "cores": cores, "format": _FORMAT}


def _file(folder: Path | None, key: dict[str, object]) -> Path:
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]
    return (folder or user_cache_path("tradeoff", appauthor=False)) / f"limits-{digest}.json"
