import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.objective.test_decision import ROWS, TEXT, batch, narrow, points
from tradeoff.objective import Constraint, Objective, decide
from tradeoff.objective.room import _outward


def test_what_the_next_step_of_the_limit_buys():
    frame = points((100, 5, 4, 6), (250, 28, 27, 30), (400, 50, 49, 60))
    room = decide(frame, TEXT).room
    assert (batch(room.point), room.gain, room.more, room.price) == (2, 150.0, 10.0, 15.0)
    assert room.constraint == Constraint("p99", "<=", 30)
    said = (
        "With p99 <= 30 ms it would be Batch 2 × concurrency 1: +150 requests/s of throughput, 15.0 requests/s for each"
    )
    assert said in decide(frame, TEXT).sentence()


def test_a_lower_bound_has_a_price_too():
    frame = points((100, 5, 4, 6), (60, 3, 2, 4))
    room = decide(frame, "minimize p99 subject to throughput >= 80/s").room
    assert (room.constraint.limit, room.gain, room.more) == (60.0, 2.0, 20.0)


def test_a_limit_is_never_rounded_to_one_that_the_point_misses():
    frame = points((100, 5, 4, 6), (250, 24.1, 24, 24.1234))
    assert "With p99 <= 24.2 ms" in decide(frame, TEXT).sentence()


@pytest.mark.parametrize(
    "frame",
    [
        points((100, 5, 4, 6), (90, 30, 29, 31)),  # nothing binds
        points((100, 5, 4, 6), (200, 30, 29, np.nan)),  # nobody knows what the better one needs
        points((100, 30, 29, 31)),  # nobody meets the limit
    ],
)
def test_no_room_where_nothing_is_surely_gained(frame):
    assert decide(frame, TEXT).room is None


@given(ROWS, st.integers(1, 12))
def test_with_the_room_that_is_told_its_point_wins(rows, limit):
    frame = narrow(*[(t, p, p - below, p + above) for t, p, below, above in rows])
    asked = Objective("maximize", "throughput", (Constraint("p99", "<=", limit),))
    decision = decide(frame, asked)
    if decision.room is None:
        return
    after = decide(frame, Objective("maximize", "throughput", (decision.room.constraint,)))
    assert after.verdict == "feasible"
    assert after.point["throughput_rps"] == decision.point["throughput_rps"] + decision.room.gain
    just_before = Constraint("p99", "<=", decision.room.constraint.limit - 1e-9)
    between = decide(frame, Objective("maximize", "throughput", (just_before,)))
    assert between.point["throughput_rps"] == decision.point["throughput_rps"]


@given(st.floats(1e-6, 1e9), st.sampled_from(["<=", ">="]))
def test_a_rounded_limit_is_the_next_one_outward(limit, comparison):
    rounded = _outward(Constraint("energy_j_per_item", comparison, limit))
    assert rounded >= limit if comparison == "<=" else rounded <= limit
    assert rounded == pytest.approx(limit, rel=0.011)
    assert float(f"{rounded:.3g}") == rounded
