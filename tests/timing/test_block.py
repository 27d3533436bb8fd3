from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.timing.block import make_block
from tradeoff.timing.fake import FakeRunner


def block_of(rows: list[tuple[int, int, int]], *, concurrency: int, deadline_ns: int | None = None):
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return make_block(
        slot=table[:, 0],
        submitted_ns=table[:, 1],
        done_ns=table[:, 2],
        concurrency=concurrency,
        deadline_ns=deadline_ns,
    )


def test_the_window_holds_k_calls_in_flight() -> None:
    block = block_of([(0, 0, 10), (0, 10, 30), (1, 4, 20), (1, 20, 26)], concurrency=2)
    assert block.window_ns == (4, 26)
    assert block.submitted_ns.tolist() == [0, 4, 10, 20]
    assert block.in_window.tolist() == [True] * 4, "no call was done before the last slot began: there is no ramp-up"
    assert block.elapsed_ns == 30


def test_calls_of_a_ramp_up_do_not_count() -> None:
    block = block_of([(0, 0, 3), (0, 3, 30), (1, 4, 20), (1, 20, 26)], concurrency=2)
    assert block.window_ns == (4, 26)
    assert block.in_window.tolist() == [False, False, True, True]
    assert block.starting_at(10).in_window.tolist() == [False, False, False, True]


def test_the_call_that_crosses_the_deadline_ends_the_window() -> None:
    assert block_of([(0, 0, 10), (0, 10, 30)], concurrency=1, deadline_ns=12).window_ns == (0, 30)
    rows = [(0, 0, 10), (0, 10, 30), (1, 0, 50), (0, 30, 60)]
    block = block_of(rows, concurrency=2, deadline_ns=12)
    assert block.window_ns == (0, 30)
    assert block.in_window.tolist() == [True, True, True, False]


def test_a_slot_without_a_call_leaves_no_window() -> None:
    block = block_of([(0, 0, 10)], concurrency=2)
    assert block.window_ns == (0, 0)
    assert not block.in_window.any()


def test_an_empty_block_is_no_error() -> None:
    block = block_of([], concurrency=3)
    assert (len(block), block.elapsed_ns, block.window_ns) == (0, 0, (0, 0))


@given(k=st.integers(1, 6), duration=st.integers(1, 5000), seed=st.integers(0, 10**6))
def test_in_every_window_all_slots_have_one_call_in_flight(k: int, duration: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    runner = FakeRunner(duration_ns=lambda slot, i: int(random.integers(1, 900)))
    block = runner.run([bool] * k, max_calls=None, duration_ns=duration)
    start, end = block.window_ns
    assert end > start
    for moment in random.uniform(start, end, 20):
        in_flight = (block.submitted_ns <= moment) & (moment < block.done_ns)
        assert np.bincount(block.slot[in_flight], minlength=k).tolist() == [1] * k
