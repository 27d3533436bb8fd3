"""``tradeoff.read``: recognise what lies at a path, and make a Run of it."""

from __future__ import annotations

import os
from pathlib import Path

from tradeoff.frames import Run, RunFolder

_EXPECTED = "expected a Run folder, as 'tradeoff sweep' or run.save(...) leaves it"


class ReadError(ValueError):
    """Nothing at the path that can be read; the message says what was found and what was expected."""


def read(path: str | os.PathLike[str]) -> Run:
    """Read a Run folder.

    Parameters
    ----------
    path
        The folder that ``run.save``, ``tradeoff.sweep(path=…)`` or ``tradeoff sweep --out`` wrote. The folder of
        a killed sweep is read too: the Run holds the points that were complete.

    Returns
    -------
    Run
        Its points, its samples and the environment they were measured in.

    Raises
    ------
    ReadError
        When nothing is there, or it is not a Run folder.
    RunFolderError
        When a file in the folder is damaged, foreign or missing; it is named, and nothing is changed.
    """
    if not isinstance(path, str | os.PathLike) or not os.fspath(path):
        raise ReadError(f"path must be the path of a Run folder, as text or a Path; got {path!r}")
    folder = Path(path)
    if not folder.exists():
        raise ReadError(f"{folder} does not exist: {_EXPECTED}")
    if not folder.is_dir():
        raise ReadError(f"{folder} is a file: {_EXPECTED}")
    if not RunFolder(folder).is_run():
        raise ReadError(f"{folder} holds no environment.json: {_EXPECTED}")
    return RunFolder(folder).read()
