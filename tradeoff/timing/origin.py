"""Where an error comes from: the last line of the user's own code that it passed."""

from __future__ import annotations

import re
import sysconfig
from functools import lru_cache
from pathlib import Path
from types import CodeType

from tradeoff.strangers import shortened

_HERE = Path(__file__).parents[1]
_LIBRARIES = frozenset({"site-packages", "dist-packages"})
_CELL = re.compile(r"(?:^|[\\/])ipykernel_\d+[\\/]")


def where_raised(error: BaseException) -> str:
    """Say where in the user's own code an error was raised: ``model.py, line 17, in Net.forward``.

    The last frame that belongs neither to tradeoff nor to a library; of an error without such a frame the last outside
    tradeoff; empty when there is none. Of the file only its name is told, of a notebook's cell that it is one.
    """
    return named(*place_of(error))


def place_of(error: BaseException) -> tuple[CodeType | None, int]:
    """Return code and line of the frame that `where_raised` names."""
    last: tuple[CodeType | None, int] = (None, 0)
    own: tuple[CodeType | None, int] = (None, 0)
    step = error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        whose = _whose(code.co_filename)
        if whose != "tradeoff":
            last = code, step.tb_lineno
            if whose == "own":
                own = last
        step = step.tb_next
    return own if own[0] is not None else last


def named(code: CodeType | None, line: int) -> str:
    """Name a line of code without the folders of this machine; empty for no code."""
    if code is None:
        return ""
    name = "a notebook's cell" if _CELL.search(code.co_filename) else re.split(r"[\\/]", code.co_filename)[-1]
    return f"{shortened(name, longest=80)}, line {line}, in {shortened(code.co_qualname, longest=80)}"


@lru_cache(maxsize=4096)
def _whose(filename: str) -> str:
    """Say whose a file is: ``"tradeoff"``, ``"library"`` or ``"own"``."""
    if filename.startswith("<"):
        return "library" if filename.startswith("<frozen ") else "own"
    path = Path(filename)
    if path.is_relative_to(_HERE):
        return "tradeoff"
    is_library = not _LIBRARIES.isdisjoint(path.parts) or any(path.is_relative_to(folder) for folder in _standard())
    return "library" if is_library else "own"


@lru_cache(maxsize=1)
def _standard() -> tuple[Path, ...]:
    paths = sysconfig.get_paths()
    return tuple(Path(paths[name]) for name in ("stdlib", "platstdlib") if name in paths)
