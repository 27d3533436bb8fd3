"""An event loop in a thread of its own, for a notebook's loop is running already."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, TimeoutError
from typing import Any

from tradeoff.serving.real.interrupts import Interrupts

_LOOK_S = 0.1
_HANGING_S = 1.0
"""How long what was cancelled may take to notice."""


class LoopThread:
    """Runs coroutines one after the other in one loop, so that a client's connections live on from one to the next."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._body, name="tradeoff-drive", daemon=True)

    def __enter__(self) -> LoopThread:
        """Start it."""
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        """Cancel what is still there, and end; a thread that does not answer is left behind."""
        try:
            asyncio.run_coroutine_threadsafe(_cancel_all(), self.loop).result(_HANGING_S + _LOOK_S)
        except TimeoutError:
            return
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def run(self, work: Coroutine[Any, Any, None], interrupts: Interrupts, stop: Callable[[int], None]) -> None:
        """Run to the end, and raise what it raises.

        `stop` is called in the loop with the number of times that Ctrl-C has been pressed, each time. Where the loop
        does not even do that, because something blocks it, it is not waited for from the second time on.
        """
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        heard = 0
        while not self._has_ended(future, _LOOK_S):
            if interrupts.count > heard:
                heard = interrupts.count
                self.loop.call_soon_threadsafe(stop, heard)
                if heard > 1 and not self._has_ended(future, _HANGING_S):
                    return
        future.result()

    @staticmethod
    def _has_ended(future: Future[None], timeout_s: float) -> bool:
        try:
            future.exception(timeout_s)
        except TimeoutError:
            return False
        return True

    def _body(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()


async def _cancel_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    if others:
        await asyncio.wait(others, timeout=_HANGING_S)
    await asyncio.get_running_loop().shutdown_asyncgens()
