"""Which file holds a claim in which way, and how it is read back and verified."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from tradeoff.claim.carry import markdown, page, pdf, png, svg, table
from tradeoff.claim.data import Data, canonical_sha256, checked
from tradeoff.claim.document import as_block, from_text
from tradeoff.claim.errors import ClaimError

_CARRIERS: Mapping[str, ModuleType] = {
    ".html": page, ".htm": page, ".svg": svg, ".png": png, ".pdf": pdf, ".md": markdown, ".markdown": markdown,
}  # fmt: skip
SUFFIXES = (*_CARRIERS, ".csv", ".json")


class Found(NamedTuple):
    """What was found in a file.

    Attributes
    ----------
    content
        The claim.
    data
        Its data.
    problems
        A sentence for everything that is not as it was written.
    """

    content: dict[str, Any]
    data: Data
    problems: list[str]


def with_claim(name: str, content: bytes, whole: Mapping[str, Any]) -> bytes:
    """Put a claim into a file, with the hash of the file as it is without it.

    Parameters
    ----------
    name
        Of the file; its suffix says how.
    content
        The file.
    whole
        As `tradeoff.claim.document.document` returns it.
    """
    carrier = _CARRIERS[Path(name).suffix]
    rest = carrier.take(carrier.put(content, "{}")).rest
    return bytes(carrier.put(content, as_block({**whole, "file_sha256": hashlib.sha256(rest).hexdigest()})))


def find(file: Path, content: bytes) -> Found:
    """Find the claim in a file, and compare every hash.

    Raises
    ------
    ClaimError
        When the file is of another kind, or holds no claim, or several.
    ClaimChangedError
        When it holds one that cannot be read any more.
    """
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        raise ClaimError(f"a claim lies in files whose names end in {', '.join(SUFFIXES)}; this one does not")
    if suffix == ".csv":
        found = table.read(content)
        if found is None:
            raise ClaimError("no claim is in it")
        whole, data, problems = found
    else:
        whole, problems = _whole(content) if suffix == ".json" else _carried(_CARRIERS[suffix], content)
        columns = [(one["name"], one["dtype"]) for one in whole["data"]["columns"]]
        data, unusable = checked(columns, whole["data"]["rows"])
        problems += unusable
    return Found(whole["claim"], data, [*problems, *_compared(whole, data)])


def _whole(content: bytes) -> tuple[dict[str, Any], list[str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ClaimError("no claim is in it: it is not text") from error
    if '"tradeoff.claim"' not in text:
        raise ClaimError("no claim is in it")
    return from_text(text), []


def _carried(carrier: ModuleType, content: bytes) -> tuple[dict[str, Any], list[str]]:
    if carrier is markdown and markdown.count(content) > 1:
        raise ClaimError(f"{markdown.count(content)} claims are in it: give each a file of its own")
    taken = carrier.take(content)
    if taken is None:
        raise ClaimError("no claim is in it")
    whole = from_text(taken.block)
    same = hashlib.sha256(taken.rest).hexdigest() == whole.get("file_sha256")
    return whole, [] if same else ["what the file shows was changed after the claim was written"]


def _compared(whole: Mapping[str, Any], data: Data) -> list[str]:
    claim, problems = whole["claim"], []
    if canonical_sha256(claim) != whole["claim_sha256"]:
        problems.append("the claim itself was changed: it does not have the hash that is written beside it")
    if data.sha256() != claim["data_sha256"]:
        problems.append("the data were changed: they do not have the hash that the claim states")
    if len(data.rows) != claim["points"]:
        problems.append(f"the claim rests on {claim['points']} points, and {len(data.rows)} are here")
    return problems
