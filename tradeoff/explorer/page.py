"""The explorer as one HTML file: opens from a disk, asks no network and no kernel, and its sliders are alive."""

from __future__ import annotations

import html
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tradeoff.digits import three, whole
from tradeoff.explorer import remarks
from tradeoff.explorer.asked import Questions
from tradeoff.explorer.assets import page_module, plotly_bundle
from tradeoff.explorer.document import document, page_path, table_row, write_document
from tradeoff.explorer.grid import lay_out
from tradeoff.explorer.payload import payload
from tradeoff.frames import Run
from tradeoff.objective import Objective

_MOST_ROWS = 400
"""Rows of the table for readers without scripts; the CSV behind the page has them all."""


def save_page(
    run: Run,
    path: str | os.PathLike[str],
    *,
    axes: Sequence[str] | None = None,
    state: Mapping[str, Any] | None = None,
    title: str | None = None,
    objective: Objective | str | None = None,
    before: Run | None = None,
    said: remarks.Remarks | None = None,
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
        Where the sliders stand at first: ``batch_size``, ``concurrency``, ``position``, ``slice``, ``percentile``.
    title
        A heading; by default the workloads.
    objective
        What is asked at first, as `tradeoff.decide` takes it; by default nothing, and no winner is shown.
    before
        Another Run to compare with.
    said
        What is said of the points; by default what `tradeoff.explorer.remarks.remarks_on` finds.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    PayloadError
        When the points cannot be laid out.
    ObjectiveError
        When the objective cannot be read, or cannot be asked of these points.
    TypeError, ValueError
        When `path` is no path, or its name does not end in ``.html``.
    RunFolderError
        When it cannot be written; a page that was there stays.
    """
    target = page_path(path)
    text = page_of(run, axes=axes, state=state, title=title, objective=objective, before=before, said=said)
    return write_document(target, text)


def page_of(
    run: Run,
    *,
    axes: Sequence[str] | None = None,
    state: Mapping[str, Any] | None = None,
    title: str | None = None,
    objective: Objective | str | None = None,
    before: Run | None = None,
    said: remarks.Remarks | None = None,
    above: str = "",
) -> str:
    """Return such a page as text; `above` is markup that stands above the explorer, escaped by who wrote it."""
    points = run.points.reset_index(drop=True)
    questions = Questions(points, lay_out(points, axes))
    asked = questions.read(objective)
    content = payload(
        run, axes=axes, title=title, before=before, asked=questions.columns(asked),
        remarks=remarks.remarks_on(run) if said is None else said,
    )  # fmt: skip
    return page(content, state={**questions.start(asked), **(state or {})}, above=above)


def page(content: Mapping[str, Any], *, state: Mapping[str, Any] | None = None, above: str = "") -> str:
    """Put a payload, the explorer and plotly.js together.

    Parameters
    ----------
    content
        What `tradeoff.explorer.payload.payload` returned.
    state
        Where the sliders stand at first.
    above
        Markup that stands above the explorer; escaped by who wrote it.

    Returns
    -------
    str
        A whole HTML document. Its content security policy allows the two scripts by their hashes and nothing from
        outside; what came from data is escaped.
    """
    return document(
        title=f"{content['title']}: throughput and latency" if content["title"] else "throughput and latency",
        module=page_module(),
        payload=content,
        state=state or {},
        fallback=table(content),
        plotly=plotly_bundle(),
        above=above,
    )


def table(content: Mapping[str, Any]) -> Iterator[str]:
    """Write the points as an HTML table, for readers without scripts."""
    axes, percentiles = content["axes"], content["percentiles"]
    names = [slicer["column"] for slicer in content["slicers"]]
    heads = [*(slicer["label"] for slicer in content["slicers"]), *(axis["label"] for axis in axes)]
    heads += ["throughput, requests/s", *(f"{p}, ms" for p in percentiles), "n", "status"]
    yield f"<h1>{html.escape(content['title'])}</h1><p>Sliders and plots need scripts; these are the numbers.</p>"
    yield f"<table><thead>{table_row(heads, 'th')}</thead><tbody>"
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
            yield table_row(
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


def _three(value: float | None) -> str:
    return "–" if value is None else three(value)


def _text(value: object) -> str:
    return "–" if value is None else whole(value) if isinstance(value, int) else str(value)
