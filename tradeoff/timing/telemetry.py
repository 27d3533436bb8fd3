"""What the device says about itself between blocks: clocks, power, temperature, why it slowed down, energy.

Nothing is dropped because of it. Calls made while the device held its clocks down are labelled, and stay.
Without NVML nothing is known, which is not the same as nothing being wrong.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

_POWER = 0x4 | 0x80
"""NVML event reasons: software power cap, hardware power brake."""
_HEAT = 0x20 | 0x40
"""Software and hardware thermal slowdown."""
_OTHER = 0x8
"""Hardware slowdown for whatever reason."""

_CLOCKS_AGREE = 0.02
_READINGS = 5


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the device said at one moment; NaN or None where it did not say.

    Attributes
    ----------
    sm_clock_mhz, memory_clock_mhz, power_w, temperature_c
        The moment's values.
    energy_mj
        Energy since the driver was loaded, in millijoules.
    reasons
        NVML's bits for why clocks are held down.
    """

    sm_clock_mhz: float = math.nan
    memory_clock_mhz: float = math.nan
    power_w: float = math.nan
    temperature_c: float = math.nan
    energy_mj: float = math.nan
    reasons: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether the device said nothing at all."""
        return self.reasons is None and all(math.isnan(value) for value in vars(self).values() if value is not None)

    @property
    def label(self) -> str:
        """What calls made now are labelled with: ``"thermal"``, ``"power_capped"``, ``"slowed_down"`` or nothing."""
        reasons = self.reasons or 0
        for bits, name in ((_HEAT, "thermal"), (_POWER, "power_capped"), (_OTHER, "slowed_down")):
            if reasons & bits:
                return name
        return ""


class Telemetry(Protocol):
    """Whoever can read the device."""

    def read(self) -> Reading | None:
        """Read now; None when nothing can be known."""
        ...


class Unknown:
    """No telemetry: a processor, a machine without NVML, or without the right to ask."""

    def read(self) -> None:
        """Nothing is known."""
        return


class Nvml:
    """NVIDIA's management library, by way of ``nvidia-ml-py``.

    Parameters
    ----------
    pci_bus_id
        The device, as ``"00000000:1B:00.0"``: NVML counts devices in another order than CUDA does.
    library
        The module ``pynvml``; given by tests.
    """

    def __init__(self, pci_bus_id: str, *, library: Any) -> None:
        self._nvml = library
        self._nvml.nvmlInit()
        self._handle = self._nvml.nvmlDeviceGetHandleByPciBusId(pci_bus_id)

    def read(self) -> Reading | None:
        """Read what the device is willing to say: on a MIG slice that is little."""
        ask, handle = self._ask, self._handle
        reading = Reading(
            sm_clock_mhz=ask("nvmlDeviceGetClockInfo", handle, self._nvml.NVML_CLOCK_SM),
            memory_clock_mhz=ask("nvmlDeviceGetClockInfo", handle, self._nvml.NVML_CLOCK_MEM),
            power_w=ask("nvmlDeviceGetPowerUsage", handle) / 1000.0,
            temperature_c=ask("nvmlDeviceGetTemperature", handle, self._nvml.NVML_TEMPERATURE_GPU),
            energy_mj=ask("nvmlDeviceGetTotalEnergyConsumption", handle),
            reasons=self._reasons(),
        )
        return None if reading.is_empty else reading

    def _reasons(self) -> int | None:
        for name in ("nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons"):
            found = self._ask(name, self._handle)
            if found == found:
                return int(found)
        return None

    def _ask(self, name: str, *arguments: Any) -> float:
        try:
            return float(getattr(self._nvml, name)(*arguments))
        except (AttributeError, self._nvml.NVMLError):
            return math.nan


def telemetry_of(pci_bus_id: str | None, *, load: Callable[[], Any] | None = None) -> Telemetry:
    """Return the telemetry of a device, or `Unknown` when there is none to be had.

    Parameters
    ----------
    pci_bus_id
        The device; None when it has no such thing.
    load
        Returns the module ``pynvml``; given by tests.
    """
    if pci_bus_id is None:
        return Unknown()
    try:
        return Nvml(pci_bus_id, library=(load or _pynvml)())
    except Exception:  # no package, no library, no permission, no such device: each raises its own
        return Unknown()


@dataclass(frozen=True)
class Health:
    """What the readings of a point add up to; NaN where nothing was read.

    Attributes
    ----------
    sm_clock_mhz, power_w, temperature_c
        Medians.
    energy_j
        Spent between the first reading and the last.
    """

    sm_clock_mhz: float
    power_w: float
    temperature_c: float
    energy_j: float


def health(visits: Sequence[Sequence[Reading]]) -> Health:
    """Sum the readings of each visit up; those taken at the two ends of a visit give its energy."""

    def median(name: str) -> float:
        known = [value for readings in visits for reading in readings if (value := getattr(reading, name)) == value]
        return statistics.median(known) if known else math.nan

    spent_mj = [readings[-1].energy_mj - readings[0].energy_mj for readings in visits if len(readings) > 1]
    energy_j = math.fsum(spent_mj) / 1000.0 if spent_mj else math.nan
    return Health(median("sm_clock_mhz"), median("power_w"), median("temperature_c"), energy_j)


def is_steady(readings: Sequence[Reading]) -> bool:
    """Say whether the last five readings show the same clock within 2 %; readings without a clock cannot object."""
    clocks = [reading.sm_clock_mhz for reading in readings[-_READINGS:]]
    if any(clock != clock for clock in clocks):
        return True
    return len(clocks) == _READINGS and max(clocks) - min(clocks) <= _CLOCKS_AGREE * max(clocks)


def _pynvml() -> Any:
    import pynvml

    return pynvml
