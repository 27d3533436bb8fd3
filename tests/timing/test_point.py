"""Rules of a point, each on scripted clocks and devices: what is cut, retried, labelled and flagged."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tradeoff.frames import FLAGS
from tradeoff.timing import Budget, Conditions, HostRunner, measure
from tradeoff.timing.bench import Bench, bench_of
from tradeoff.timing.conditions import ConditionsError
from tradeoff.timing.fake import FakeDevice, FakeRunner, ScriptedClock
from tradeoff.timing.pipeline import PipelineRunner
from tradeoff.timing.point import IDLE_S
from tradeoff.timing.telemetry import Reading, is_steady
from tradeoff.timing.warmup import WarmUp

from .test_measure import MS, Scripted, noisy


class Says:
    """Telemetry that says one thing after another, and the last for ever."""

    def __init__(self, *readings: Reading | None) -> None:
        self.readings = list(readings)
        self.asked = 0

    def read(self) -> Reading | None:
        self.asked += 1
        return self.readings[min(self.asked, len(self.readings)) - 1]


def steps(at: int, by: float, *, sigma: float = 0.02):
    """Calls of a millisecond that take `by` times as long from call `at` on."""
    alone = noisy(sigma=sigma)
    return lambda slot, i: int(alone(slot, i) * (by if i >= at else 1.0))


def point(takes=None, *, workload=None, telemetry=None, conditions=None, budget="draft", **how):
    runner = FakeRunner(duration_ns=takes or noisy(sigma=0.02))
    slept: list[float] = []
    bench = Bench(runner=runner, sleep=slept.append, **({"telemetry": telemetry} if telemetry else {}))
    found = measure(workload or Scripted(), batch_size=4, budget=budget, conditions=conditions, bench=bench, **how)
    assert set(found.point["flags"]) <= set(FLAGS)
    return found, slept


def test_a_head_that_settles_late_is_cut_and_counts_as_warm_up() -> None:
    found, _ = point(steps(330, 0.5, sigma=0.01))  # 250 calls of warm-up, then 80 more that are slow
    assert found.point["status"] == "converged"
    assert found.point["latency_p99_ms"] < 0.6
    measured = found.samples["phase"] == "measure"
    assert found.samples["latency_ns"][measured].max() < 0.6 * MS
    assert found.point["n"] == measured.sum()


def test_a_step_is_tried_once_more_and_a_step_that_is_over_is_forgotten() -> None:
    own = Budget(name="own", seconds=1.0, max_calls=20_000, tolerances={"p50": 1e-9})
    found, _ = point(steps(1700, 1.15), budget=own)
    assert found.point["status"] == "budget"
    assert found.point["latency_p50_ms"] == pytest.approx(1.15, rel=0.01)
    assert found.point["drift_pct"] < 1.5
    before = found.samples["latency_ns"][(found.samples["phase"] == "warmup")]
    assert len(before) > 1500, "the first try stays, as warm-up"


def test_a_point_that_drifts_again_is_kept_and_says_by_how_much() -> None:
    found, _ = point(lambda slot, i: int(MS * (1.0 + i / 5000)))
    row = found.point
    assert row["status"] == "unstable"
    assert row["drift_pct"] > 10
    assert f"differ by {row['drift_pct']:.2g} %" in row["reason"]
    assert row["n"] > 0
    assert math.isfinite(row["latency_p99_ms"])
    assert row["duration_s"] <= 8.0


def test_throttling_labels_calls_and_drops_none() -> None:
    capped = Reading(sm_clock_mhz=1500, power_w=700, temperature_c=60, energy_mj=0, reasons=4)
    found, _ = point(telemetry=Says(capped))
    assert found.point["status"] == "throttled"
    assert "power capped in 100 %" in found.point["reason"]
    assert "power_capped" in found.point["flags"]
    measured = found.samples["phase"] == "measure"
    assert set(found.samples["label"][measured]) == {"power_capped"}
    assert found.point["n"] == measured.sum() > 300
    assert (found.point["sm_clock_mhz"], found.point["power_w"]) == (1500, 700)


def test_energy_is_that_of_the_measured_blocks_for_each_request() -> None:
    class Meter:
        spent = 0.0

        def read(self) -> Reading:
            self.spent += 800.0  # millijoules from one reading to the next
            return Reading(sm_clock_mhz=1980, energy_mj=self.spent)

    found, _ = point(noisy(sigma=1.5), telemetry=Meter())
    blocks = math.ceil(found.point["duration_s"] / 0.2)
    calls = (found.samples["phase"] != "cold").sum() - 250
    assert found.point["energy_j_per_item"] == pytest.approx(0.8 * blocks / (4 * calls), rel=0.15)


def test_without_telemetry_nothing_is_claimed() -> None:
    found, _ = point()
    for name in ("sm_clock_mhz", "power_w", "temperature_c", "energy_j_per_item"):
        assert math.isnan(found.point[name])
    assert "label" not in found.samples
    on_a_gpu = measure(
        Scripted(), batch_size=1, bench=Bench(runner=FakeRunner(duration_ns=noisy(), model_clock="cuda_event"))
    )
    assert "telemetry_unknown" in on_a_gpu.point["flags"]
    assert "telemetry_unknown" not in found.point["flags"]


def test_the_gate_waits_for_the_clock_but_not_for_ever() -> None:
    rising = [Reading(sm_clock_mhz=1000 + 100 * step) for step in range(9)]
    runner = FakeRunner(duration_ns=noisy())
    warmed = WarmUp(telemetry=Says(*rising, Reading(sm_clock_mhz=1980))).run(runner, [lambda: True])
    assert (warmed.is_complete, warmed.is_steady) == (True, True)
    assert 13 * 50 <= sum(block.elapsed_ns for block in warmed.blocks) / MS < 1000
    wild = Says(*(Reading(sm_clock_mhz=1000 + 500 * (step % 2)) for step in range(1000)))
    warmed = WarmUp(telemetry=wild).run(FakeRunner(duration_ns=noisy()), [lambda: True])
    assert (warmed.is_complete, warmed.is_steady) == (True, False)
    assert 3000 <= sum(block.elapsed_ns for block in warmed.blocks) / MS < 3200
    assert not is_steady(wild.readings[:5])


def test_a_clock_that_never_settles_is_flagged() -> None:
    wild = Says(*(Reading(sm_clock_mhz=1000 + 500 * (step % 2)) for step in range(2000)))
    found, _ = point(telemetry=wild)
    assert "clock_unsettled" in found.point["flags"]


def test_bursts_are_short_and_the_device_idles_between_them() -> None:
    found, slept = point(noisy(sigma=0.5), conditions=Conditions(regime="burst"))
    assert set(slept) == {IDLE_S}
    assert len(slept) >= 2.0 / 0.06
    first = np.flatnonzero(found.samples["phase"] == "measure")[0]
    assert first < 100, "cold clocks are the point: 25 calls of warm-up and no more"


def test_copies_of_the_inputs_take_turns() -> None:
    class Moves(Scripted):
        def bytes(self, batch_size: int, dtype: str = "float32") -> float:
            return 16.0 * 2**20

    workload = Moves()
    cold = Conditions(cache="cold_rotate")
    device = FakeDevice(ScriptedClock())  # 50 MiB of cache
    bench = Bench(runner=FakeRunner(duration_ns=noisy()), memory=device)
    found = measure(workload, batch_size=1, concurrency=2, conditions=cold, bench=bench, seed=7)
    seeds = [how["seed"] for how in workload.prepared]
    assert len(seeds) == len(set(seeds)) == 2 * 9  # 250 MiB and one more are 17 copies, for two slots
    assert "cache_warm" not in found.point["flags"]
    device.free = 200 << 20
    assert "cache_warm" in measure(Moves(), batch_size=1, conditions=cold, bench=bench).point["flags"]
    with pytest.raises(ConditionsError, match=r"scripted does not say them: use cache='cold_flush'"):
        measure(Scripted(), batch_size=1, conditions=cold, bench=bench)


def test_a_flush_before_each_call_is_in_no_time() -> None:
    clock = ScriptedClock(tick_ns=10)
    flushed = []

    def flush() -> None:
        flushed.append(1)
        clock.advance(3 * MS)

    class Takes(Scripted):
        def prepare(self, **how: object):
            def call() -> object:
                clock.advance(MS)
                return True

            return call

    bench = Bench(runner=HostRunner(clock=clock, before=flush))
    found = measure(Takes(), batch_size=2, conditions=Conditions(cache="cold_flush"), bench=bench)
    assert found.point["latency_p50_ms"] == pytest.approx(1.0, rel=1e-3)
    assert found.point["throughput_rps"] == pytest.approx(2000, rel=1e-2)
    assert "little_violated" not in found.point["flags"]
    assert len(flushed) >= found.point["n"]
    assert found.point["n"] <= 2100, "the budget is the machine's time, flushes included"


class OnDevice(Scripted):
    """A call that launches `work_ns` of work in `submit_ns`."""

    def __init__(self, device: FakeDevice, *, work_ns: int = MS, submit_ns: int = 5_000, waits: bool = False) -> None:
        super().__init__()
        self.device, self.work_ns, self.submit_ns, self.waits = device, work_ns, submit_ns, waits

    def prepare(self, **how: object):
        def call() -> object:
            self.device.clock.advance(self.submit_ns)
            self.device.work(self.work_ns)
            if self.waits:
                self.device.synchronize()
            return True

        return call


def on_device(mode: str = "concurrent", cache: str = "hot", **how):
    clock = ScriptedClock(now_ns=10**9, tick_ns=20)
    device = FakeDevice(clock)
    conditions = Conditions(mode=mode, cache=cache)
    bench = bench_of(device, conditions, clock=clock)
    workload = OnDevice(device, **how)
    return measure(workload, batch_size=2, device="cuda", conditions=conditions, bench=bench), device, bench


def test_isolated_calls_wait_for_an_idle_device() -> None:
    found, _, _ = on_device("isolated")
    assert found.point["model_p50_ms"] == pytest.approx(1.005, rel=1e-3)
    assert found.point["overlap"] == pytest.approx(1.0)
    assert found.point["flags"] == ["telemetry_unknown"]
    assert math.isnan(found.point["cold_over_hot"])


def test_a_pipeline_hides_the_launch() -> None:
    found, _, bench = on_device("pipelined", submit_ns=20_000)
    assert isinstance(bench.runner, PipelineRunner)
    assert found.point["latency_p50_ms"] == found.point["model_p50_ms"] == pytest.approx(1.0, rel=1e-3)
    assert found.point["throughput_rps"] == pytest.approx(2000, rel=0.01)


def test_a_graph_is_captured_once_for_the_call() -> None:
    found, device, _ = on_device("graph")
    assert device.captures == 1
    assert found.point["status"] == "converged"


def test_a_flush_on_the_device_is_in_no_time() -> None:
    found, device, _ = on_device(cache="cold_flush")
    assert device.flushes >= found.point["n"]
    assert found.point["latency_p50_ms"] == pytest.approx(1.005, rel=5e-3)
    assert found.point["throughput_rps"] == pytest.approx(2 / 1.006e-3, rel=0.02)


@pytest.mark.parametrize(("cold_ns", "flagged"), [(2 * MS, False), (MS, True)])
def test_a_cold_cache_is_compared_with_a_hot_one(cold_ns: int, flagged: bool) -> None:
    clock = ScriptedClock(now_ns=10**9, tick_ns=20)
    device = FakeDevice(clock)
    flushed = []

    class Fits(Scripted):
        def prepare(self, **how: object):
            def call() -> object:
                device.work(cold_ns if len(flushed) < device.flushes else MS)
                flushed.extend([1] * (device.flushes - len(flushed)))
                return True

            return call

        def bytes(self, batch_size: int, dtype: str = "float32") -> float:
            return 2.0**20

    conditions = Conditions(cache="cold_flush")
    bench = bench_of(device, conditions, clock=clock)
    row = measure(Fits(), batch_size=1, device="cuda", conditions=conditions, bench=bench).point
    assert row["cold_over_hot"] == pytest.approx(cold_ns / MS, rel=0.01)
    assert ("cold_not_slower" in row["flags"]) == flagged


def test_what_the_launch_tells_is_flagged() -> None:
    assert "sync_inside" in on_device(waits=True)[0].point["flags"]
    assert "host_bound" in on_device(work_ns=5_000, submit_ns=200_000)[0].point["flags"]
    assert "host_bound" in on_device("pipelined", work_ns=5_000, submit_ns=3 * MS)[0].point["flags"]


def test_the_cost_of_an_empty_measurement_is_published() -> None:
    found = measure(Scripted(), batch_size=1, runner=FakeRunner(duration_ns=noisy(), floor=(300.0, 900.0))).point
    assert (found["floor_p50_ns"], found["floor_p99_ns"]) == (300.0, 900.0)


def test_a_call_that_changes_its_inputs_or_its_output_is_flagged() -> None:
    class Mutates(Scripted):
        def prepare(self, **how: object):
            values = np.ones(4)

            def call() -> object:
                values.__iadd__(1.0)
                return values

            call.inputs = [values]
            return call

    class Varies(Scripted):
        def prepare(self, **how: object):
            made = []

            def call() -> object:
                made.append(1)
                return np.zeros(len(made))

            return call

    assert "mutates_inputs" in point(workload=Mutates())[0].point["flags"]
    assert "output_varies" in point(workload=Varies())[0].point["flags"]
    assert not {"mutates_inputs", "output_varies"} & set(point()[0].point["flags"])
