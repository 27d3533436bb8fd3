"""In an HTML page: a JSON block, as the explorer's own data lie in one."""

from __future__ import annotations

import re

from tradeoff.claim.carry.taken import Taken, unix_lines

_OPEN, _CLOSE = b'<script type="application/json" id="tradeoff-claim">', b"</script>\n"
_BLOCK = re.compile(re.escape(_OPEN) + rb"([^<]*)" + re.escape(_CLOSE))


def put(content: bytes, block: str) -> bytes:
    """Put the block at the end of the body."""
    before, body, after = content.rpartition(b"</body>")
    return before + _OPEN + block.encode("ascii") + _CLOSE + body + after


def take(content: bytes) -> Taken | None:
    """Take the block out."""
    content = unix_lines(content)
    found = _BLOCK.search(content)
    if found is None:
        return None
    return Taken(found[1].decode("ascii", "replace"), content[: found.start()] + content[found.end() :])
