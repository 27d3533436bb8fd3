"""In Markdown: an HTML comment before the end of a part that two more comments bound.

The part can be pasted into a longer document: what stands outside it is not the claim's.
"""

from __future__ import annotations

import html
import re

from tradeoff.claim.carry.taken import Taken, unix_lines
from tradeoff.strangers import shortened

_BEGIN, _END = b"<!-- tradeoff-claim begins -->\n", b"<!-- tradeoff-claim ends -->\n"
_OPEN, _CLOSE = b"<!-- tradeoff-claim ", b" -->\n"
_PART = re.compile(rb"%s(.*?)%s(\{[^<>\n]*)%s(.*?)%s" % tuple(map(re.escape, (_BEGIN, _OPEN, _CLOSE, _END))), re.DOTALL)
_ACTS = re.compile(r"[\\`*_\[\]|~$#]")
_LONGEST = 2000


def escaped(text: object) -> str:
    """Make plain text stay text: no markup, no link, no mention, no cell of a table, one line."""
    plain = html.escape(shortened(text, longest=_LONGEST), quote=False)
    plain = _ACTS.sub(lambda sign: f"\\{sign[0]}", plain).replace("@", "&#64;")
    return plain.replace("://", ":\\//").replace("www.", "www\\.")


def put(content: bytes, block: str) -> bytes:
    """Bound the part, and put the block at its end."""
    return _BEGIN + content + _OPEN + block.encode("ascii") + _CLOSE + _END


def take(content: bytes) -> Taken | None:
    """Take the block out of the part; what stands around it does not matter."""
    found = _PART.search(unix_lines(content))
    return None if found is None else Taken(found[2].decode("ascii", "replace"), found[1] + found[3])


def count(content: bytes) -> int:
    """Return how many claims a document holds."""
    return len(_PART.findall(unix_lines(content)))
