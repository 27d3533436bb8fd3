"""What the browser is given: one ES module joined from ``js/``, the style sheets of ``css/``, and plotly.js.

The modules under ``js/`` are real ES modules that import each other by one-line relative imports. A widget and a
page need a single text, so they are put one after the other in the order of their dependencies, without their
imports and ``export`` keywords, and without what is for readers, for they travel with every widget: no build, no tool
beside Python.
"""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

_IMPORT = re.compile(r'^import \{[^}\n]*\} from "\./([a-z_]+\.js)";\n', re.MULTILINE)
_ANY_IMPORT = re.compile(r"^\s*import\b.*$", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async function|function|const|let|class)\b)", re.MULTILINE)
_TOP_LEVEL = re.compile(
    r"^(?:export )?(?:async function\*?|function\*?|const|let|class) ([A-Za-z_$][\w$]*)", re.MULTILINE
)
_FOR_READERS = re.compile(r"^[ \t]*//.*\n|^[ \t]+", re.MULTILINE)
_PLOTLY_VERSION = re.compile(r"plotly\.js v(\d+\.\d+\.\d+\S*)")

STYLES = ("base", "controls", "objective", "panels", "marks", "breakdown", "foot", "whatif", "report")
"""Style sheets under ``css/``, in the order in which one may overrule another."""

# An AMD or CommonJS loader in the page (a classic notebook has require.js) would catch the bundle away from us.
_PLOTLY_BEFORE, _PLOTLY_AFTER = "(function (define, module, exports) {\n", "\n}).call(globalThis);\n"


class AssetError(RuntimeError):
    """The browser's files cannot be put together."""


@dataclass(frozen=True)
class Bundle:
    """plotly.js as the explorer loads it.

    Attributes
    ----------
    version
        The version of plotly.js, which is not that of the Python package.
    source
        The script, wrapped so that no module loader in the page can catch it.
    gzipped
        `source` in UTF-8, gzipped: what travels.
    """

    version: str
    source: str
    gzipped: bytes


@cache
def widget_module() -> str:
    """Return the ES module for Jupyter: ``export default { render }``, as anywidget expects it."""
    return join_modules(_folder("js"), "widget.js")


@cache
def page_module() -> str:
    """Return the ES module for the stand-alone page: the same explorer with a small model of its own."""
    return join_modules(_folder("js"), "page.js")


@cache
def whatif_widget_module() -> str:
    """Return what-if's ES module for Jupyter."""
    return join_modules(_folder("js"), "whatif_widget.js")


@cache
def whatif_page_module() -> str:
    """Return what-if's ES module for the stand-alone page."""
    return join_modules(_folder("js"), "whatif_page.js")


@cache
def report_module() -> str:
    """Return the ES module of a page with one figure."""
    return join_modules(_folder("js"), "report_page.js")


@cache
def stylesheet() -> str:
    """Return the explorer's style sheet; every rule in it is below ``.tradeoff-explorer``."""
    return "\n".join(_read(_folder("css"), f"{name}.css") for name in STYLES)


@cache
def plotly_bundle() -> Bundle:
    """Return plotly.js from the plotly package that is installed.

    Raises
    ------
    AssetError
        When the package holds a bundle whose version cannot be told.
    """
    from plotly.offline import get_plotlyjs

    script = str(get_plotlyjs()).replace("\r\n", "\n").replace("\r", "\n")
    found = _PLOTLY_VERSION.search(script[:1000])
    if found is None:
        raise AssetError("plotly.js in the installed plotly package names no version: reinstall plotly (>= 6.0)")
    source = _PLOTLY_BEFORE + script + _PLOTLY_AFTER
    return Bundle(found[1], source, gzip.compress(source.encode(), compresslevel=9, mtime=0))


def join_modules(folder: Traversable, entry: str) -> str:
    """Join `entry` and the modules it imports, each once, dependencies first.

    Parameters
    ----------
    folder
        Where the modules are.
    entry
        The file to start from; its ``export default`` stays.

    Raises
    ------
    AssetError
        When a module is absent, imports in another form than ``import { a, b } from "./name.js";`` or in a circle,
        or two modules use the same name at top level.
    """
    order: list[str] = []
    _visit(folder, entry, order, ())
    owners: dict[str, str] = {}
    parts = []
    for name in order:
        text = _read(folder, name)
        for top_level in _TOP_LEVEL.findall(text):
            if top_level in owners:
                raise AssetError(f"{name} and {owners[top_level]} both define {top_level!r}: rename one")
            owners[top_level] = name
        bare = _FOR_READERS.sub("", _EXPORT.sub("", _IMPORT.sub("", text)))
        parts.append(f"// {name}\n{bare.strip()}\n")
    return "\n".join(parts)


def _visit(folder: Traversable, name: str, order: list[str], above: tuple[str, ...]) -> None:
    if name in above:
        raise AssetError(f"modules import each other in a circle: {' -> '.join((*above, name))}")
    if name in order:
        return
    text = _read(folder, name)
    for needed in _IMPORT.findall(text):
        _visit(folder, needed, order, (*above, name))
    left = _ANY_IMPORT.search(_IMPORT.sub("", text))
    if left:
        raise AssetError(f'{name}: {left[0].strip()!r} must read: import {{ a, b }} from "./name.js";')
    order.append(name)


def _read(folder: Traversable, name: str) -> str:
    try:
        return folder.joinpath(name).read_text(encoding="utf-8").replace("\r\n", "\n")
    except FileNotFoundError as error:
        raise AssetError(f"{name!r} is not in {folder.name}/") from error


def _folder(name: str) -> Traversable:
    return files("tradeoff.explorer").joinpath(name)
