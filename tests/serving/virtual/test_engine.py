"""Compiled loops, NumPy in lock step and the machine that forms batches: one answer."""

from __future__ import annotations

import inspect
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tradeoff.serving.costs import POOL, MeasuredCosts, costs_of
from tradeoff.serving.path import serve_clients, serve_path
from tradeoff.serving.policy import Policy
from tradeoff.serving.virtual import compiled, engine, lockstep
from tradeoff.serving.virtual.counts import together
from tradeoff.serving.virtual.grid import Point, Shared
from tradeoff.serving.virtual.kernels import OPEN, SEEN, heap
from tradeoff.stats.histogram import Histogram

LARGEST, WORKERS = 6, 3


@st.composite
def cases(draw):
    n = draw(st.integers(1, 40))
    clients = draw(st.sampled_from([0, 0, 1, 3, 7]))
    distances = draw(st.lists(st.integers(1 if clients else 0, 8), min_size=n, max_size=n))
    limit = draw(st.sampled_from([None, None, 0, 2, 5]))
    wait = draw(st.sampled_from([0.0, 0.5, 1.0, 3.0, math.inf]))
    if math.isinf(wait) and limit is not None:
        limit += WORKERS * LARGEST
    policy = Policy(
        max_batch_size=draw(st.integers(1, LARGEST)),
        max_wait_ms=wait,
        workers=draw(st.integers(1, WORKERS)),
        queue_limit=limit,
        formation=draw(st.sampled_from(["shared", "per_worker"])),
    )
    assume(not clients or math.isfinite(wait) or clients >= policy.needed_for_a_full_batch)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    unit = np.array(distances) / 2.0 if clients else np.cumsum(distances) / 2.0
    levels = draw(st.sampled_from([(1,), (1, 2), (1, 3)]))
    costs = MeasuredCosts({level: {size: rng.integers(1, 9, 5) / 2.0 for size in (1, 3, LARGEST)} for level in levels})
    host = np.arange(LARGEST + 1)[None] * 0.25
    shared = Shared(unit, rng.random(n), host, costs.table(LARGEST, WORKERS))
    point = Point(
        policy=policy, scale=draw(st.sampled_from([1.0, 1.3])), clients=clients, n=n, warm_up=n // 10, tail=n // 20,
        network_ms=0.5,
    )  # fmt: skip
    return point, shared


def by_the_machine(point, shared):
    def model(size, in_flight, number):
        return shared.table.ms(size, in_flight, shared.uniforms[number])

    def host(size, in_flight, number):
        return shared.host_ms[0, size]

    if not point.clients:
        return serve_path(shared.unit * point.scale, point.policy, model, host)
    times = iter(shared.unit * point.scale)
    return serve_clients(
        point.clients, point.policy, model, host, think_ms=lambda: next(times), n_requests=point.n, network_ms=0.5
    )


def same(served, path):
    assert served.arrivals.tolist() == path.arrival_ms.tolist()
    assert served.numbers.tolist() == path.request.tolist()
    for column, times in enumerate((path.free_ms, path.dispatch_ms, path.done_ms, path.host_ms, path.model_ms)):
        assert served.batches[:, column].tolist() == times.tolist()
    assert served.sizes.tolist() == path.size.tolist()
    assert served.in_flight.tolist() == path.in_flight.tolist()
    assert served.rejected.tolist() == path.rejected_ms.tolist()
    assert served.left == path.left


@settings(max_examples=1000, deadline=None)
@given(cases())
def test_compiled_loops_equal_the_machine(case):
    point, shared = case
    path = by_the_machine(point, shared)
    same(engine.serve(point, shared, inner=compiled.compiled()), path)
    latencies = engine.latencies(point, shared, inner=compiled.compiled())
    assert latencies.tolist() == (path.latency_ms + point.network_ms).tolist()


@settings(max_examples=200, deadline=None)
@given(cases())
def test_without_a_compiler_it_is_the_same(case):
    point, shared = case
    path = by_the_machine(point, shared)
    same(engine.serve(point, shared, inner=engine.INTERPRETED), path)
    if point.loop == OPEN:
        same(list(lockstep.open_paths([point, point], shared))[1], path)
    for is_full in (True, False):
        fast, slow = (
            engine.see([point], shared, is_full=is_full, counts=True, inner=inner)
            for inner in (compiled.compiled(), engine.INTERPRETED)
        )
        np.testing.assert_allclose(fast.rows, slow.rows, rtol=1e-9, atol=1e-9)
        assert fast.outcomes.tolist() == slow.outcomes.tolist()
        assert fast.over.tolist() == slow.over.tolist()
        ours, theirs = (together(one.histograms).tolist() for one in (fast, slow))
        assert ours == theirs


@pytest.mark.parametrize("size", [8, 9, 31, 33, 40, 100])
@pytest.mark.parametrize("rate", [0.5, 3.0, 9.0])
def test_large_batches_equal_the_machine(size, rate):
    # Batches of eight and more are counted without a branch, and latencies written beyond them: ties, too, and the end.
    rng = np.random.default_rng(size)
    for n in (1, 7, 40, 400):
        unit = np.cumsum(rng.poisson(1.0 / rate, n)) / 2.0 if n % 2 else np.cumsum(rng.standard_exponential(n)) / rate
        costs = costs_of(lambda size: 4.0 + size / 8.0)
        shared = Shared(unit, np.zeros(n), np.zeros((1, size + 1)), costs.table(size, 2))
        for wait, workers in ((0.0, 1), (6.0, 1), (6.0, 2), (math.inf, 1)):
            policy = Policy(max_batch_size=size, max_wait_ms=wait, workers=workers)
            point = Point(policy=policy, scale=1.0, n=n, network_ms=0.5)
            path = by_the_machine(point, shared)
            same(engine.serve(point, shared, inner=compiled.compiled()), path)
            latencies = engine.latencies(point, shared, inner=compiled.compiled())
            assert latencies.tolist() == (path.latency_ms + point.network_ms).tolist()
            fast, slow = (engine.see([point], shared, inner=one) for one in (compiled.compiled(), engine.INTERPRETED))
            np.testing.assert_allclose(fast.rows, slow.rows, rtol=1e-9, atol=1e-9)


def many(n=20_000, points=12):
    rng = np.random.default_rng(3)
    costs = costs_of(lambda size, rng, n: rng.gamma(4.0, (1.0 + size / 8) / 4.0, n))
    shared = Shared(rng.standard_exponential(n).cumsum(), rng.random(n), np.zeros((1, 9)), costs.table(8, 2))
    grid = [
        Point(policy=Policy(max_batch_size=8, max_wait_ms=wait, workers=2), scale=scale, n=n, warm_up=n // 10, tail=99)
        for wait in (0.0, 2.0)
        for scale in np.linspace(0.3, 2.0, points // 2)
    ]
    return grid, shared


def test_a_grid_in_lock_step_on_threads_and_one_by_one():
    grid, shared = many()
    fast = engine.see(grid, shared, inner=compiled.compiled())
    slow = engine.see(grid, shared, inner=engine.INTERPRETED)
    np.testing.assert_allclose(fast.rows, slow.rows, rtol=1e-9, atol=1e-9)
    assert fast.outcomes.tolist() == slow.outcomes.tolist() == [[20_000, 0, 0]] * len(grid)
    alone = engine.see(grid[3:4], shared, inner=engine.INTERPRETED)
    np.testing.assert_allclose(alone.rows[0], fast.rows[3], rtol=1e-9, atol=1e-9)


def test_points_in_lock_step_do_not_touch_each_other():
    rng = np.random.default_rng(5)
    costs = MeasuredCosts({level: {size: level + rng.gamma(3.0, size, 50) for size in (1, 4, 8)} for level in (1, 2)})
    shared = Shared(
        rng.standard_exponential(2000).cumsum(), rng.random(2000), np.array([np.zeros(9), np.arange(9) / 3]),
        costs.table(8, 4),
    )  # fmt: skip
    points = [
        Point(
            policy=Policy(
                max_batch_size=int(rng.integers(1, 9)), max_wait_ms=float(rng.choice([0.0, 2.5, math.inf])),
                workers=int(rng.integers(1, 5)),
            ),
            scale=rng.uniform(0.2, 3.0), n=int(rng.choice([1, 3, 700, 2000])), host=int(rng.integers(2)),
        )
        for _ in range(60)
    ]  # fmt: skip
    found = list(lockstep.open_paths(points, shared))
    assert len(found) == 60
    for at, point in enumerate(points):
        alone = engine.serve(point, shared, inner=compiled.compiled())
        for name in ("arrivals", "numbers", "batches", "sizes", "in_flight", "rejected", "left"):
            np.testing.assert_array_equal(getattr(found[at], name), getattr(alone, name), err_msg=f"{name} {point}")


def test_a_change_in_any_file_makes_what_is_kept_stale(monkeypatch):
    now, source = compiled._stamp(), inspect.getsource
    assert now == compiled._stamp()
    monkeypatch.setattr(inspect, "getsource", lambda one: source(one) + "#" * (one is heap))
    assert compiled._stamp() != now
    assert compiled.compiled().run_point.py_func.__qualname__ == f"run_point_{now}"


def test_times_of_another_kind_are_not_compiled_for_anew():
    grid, shared = many(n=500, points=2)
    pairs = np.stack([shared.unit, shared.uniforms], axis=1)
    pairs.flags.writeable = False
    other = Shared(pairs[:, 0], pairs[:, 1], shared.host_ms, shared.table)
    inner = compiled.compiled()
    for clients in (0, 3):
        points = [replace(point, clients=clients, network_ms=1, n=200) for point in grid]
        ours, theirs = (engine.see(points, one, inner=inner).rows for one in (shared, other))
        np.testing.assert_array_equal(ours, theirs)
        ours, theirs = (engine.latencies(points[0], one, inner=inner) for one in (shared, other))
        np.testing.assert_array_equal(ours, theirs)
    assert [len(getattr(inner, name).signatures) for name in ("run_point", "open_path", "closed_path")] == [1, 1, 1]


def test_sizes_are_drawn_only_when_a_run_comes_to_them():
    _, shared = many(n=200, points=2)
    engine.see([Point(policy=Policy(max_batch_size=8), scale=100.0, n=200)], shared, inner=compiled.compiled())
    assert shared.table.high_n[0].tolist() == [0, POOL, 0, 0, 0, 0, 0, 0, 0]


def two_points(size, rng, n):
    return np.where(rng.random(n) < 0.01, 50.0, 1.0 + size / 8)


ADVERSARIES = {
    "gamma": lambda size, rng, n: rng.gamma(4.0, (1.0 + size / 8) / 4.0, n),
    "deterministic": lambda size: 1.0 + size / 8,
    "on the edge of a bucket": lambda size: 1.0,
    "below the edge": lambda size: math.nextafter(2.0, 0.0),
    "two points": two_points,
    "heavy tail": lambda size, rng, n: 0.3 + rng.pareto(1.2, n),
    "sub-microsecond": lambda size: 3e-4,
}


@pytest.mark.parametrize("service", ADVERSARIES.values(), ids=ADVERSARIES)
@pytest.mark.parametrize("wait", [0.0, 2.0])
def test_percentiles_are_those_of_the_requests_and_the_histogram_is_near(service, wait):
    n = 20_000
    rng = np.random.default_rng(4)
    shared = Shared(
        rng.standard_exponential(n).cumsum(), rng.random(n), np.zeros((1, 9)), costs_of(service).table(8, 2)
    )
    for workers, scale in ((1, 0.5), (2, 0.2), (1, 40.0)):
        policy = Policy(max_batch_size=8, max_wait_ms=wait, workers=workers)
        point = Point(policy=policy, scale=scale, n=n, warm_up=n // 10, tail=99)
        for inner in (compiled.compiled(), engine.INTERPRETED):
            served = engine.serve(point, shared, inner=inner)
            latency = np.repeat(served.batches[:, 2], served.sizes) - served.arrivals
            passed = np.concatenate([[0], np.cumsum(served.sizes)])
            first = passed[np.searchsorted(passed, point.warm_up)]
            last = passed[np.searchsorted(passed, point.n - point.tail, side="right") - 1]
            histogram = Histogram.of(latency[first:last])
            for is_full in (True, False):
                row = engine.see([point], shared, is_full=is_full, inner=inner).rows[0]
                for name, p in (("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p999", 0.999)):
                    exact = np.quantile(latency[first:last], p, method="inverted_cdf")
                    assert row[SEEN.index(f"latency_{name}")] == exact
                    assert histogram.quantile(p) == pytest.approx(exact, rel=0.0014)


def test_the_loops_are_compiled_only_where_that_pays(monkeypatch):
    monkeypatch.setattr(compiled, "is_available", lambda: False)
    assert engine.loops(10**9) is engine.INTERPRETED
    monkeypatch.setattr(compiled, "is_available", lambda: True)
    monkeypatch.setattr(compiled, "is_warm", lambda: False)
    monkeypatch.setattr(compiled, "is_kept", lambda: False)
    warmed = []
    monkeypatch.setattr(compiled, "warm", lambda: warmed.append(True))
    assert engine.loops(1000) is engine.INTERPRETED
    assert warmed, "the next time they are ready"
    assert engine.loops(10**9) is compiled.compiled()
