"""What the launch of a call tells: whether the host is what was measured, or the call waits for the device inside.

On an idle stream the interval [event, call, event] contains the launch. Behind a gate - work that keeps
the stream busy for longer than launching takes - it does not, and a call that waits for the device cannot
return before the gate is over.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass

from tradeoff.timing.device import DeviceAdapter

_TRIES = 5
_SHORTEST_GATE_NS = 1_000_000
_WAITED = 0.8


@dataclass(frozen=True)
class Launch:
    """What launching one call takes.

    Attributes
    ----------
    submit_ns
        Median time of the launch call on an idle device.
    device_ns
        Median time of the device's work with the launch hidden.
    gate_ns, gated_submit_ns
        Length of the gate, and the shortest time of the launch call behind it.
    """

    submit_ns: float
    device_ns: float
    gate_ns: int
    gated_submit_ns: int

    @property
    def flags(self) -> list[str]:
        """``sync_inside`` when the call waited for the gate, else ``host_bound`` when launching outlasts the work."""
        if self.gated_submit_ns >= _WAITED * self.gate_ns:
            return ["sync_inside"]
        return ["host_bound"] if self.submit_ns > self.device_ns else []


def probe_launch(adapter: DeviceAdapter, call: Callable[[], object], *, clock: Callable[[], int]) -> Launch:
    """Launch `call` a few times on an idle stream and behind a gate."""
    stream, start, stop = adapter.stream(), adapter.event(), adapter.event()
    with adapter.streams_restored():
        adapter.use(stream)
        submits = []
        for _ in range(_TRIES):
            adapter.synchronize()
            began = clock()
            call()
            submits.append(clock() - began)
        submit_ns = statistics.median(submits)
        gate_ns = max(_SHORTEST_GATE_NS, round(4 * submit_ns))
        gated, device = [], []
        for _ in range(_TRIES):
            adapter.synchronize()
            adapter.spin(gate_ns)
            adapter.record(start, stream)
            began = clock()
            call()
            gated.append(clock() - began)
            adapter.record(stop, stream)
            adapter.synchronize()
            device.append(adapter.elapsed_ms(start, stop) * 1e6)
    return Launch(submit_ns, statistics.median(device), gate_ns, min(gated))
