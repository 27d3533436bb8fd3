"""What holds a batch up that is no work of its own: garbage being collected, and a core that was taken away.

Both are part of what users feel: nothing is held off, nothing dropped. Requests whose batch met one carry its name in
the column ``label``, so that a slow request can be told from an unlucky one.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeoff.timing.preempted import LONG_NS, CoreWait

GC, PREEMPTED = "gc", "preempted"
"""The labels."""

Pauses = list[tuple[int, int]]


class Collections:
    """Notes from when to when garbage is collected, while it is entered.

    A collection holds the interpreter: every thread of the process waits for it, whichever set it off. What was there
    before is left out of it, as servers do once they have started (``gc.freeze``): a notebook's own objects would cost
    a quarter of a second now and then, which says nothing about what is served.

    Parameters
    ----------
    clock
        In ns.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._began = 0
        self._pauses: Pauses = []
        self._is_frozen = False

    def __enter__(self) -> Collections:
        """Begin to note them."""
        if not gc.get_freeze_count():  # somebody who has frozen objects already wants them to stay so
            gc.collect()
            gc.freeze()
            self._is_frozen = True
        gc.callbacks.append(self._note)
        return self

    def __exit__(self, *raised: object) -> None:
        """Note no more."""
        gc.callbacks.remove(self._note)
        if self._is_frozen:
            gc.unfreeze()

    def since(self, origin: int) -> Pauses:
        """Return the pauses so far, beginning and end in ns after `origin`, in order."""
        return [(began - origin, ended - origin) for began, ended in self._pauses]

    def _note(self, phase: str, info: dict[str, Any]) -> None:
        del info
        if phase == "start":
            self._began = self._clock()
        else:
            self._pauses.append((self._began, self._clock()))


class LostCore(CoreWait):
    """Watches the thread that makes it: whether it waited for a core, since it was last asked, for a tenth of a batch.

    Being woken late counts, too. Of a batch under a millisecond it takes a tenth of that: a wake-up is no lost core.
    Threads that a library starts are not in it.
    """

    def has_lost(self, call_ns: int) -> bool:
        """Say whether a batch that took so long waited for a core for a tenth of it; no where nobody tells."""
        return super().has_lost(max(call_ns, LONG_NS))


def labels_of(
    began: Iterable[int], ended: Iterable[int], pauses: Pauses, preempted: Iterable[bool]
) -> NDArray[np.object_]:
    """Return the label of each stretch of time, several joined by ``;`` and None where there is none.

    Parameters
    ----------
    began, ended
        Its ends, in ns.
    pauses
        When garbage was collected, in order.
    preempted
        Whether a core was taken away meanwhile.
    """
    first, last = (np.fromiter(times, dtype=np.int64) for times in (began, ended))
    taken = np.fromiter(preempted, dtype=np.bool_)
    pause = np.array(pauses, dtype=np.int64).reshape(-1, 2)
    # Collections follow each other: the first that ends after a stretch began is the one that may lie in it.
    at = np.searchsorted(pause[:, 1], first, side="right")
    begins = np.append(pause[:, 0], np.iinfo(np.int64).max)[at]
    names = np.array([None, GC, PREEMPTED, f"{GC};{PREEMPTED}"], dtype=object)
    found: NDArray[np.object_] = names[(begins < last) + 2 * taken]
    return found
