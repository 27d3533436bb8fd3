"""The claim as Markdown: picture, caption, what is stated, and the points that matter."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from tradeoff.claim import words
from tradeoff.claim.carry.markdown import escaped
from tradeoff.figures.groups import place
from tradeoff.figures.marks import measure
from tradeoff.figures.text import count, label_of, with_interval
from tradeoff.frames import POINT_COLUMNS
from tradeoff.strangers import shortened

_MOST_ROWS = 12
_MARKS = {"frontier": "on the frontier", "ambiguous": "may be on it", "dominated": "dominated"}


def markdown(
    content: Mapping[str, Any],
    points: pd.DataFrame,
    labels: Sequence[str],
    axes: tuple[str, str],
    *,
    pictures: Sequence[str],
    absent: str = "",
) -> str:
    """Write the part of a document that carries the claim.

    Parameters
    ----------
    content
        The claim.
    points, labels
        The points and where each stands to the frontier.
    axes
        The columns that the figure shows.
    pictures
        Names of the files drawn.
    absent
        Why none was drawn, and which command mends it.
    """
    return "\n".join([*_lines(content, points, labels, axes, pictures, absent), ""])


def _lines(
    content: Mapping[str, Any],
    points: pd.DataFrame,
    labels: Sequence[str],
    axes: tuple[str, str],
    pictures: Sequence[str],
    absent: str,
) -> Iterator[str]:
    yield from _picture(content, pictures)
    if absent:
        yield from (escaped(absent), "")
    if content["marks"]:
        yield from (f"**{escaped(', '.join(content['marks']))}**", "")
    yield from (f"> {escaped(content['sentence'])}", "")
    yield from ("  \n".join(f"*{escaped(line)}*" for line in words.caption(content)), "")
    yield from (*_table(("what", "stated"), words.table(content)), "")
    for one in content["findings"]:
        yield f"- Audit, {escaped(one['severity'])}: {escaped(one['sentence'])}"
    if content["findings"]:
        yield ""
    yield from _points(points, labels, axes)
    files = ["[points.csv](points.csv): the points", "[figure.html](figure.html): the same with sliders",
             "[claim.json](claim.json): the claim for programs"]  # fmt: skip
    yield from (f"{'; '.join(files)}. `tradeoff claim show` verifies each of them, and this one.", "")


def _picture(content: Mapping[str, Any], pictures: Sequence[str]) -> Iterator[str]:
    if not pictures:
        return
    alternative = escaped(words.alternative(content))
    light = "figure.svg" if "figure.svg" in pictures else "figure.png"
    dark = light.replace("figure", "figure-dark")
    if dark not in pictures:
        yield from (f"![{alternative}]({light})", "")
        return
    # Markdown has no way to follow the reader's theme; its HTML has.
    quoted = html.escape(shortened(words.alternative(content), longest=2000))
    source = f'<source media="(prefers-color-scheme: dark)" srcset="{dark}">'
    yield from (f'<picture>{source}<img src="{light}" alt="{quoted}"></picture>', "")


def _points(points: pd.DataFrame, labels: Sequence[str], axes: tuple[str, str]) -> Iterator[str]:
    known = [at for word in _MARKS for at, label in enumerate(labels) if label == word]
    if not known:
        return
    named = [name for name in axes if name in points]
    measures = {name: measure(points, name) for name in named}
    rows = []
    for at in known[:_MOST_ROWS]:
        values = [_told(measures[name], at, name) for name in named]
        rows.append([place(points.iloc[at]), *values, count(points["n"].iloc[at]), _MARKS[labels[at]]])
    yield from _table(("point", *map(label_of, named), "n", ""), rows)
    left = len(points) - len(rows)
    yield from ("", *([f"{left} more in points.csv.", ""] if left else []))


def _told(values: Any, at: int, name: str) -> str:
    value, low, high = (float(part[at]) for part in values)
    if name in POINT_COLUMNS:
        return with_interval(value, low, high, name)
    return f"{value:.3g}"


def _table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    names = [escaped(head) for head in heads]
    yield f"| {' | '.join(names)} |"
    yield f"|{'---|' * len(names)}"
    for row in rows:
        yield f"| {' | '.join(escaped(cell) for cell in row)} |"
