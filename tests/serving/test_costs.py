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


@given(TIMES)
def test_every_measured_time_is_reached_as_often_as_it_was_seen(times):
    costs = MeasuredCosts({4: times})
    uniforms = (np.arange(len(times)) + 0.5) / len(times)
    assert [costs.ms(4, uniform) for uniform in uniforms] == sorted(times)


@given(TIMES, TIMES, st.integers(1, 9), st.floats(0, 1, exclude_max=True))
def test_other_sizes_lie_between_their_neighbours(small, large, size, uniform):
    costs = MeasuredCosts({2: small, 8: large})
    if size > 8:
        with pytest.raises(ValueError, match="larger than the largest that was measured, 8"):
            costs.ms(size, uniform)
        return
    ends = sorted([costs.ms(2, uniform), costs.ms(8, uniform)])
    assert ends[0] - 1e-9 <= costs.ms(size, uniform) <= ends[1] + 1e-9
    padded = MeasuredCosts({2: small, 8: large}, pad=True).ms(size, uniform)
    assert padded == costs.ms(2 if size <= 2 else 8, uniform)


def test_a_line_is_interpolated_exactly():
    costs = costs_of({1: [1.0], 5: [9.0]})
    assert [costs.ms(size, 0.3) for size in range(1, 6)] == [1.0, 3.0, 5.0, 7.0, 9.0]


def test_functions_are_told_apart_by_their_parameters():
    assert costs_of(lambda size: 2.0 * size).ms(3, 0.9) == 6.0
    drawn = costs_of(lambda size, rng, n: rng.exponential(size, n), seed=1)
    times = [drawn.ms(2, (place + 0.5) / 1000) for place in range(1000)]
    assert times == sorted(times)
    assert np.mean(times) == pytest.approx(2.0, rel=0.05)
    assert drawn.ms(2, 0.5) == costs_of(lambda size, rng, n: rng.exponential(size, n), seed=1).ms(2, 0.5)


def test_a_run_and_its_model():
    run = frames.run([frames.row(frames.identity(batch_size=b)) for b in (1, 2, 4)])
    assert sorted(times_of(run)) == [1, 2, 4]
    assert all(len(times) == 970 for times in times_of(run).values())
    costs = costs_of(run)
    assert costs.ms(4, 0.0) == min(times_of(run)[4])
    (model,) = tradeoff.service(run, column="latency_p50_ms")
    assert costs_of(model).ms(3, 0.5) == pytest.approx(model.time_ms(3.0).item())


@pytest.mark.parametrize(
    ("service", "said"),
    [
        (5, "service must be a Run"),
        ({}, "holds no times"),
        ({1: []}, "no times, or impossible ones, for batch 1"),
        ({0: [1.0]}, "a batch of 0"),
        ({1: [-1.0]}, "impossible ones"),
        (Run(make_points([frames.row(frames.identity())])), "without samples"),
        (frames.run(), "points of batch 1: keep those of one workload at one concurrency"),
    ],
    ids=str,
)
def test_what_is_no_service(service, said):
    with pytest.raises((TypeError, ValueError), match=said):
        costs_of(service)


@pytest.mark.parametrize("function", [lambda size: -1.0, lambda size: [1.0, 2.0], lambda size, rng, n: [1.0]])
def test_a_function_that_gives_no_times(function):
    with pytest.raises(ValueError, match=rf"service\(3\) must give (one time|{POOL} times) in ms"):
        costs_of(function).ms(3, 0.5)
