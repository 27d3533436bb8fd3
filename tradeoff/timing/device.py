"""Streams and events of torch and of CuPy behind one small protocol."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

_SPIN = r"""
extern "C" __global__ void spin(long long duration_ns) {
    unsigned long long start, now;
    asm volatile("mov.u64 %0, %globaltimer;" : "=l"(start));
    do {
        asm volatile("mov.u64 %0, %globaltimer;" : "=l"(now));
    } while (now - start < (unsigned long long)duration_ns);
}
"""

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

    def spin(self, duration_ns: int) -> None:
        """Enqueue work that keeps the current stream busy for about this long: a gate for what is enqueued next."""
        ...

    def flush(self) -> None:
        """Enqueue a write of twice the last-level cache on the current stream."""
        ...

    def capture(self, call: Callable[[], object]) -> Callable[[], object]:
        """Return a call that replays what `call` launches, as one CUDA graph; its result is that of the capture."""
        ...

    @property
    def cache_bytes(self) -> int:
        """Size of the last-level cache."""
        ...

    def free_bytes(self) -> int:
        """Memory that is free now."""
        ...

    def forget_peak(self) -> None:
        """Begin to count the peak of memory in use anew."""
        ...

    def peak_bytes(self) -> int:
        """Most memory in use at once since `forget_peak`, of this library in this process."""
        ...

    @property
    def pci_bus_id(self) -> str | None:
        """Where the device sits, as NVML names it; None when that cannot be known."""
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

        self._torch = torch
        self._cuda = torch.cuda
        self._device = torch.device(device)
        self.base_stream = self.stream()
        self._cycles_per_ns = 0.0
        self._scratch: Any = None

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

    def spin(self, duration_ns: int) -> None:
        """Keep the current stream busy."""
        if self._cycles_per_ns == 0.0:
            self._cycles_per_ns = self._measured_cycles_per_ns()
        self._cuda._sleep(max(1, round(duration_ns * self._cycles_per_ns)))

    def _measured_cycles_per_ns(self) -> float:
        start, stop, cycles = self.event(), self.event(), 4_000_000
        for _ in range(2):  # the first time compiles
            start.record()
            self._cuda._sleep(cycles)
            stop.record()
            stop.synchronize()
        return cycles / (self.elapsed_ms(start, stop) * 1e6)

    def flush(self) -> None:
        """Write twice the last-level cache."""
        if self._scratch is None:
            self._scratch = self._torch.empty(2 * self.cache_bytes, dtype=self._torch.uint8, device=self._device)
        self._scratch.zero_()

    def capture(self, call: Callable[[], object]) -> Callable[[], object]:
        """Capture `call` as a CUDA graph."""
        side = self.stream()
        side.wait_stream(self._cuda.current_stream(self._device))
        with self._cuda.stream(side):  # libraries make their handles and workspaces before the capture
            for _ in range(3):
                call()
        self.synchronize()
        graph = self._cuda.CUDAGraph()
        with self._cuda.graph(graph, stream=side):
            result = call()

        def replay() -> object:
            graph.replay()
            return result

        return replay

    @property
    def cache_bytes(self) -> int:
        """Size of the second-level cache."""
        return int(self._cuda.get_device_properties(self._device).L2_cache_size)

    def free_bytes(self) -> int:
        """Memory that is free now."""
        return int(self._cuda.mem_get_info(self._device)[0])

    def forget_peak(self) -> None:
        """Begin to count the peak anew."""
        self._cuda.reset_peak_memory_stats(self._device)

    def peak_bytes(self) -> int:
        """Most that torch's allocator gave out at once."""
        return int(self._cuda.max_memory_allocated(self._device))

    @property
    def pci_bus_id(self) -> str | None:
        """Where the device sits; torch says it since 2.4."""
        said = self._cuda.get_device_properties(self._device)
        try:
            return f"{said.pci_domain_id:08x}:{said.pci_bus_id:02x}:{said.pci_device_id:02x}.0"
        except AttributeError:
            return None


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
        self._cupy = cupy
        self._device = cupy.cuda.Device(_index(device))
        self._device.use()
        self.base_stream = self.stream()
        self._spin = cupy.RawKernel(_SPIN, "spin")
        self._scratch: Any = None

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

    def spin(self, duration_ns: int) -> None:
        """Keep the current stream busy."""
        self._spin((1,), (1,), (self._cupy.int64(duration_ns),))

    def flush(self) -> None:
        """Write twice the last-level cache."""
        if self._scratch is None:
            self._scratch = self._cupy.empty(2 * self.cache_bytes, dtype="uint8")
        self._scratch.fill(0)

    def capture(self, call: Callable[[], object]) -> Callable[[], object]:
        """Capture `call` as a CUDA graph."""
        side = self.stream()
        with side:
            for _ in range(3):
                call()
            side.synchronize()
            side.begin_capture()
            result = call()
            graph = side.end_capture()

        def replay() -> object:
            graph.launch()
            return result

        return replay

    @property
    def cache_bytes(self) -> int:
        """Size of the second-level cache."""
        return int(self._device.attributes["L2CacheSize"])

    def free_bytes(self) -> int:
        """Memory that is free now."""
        return int(self._device.mem_info[0])

    def forget_peak(self) -> None:
        """Let the pool give back what is not in use: it never shrinks by itself, so that its size is the peak since."""
        with self._device:
            self._cupy.get_default_memory_pool().free_all_blocks()

    def peak_bytes(self) -> int:
        """Most that CuPy's pool has held."""
        with self._device:
            return int(self._cupy.get_default_memory_pool().total_bytes())

    @property
    def pci_bus_id(self) -> str | None:
        """Where the device sits."""
        return str(self._device.pci_bus_id)


def _index(device: str) -> int:
    _, _, index = device.partition(":")
    return int(index) if index else 0


def _allow_32_streams_at_once() -> None:
    # Eight hardware queues by default: more streams than that wait for one another. Read when the context is made.
    os.environ.setdefault(_CONNECTIONS, "32")
