"""What is taken out of a file."""

from __future__ import annotations

from typing import NamedTuple


class Taken(NamedTuple):
    """A claim's text, and the file without it.

    Attributes
    ----------
    block
        JSON.
    rest
        Bytes.
    """

    block: str
    rest: bytes


def unix_lines(content: bytes) -> bytes:
    """Write line ends as a version control system may have found them: its changing them is no change."""
    return content.replace(b"\r\n", b"\n")
