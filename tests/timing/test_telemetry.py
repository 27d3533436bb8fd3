from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.timing.telemetry import Nvml, Reading, Unknown, health, is_steady, telemetry_of


class NVMLError(Exception):
    pass


def refuse(*arguments: object) -> object:
    raise NVMLError("Insufficient Permissions")


def library(**answers: object) -> SimpleNamespace:
    """A pynvml that answers what it is told and refuses the rest."""
    names = (
        "nvmlDeviceGetClockInfo",
        "nvmlDeviceGetPowerUsage",
        "nvmlDeviceGetTemperature",
        "nvmlDeviceGetTotalEnergyConsumption",
        "nvmlDeviceGetCurrentClocksEventReasons",
    )
    constants = {"NVML_CLOCK_SM": 1, "NVML_CLOCK_MEM": 2, "NVML_TEMPERATURE_GPU": 0, "NVMLError": NVMLError}
    told = {name: (lambda *_, value=answers[name]: value) if name in answers else refuse for name in names}
    return SimpleNamespace(nvmlInit=lambda: None, nvmlDeviceGetHandleByPciBusId=lambda bus: bus, **constants, **told)


FULL = {
    "nvmlDeviceGetClockInfo": 1980,
    "nvmlDeviceGetPowerUsage": 651_300,
    "nvmlDeviceGetTemperature": 61,
    "nvmlDeviceGetTotalEnergyConsumption": 8_000_000,
    "nvmlDeviceGetCurrentClocksEventReasons": 0x4,
}


def test_a_device_that_says_everything() -> None:
    reading = Nvml("0000:1b:00.0", library=library(**FULL)).read()
    assert reading == Reading(
        sm_clock_mhz=1980, memory_clock_mhz=1980, power_w=651.3, temperature_c=61, energy_mj=8_000_000, reasons=4
    )
    assert reading.label == "power_capped"


@pytest.mark.parametrize("silent", sorted(FULL))
def test_what_a_device_does_not_say_is_unknown_and_the_rest_is_known(silent: str) -> None:
    told = {name: value for name, value in FULL.items() if name != silent}
    reading = Nvml("x", library=library(**told)).read()
    assert reading is not None
    unknown = [
        name
        for name in vars(reading)
        if getattr(reading, name) is None or getattr(reading, name) != getattr(reading, name)
    ]
    assert len(unknown) == (2 if silent == "nvmlDeviceGetClockInfo" else 1)


def test_a_slice_that_says_nothing_is_unknown_and_not_clean() -> None:
    assert Nvml("x", library=library()).read() is None


def test_no_library_no_permission_no_device_is_unknown() -> None:
    def missing() -> object:
        raise ImportError("No module named 'pynvml'")

    forbidden = library(**FULL)
    forbidden.nvmlInit = refuse
    for load in (missing, lambda: forbidden):
        assert isinstance(telemetry_of("x", load=load), Unknown)
    assert isinstance(telemetry_of(None), Unknown)
    assert Unknown().read() is None
    assert isinstance(telemetry_of("x", load=lambda: library(**FULL)), Nvml)


@pytest.mark.parametrize(
    ("reasons", "label"),
    [
        *((harmless, "") for harmless in (None, 0, 1, 2)),
        *((capped, "power_capped") for capped in (4, 0x80, 0xC)),
        *((hot, "thermal") for hot in (0x20, 0x40, 0x44)),
        (8, "slowed_down"),
    ],
)
def test_labels_name_what_holds_the_clocks_down(reasons: int | None, label: str) -> None:
    assert Reading(reasons=reasons).label == label


def test_health_takes_medians_and_the_energy_between_the_ends() -> None:
    readings = [Reading(power_w=w, energy_mj=1000.0 * i) for i, w in enumerate((600, 700, math.nan, 650))]
    found = health([readings])
    assert (found.power_w, found.energy_j) == (650, 3.0)
    assert math.isnan(found.sm_clock_mhz)
    assert math.isnan(health([]).energy_j)
    assert health([readings, readings]).energy_j == pytest.approx(2 * found.energy_j), (
        "what lies between visits is not theirs"
    )
    assert math.isnan(health([readings[:1]]).energy_j)


@given(st.lists(st.floats(0.0, 1.0), min_size=5, max_size=5))
def test_a_clock_is_steady_within_two_percent(parts: list[float]) -> None:
    steady = [Reading(sm_clock_mhz=1960 + 39 * part) for part in parts]
    assert is_steady(steady)
    assert not is_steady([*steady[1:], Reading(sm_clock_mhz=1700)])
    assert not is_steady(steady[:4])
    assert is_steady([Reading()] * 5), "a device that does not say its clock is not waited for"
