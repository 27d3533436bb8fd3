"""The explorer as one HTML file: opens from a disk, asks no network and no kernel, and its sliders are alive."""

from __future__ import annotations

import base64
import hashlib
import html
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tradeoff.digits import three, whole
from tradeoff.explorer.assets import page_module, plotly_bundle, stylesheet
from tradeoff.explorer.payload import payload, to_json
from tradeoff.frames import Run, RunFolderError
from tradeoff.frames.files import write_whole

_MOST_ROWS = 400
"""Rows of the table for readers without scripts; the CSV behind the page has them all."""

_PAGE_STYLE = """
html { color-scheme: light dark; }
body { max-width: 1440px; margin: 0 auto; background: #ffffff; }
@media (prefers-color-scheme: dark) { body { background: #16181c; color: #e8eaee; } }
noscript { display: block; padding: 12px; font: 14px/1.4 system-ui, sans-serif; }
noscript :is(th, td) { padding: 2px 10px; text-align: right; }
"""


def save_page(
    run: Run,
    path: str | os.PathLike[str],
    *,
    axes: Sequence[str] | None = None,
    state: Mapping[str, Any] | None = None,
    title: str | None = None,
) -> Path:
    """Write the explorer of `run` as one HTML file.

    Parameters
    ----------
    run
        What was measured or read.
    path
        The file; its name ends in ``.html``.
    axes
        Columns to slide along, as `tradeoff.explorer.payload.payload` takes them.
    state
        Where the sliders stand at first: ``batch_size``, ``concurrency``, ``position``, ``slice``, ``percentile``,
        ``limit_ms``.
    title
        A heading; by default the workloads.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    PayloadError
        When the points cannot be laid out.
    TypeError, ValueError
        When `path` is no path, or its name does not end in ``.html``.
    RunFolderError
        When it cannot be written; a page that was there stays.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path must be the path of a page, as text or a Path, such as 'figure.html'; got {path!r}")
    target = Path(path)
    if target.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"path {str(path)!r}: the explorer is saved as one page, so its name must end in .html")
    limit = (state or {}).get("limit_ms")
    content = payload(run, axes=axes, limits_ms=[] if limit is None else [limit], title=title)
    text = page(content, state=state)
    if not target.parent.is_dir():
        raise RunFolderError(f"{target}: there is no folder {target.parent}: make it first, or choose another place")
    if target.is_dir():
        raise RunFolderError(f"{target} is a folder: choose another name")
    write_whole(target, lambda aside: aside.write_text(text, encoding="utf-8", newline="\n"))
    return target


def page(content: Mapping[str, Any], *, state: Mapping[str, Any] | None = None) -> str:
    """Put a payload, the explorer and plotly.js together.

    Parameters
    ----------
    content
        What `tradeoff.explorer.payload.payload` returned.
    state
        Where the sliders stand at first.

    Returns
    -------
    str
        A whole HTML document. Its content security policy allows the two scripts by their hashes and nothing from
        outside; what came from data is escaped.
    """
    bundle = plotly_bundle()
    module = "\n" + _harmless(page_module())
    heading = html.escape(
        f"{content['title']}: throughput and latency" if content["title"] else "throughput and latency"
    )
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hash(module)} {_hash(bundle.source)}",
            "style-src 'unsafe-inline'",  # plotly.js writes style attributes on what it draws
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    parts = (
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="generator" content="tradeoff">',
        '<link rel="icon" href="data:,">',
        f"<title>{heading}</title>",
        f"<style>{_PAGE_STYLE}{stylesheet()}</style>",
        "</head>",
        "<body>",
        f'<main id="tradeoff-explorer"><noscript>{"".join(table(content))}</noscript></main>',
        f'<script type="application/json" id="tradeoff-payload">{to_json(content)}</script>',
        f'<script type="application/json" id="tradeoff-state">{to_json(dict(state or {}))}</script>',
        f'<script type="text/plain" id="tradeoff-plotly">{base64.b64encode(bundle.gzipped).decode("ascii")}</script>',
        f'<script type="module">{module}</script>',
        "</body>",
        "</html>",
        "",
    )
    return "\n".join(parts)


def table(content: Mapping[str, Any]) -> Iterator[str]:
    """Write the points as an HTML table, for readers without scripts."""
    axes, percentiles = content["axes"], content["percentiles"]
    names = [slicer["column"] for slicer in content["slicers"]]
    heads = [*(slicer["label"] for slicer in content["slicers"]), *(axis["label"] for axis in axes)]
    heads += ["throughput, requests/s", *(f"{p}, ms" for p in percentiles), "n", "status"]
    yield f"<h1>{html.escape(content['title'])}</h1><p>Sliders and plots need scripts; these are the numbers.</p>"
    yield f"<table><thead>{_row(heads, 'th')}</thead><tbody>"
    written = left = 0
    for one in content["slices"]:
        metrics = [
            one["metrics"].get(name, []) for name in ("throughput_rps", *(f"latency_{p}_ms" for p in percentiles))
        ]
        for cell, place in enumerate(_places([len(axis["values"]) for axis in axes])):
            if one["status"][cell] is None:
                continue
            if written == _MOST_ROWS:
                left += 1
                continue
            written += 1
            values = [values[cell] if values else None for values in metrics]
            reason = one["reason"].get(str(cell), "")
            status = f"{one['status'][cell]}{f': {reason}' if reason else ''}"
            where = [axis["values"][at] for axis, at in zip(axes, place, strict=True)]
            yield _row(
                [*(one["key"][name] for name in names), *where, *map(_three, values), _text(one["n"][cell]), status]
            )
    yield f"</tbody></table>{f'<p>{left} more rows are left out here.</p>' if left else ''}"


def _places(sizes: Sequence[int]) -> Iterator[tuple[int, ...]]:
    if not sizes:
        yield ()
        return
    for first in range(sizes[0]):
        for rest in _places(sizes[1:]):
            yield (first, *rest)


def _row(cells: Iterable[Any], tag: str = "td") -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(str(cell))}</{tag}>" for cell in cells) + "</tr>"


def _three(value: float | None) -> str:
    return "–" if value is None else three(value)


def _text(value: object) -> str:
    return "–" if value is None else whole(value) if isinstance(value, int) else str(value)


def _harmless(script: str) -> str:
    # The module is ours and holds no "</script"; should a string in it ever do, the page must not break.
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode('ascii')}'"
