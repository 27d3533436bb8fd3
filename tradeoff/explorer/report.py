"""One figure, what it says and its table, as one HTML file that opens anywhere."""

from __future__ import annotations

import html
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import plotly.graph_objects as go

from tradeoff.explorer.assets import plotly_bundle, report_module
from tradeoff.explorer.document import document, page_path, table_row, write_document


def save_report(
    path: str | os.PathLike[str],
    *,
    title: str,
    sentence: str,
    figures: Mapping[str, go.Figure],
    table: Sequence[Sequence[str]],
    notes: Sequence[tuple[str, str]] = (),
) -> Path:
    """Write a page.

    Parameters
    ----------
    path
        The file; its name ends in ``.html``.
    title, sentence
        Text; escaped here.
    figures
        The same figure in the themes ``"light"`` and ``"dark"``.
    table
        Rows of text, the heads first.
    notes
        Names and texts.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    TypeError, ValueError
        When `path` is no path, or its name does not end in ``.html``.
    RunFolderError
        When it cannot be written; a page that was there stays.
    """
    target = page_path(path)
    text = report(title=title, sentence=sentence, figures=figures, table=table, notes=notes)
    return write_document(target, text)


def report(
    *,
    title: str,
    sentence: str,
    figures: Mapping[str, go.Figure],
    table: Sequence[Sequence[str]],
    notes: Sequence[tuple[str, str]] = (),
    above: str = "",
) -> str:
    """Write such a page as text; `above` is markup that stands above it, escaped by who wrote it."""
    bundle = plotly_bundle()
    content = {
        "title": title,
        "sentence": sentence,
        "figures": {theme: json.loads(str(figure.to_json())) for theme, figure in figures.items()},
        "table": [list(row) for row in table],
        "notes": [list(note) for note in notes],
        "plotly_version": bundle.version,
    }
    return document(
        title=title, module=report_module(), payload=content, state={}, fallback=_in_words(title, sentence, table),
        plotly=bundle, above=above,
    )  # fmt: skip


def _in_words(title: str, sentence: str, table: Sequence[Sequence[str]]) -> Iterator[str]:
    heads, *rows = table
    yield f"<h1>{html.escape(title)}</h1><p>{html.escape(sentence)}</p>"
    yield f"<table><thead>{table_row(heads, 'th')}</thead><tbody>"
    yield from (table_row(row) for row in rows)
    yield "</tbody></table>"
