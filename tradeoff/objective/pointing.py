"""Pointing at a word: a line of somebody's text and a caret under the place that is meant."""

from __future__ import annotations

import unicodedata

_BEFORE, _AFTER, _MOST = 60, 40, 40
"""Characters shown before a word and after it, and carets under it."""


def pointed_at(text: str, position: int, length: int) -> tuple[str, str]:
    """Return a line of text and the line of carets under it, both indented by two.

    Parameters
    ----------
    text
        Any text: what a terminal does not show, or acts on, stands as a replacement character; of a long one the part
        around the word is shown.
    position, length
        The word, counted in characters.

    Notes
    -----
    Wide characters take two cells of a terminal and combining ones none (Unicode Standard Annex 11).
    """
    start, end = max(0, position - _BEFORE), position + min(length, _MOST) + _AFTER
    start, end = (start if start > 1 else 0), (end if end < len(text) - 1 else len(text))
    shown = "".join(map(_visible, text))[start:end]
    word = position - start
    line = f"{'…' if start else ''}{shown}{'…' if end < len(text) else ''}"
    before = _cells(shown[:word]) + max(0, word - len(shown)) + (1 if start else 0)
    carets = max(1, _cells(shown[word : word + min(length, _MOST)]))
    return f"  {line}", f"  {' ' * before}{'^' * carets}"


def _visible(character: str) -> str:
    if character.isspace():
        return " "
    return character if character.isprintable() else "�"


def _cells(text: str) -> int:
    return sum(
        0 if unicodedata.category(c) in ("Mn", "Me") else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text
    )
