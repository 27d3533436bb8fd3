"""In a PNG: one compressed text chunk (iTXt), and a description that image viewers show.

The chunks are those of the W3C's *Portable Network Graphics (PNG) Specification*, third edition, section 11.3.3.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from tradeoff.claim.carry.taken import Taken
from tradeoff.claim.carry.unpack import unpacked
from tradeoff.claim.errors import ClaimChangedError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEYWORD = b"tradeoff-claim"
_TEXT = b"iTXt"


def described(content: bytes, *, title: str, description: str) -> bytes:
    """Give an image the words that viewers show: the specification's own keywords Title and Description."""
    chunks = [
        _chunk(_TEXT, keyword + b"\0\0\0\0\0" + text.encode("utf-8"))
        for keyword, text in ((b"Title", title), (b"Description", description))
    ]
    return _before_the_end(content, b"".join(chunks))


def put(content: bytes, block: str) -> bytes:
    """Put the block before the last chunk."""
    return _before_the_end(content, _chunk(_TEXT, _KEYWORD + b"\0\1\0\0\0" + zlib.compress(block.encode("ascii"), 9)))


def take(content: bytes) -> Taken | None:
    """Take the block out.

    Raises
    ------
    ClaimChangedError
        When there is one, and it is damaged.
    """
    if not content.startswith(_SIGNATURE):
        return None
    for start, end, kind, data in _chunks(content):
        if kind == _TEXT and data.startswith(_KEYWORD + b"\0"):
            if zlib.crc32(kind + data) != struct.unpack(">I", content[end - 4 : end])[0]:
                raise ClaimChangedError("the claim inside is damaged: its checksum does not fit")
            return Taken(unpacked(data[len(_KEYWORD) + 5 :]), content[:start] + content[end:])
    return None


def _before_the_end(content: bytes, chunks: bytes) -> bytes:
    last = [start for start, _, kind, _ in _chunks(content) if kind == b"IEND"]
    if not content.startswith(_SIGNATURE) or not last:
        raise ValueError("this is no PNG: it has no IEND chunk")
    return content[: last[0]] + chunks + content[last[0] :]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _chunks(content: bytes) -> Iterator[tuple[int, int, bytes, bytes]]:
    """Walk over the chunks: where each begins and ends, what it is, and what it holds."""
    at = len(_SIGNATURE)
    while at + 12 <= len(content):
        length = struct.unpack(">I", content[at : at + 4])[0]
        end = at + 12 + length
        if end > len(content):
            return
        yield at, end, content[at + 4 : at + 8], content[at + 8 : end - 4]
        at = end
