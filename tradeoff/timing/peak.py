"""The most memory that was in use at once while a point was measured; unknown rather than 0 where nobody says."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_RESET_PEAK = "5"
_SLACK_BYTES = 4 << 20
"""Linux counts pages of a thread in batches: resident and highest resident memory differ by some even after a reset."""


class PeakMemory(Protocol):
    """Follows the memory in use from `begin` on."""

    def begin(self) -> None:
        """Forget what was before."""
        ...

    def peak_bytes(self) -> int | None:
        """Return the most that was in use since `begin`; None when that is not known."""
        ...


class HostPeak:
    """Resident memory of this process, its libraries included.

    Linux keeps the highest value, and forgets it when asked to. Where that cannot be asked for (other systems, some
    containers) the peak since the process began is known, and it is that of the point only when it rose meanwhile.

    Parameters
    ----------
    status, clear
        Files of Linux: where it says resident memory, and where it is told to forget the highest.
    peak_of_life
        Says the highest resident memory since the process began, in bytes; None when it cannot.
    """

    def __init__(
        self, status: Path = _STATUS, clear: Path = _CLEAR, peak_of_life: Callable[[], int | None] | None = None
    ) -> None:
        self._status, self._clear = status, clear
        self._of_life = peak_of_life or _peak_of_life
        self._before: int | None = None
        self._is_reset = False

    def begin(self) -> None:
        """Ask the system to forget the peak so far, and see whether it did."""
        with contextlib.suppress(OSError):  # not Linux, or not allowed
            self._clear.write_text(_RESET_PEAK, encoding="ascii")
        now, highest = self._resident()
        self._is_reset = now is not None and highest is not None and highest - now <= _SLACK_BYTES
        self._before = highest if highest is not None else self._of_life()

    def peak_bytes(self) -> int | None:
        """Return the highest resident memory since `begin`."""
        _, highest = self._resident()
        after = highest if highest is not None else self._of_life()
        if after is None or self._before is None or after <= 0:
            return None
        return after if self._is_reset or after > self._before else None

    def _resident(self) -> tuple[int | None, int | None]:
        """Read resident memory and the highest so far, in bytes."""
        found: dict[str, int] = {}
        try:
            for line in self._status.read_text(encoding="ascii", errors="replace").splitlines():
                name, _, value = line.partition(":")
                if name in ("VmRSS", "VmHWM"):
                    found[name] = int(value.split()[0]) << 10
        except (OSError, ValueError, IndexError):
            return None, None
        return found.get("VmRSS"), found.get("VmHWM")


class AllocatorPeak:
    """What a library's allocator gave out on a GPU: weights, inputs, outputs and workspace.

    Parameters
    ----------
    reset
        Makes it forget the peak so far.
    peak
        Says the peak since, in bytes.
    """

    def __init__(self, *, reset: Callable[[], object], peak: Callable[[], int]) -> None:
        self._reset, self._peak = reset, peak

    def begin(self) -> None:
        """Forget the peak so far."""
        self._reset()

    def peak_bytes(self) -> int | None:
        """Return the peak since `begin`; of an allocator that gave out nothing nothing is known."""
        return int(self._peak()) or None


class UnknownPeak:
    """Nobody says."""

    def begin(self) -> None:
        """Do nothing."""

    def peak_bytes(self) -> int | None:
        """Return None."""
        return None


def _peak_of_life() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(highest if sys.platform == "darwin" else highest << 10) or None
