"""Where the numbers of a claim come from: a hash always, a name only when asked for."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from tradeoff.arguments import ArgumentError, shown
from tradeoff.claim.data import published
from tradeoff.frames import RunFolder
from tradeoff.frames.files import named
from tradeoff.frames.folder import PARTS
from tradeoff.strangers import shortened

_AT_ONCE = 1 << 20


def source_of(source: str | os.PathLike[str] | None, points: pd.DataFrame) -> dict[str, str | None]:
    """Describe a source.

    Parameters
    ----------
    source
        The file or Run folder that the points were read from, or what else it is called; None leaves it unnamed.
    points
        All points, as they are published: without a file their hash says what they were.

    Returns
    -------
    dict
        ``name``: `source` as it was given, or None; ``of``: what was hashed, ``"file"``, ``"folder"`` or ``"points"``;
        ``sha256``: its hash. That of a folder is over its files' names and hashes, as ``sha256sum`` prints them.

    Raises
    ------
    ArgumentError
        When it is neither text nor a path, or a folder that is no Run.
    RunFolderError
        When it cannot be read.
    """
    if source is None:
        return {"name": None, "of": "points", "sha256": published(points).sha256()}
    if not isinstance(source, str | os.PathLike) or not os.fspath(source):
        raise ArgumentError(f"source must be the file or Run folder of the points, or its name; got {shown(source)}")
    path, name = Path(source), shortened(os.fspath(source), longest=500)
    try:
        is_file, is_folder = path.is_file(), path.is_dir()
    except (OSError, ValueError):  # a name that no file can have
        is_file = is_folder = False
    if is_file:
        return {"name": name, "of": "file", "sha256": _file_sha256(path)}
    if not is_folder:
        return {"name": name, "of": "points", "sha256": published(points).sha256()}
    if not RunFolder(path).is_run():
        raise ArgumentError(f"source {shown(source)} is a folder and no Run: name the file, or the Run folder")
    listing = "".join(f"{_file_sha256(file)}  {file.relative_to(path).as_posix()}\n" for file in _files(path))
    return {"name": name, "of": "folder", "sha256": hashlib.sha256(listing.encode("utf-8")).hexdigest()}


def _files(folder: Path) -> Iterable[Path]:
    parts = [folder / name for name in PARTS if not name.startswith(".")]
    files = [file for part in parts for file in (part.rglob("*") if part.is_dir() else [part])]
    kept = [file for file in files if file.is_file() and not file.name.startswith(".")]
    return sorted(kept, key=lambda file: file.relative_to(folder).as_posix())


def _file_sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with named(file, "read the file"), file.open("rb") as opened:
        while part := opened.read(_AT_ONCE):
            digest.update(part)
    return digest.hexdigest()
