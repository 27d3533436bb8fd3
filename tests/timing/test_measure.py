from __future__ import annotations

import math
import re
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradeoff.frames import FLAGS, POINT_COLUMNS, SAMPLE_COLUMNS
from tradeoff.frames.columns import PERCENTILES, STAGES
from tradeoff.timing import Budget, measure
from tradeoff.timing.cuda import CudaRunner
from tradeoff.timing.fake import FakeDevice, FakeRunner, ScriptedClock
from tradeoff.timing.point import BLOCK_NS
from tradeoff.workloads import WorkloadError, as_workload

MS = 1_000_000


class Scripted:
    """A workload that does what it is told, as calls of all slots are counted."""

    name, backend = "scripted", "numpy"

    def __init__(
        self, *, fail_at: int | None = None, error: BaseException | None = None, result: object = True
    ) -> None:
        self.fail_at, self.error, self.result = fail_at, error, result
        self.calls = 0
        self.prepared: list[dict[str, object]] = []

    def prepare(self, **how: object):
        self.prepared.append(how)

        def call() -> object:
            self.calls += 1
            if self.fail_at is not None and self.calls >= self.fail_at:
                raise self.error
            return self.result

        return call

    def flops(self, batch_size: int) -> float:
        return 10.0 * batch_size

    def bytes(self, batch_size: int, dtype: str = "float32") -> None:
        return None


def noisy(seed: int = 0, mean_ns: int = MS, sigma: float = 0.05):
    random = np.random.default_rng(seed)
    return lambda slot, i: int(mean_ns * math.exp(sigma * random.standard_normal()))


def measured(*, runner=None, workload=None, **how):
    how = {"batch_size": 4, "concurrency": 2, "budget": "draft"} | how
    return measure(workload or Scripted(), runner=runner or FakeRunner(duration_ns=noisy()), **how)


def test_the_row_and_the_samples_speak_the_column_tables_language() -> None:
    found = measured()
    assert set(found.point) <= set(POINT_COLUMNS)
    assert set(found.samples) <= set(SAMPLE_COLUMNS)
    assert {len(values) for values in found.samples.values()} == {len(found.samples["seq"])}
    assert set(found.point["flags"]) <= set(FLAGS)
    for name, column in SAMPLE_COLUMNS.items():
        if name in found.samples and column.dtype == "Int64":
            assert found.samples[name].dtype == np.int64
        if name in found.samples and column.allowed:
            assert set(found.samples[name]) <= set(column.allowed)


def test_phases_come_in_order_and_warm_up_meets_its_minima() -> None:
    samples = measured().samples
    phase = samples["phase"]
    assert (phase == "cold").sum() == 1
    assert phase[0] == "cold"
    first = int(np.flatnonzero(phase == "measure")[0])
    before = slice(1, first)
    assert set(phase[before]) == {"warmup"}
    assert first - 1 >= 25
    assert samples["done_ns"][before].max() - samples["submitted_ns"][before].min() >= 250 * MS
    assert (np.diff(samples["submitted_ns"]) >= 0).all()
    assert samples["seq"].tolist() == list(range(len(phase)))


def test_a_constant_call_gives_its_own_time_everywhere() -> None:
    point = measured(runner=FakeRunner(duration_ns=lambda slot, i: 2 * MS), concurrency=3, batch_size=8).point
    for name in PERCENTILES:
        if not math.isnan(point[f"latency_{name}_ms"]):
            assert point[f"latency_{name}_ms"] == point[f"model_{name}_ms"] == 2.0
    assert point["status"] == "converged"
    assert point["throughput_rps"] == pytest.approx(3 * 8 * 500)
    assert point["calls_per_s"] == pytest.approx(1500)
    assert point["throughput_rps_lo"] <= point["throughput_rps"] <= point["throughput_rps_hi"]
    assert point["utilisation"] == pytest.approx(1.0)
    assert point["batch_size_mean"] == 8.0
    assert (point["flops"], math.isnan(point["bytes"])) == (80.0, True)
    assert point["queue_wait_p99_ms"] == point["batch_wait_mean_ms"] == 0.0


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10**6), st.sampled_from([1.0, 0.7]))
def test_stages_add_up_exactly_to_the_latency_there(seed: int, share: float) -> None:
    point = measured(runner=FakeRunner(duration_ns=noisy(seed, sigma=0.6), model_share=share)).point
    for where in ("mean", "p50", "p99"):
        total = sum(point[f"at_{where}_{stage}_ms"] for stage in STAGES)
        assert total == pytest.approx(point[f"latency_{where}_ms"], rel=1e-12)
        assert point[f"at_{where}_model_ms"] == pytest.approx(share * point[f"latency_{where}_ms"], rel=1e-4)
    if share == 1.0:
        assert point["at_p99_overhead_ms"] == 0.0


def test_percentiles_are_those_of_measured_calls_only() -> None:
    # The first 300 calls of each slot take ten times as long: cold and warm-up, never in a percentile.
    found = measured(runner=FakeRunner(duration_ns=lambda slot, i: 10 * MS if i < 14 else MS))
    assert found.point["latency_p999_ms"] in (1.0,) or math.isnan(found.point["latency_p999_ms"])
    assert found.samples["latency_ns"].max() == 10 * MS
    assert found.point["n"] == (found.samples["phase"] == "measure").sum()


def test_a_steady_point_stops_early_and_a_wild_one_uses_its_budget() -> None:
    steady = measured(runner=FakeRunner(duration_ns=noisy(sigma=0.01), model_share=1.0)).point
    wild = measured(runner=FakeRunner(duration_ns=noisy(sigma=1.5))).point
    assert steady["status"] == "converged"
    assert 0.25 <= steady["duration_s"] < 2
    assert wild["status"] == "budget"
    assert "not 5 %" in wild["reason"]
    assert "draft budget" in wild["reason"]


def test_slow_calls_get_four_times_the_seconds_and_no_more() -> None:
    found = measured(runner=FakeRunner(duration_ns=noisy(mean_ns=50 * MS, sigma=0.3)), concurrency=1)
    spent_ns = found.samples["done_ns"].max() - found.samples["submitted_ns"].min()
    assert 8.0 <= spent_ns / 1e9 < 8.3 + 2.0, "after a warm-up of at most two seconds"
    assert 5.0 <= found.point["duration_s"] <= spent_ns / 1e9  # without a head
    assert found.point["n"] / found.point["duration_s"] == pytest.approx(found.point["calls_per_s"])
    assert found.point["status"] == "budget"
    assert "upper_unbounded" in found.point["flags"]
    assert math.isnan(found.point["latency_p99_ms_hi"])
    assert math.isfinite(found.point["latency_p99_ms_lo"])


def test_calls_that_depend_on_each_other_get_the_time_until_every_percentile_has_both_ends() -> None:
    alone = noisy(sigma=0.3)

    def in_bursts(slot: int, i: int) -> int:
        return alone(slot, i) * (3 if i // 30 % 40 == 7 else 1)

    own = Budget(name="own", seconds=2, max_calls=20_000)
    point = measured(runner=FakeRunner(duration_ns=in_bursts), concurrency=1, budget=own).point
    assert 368 <= point["n"] / point["tau_p99"] < 600
    assert 7000 / 368 > point["tau_p99"] > 2000 / 368, "2000 calls are too few, and eight seconds are enough"
    assert math.isfinite(point["latency_p99_ms_hi"])
    assert not {"upper_unbounded", "too_few_samples"} & set(point["flags"])
    assert point["status"] == "budget"


def test_very_slow_calls_have_no_p99_and_a_short_warm_up() -> None:
    found = measured(runner=FakeRunner(duration_ns=noisy(mean_ns=500 * MS)), concurrency=1)
    assert math.isnan(found.point["latency_p99_ms"])
    assert {"too_few_samples", "short_warmup"} <= set(found.point["flags"])
    assert math.isnan(found.point["at_p99_model_ms"])


def test_max_calls_bound_the_memory() -> None:
    own = Budget(name="own", seconds=5, min_calls=100, max_calls=3000)
    found = measured(runner=FakeRunner(duration_ns=noisy(mean_ns=20_000, sigma=1.0)), budget=own)
    assert found.point["duration_s"] < 0.85, "the block of 200 ms in which both minima are met is the last"


def test_blocks_are_short() -> None:
    lengths = []

    class Watched(FakeRunner):
        def run(self, calls, *, max_calls, duration_ns):
            lengths.append(duration_ns)
            return super().run(calls, max_calls=max_calls, duration_ns=duration_ns)

    measured(runner=Watched(duration_ns=noisy(sigma=1.0)))
    assert max(lengths[2:]) <= BLOCK_NS == 200 * MS


def test_the_same_script_gives_the_same_measurement() -> None:
    one, two = (measured(runner=FakeRunner(duration_ns=noisy(5))) for _ in range(2))
    assert {k: v for k, v in one.point.items() if v == v} == {k: v for k, v in two.point.items() if v == v}
    assert all((one.samples[name] == two.samples[name]).all() for name in one.samples)


def test_slots_get_inputs_of_their_own() -> None:
    workload = Scripted()
    measured(workload=workload, concurrency=3, seed=40)
    assert [how["seed"] for how in workload.prepared] == [40, 41, 42]


@pytest.mark.parametrize("fail_at", [1, 2, 60, 700])
@pytest.mark.parametrize(
    ("error", "status"), [(SystemExit("bad\nthing"), "failed"), (MemoryError("Unable to allocate 3 GiB"), "oom")]
)
def test_what_ends_a_point_gives_a_row_with_its_reason(fail_at: int, error: BaseException, status: str) -> None:
    found = measured(workload=Scripted(fail_at=fail_at, error=error))
    assert found.point["status"] == status
    assert str(error).split()[0] in found.point["reason"]
    assert "\n" not in found.point["reason"]
    assert found.point["n_errors"] == 1
    assert "latency_p50_ms" not in found.point
    assert len(found.samples["seq"]) < fail_at + 1


def test_a_workload_that_cannot_be_prepared_is_a_failed_row() -> None:
    def refuse(batch_size: int) -> object:
        raise MemoryError(f"Unable to allocate {batch_size} TiB")

    found = measured(workload=as_workload(refuse))
    assert (found.point["status"], len(found.samples["seq"])) == ("oom", 0)
    assert "it wanted 4 TiB" in found.point["reason"]


def test_a_call_that_returns_nothing_is_a_failed_row() -> None:
    found = measured(workload=Scripted(result=None))
    assert found.point["status"] == "failed"
    assert "returned nothing" in found.point["reason"]
    assert measured(workload=as_workload(lambda batch_size: None)).point["status"] == "failed"


def test_the_call_that_decided_what_a_callable_is_is_the_cold_one() -> None:
    seen = []
    found = measured(workload=as_workload(lambda batch_size: seen.append(1) or batch_size), concurrency=1)
    assert (found.samples["phase"] == "cold").sum() == 1
    assert len(seen) == len(found.samples["phase"]) + 2, "two more, untimed, to see whether the output varies"


def test_ctrl_c_and_misuse_are_not_swallowed() -> None:
    with pytest.raises(KeyboardInterrupt):
        measured(workload=Scripted(fail_at=50, error=KeyboardInterrupt()))
    with pytest.raises(WorkloadError, match="dtype='int3'"):
        measure(as_workload("numpy.softmax"), batch_size=1, dtype="int3")


@pytest.mark.parametrize("value", [0, -1, 1.5, "8", True, None])
@pytest.mark.parametrize("name", ["batch_size", "concurrency"])
def test_counts_that_are_none_are_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{name}=.*1 or more"):
        measured(**{name: value})


def test_an_expensive_harness_is_said_so() -> None:
    assert "below_floor" in measured(runner=FakeRunner(duration_ns=noisy(), floor=(0.2 * MS, MS))).point["flags"]
    assert "below_floor" not in measured(runner=FakeRunner(duration_ns=noisy(), floor=(0.05 * MS, MS))).point["flags"]


def test_time_lost_between_calls_breaks_littles_law() -> None:
    assert "little_violated" in measured(runner=FakeRunner(duration_ns=noisy(), gap_ns=100_000)).point["flags"]
    assert "little_violated" not in measured(runner=FakeRunner(duration_ns=noisy(), gap_ns=10_000)).point["flags"]


def test_oversubscription_is_the_hosts_affair(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["tradeoff.timing.point_row"], "usable_cores", lambda: 2)
    assert "oversubscribed" not in measured(concurrency=2).point["flags"]
    assert "oversubscribed" in measured(concurrency=3).point["flags"]
    on_a_gpu = FakeRunner(duration_ns=noisy(), model_clock="cuda_event")
    assert "oversubscribed" not in measured(concurrency=3, runner=on_a_gpu).point["flags"]


def test_a_device_behind_the_cuda_runner_gives_the_same_row() -> None:
    clock = ScriptedClock(tick_ns=50)
    device = FakeDevice(clock, poll_ns=2000)

    class OnDevice(Scripted):
        def prepare(self, **how: object):
            def call() -> object:
                clock.advance(3000)
                device.work(MS)
                return True

            return call

    runner = CudaRunner(device, clock=clock)
    point = measure(OnDevice(), batch_size=2, concurrency=4, runner=runner).point
    assert point["status"] == "converged"
    assert point["model_p50_ms"] == pytest.approx(1.003, rel=1e-3)
    assert point["latency_p50_ms"] >= point["model_p50_ms"]
    assert point["at_p50_overhead_ms"] > 0
    assert point["throughput_rps"] == pytest.approx(4 * 2 * 1000, rel=0.05)


def test_numpy_softmax_on_this_machine() -> None:
    quick = Budget(name="quick", seconds=0.2, min_calls=100, max_calls=5000)
    point = measure(as_workload("numpy.softmax"), batch_size=2, concurrency=2, budget=quick).point
    assert point["status"] in {"budget", "converged", "unstable"}
    assert point["throughput_rps"] > 0
    assert point["bytes"] == 2 * 2 * 6 * 2048 * 4


def test_a_first_try_that_is_left_out_is_said_and_counted() -> None:
    found = measured(runner=FakeRunner(duration_ns=lambda slot, i: 11 * MS if i < 400 else MS + i % 7), concurrency=1)
    row, samples = found.point, found.samples
    assert row["latency_max_ms"] < 1.1 if "latency_max_ms" in row else row["latency_p99_ms"] < 1.1
    assert row["n_start_up"] == (samples["phase"] == "warmup").sum() - 2 * 23, "the warm-up: twice 250 ms for 25 calls"
    assert row["n_start_up"] > 400
    assert row["start_up_pct"] == pytest.approx(1000, rel=0.01)
    assert re.search(
        r"a first try of [\d\u202f]+ calls, which took 11 times as long at first and settled", row["reason"]
    )


def test_errors_outside_of_the_window_are_told_from_those_in_it() -> None:
    class Raises(Scripted):
        def prepare(self, **how):
            def call():
                self.calls += 1
                if self.calls % 50 == 7:
                    raise ValueError("odd")
                return True

            return call

    row = measured(workload=Raises(), runner=FakeRunner(duration_ns=noisy()), concurrency=1).point
    raised, counts = (
        int(n) for n in re.findall(r"(\d+) of [\d\u202f]+ calls raised.*counts (\d+) of them", row["reason"])[0]
    )
    assert counts == row["n_errors"] < raised


def test_a_reason_speaks_of_what_its_row_shows() -> None:
    for seed in range(4):
        row = measured(runner=FakeRunner(duration_ns=noisy(seed, 9 * MS, 0.1)), concurrency=1).point
        for name in ("p50", "p95", "p99"):
            lo, hi = row[f"latency_{name}_ms_lo"], row[f"latency_{name}_ms_hi"]
            assert (f"{name} is without" in row["reason"]) == math.isnan(hi - lo), row["reason"]
