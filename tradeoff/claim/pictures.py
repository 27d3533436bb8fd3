"""Figures as SVG, PNG and PDF: one browser, started when the first is asked for, draws them all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as LateError
from contextlib import contextmanager
from threading import Thread
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import plotly.graph_objects as go

Form = Literal["svg", "png", "pdf"]
WIDTH = 800
"""Pixels: a column of an RFC; the type of the figures is legible there."""

_FINE = 2
"""Pixels of an image for each pixel of the figure: a printer shows them all."""

_LATE_S = 120.0


class NoPictureError(RuntimeError):
    """No picture could be drawn; the message says which command mends it."""


class Pictures:
    """Draws figures, and closes its browser at the end of a ``with`` block.

    After a first failure it does not try again: a machine without a browser is told so once.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None
        self._browser: Any = None
        self._failed: NoPictureError | None = None

    def draw(self, figure: go.Figure, form: Form) -> bytes:
        """Draw a figure `WIDTH` pixels wide.

        Raises
        ------
        NoPictureError
            When kaleido or a browser is missing, or the browser fails.
        """
        return self.begin(figure, form)()

    def begin(self, figure: go.Figure, form: Form) -> Callable[[], bytes]:
        """Begin to draw, and return what waits for the picture: the browser works while others do.

        Both raise what `draw` raises.
        """
        with self._told_once():
            if self._browser is None:
                self._open()
            options = {"format": form, "width": WIDTH, "height": figure.layout.height or 500,
                       "scale": _FINE if form == "png" else 1}  # fmt: skip
            picture = self._begin(self._browser.calc_fig(figure, opts=options))

        def wait() -> bytes:
            with self._told_once():
                return bytes(_result(picture))

        return wait

    @contextmanager
    def _told_once(self) -> Iterator[None]:
        """Turn whatever goes wrong into a `NoPictureError`, and raise the first one ever after."""
        if self._failed is not None:
            raise self._failed
        try:
            yield
        except NoPictureError as error:
            self._failed = error
            raise
        except Exception as error:  # kaleido and its browser raise many kinds, some of them private
            self._failed = NoPictureError(_told(error))
            raise self._failed from error

    def _open(self) -> None:
        try:
            import kaleido
        except ImportError as error:
            raise NoPictureError("kaleido draws them and is not installed: pip install 'tradeoff[image]'") from error
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="tradeoff-pictures", daemon=True)
        self._thread.start()
        self._browser = _result(self._begin(_opened(kaleido)))

    def _begin(self, work: Coroutine[Any, Any, Any]) -> Future[Any]:
        if self._loop is None:
            work.close()
            raise NoPictureError("the browser is closed")
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def __enter__(self) -> Pictures:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop is None or self._thread is None:
            return
        try:
            if self._browser is not None:
                _result(self._begin(self._browser.close()))
        except Exception as late:  # what was drawn is drawn
            self._failed = NoPictureError(_told(late))
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_LATE_S)
            self._loop, self._thread, self._browser = None, None, None


def _result(future: Future[Any]) -> Any:
    try:
        return future.result(_LATE_S)
    except LateError:
        future.cancel()
        raise


async def _opened(kaleido: Any) -> Any:
    # Without mathjax=False every figure would ask a server on the network for MathJax.
    browser = kaleido.Kaleido(mathjax=False, timeout=_LATE_S)
    await browser.open()
    return browser


def _told(error: BaseException) -> str:
    if type(error).__name__ == "ChromeNotFoundError":
        return "there is no browser: kaleido_get_chrome installs one, and BROWSER_PATH names one that is elsewhere"
    # Its message may name a path, and this sentence is published.
    return f"the browser failed ({type(error).__name__}): BROWSER_PATH names another, kaleido_get_chrome installs one"
