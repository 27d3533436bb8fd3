"""One sweep at a time on a GPU: the second waits for the first, and says for whom."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

_SECONDS_A_LOOK = 1.0


@contextmanager
def turn_on(
    device: str,
    *,
    folder: Path | None = None,
    say: Callable[[str], None] | None = None,
    look_s: float = _SECONDS_A_LOOK,
) -> Iterator[None]:
    """Hold a CUDA device for the time of the block, after whoever holds it now; a processor is not held.

    Parameters
    ----------
    device
        ``"cpu"``, ``"cuda"`` or ``"cuda:1"``.
    folder
        Where the locks lie; the system's folder for temporary files unless given.
    say
        Called once, with a sentence, when there is somebody to wait for; prints it unless given.
    look_s
        Seconds between two looks whether it is our turn.
    """
    if not device.startswith("cuda"):
        yield
        return
    place = (folder or Path(tempfile.gettempdir())) / f"tradeoff-gpu-{_number(device)}.lock"
    lock = FileLock(place, mode=0o666)  # whoever else measures here may be somebody else
    holder = place.with_suffix(".holder")
    told = False
    while True:
        try:
            lock.acquire(timeout=0 if not told else look_s)
            break
        except Timeout:
            if not told:
                (say or _print)(f"{device} is being measured on by {_who(holder)}: waiting for it to finish")
                told = True
    try:
        _sign(holder)
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _number(device: str) -> str:
    """Name the device as all processes do, whatever each is allowed to see."""
    index = int(device.partition(":")[2] or 0)
    visible = [part.strip() for part in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if part.strip()]
    return re.sub(r"\W+", "-", visible[index]) if index < len(visible) else str(index)


def _sign(holder: Path) -> None:
    try:
        holder.write_text(f"process {os.getpid()} since {datetime.now(UTC):%H:%M} UTC", encoding="utf-8")
    except OSError:
        return  # the lock holds without a name


def _who(holder: Path) -> str:
    try:
        said = holder.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return "another sweep"
    return said if re.fullmatch(r"process \d+ since \d\d:\d\d UTC", said) else "another sweep"


def _print(sentence: str) -> None:
    print(sentence, file=sys.stderr)
