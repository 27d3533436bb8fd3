"""Text from strangers' files: on one line in a sentence, and no formula in a spreadsheet."""

from __future__ import annotations

import os
import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A spreadsheet would run a text that begins so, or what stands behind the line break; the wide ones in East Asia."""


def shortened(text: object, *, longest: int = 120) -> str:
    """Bring text on one line of at most `longest` characters; control characters become spaces."""
    plain = "".join(" " if unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp") else sign for sign in str(text))
    plain = " ".join(plain.split())
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"


def cell(value: Any) -> str:
    """Write a value that is no number for a cell of a spreadsheet: a text that starts a formula has ``'`` before it.

    What is missing is empty; lists are joined by ``;``.
    """
    if isinstance(value, list | tuple):
        value = ";".join(map(str, value))
    text = "" if value is None or str(value) in ("nan", "<NA>", "NaT") else str(value)
    return f"'{text}" if text.startswith(_DANGEROUS) else text


def write_csv(frame: pd.DataFrame, path: str | os.PathLike[str]) -> None:
    """Write a frame as a CSV file in which no cell starts a formula.

    The index is left out. Numbers stay as they are, the negative ones among them.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    safe = frame.copy(deep=False)
    for place, dtype in enumerate(frame.dtypes):
        if dtype.kind not in "biuf":
            safe.isetitem(place, [cell(value) for value in frame.iloc[:, place]])
    safe.columns = [cell(name) for name in frame.columns]
    # Only what can end a line is quoted: with "\n" alone a "\r" in a text would begin a row, with a formula perhaps.
    safe.to_csv(path, index=False, encoding="utf-8", lineterminator="\r\n")
