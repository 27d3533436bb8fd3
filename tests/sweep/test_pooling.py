import math

import numpy as np
import pytest

from tradeoff.frames import PERCENTILES, STAGES, make_points, make_samples, validate_points, validate_samples
from tradeoff.limits import Limits
from tradeoff.sweep.pooling import placed, pool, priced
from tradeoff.timing import Measurement, measure
from tradeoff.timing.fake import FakeRunner
from tradeoff.workloads import as_workload


def measured(seed: int = 0, *, scale: float = 1.0, sigma: float = 0.05) -> Measurement:
    random = np.random.default_rng(seed)

    def takes(slot: int, call: int) -> int:
        return int(1e6 * scale * math.exp(sigma * random.standard_normal()))

    return measure(as_workload(lambda batch: lambda: batch), batch_size=4, runner=FakeRunner(duration_ns=takes))


def failed() -> Measurement:
    return Measurement({"n": 0, "status": "failed", "reason": "raised ValueError", "flags": []}, {})


def test_one_process_is_itself():
    one = measured()
    pooled = pool([one])
    assert pooled.point == {**one.point, "replicates": 1} or _same(pooled.point, {**one.point, "replicates": 1})


def _same(one, other):
    return one.keys() == other.keys() and all(one[k] == other[k] or one[k] != one[k] for k in one)


def test_several_are_a_valid_row_whose_stages_add_up():
    pooled = pool([measured(seed) for seed in range(3)])
    points = make_points([{"workload": "w", "batch_size": 4, **pooled.point}])
    validate_points(points)
    samples = make_samples({"point_id": points["point_id"][0], **pooled.samples})
    validate_samples(samples, points)
    row = pooled.point
    assert (row["replicates"], row["n"]) == (3, int((samples["phase"] == "measure").sum()))
    latency = samples["latency_ns"][samples["phase"] == "measure"].to_numpy(dtype=float) / 1e6
    for name, p in PERCENTILES.items():
        if row[f"latency_{name}_ms"] == row[f"latency_{name}_ms"]:
            assert row[f"latency_{name}_ms"] == np.quantile(latency, p, method="inverted_cdf")
    for where in ("mean", "p50", "p99"):
        total = sum(row[f"at_{where}_{stage}_ms"] for stage in STAGES)
        assert total == pytest.approx(row[f"latency_{where}_ms"], rel=1e-12)
    assert row["throughput_rps_lo"] <= row["throughput_rps"] <= row["throughput_rps_hi"]


def test_processes_that_differ_widen_the_interval():
    alike = pool([measured(seed) for seed in range(4)]).point
    apart = pool([measured(seed, scale=scale) for seed, scale in enumerate((0.9, 1.0, 1.1, 1.2))]).point
    for name in ("latency_p50_ms", "throughput_rps"):
        width = {id(row): row[name + "_hi"] - row[name + "_lo"] for row in (alike, apart)}
        assert width[id(apart)] > 5 * width[id(alike)]


def test_throughput_is_of_all_calls_in_all_of_their_time():
    short, long = measured(1), measured(2, scale=2.0, sigma=1.0)
    row = pool([short, long]).point
    assert long.point["duration_s"] > 2 * short.point["duration_s"], "or it says nothing"
    assert 4 * row["n"] / row["duration_s"] == pytest.approx(row["throughput_rps"], rel=1e-9)
    assert row["calls_per_s"] == pytest.approx(row["throughput_rps"] / 4)
    plain = pool([measured(1), measured(2, scale=2.0)]).point
    assert row["throughput_rps_hi"] - row["throughput_rps"] > plain["throughput_rps_hi"] - plain["throughput_rps"]


def test_a_process_that_failed_is_the_points_failure():
    first = pool([measured(), failed(), measured()])
    assert (first.point["status"], first.point["replicates"]) == ("failed", 3)
    assert first.point["reason"] == "in process 2 of 3: raised ValueError"
    assert set(first.samples["replicate"]) == {0, 2}
    assert pool([failed()]).point["reason"] == "raised ValueError"


def test_the_gravest_status_stands():
    calm = measured(sigma=0.01)
    shaken = Measurement({**calm.point, "status": "unstable", "reason": "drifted", "flags": ["thermal"]}, calm.samples)
    row = pool([calm, shaken]).point
    assert (row["status"], row["reason"], row["flags"]) == ("unstable", "in process 2 of 2: drifted", ["thermal"])


def test_start_ups_of_all_processes_are_counted():
    calm = measured(sigma=0.01)
    parts = [Measurement({**calm.point, "n_start_up": n}, calm.samples) for n in (0, 0, 300)]
    assert pool(parts).point["n_start_up"] == 300


def test_the_one_process_that_met_a_busy_machine_is_not_hidden():
    parts = [measured(seed) for seed in range(3)]
    loads = [0.0, 0.0, 0.6]
    parts = [
        Measurement({**part.point, "foreign_load": load, "flags": ["machine_busy"] * (load > 0)}, part.samples)
        for part, load in zip(parts, loads, strict=True)
    ]
    row = pool(parts).point
    assert row["foreign_load"] == pytest.approx(0.2)
    assert row["flags"] == ["machine_busy"]


def test_a_price_is_for_what_was_measured():
    found = priced(measured(), 36.0).point
    assert found["cost_per_million"] == pytest.approx(0.01 / found["throughput_rps"] * 1e6)
    assert "cost_per_million" not in priced(measured(), None).point
    assert "cost_per_million" not in priced(failed(), 36.0).point


def test_the_share_of_a_limit_is_that_of_the_roofline():
    limits = Limits("A processor", "numpy", 1e10, {"float32": 1e12}, "2026-01-01T00:00:00Z")
    row = {"flops": 1e6, "bytes": 1e6, "calls_per_s": 2000.0}
    found = placed(Measurement(row, {}), dtype="float32", limits=limits).point
    assert found["pct_of_limit"] == pytest.approx(100 * 2000 * 1e6 / 1e10)
    for unknown in ({**row, "flops": math.nan}, {**row, "bytes": None}, {}):
        assert "pct_of_limit" not in placed(Measurement(unknown, {}), dtype="float32", limits=limits).point
    assert "pct_of_limit" not in placed(Measurement(row, {}), dtype="float32", limits=None).point
