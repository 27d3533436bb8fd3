"""What a workload's failure says on its row: a status and one sentence, without a path of this machine."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from tradeoff.strangers import shortened
from tradeoff.timing.origin import where_raised
from tradeoff.workloads.promises import UnfinishedError
from tradeoff.workloads.trial import RETURNED_NOTHING

_OUT_OF_MEMORY_TYPES = frozenset({"MemoryError", "OutOfMemoryError", "_ArrayMemoryError"})
_OUT_OF_MEMORY_TEXT = re.compile(r"out of memory|can't allocate memory|cannot allocate memory", re.IGNORECASE)
_WANTED = re.compile(
    r"(?:tried to allocate|unable to allocate|allocating|allocate)\s+(?P<amount>[\d.,]*\d\s*(?:[KMGTPE]i?B|B|bytes)\b)",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    r"\b[A-Za-z][A-Za-z0-9+.-]*://\S+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?(?![\w.])"
)
"""Of a host, with or without what is asked of it, or of a person."""
PATH = re.compile(r"(?:[A-Za-z]:)?(?:[\\/][^\s\\/:'\",;()<>]+){2,}[\\/]?")
"""Two separators with names between them: a path of this machine, as in /home/ada/model.py."""
_LONGEST = 300
_HOME = os.path.expanduser("~")  # noqa: PTH111  # a path of one name alone, as in '/home/ada', would leave the name


@dataclass(frozen=True)
class Failure:
    """How a point failed: its `status` (``"failed"`` or ``"oom"``) and the `reason` in a sentence."""

    status: str
    reason: str


def describe_failure(error: BaseException, *, batch_size: int) -> Failure:
    """Turn what a workload raised into a status and a sentence that says where."""
    if isinstance(error, UnfinishedError):
        return Failure("failed", str(error))
    said, message = said_by(error), _message(error)
    if is_out_of_memory(error):
        wanted = _WANTED.search(message)
        amount = f", it wanted {wanted['amount']}" if wanted else ""
        return Failure("oom", f"out of memory at batch size {batch_size}{amount} ({said})")
    where = where_raised(error)
    return Failure("failed", f"raised {said} ({where})" if where else f"raised {said}")


def said_by(error: BaseException) -> str:
    """Return the type and the message of an error on one line, without a path of this machine."""
    kind, message = type(error).__name__.lstrip("_"), _message(error)
    return f"{kind}: {message}" if message else kind


def returned_nothing() -> Failure:
    """Describe a call whose result is None."""
    return Failure("failed", RETURNED_NOTHING)


def is_out_of_memory(error: BaseException) -> bool:
    """Say whether host or device memory ran out, in whichever library."""
    if isinstance(error, MemoryError) or type(error).__name__ in _OUT_OF_MEMORY_TYPES:
        return True
    return isinstance(error, RuntimeError) and _OUT_OF_MEMORY_TEXT.search(_message(error)) is not None


def one_line(text: str) -> str:
    """Return `text` on one line, shortened, without addresses of hosts and people and the directories of paths."""
    flat = shortened(text, longest=10 * _LONGEST).replace(_HOME, "~")
    return shortened(PATH.sub(_last_part, _ADDRESS.sub("(address left out)", flat)), longest=_LONGEST)


def _message(error: BaseException) -> str:
    try:
        return one_line(str(error))
    except Exception:  # an error of the user's whose own text raises
        return ""


def _last_part(match: re.Match[str]) -> str:
    return re.split(r"[\\/]", match[0].rstrip("\\/"))[-1]
