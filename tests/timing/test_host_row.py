"""What a row says about the cores: columns, flags and labels of points measured on scripted machines."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tradeoff.frames import FLAGS, POINT_COLUMNS
from tradeoff.timing import Budget, Conditions, measure
from tradeoff.timing.bench import Bench
from tradeoff.timing.fake import FakeHost, FakeRunner
from tradeoff.timing.host_row import Stretch, host_columns, host_flags
from tradeoff.timing.watched import WatchedRunner

from .test_host_load import load
from .test_measure import Scripted, noisy

HOST_FLAGS = {"machine_busy", "cpu_stolen", "quota_throttled", "preempted_calls", "host_load_unknown"}


def measured(does, *, cores: int = 2, tick_s: float = 0.0, batch_size: int = 4, **how):
    runner = FakeRunner(duration_ns=noisy(sigma=0.02))
    host = FakeHost(runner, does if callable(does) else lambda stretch: does, cores=cores, tick_s=tick_s)
    found = measure(
        Scripted(), batch_size=batch_size, bench=Bench(runner=WatchedRunner(runner, host), sleep=lambda s: None), **how
    )
    assert found.point["status"] in ("converged", "budget", "unstable")
    return found


def flags_of(found) -> set[str]:
    return set(found.point["flags"]) & HOST_FLAGS


def labels_of(found) -> set[str | None]:
    measured = found.samples["phase"] == "measure"
    return set(found.samples["label"][measured]) if "label" in found.samples else {None}


def test_a_quiet_machine_leaves_no_mark():
    found = measured({"own": 1.0, "foreign": 0.01})
    assert flags_of(found) == set()
    assert labels_of(found) == {None}
    assert found.point["foreign_load"] == pytest.approx(0.005, abs=1e-6)
    assert found.point["cores_used"] == pytest.approx(1.0)
    assert found.point["cores_idle"] == pytest.approx(0.99)
    assert found.point["disturbed"] == 0.0


@pytest.mark.parametrize(
    ("does", "flag"),
    [
        ({"own": 0.5, "foreign": 1.5, "wait": 0.5}, "machine_busy"),
        ({"own": 1.0, "foreign": 1.0}, "machine_busy"),
        ({"own": 0.7, "steal": 0.6}, "cpu_stolen"),
        ({"own": 0.7, "throttled": 0.3}, "quota_throttled"),
    ],
)
def test_what_took_cores_is_flagged_and_labelled(does, flag):
    found = measured(does)
    assert flags_of(found) == {flag}
    assert labels_of(found) == {flag}
    assert found.point["disturbed"] == 1.0


def test_load_in_part_of_the_time_is_flagged_and_labels_that_part():
    found = measured(lambda stretch: {"own": 1.0, "foreign": 1.0 if stretch == 2 else 0.0})
    assert flags_of(found) == {"machine_busy"}
    assert labels_of(found) == {None, "machine_busy"}
    assert 0 < found.point["disturbed"] < 1


def test_nothing_is_dropped_because_of_it():
    quiet, busy = measured({"own": 1.0}), measured({"own": 0.2, "foreign": 1.8, "wait": 0.8})
    assert quiet.point["n"] == busy.point["n"]
    for name in ("latency_p50_ms", "latency_p99_ms", "throughput_rps"):
        assert quiet.point[name] == busy.point[name]


def test_what_the_system_does_not_say_is_unknown():
    found = measured({"own": math.nan})
    assert flags_of(found) == {"host_load_unknown"}
    assert labels_of(found) == {None}
    assert math.isnan(found.point["foreign_load"])
    assert math.isnan(found.point["disturbed"])
    assert math.isnan(found.point["cpu_us_per_request"])


def test_a_runner_that_nobody_watches_says_nothing():
    found = measure(Scripted(), batch_size=4, bench=Bench(runner=FakeRunner(duration_ns=noisy(sigma=0.02))))
    assert flags_of(found) == set()
    assert "foreign_load" not in found.point


def test_processor_time_is_of_each_request():
    found = measured({"own": 1.0}, batch_size=8)
    assert found.point["cpu_us_per_request"] == pytest.approx(1e6 / found.point["throughput_rps"], rel=0.01)


def test_columns_and_flags_are_described():
    columns = host_columns([Stretch(load(), calls=10, measured=10)], batch_size=2)
    assert set(columns) <= set(POINT_COLUMNS)
    assert set(FLAGS) >= HOST_FLAGS
    assert columns["cpu_us_per_request"] == pytest.approx(1e6 * 0.2 / 20)


@pytest.mark.parametrize(("preempted", "flagged"), [(0, False), (9, False), (10, True), (1000, True)])
def test_calls_that_lost_their_core_are_flagged_from_one_in_a_hundred_on(preempted, flagged):
    stretches = [Stretch(load(), calls=1000, measured=1000, preempted=preempted)]
    assert ("preempted_calls" in host_flags(stretches, is_oversubscribed=False)) == flagged
    assert host_flags(stretches, is_oversubscribed=True) == []


def test_a_moment_in_a_long_measurement_is_labelled_and_not_flagged():
    quiet = [Stretch(load(), calls=100, measured=100)] * 299
    moment = [Stretch(load(foreign=1.0), calls=100, measured=100)]
    assert host_flags(quiet + moment, is_oversubscribed=False) == []
    assert host_flags(quiet[:50] + moment, is_oversubscribed=False) == ["machine_busy"]


def test_a_call_that_lost_its_core_is_labelled_beside_what_its_block_met():
    runner = FakeRunner(duration_ns=noisy(sigma=0.02))
    host = FakeHost(runner, lambda stretch: {"own": 1.0, "foreign": 1.0})

    class Losing(WatchedRunner):
        def run(self, calls, **how):
            block = super().run(calls, **how)
            marks = np.zeros(len(block), dtype=bool)
            marks[:1] = True
            object.__setattr__(block, "preempted", marks)
            return block

    found = measure(Scripted(), batch_size=1, bench=Bench(runner=Losing(runner, host), sleep=lambda s: None))
    assert labels_of(found) == {"machine_busy", "machine_busy;preempted"}


def beside(spinners: int, cores: int) -> dict[str, float]:
    """What one thread of ours gets beside processes that want all they can get: a fair share of the cores."""
    own = min(1.0, cores / (1 + spinners))
    return {"own": own, "foreign": min(spinners, cores - own), "wait": 1.0 - own}


def found_busy(script, trials: int, **how) -> int:
    return sum("machine_busy" in flags_of(measured(script(trial), tick_s=0.010, **how)) for trial in range(trials))


@pytest.mark.parametrize("cores", [2, 4, 8])
@pytest.mark.parametrize("spinners", [1, 2, 4])
def test_beside_processes_that_spin_all_or_part_of_the_time_a_point_is_flagged(spinners, cores):
    """Idle time is counted in steps of 10 ms: what is seen of a block is not what was."""
    quiet = {"own": 1.0, "foreign": 0.01}

    def part(trial):
        """Two blocks in eight, wherever they lie."""
        return lambda stretch: beside(spinners, cores) if (stretch - trial) % 8 < 2 else quiet

    eight = Budget(name="own", seconds=1.6, max_seconds=1.6, max_calls=10**6, tolerances={"p50": 1e-9})
    assert found_busy(lambda trial: beside(spinners, cores), 5, cores=cores) == 5
    assert found_busy(part, 16, cores=cores, budget=eight) == 16


@pytest.mark.parametrize("cores", [1, 2, 4, 64])
@pytest.mark.parametrize("regime", ["sustained", "burst"])
def test_housekeeping_is_not_called_busy(cores, regime):
    """Each block meets a little of other processes, a few milliseconds of a core now and then."""

    def housekeeping(trial):
        rng = np.random.default_rng(trial)
        return lambda stretch: {"own": 0.9, "foreign": min(0.1, float(rng.exponential(0.01))), "wait": 0.002}

    assert found_busy(housekeeping, 30, cores=cores, conditions=Conditions(regime=regime)) == 0


def test_a_little_in_every_block_adds_up():
    """Too little to tell from rounding in one block, and no housekeeping over all of them."""
    found = measured({"own": 1.0, "foreign": 0.16})
    assert labels_of(found) == {None}
    assert flags_of(found) == {"machine_busy"}


def test_equal_labels_are_one_object():
    """A point may have a million samples, and each travels from process to process."""
    labels = measured({"own": 1.0, "foreign": 1.0}).samples["label"]
    assert len(set(map(id, labels))) <= 2
