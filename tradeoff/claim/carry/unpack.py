"""Unpacking what comes from a file: it may be damaged, or unpack to more than a machine holds."""

from __future__ import annotations

import zlib

from tradeoff.claim.errors import ClaimChangedError

MOST_BYTES = 1 << 28
"""Of a claim: what unpacks to more is not one of ours."""


def unpacked(packed: bytes) -> str:
    """Unpack the text of a claim.

    Raises
    ------
    ClaimChangedError
        When it is damaged.
    """
    unpacking = zlib.decompressobj()
    try:
        text = unpacking.decompress(packed, MOST_BYTES)
    except zlib.error as error:
        raise ClaimChangedError(f"the claim inside is damaged: {error}") from error
    if not unpacking.eof:
        raise ClaimChangedError("the claim inside is damaged: it ends too early, or is too large")
    return text.decode("ascii", "replace")
