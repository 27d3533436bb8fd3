"""Streams and events of torch and of CuPy behind one small protocol."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

_CONNECTIONS = "CUDA_DEVICE_MAX_CONNECTIONS"


class DeviceAdapter(Protocol):
    """What timing needs of a library that launches work on a GPU."""

    @property
    def base_stream(self) -> Any:
        """A stream on which nothing else runs."""
        ...

    def stream(self) -> Any:
        """Make a stream that does not wait for the default one."""
        ...

    def event(self) -> Any:
        """Make an event that keeps time."""
        ...

    def use(self, stream: Any) -> None:
        """Make `stream` the one that launches go to."""
        ...

    def streams_restored(self) -> AbstractContextManager[None]:
        """Put the current stream back on leaving."""
        ...

    def record(self, event: Any, stream: Any) -> None:
        """Enqueue `event` on `stream`."""
        ...

    def is_done(self, event: Any) -> bool:
        """Say whether the device has reached `event`; raises when the device has failed."""
        ...

    def elapsed_ms(self, start: Any, stop: Any) -> float:
        """Time between two events that are done; negative when `start` came later."""
        ...

    def synchronize(self) -> None:
        """Wait until the device has nothing left to do."""
        ...


class TorchAdapter:
    """torch's streams and events.

    Parameters
    ----------
    device
        ``"cuda"`` or ``"cuda:<index>"``.
    """

    def __init__(self, device: str) -> None:
        _allow_32_streams_at_once()
        import torch

        self._cuda = torch.cuda
        self._device = torch.device(device)
        self.base_stream = self.stream()

    def stream(self) -> Any:
        """Make a stream."""
        return self._cuda.Stream(device=self._device)

    def event(self) -> Any:
        """Make an event."""
        return self._cuda.Event(enable_timing=True)

    def use(self, stream: Any) -> None:
        """Make `stream` the current one."""
        self._cuda.set_stream(stream)

    @contextmanager
    def streams_restored(self) -> Iterator[None]:
        """Put the current stream back on leaving."""
        current = self._cuda.current_stream(self._device)
        try:
            yield
        finally:
            self._cuda.set_stream(current)

    def record(self, event: Any, stream: Any) -> None:
        """Enqueue `event` on `stream`."""
        event.record(stream)

    def is_done(self, event: Any) -> bool:
        """Say whether `event` is done."""
        return bool(event.query())

    def elapsed_ms(self, start: Any, stop: Any) -> float:
        """Time between two events."""
        return float(start.elapsed_time(stop))

    def synchronize(self) -> None:
        """Wait for the device."""
        self._cuda.synchronize(self._device)


class CupyAdapter:
    """CuPy's streams and events.

    Parameters
    ----------
    device
        ``"cuda"`` or ``"cuda:<index>"``.
    """

    def __init__(self, device: str) -> None:
        _allow_32_streams_at_once()
        import cupy  # type: ignore[import-not-found, unused-ignore]

        self._cuda = cupy.cuda
        self._device = cupy.cuda.Device(_index(device))
        self._device.use()
        self.base_stream = self.stream()

    def stream(self) -> Any:
        """Make a stream."""
        return self._cuda.Stream(non_blocking=True)

    def event(self) -> Any:
        """Make an event."""
        return self._cuda.Event()

    def use(self, stream: Any) -> None:
        """Make `stream` the current one."""
        stream.use()

    @contextmanager
    def streams_restored(self) -> Iterator[None]:
        """Put the current stream back on leaving."""
        current = self._cuda.get_current_stream()
        try:
            yield
        finally:
            current.use()

    def record(self, event: Any, stream: Any) -> None:
        """Enqueue `event` on `stream`."""
        event.record(stream)

    def is_done(self, event: Any) -> bool:
        """Say whether `event` is done."""
        return bool(event.done)

    def elapsed_ms(self, start: Any, stop: Any) -> float:
        """Time between two events."""
        return float(self._cuda.get_elapsed_time(start, stop))

    def synchronize(self) -> None:
        """Wait for the device."""
        self._device.synchronize()


def _index(device: str) -> int:
    _, _, index = device.partition(":")
    return int(index) if index else 0


def _allow_32_streams_at_once() -> None:
    # Eight hardware queues by default: more streams than that wait for one another. Read when the context is made.
    os.environ.setdefault(_CONNECTIONS, "32")
