"""Times of batches: every measured one is reachable, others lie between, and nothing is extrapolated."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tradeoff
from tests.figures import frames
from tradeoff.frames import Run, make_points
from tradeoff.serving.costs import POOL, MeasuredCosts, costs_of, times_of

TIMES = st.lists(st.floats(0, 100), min_size=1, max_size=40)


def ms(costs, size, uniform, in_flight=1):
    costs.check(size)
    return costs.table(size, in_flight).ms(size, in_flight, uniform)


@given(TIMES)
def test_every_measured_time_is_reached_as_often_as_it_was_seen(times):
    costs = MeasuredCosts({1: {4: times}})
    uniforms = (np.arange(len(times)) + 0.5) / len(times)
    assert [ms(costs, 4, uniform) for uniform in uniforms] == sorted(times)


@given(TIMES, TIMES, st.integers(1, 9), st.floats(0, 1, exclude_max=True))
def test_other_sizes_lie_between_their_neighbours(small, large, size, uniform):
    costs = MeasuredCosts({1: {2: small, 8: large}})
    if size > 8:
        with pytest.raises(ValueError, match="larger than the largest batch in service, 8"):
            ms(costs, size, uniform)
        return
    ends = sorted([ms(costs, 2, uniform), ms(costs, 8, uniform)])
    assert ends[0] - 1e-9 <= ms(costs, size, uniform) <= ends[1] + 1e-9
    padded = ms(MeasuredCosts({1: {2: small, 8: large}}, pad=True), size, uniform)
    assert padded == ms(costs, 2 if size <= 2 else 8, uniform)


def test_a_line_is_interpolated_exactly():
    costs = costs_of({1: [1.0], 5: [9.0]})
    assert [ms(costs, size, 0.3) for size in range(1, 6)] == [1.0, 3.0, 5.0, 7.0, 9.0]


def test_functions_are_told_apart_by_their_parameters():
    assert ms(costs_of(lambda size: 2.0 * size), 3, 0.9) == 6.0
    drawn = costs_of(lambda size, rng, n: rng.exponential(size, n), seed=1)
    table = drawn.table(3, 1)
    times = [table.ms(2, 1, (place + 0.5) / POOL) for place in range(POOL)]
    assert np.mean(times) == pytest.approx(2.0, rel=0.02)
    assert table.mean_ms(2, 1) == pytest.approx(np.mean(times))
    again = costs_of(lambda size, rng, n: rng.exponential(size, n), seed=1)
    assert table.ms(2, 1, 0.5) == again.table(3, 1).ms(2, 1, 0.5)
    assert table.ms(3, 1, 0.5) > table.ms(2, 1, 0.5), "the same luck at every size"
    assert table.ms(2, 1, 0.5) != drawn.table(3, 1, replication=1).ms(2, 1, 0.5)


def test_times_of_batches_under_way_together():
    costs = MeasuredCosts({1: {1: [1.0]}, 4: {1: [3.0]}})
    assert costs.levels == (1, 4)
    assert [ms(costs, 1, 0.5, in_flight) for in_flight in (1, 2, 3, 4, 5)] == [1.0, 3.0, 3.0, 3.0, 3.0]
    assert costs_of({1: [1.0]}).levels == ()


def test_a_run_and_its_model():
    run = frames.run([frames.row(frames.identity(batch_size=b)) for b in (1, 2, 4)])
    ((level, times),) = times_of(run).items()
    assert sorted(times) == [1, 2, 4]
    assert all(len(series) == 970 for series in times.values())
    costs = costs_of(run)
    assert costs.levels == (level,)
    assert costs.fewest(4) == 970
    assert ms(costs, 4, 0.0) == min(times[4])
    (model,) = tradeoff.service(run, column="latency_p50_ms")
    assert ms(costs_of(model), 3, 0.5) == pytest.approx(model.time_ms(3.0).item())


@pytest.mark.parametrize(
    ("service", "said"),
    [
        (5, "service must be a Run"),
        ({}, "holds no times"),
        ({1: []}, "no times, or impossible ones, for batch 1"),
        ({0: [1.0]}, "a batch of 0"),
        ({1: [-1.0]}, "impossible ones"),
        (Run(make_points([frames.row(frames.identity())])), "without samples"),
        (
            frames.run([frames.row(frames.identity(dtype=dtype)) for dtype in ("float16", "float32")]),
            "points of dtype 'float16' and 'float32': keep the rows of one",
        ),
    ],
    ids=str,
)
def test_what_is_no_service(service, said):
    with pytest.raises((TypeError, ValueError), match=said):
        costs_of(service)


@pytest.mark.parametrize(
    ("function", "got"),
    [
        (lambda size: -1.0, r"-1\.0"),
        (lambda size: np.float64("nan"), "nan"),
        (lambda size: [1.0, 2.0], r"\[1\.0, 2\.0\]"),
        (lambda size, rng, n: [1.0], r"\[1\.0\]"),
        (lambda size, rng, n: np.where(np.arange(n) == 7, -3.5, 1.0), r"-3\.5"),
    ],
    ids=["negative", "nan", "two", "few", "one of many"],
)
def test_a_function_that_gives_no_times(function, got):
    with pytest.raises(ValueError, match=rf"service\([13]\) must give (one time|{POOL} times) in ms.* got {got}$"):
        costs_of(function).check(3)
