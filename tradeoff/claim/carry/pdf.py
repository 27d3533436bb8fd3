"""In a PDF: a compressed stream that its trailer names, and a title and a subject among its document information.

Both are incremental updates (ISO 32000-1, section 7.5.6): the file before them stays as it was, byte for byte, so that
its hash can be taken.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable

from tradeoff.claim.carry.taken import Taken
from tradeoff.claim.carry.unpack import unpacked
from tradeoff.claim.errors import ClaimChangedError

_TRAILER = re.compile(
    rb"trailer\s*<<(?P<entries>[^<>]*(?:<[0-9A-Fa-f\s]*>[^<>]*)*)>>\s*startxref\s*(?P<start>\d+)\s*%%EOF\s*\Z"
)
_ENTRY = re.compile(rb"/(Size|Root|Info)\s+(\d+(?: \d+ R)?)")
_FOOT = 4096
"""Bytes at the end in which the trailer lies."""

_STREAM = b"\n%d 0 obj\n<</Type /EmbeddedFile/Subtype /application#2Fjson/Filter /FlateDecode/Length %d>>\nstream\n"
_UPDATE = re.compile(_STREAM.replace(b"%d", rb"(\d+)"))


def described(content: bytes, *, title: str, description: str) -> bytes:
    """State what viewers show as the document's title and subject; what the browser wrote there is passed over."""
    texts = ((b"Title", title), (b"Subject", description), (b"Producer", "tradeoff"))
    told = b"".join(b"/%s <%s>" % (name, _hexadecimal(text)) for name, text in texts)
    return _updated(content, lambda number: b"\n%d 0 obj\n<<%s>>\nendobj\n" % (number, told), b"Info")


def put(content: bytes, block: str) -> bytes:
    """Append the block.

    Raises
    ------
    ValueError
        When the file has no trailer that can be updated.
    """
    return _with_stream(content, zlib.compress(block.encode("ascii"), 9))


def take(content: bytes) -> Taken | None:
    """Take the block off.

    Raises
    ------
    ClaimChangedError
        When there is one, and it is damaged or something follows it.
    """
    found = list(_UPDATE.finditer(content)) if content.startswith(b"%PDF-") else []
    if not found:
        return None
    start = found[-1].end()
    rest, packed = content[: found[-1].start()], content[start : start + int(found[-1][2])]
    try:
        whole = _with_stream(rest, packed) == content
    except ValueError:
        whole = False
    if not whole:
        raise ClaimChangedError("the claim inside is damaged, or another program has written to the file since")
    return Taken(unpacked(packed), rest)


def _with_stream(content: bytes, packed: bytes) -> bytes:
    return _updated(
        content,
        lambda number: _STREAM % (number, len(packed)) + packed + b"\nendstream\nendobj\n",
        b"TradeoffClaim",
    )


def _updated(content: bytes, made: Callable[[int], bytes], key: bytes) -> bytes:
    """Append one object, made for its number, and a trailer in which `key` names it."""
    trailer = _TRAILER.search(content[-_FOOT:])
    entries = dict(_ENTRY.findall(trailer["entries"])) if trailer else {}
    if trailer is None or not {b"Size", b"Root"} <= entries.keys():
        raise ValueError("this PDF has no trailer that can be updated")
    number = int(entries[b"Size"])
    body = made(number)
    entries |= {b"Size": b"%d" % (number + 1), key: b"%d 0 R" % number, b"Prev": trailer["start"]}
    told = b"".join(b"/%s %s" % entry for entry in entries.items())
    table = b"xref\n%d 1\n%010d 00000 n \n" % (number, len(content) + 1)
    return content + body + table + b"trailer\n<<%s>>\nstartxref\n%d\n%%%%EOF\n" % (told, len(content) + len(body))


def _hexadecimal(text: str) -> bytes:
    return b"FEFF" + text.encode("utf-16-be").hex().upper().encode()
