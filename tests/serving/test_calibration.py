"""Real runs against the simulator: on runs that were made by the simulator itself, so that the answer is known."""

from __future__ import annotations

import numpy as np
import pytest

import tradeoff
from tests.explorer.runs import grid_run
from tradeoff.frames import Run
from tradeoff.serving.calibration import compare_with_simulation


def as_if_served(service, **asked):
    """A simulated Run under the name of a real one."""
    asked = {"max_batch_size": 4, "request_rate": 250, "max_wait_ms": 2.0, "n_requests": 6000} | asked
    run = tradeoff.simulate(service, keep_samples=True, **asked)
    points = run.points.assign(source="tradeoff.serve")
    for name in ("p50", "p99"):
        points[f"latency_{name}_ms_lo"] = points[f"latency_{name}_ms"] * 0.98
        points[f"latency_{name}_ms_hi"] = points[f"latency_{name}_ms"] * 1.02
    return Run(points, run.samples)


def gamma(size, rng, n):
    return rng.gamma(4.0, (2.0 + size) / 4.0, n)


def test_independent_times_agree():
    table = compare_with_simulation(as_if_served(gamma, request_rate=[100, 250]))
    assert table["agrees_p50"].all()
    assert table["agrees_p99"].all()
    assert (table["difference_p50_pct"].abs() < 5).all()
    assert (table["correlation"].abs() < 0.1).all()
    assert (table["why"] == "").all()
    assert (table["simulated_p99_ms_lo"] < table["simulated_p99_ms_hi"]).all()


def test_slow_batches_in_a_row_do_not_and_it_says_why():
    run = as_if_served(gamma, max_batch_size=1, request_rate=150, max_wait_ms=0.0)
    samples = run.samples.copy()
    # The same arrivals, but every fourth stretch of 50 batches ten times as slow: rebuilt by hand, one worker.
    time, done, dispatched = samples["scheduled_ns"].to_numpy(dtype=float), [], []
    rng = np.random.default_rng(0)
    free = 0.0
    for number, arrival in enumerate(time):
        start = max(free, arrival)
        free = start + 1e6 * (8.0 if number // 50 % 4 == 0 else 1.0) * rng.uniform(0.9, 1.1)
        dispatched.append(start)
        done.append(free)
    samples["dispatched_ns"], samples["done_ns"] = np.rint(dispatched).astype(int), np.rint(done).astype(int)
    samples["batch_id"] = np.arange(len(samples))
    latency = np.array(done) - time
    points = run.points.copy()
    for name, p in (("p50", 0.5), ("p99", 0.99)):
        for end, factor in (("", 1.0), ("_lo", 0.99), ("_hi", 1.01)):
            points[f"latency_{name}_ms{end}"] = factor * np.quantile(latency, p) / 1e6
    row = compare_with_simulation(Run(points, samples)).iloc[0]
    assert row["correlation"] > 0.5
    assert not row["agrees_p99"]
    assert "slow batches come in a row" in row["why"]


def test_what_cannot_be_compared():
    run = as_if_served(gamma)
    with pytest.raises(ValueError, match=r"nothing to compare: it has no points"):
        compare_with_simulation(Run())
    foreign = run.points.assign(source="tradeoff.simulate")
    with pytest.raises(ValueError, match=rf"of its {len(foreign)} points? {len(foreign)} not of tradeoff.serve$"):
        compare_with_simulation(Run(foreign, run.samples))
    full = run.points.assign(latency_p50_ms=float("nan"))
    with pytest.raises(ValueError, match=rf"{len(full)} beyond their capacity or failed"):
        compare_with_simulation(Run(full, run.samples))
    with pytest.raises(ValueError, match="no samples"):
        compare_with_simulation(Run(run.points))


def test_clients_think_again_as_they_were_told_to():
    run = as_if_served(gamma, request_rate=None, concurrency=[1, 6], think_ms=4.0, think="exponential")
    table = compare_with_simulation(run)
    assert table["load"].tolist() == ["closed", "closed"]
    assert table["agrees_p50"].all()
    assert table["agrees_p99"].all()
    points = run.points.assign(load_detail="think time of a function")
    with pytest.raises(ValueError, match="2 with a think time of a function"):
        compare_with_simulation(Run(points, run.samples))


def test_times_are_drawn_for_as_many_batches_as_were_under_way():
    """Two workers on one device: what was measured with two under way is slower, and only then."""
    service = grid_run(sizes=2, samples=40)
    where = service.points.set_index("point_id")[["batch_size", "concurrency"]]
    placed = service.samples["point_id"].map(lambda point: 3.0 + where.loc[point].sum() ** 2)  # 7, 12, 12, 19 ms
    service = Run(service.points, service.samples.assign(latency_ns=(1e6 * placed.astype(float)).astype("int64")))
    run = as_if_served(service, max_batch_size=2, workers=2, request_rate=100, max_wait_ms=0.0)
    table = compare_with_simulation(run, draws=5)
    assert table["simulated_p50_ms"].tolist() == pytest.approx(run.points["latency_p50_ms"].tolist(), rel=1e-7)
    assert table["simulated_p99_ms"].tolist() == pytest.approx(run.points["latency_p99_ms"].tolist(), rel=1e-7)
