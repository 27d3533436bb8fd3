"""A test bench: who runs the calls of a point, and what watches over them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tradeoff.timing.conditions import Conditions
from tradeoff.timing.cuda import CudaRunner
from tradeoff.timing.device import CupyAdapter, DeviceAdapter, TorchAdapter
from tradeoff.timing.host import HostRunner
from tradeoff.timing.memory import HostMemory, Memory
from tradeoff.timing.peak import AllocatorPeak, HostPeak, PeakMemory, UnknownPeak
from tradeoff.timing.pipeline import PipelineRunner
from tradeoff.timing.runner import Runner
from tradeoff.timing.telemetry import Telemetry, Unknown, telemetry_of


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What a point is measured with.

    Attributes
    ----------
    runner
        Keeps the calls in flight.
    memory
        Whose cache is flushed or overrun.
    telemetry
        Reads the device between blocks.
    capture
        Makes a CUDA graph of a call; None where there are none.
    hot
        A runner that does not flush, to compare a cold cache with; the same one unless given.
    peak
        Follows the memory in use.
    sleep
        Lets time pass, in seconds.
    """

    runner: Runner
    memory: Memory = field(default_factory=HostMemory)
    telemetry: Telemetry = field(default_factory=Unknown)
    capture: Callable[[Callable[[], object]], Callable[[], object]] | None = None
    hot: Runner | None = None
    peak: PeakMemory = field(default_factory=UnknownPeak)
    sleep: Callable[[float], None] = time.sleep


def bench_for(backend: str, device: str, conditions: Conditions, *, pinned: bool = False) -> Bench:
    """Return the bench for a backend on a device: CUDA events where the work is asynchronous, else the host clock.

    `pinned` keeps the threads of calls in flight on cores of their own, as `HostRunner` says. A callable of the user's
    own on a CUDA device is timed through the library it has loaded: torch, or else CuPy.
    """
    adapter = adapter_for(backend, device)
    if adapter is not None:
        return bench_of(adapter, conditions)
    memory = HostMemory()
    if conditions.cache != "cold_flush":
        return Bench(runner=HostRunner(pinned=pinned), memory=memory, peak=HostPeak())
    return Bench(
        runner=HostRunner(before=memory.flush, pinned=pinned),
        memory=memory,
        hot=HostRunner(pinned=pinned),
        peak=HostPeak(),
    )


def bench_of(
    adapter: DeviceAdapter, conditions: Conditions, *, clock: Callable[[], int] = time.perf_counter_ns
) -> Bench:
    """Return the bench of a device with a clock of its own."""

    def runner(before: Callable[[], object] | None) -> Runner:
        if conditions.mode == "pipelined":
            return PipelineRunner(adapter, clock=clock, before=before)
        return CudaRunner(adapter, clock=clock, alone=conditions.mode == "isolated", before=before)

    flushes = conditions.cache == "cold_flush"
    return Bench(
        runner=runner(adapter.flush if flushes else None),
        memory=adapter,
        telemetry=telemetry_of(adapter.pci_bus_id),
        capture=adapter.capture,
        hot=runner(None) if flushes else None,
        peak=AllocatorPeak(reset=adapter.forget_peak, peak=adapter.peak_bytes),
    )


def adapter_for(backend: str, device: str) -> DeviceAdapter | None:
    """Return what launches and times asynchronous work; None where a call returns when it is done."""
    if backend == "cupy":
        return CupyAdapter(device)
    if not device.startswith("cuda") or backend == "numpy":
        return None
    if backend == "torch" or "torch" in sys.modules:
        return TorchAdapter(device)
    return CupyAdapter(device) if "cupy" in sys.modules else None
