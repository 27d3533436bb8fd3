"""Where JupyterLab lives, which need not be where the kernel lives, and what is installed there."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

EXTENSIONS = ("anywidget", "@jupyter-widgets/jupyterlab-manager")
"""Without these in JupyterLab's own environment a widget stays blank."""


@dataclass(frozen=True, kw_only=True)
class Jupyter:
    """What was found of JupyterLab.

    Attributes
    ----------
    python
        The interpreter it runs with; None when there is no JupyterLab.
    is_here
        Whether that is the environment of the running interpreter.
    extensions
        Those of `EXTENSIONS` that it will load, with their versions.
    knows_this_kernel
        Whether it offers a kernel that runs with the running interpreter.
    """

    python: str | None
    is_here: bool = False
    extensions: Mapping[str, str] = field(default_factory=dict)
    knows_this_kernel: bool = False


def find_jupyter(
    *, executable: str = sys.executable, prefix: str = sys.prefix, path: str | None = None, home: Path | None = None
) -> Jupyter:
    """Find the JupyterLab that ``jupyter lab`` starts: the one on the PATH, else the one of this environment.

    Parameters
    ----------
    executable, prefix
        The running interpreter and its environment.
    path
        Where commands are looked for; ``PATH`` unless given.
    home
        The person's folder, where kernels and extensions may lie too.
    """
    launcher = shutil.which("jupyter-lab", path=path) or shutil.which("jupyter-lab", path=str(Path(executable).parent))
    python = None if launcher is None else _interpreter_of(Path(launcher))
    if python is None:
        return Jupyter(python=None)
    theirs = Path(python).parent.parent
    folders = list(dict.fromkeys(_data_folders(theirs, home)))
    return Jupyter(
        python=python,
        is_here=_same(theirs, Path(prefix)),
        extensions=_extensions(folders),
        knows_this_kernel=any(_same(Path(kernel), Path(executable)) for kernel in _kernels(folders)),
    )


def _interpreter_of(launcher: Path) -> str | None:
    """Read the interpreter from the first lines of a launcher that pip wrote."""
    try:
        with launcher.open("rb") as file:
            head = file.read(1024).decode("utf-8", errors="replace").splitlines()
    except OSError:
        return None
    if not head or not head[0].startswith("#!"):
        return None
    words = head[0][2:].split()
    if words and words[0] == "/bin/sh" and len(head) > 1:
        # pip's form for interpreters whose path is too long or has a blank: '''exec' "/path to/python" "$0" "$@"
        words = head[1].removeprefix("'''exec'").strip().split('"')[1:2]
    if not words or not Path(words[0]).is_absolute() or Path(words[0]).name == "env":
        return None
    return words[0]


def _data_folders(prefix: Path, home: Path | None) -> Iterator[Path]:
    """Jupyter's data folders, the one that wins first."""
    for name in filter(None, os.environ.get("JUPYTER_PATH", "").split(os.pathsep)):
        yield Path(name)
    home = Path.home() if home is None else home
    yield home / ("Library/Jupyter" if sys.platform == "darwin" else ".local/share/jupyter")
    yield prefix / "share" / "jupyter"
    yield Path("/usr/local/share/jupyter")
    yield Path("/usr/share/jupyter")


def _extensions(folders: Iterable[Path]) -> dict[str, str]:
    found: dict[str, str] = {}
    for folder in folders:
        for name in EXTENSIONS:
            content = _json(folder / "labextensions" / name / "package.json")
            if content is not None and name not in found:
                found[name] = str(content.get("version", "of unknown version"))
    return found


def _kernels(folders: Iterable[Path]) -> Iterator[str]:
    for folder in folders:
        for file in sorted((folder / "kernels").glob("*/kernel.json")):
            command = (_json(file) or {}).get("argv")
            if isinstance(command, list) and command and isinstance(command[0], str):
                yield command[0]


def _json(file: Path) -> dict[str, object] | None:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _same(one: Path, other: Path) -> bool:
    # Not resolved: the interpreters of all virtual environments are links to the same one.
    return os.path.normpath(one) == os.path.normpath(other)
