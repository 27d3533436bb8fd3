"""Under which conditions a point is measured: how calls are issued, how warm the cache is, for how long load lasts."""

from __future__ import annotations

from dataclasses import dataclass

MODES = ("concurrent", "isolated", "pipelined", "graph")
"""``concurrent``: k calls in flight, each followed by the next. ``isolated``: one call, and the next only when the
device is idle again. ``pipelined``: a chunk of calls enqueued behind a gate, timed by the device alone. ``graph``: the
call captured once as a CUDA graph and replayed."""

CACHES = ("hot", "cold_flush", "cold_rotate")
"""``hot``: the same inputs each time. ``cold_flush``: twice the last-level cache is written before each call.
``cold_rotate``: more copies of the inputs than fit the cache take turns."""

REGIMES = ("sustained", "burst")
"""``sustained``: block after block, after a warm-up. ``burst``: short blocks with idle time between them."""

_ASYNCHRONOUS = ("pipelined", "graph")


class ConditionsError(ValueError):
    """Conditions that exclude each other; the message says which and what to do."""


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """How one operating point is measured; rows of different conditions are never pooled.

    Attributes
    ----------
    mode
        One of `MODES`.
    cache
        One of `CACHES`.
    regime
        One of `REGIMES`.
    """

    mode: str = "concurrent"
    cache: str = "hot"
    regime: str = "sustained"

    def __post_init__(self) -> None:
        """Refuse words that are not known."""
        for name, allowed in (("mode", MODES), ("cache", CACHES), ("regime", REGIMES)):
            if getattr(self, name) not in allowed:
                raise ConditionsError(f"{name} must be one of {', '.join(allowed)}; got {getattr(self, name)!r}")

    def check(self, *, concurrency: int, device: str) -> None:
        """Raise a `ConditionsError` when a point of this concurrency cannot be measured so on this device."""
        if self.mode != "concurrent" and concurrency > 1:
            raise ConditionsError(
                f"mode={self.mode!r} has one call at a time, and concurrency is {concurrency}: "
                "use concurrency=1 or mode='concurrent'"
            )
        if self.cache == "cold_flush" and concurrency > 1:
            raise ConditionsError(
                f"cache='cold_flush' would flush what other calls are reading, and concurrency is {concurrency}: "
                "use cache='cold_rotate' or concurrency=1"
            )
        if self.mode in _ASYNCHRONOUS and not device.startswith("cuda"):
            raise ConditionsError(
                f"mode={self.mode!r} needs a device that works by itself, and device is {device!r}: "
                "use a CUDA device, or mode='concurrent' or 'isolated'"
            )

    @property
    def is_single(self) -> bool:
        """Whether there can be only one call in flight."""
        return self.mode != "concurrent" or self.cache == "cold_flush"

    @property
    def latency_basis(self) -> str:
        """From when latency counts: ``"device"`` where only the device's own interval is known."""
        return "device" if self.mode == "pipelined" else "send"
