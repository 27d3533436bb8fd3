"""One HTML file that opens from a disk and asks no network: a module, its payload and its state, locked by a policy."""

from __future__ import annotations

import base64
import hashlib
import html
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tradeoff.explorer.assets import Bundle, stylesheet
from tradeoff.explorer.payload import to_json
from tradeoff.frames import RunFolderError
from tradeoff.frames.files import write_whole

_PAGE_STYLE = """
html { color-scheme: light dark; }
body { max-width: 1440px; margin: 0 auto; background: #ffffff; }
@media (prefers-color-scheme: dark) { body { background: #16181c; color: #e8eaee; } }
noscript { display: block; padding: 12px; font: 14px/1.4 system-ui, sans-serif; }
noscript :is(th, td) { padding: 2px 10px; text-align: right; }
"""


def document(
    *,
    title: str,
    module: str,
    payload: Mapping[str, Any],
    state: Mapping[str, Any],
    fallback: Iterable[str],
    plotly: Bundle | None = None,
    above: str = "",
) -> str:
    """Put a widget and what it shows together.

    Parameters
    ----------
    title
        Of the window; escaped here.
    module
        The ES module that draws.
    payload, state
        What it reads.
    fallback
        Markup for readers without scripts; escaped by who wrote it.
    plotly
        plotly.js, for a widget that draws with it.
    above
        Markup that stands above the widget, with scripts or without; escaped by who wrote it.

    Returns
    -------
    str
        A whole HTML document. Its content security policy allows its scripts by their hashes and nothing from outside;
        what came from data is escaped.
    """
    script = "\n" + _harmless(module)
    hashes = [_hash(script)] + ([_hash(plotly.source)] if plotly else [])
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(hashes)}",
            "style-src 'unsafe-inline'",  # plotly.js writes style attributes on what it draws
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    bundle = base64.b64encode(plotly.gzipped).decode("ascii") if plotly else None
    parts = (
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="generator" content="tradeoff">',
        '<link rel="icon" href="data:,">',
        f"<title>{html.escape(title)}</title>",
        f"<style>{_PAGE_STYLE}{stylesheet()}</style>",
        "</head>",
        "<body>",
        *([above] if above else []),
        f'<main id="tradeoff-explorer"><noscript>{"".join(fallback)}</noscript></main>',
        f'<script type="application/json" id="tradeoff-payload">{to_json(payload)}</script>',
        f'<script type="application/json" id="tradeoff-state">{to_json(dict(state))}</script>',
        *([] if bundle is None else [f'<script type="text/plain" id="tradeoff-plotly">{bundle}</script>']),
        f'<script type="module">{script}</script>',
        "</body>",
        "</html>",
        "",
    )
    return "\n".join(parts)


def page_path(path: object) -> Path:
    """Return the path of a page.

    Raises
    ------
    TypeError, ValueError
        When it is no path, or its name does not end in ``.html``.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path must be the path of a page, as text or a Path, such as 'figure.html'; got {path!r}")
    target = Path(path)
    if target.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"path {str(path)!r}: it is saved as one page, so its name must end in .html")
    return target


def write_document(target: Path, text: str) -> Path:
    """Write a document whole, or not at all.

    Raises
    ------
    RunFolderError
        When it cannot be written; a page that was there stays.
    """
    if not target.parent.is_dir():
        raise RunFolderError(f"{target}: there is no folder {target.parent}: make it first, or choose another place")
    if target.is_dir():
        raise RunFolderError(f"{target} is a folder: choose another name")
    write_whole(target, lambda aside: aside.write_text(text, encoding="utf-8", newline="\n"))
    return target


def table_row(cells: Iterable[Any], tag: str = "td") -> str:
    """Write one row of a table, escaped."""
    return "<tr>" + "".join(f"<{tag}>{html.escape(str(cell))}</{tag}>" for cell in cells) + "</tr>"


def _harmless(script: str) -> str:
    # The module is ours and holds no "</script"; should a string in it ever do, the page must not break.
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode('ascii')}'"
