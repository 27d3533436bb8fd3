"""In an SVG: its ``<metadata>``, which every reader of SVG passes over; and a title and a description for all eyes."""

from __future__ import annotations

import html
import re

from tradeoff.claim.carry.taken import Taken, unix_lines
from tradeoff.strangers import shortened

_OPEN = b'<metadata><tradeoff:claim xmlns:tradeoff="urn:tradeoff:claim:1">'
_CLOSE = b"</tradeoff:claim></metadata>"
_BLOCK = re.compile(re.escape(_OPEN) + rb"([^<]*)" + re.escape(_CLOSE))
_ROOT = re.compile(rb"<svg\b[^>]*>")
_MOST_WORDS = 2000


def described(content: bytes, *, title: str, description: str) -> bytes:
    """Give a drawing the words that a screen reader says."""
    words = f"<title>{_escaped(title)}</title><desc>{_escaped(description)}</desc>".encode()
    root = _ROOT.search(content)
    if root is None:
        raise ValueError("this is no SVG: it has no <svg> element")
    return content[: root.end() - 1] + b' role="img">' + words + content[root.end() :]


def put(content: bytes, block: str) -> bytes:
    """Put the block first in the drawing."""
    root = _ROOT.search(content)
    if root is None:
        raise ValueError("this is no SVG: it has no <svg> element")
    return content[: root.end()] + _OPEN + block.encode("ascii") + _CLOSE + content[root.end() :]


def take(content: bytes) -> Taken | None:
    """Take the block out."""
    content = unix_lines(content)
    found = _BLOCK.search(content)
    if found is None:
        return None
    return Taken(found[1].decode("ascii", "replace"), content[: found.start()] + content[found.end() :])


def _escaped(text: str) -> str:
    return html.escape(shortened(text, longest=_MOST_WORDS), quote=False)
