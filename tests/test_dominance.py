import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff import dominance
from tradeoff.dominance import is_dominated

NUMBERS = st.sampled_from([-np.inf, 0.0, -0.0, 1.0, 2.0, 3.0, np.inf])


def brute_force(points: np.ndarray, by: np.ndarray) -> np.ndarray:
    at_least = np.all(by[:, None, :] >= points[:, :, None], axis=0)
    beyond = np.any(by[:, None, :] > points[:, :, None], axis=0)
    return (at_least & beyond).any(axis=1)


def clouds(axes: int, number: int) -> dict[str, np.ndarray]:
    """Shapes that take every way through: few and many undominated, ties everywhere, infinities, all the same."""
    rng = np.random.default_rng(axes)
    even = rng.random((axes, number))
    plane = rng.random((axes, number))
    plane[-1] = 1 - plane[:-1].sum(axis=0)
    infinite = np.where(rng.random((axes, number)) < 0.2, np.inf * rng.choice([-1, 1], (axes, number)), even)
    return {
        "even": even,
        "plane": plane,
        "near a plane": plane + 0.05 * even,
        "grid": np.floor(8 * even),
        "one axis is constant": np.vstack([even[:-1], np.ones(number)]),
        "infinite": infinite,
        "all the same": np.ones((axes, number)),
    }


@pytest.mark.parametrize("axes", [2, 3, 4])
@pytest.mark.parametrize("shape", clouds(2, 1))
def test_many_points_equal_brute_force(axes, shape, monkeypatch):
    monkeypatch.setattr(dominance, "_WORTH_A_GLANCE", 1000)
    points = clouds(axes, 2500)[shape]
    assert np.array_equal(is_dominated(points, points), brute_force(points, points))
    other = points[:, ::-3] + (0.01 if shape == "even" else 0.0)
    assert np.array_equal(is_dominated(points, other), brute_force(points, other))
    assert np.array_equal(is_dominated(other, points), brute_force(other, points))


@given(st.data(), st.sampled_from([2, 3, 4]))
def test_few_points_equal_brute_force(data, axes):
    points, by = (
        np.array(data.draw(st.lists(st.tuples(*[NUMBERS] * axes), max_size=9))).reshape(-1, axes).T for _ in range(2)
    )
    assert np.array_equal(is_dominated(points, points), brute_force(points, points))
    assert np.array_equal(is_dominated(points, by), brute_force(points, by))


def test_points_that_clear_the_field_do_so_only_below_themselves():
    rng = np.random.default_rng(0)
    points = np.floor(20 * rng.random((3, 6000)))
    pivots = dominance._pivots(points)
    assert 0 < pivots.shape[1] <= 32
    cleared = dominance._below_any(points, pivots)
    assert cleared.any()
    assert not (cleared & ~is_dominated(points, points)).any()


@pytest.mark.parametrize("axes", [2, 3, 4])
def test_the_order_of_axes_does_not_matter(axes):
    points = np.floor(6 * np.random.default_rng(1).random((axes, 300)))
    expected = is_dominated(points, points)
    for order in itertools.permutations(range(axes)):
        moved = points[list(order)]
        assert np.array_equal(is_dominated(moved, moved), expected)


@pytest.mark.parametrize("axes", [2, 3, 4])
def test_nothing_dominates_where_nothing_is(axes):
    nothing, one = np.empty((axes, 0)), np.zeros((axes, 1))
    assert is_dominated(nothing, nothing).shape == (0,)
    assert is_dominated(nothing, one).shape == (0,)
    assert not is_dominated(one, nothing).any()
    assert not is_dominated(one, one).any()
