import numpy as np
import pytest

from tests.paired.scripted import DRAFT, Machine, Takes
from tradeoff.timing.bench import Bench
from tradeoff.timing.block import make_block
from tradeoff.timing.conditions import Conditions
from tradeoff.timing.turns import PointInTurns, counted_in


def point(workload, machine):
    return PointInTurns(workload, 1, 1, "float32", "cpu", 0, DRAFT, Conditions(), Bench(runner=machine))


def test_whole_calls_count_in_whole_time():
    # Two slots; the window is cut to begin at 10, so that the first call of each does not count.
    block = make_block(
        slot=np.array([0, 0, 0, 1, 1]),
        submitted_ns=np.array([0, 10, 20, 0, 16]),
        done_ns=np.array([10, 20, 34, 16, 30]),
        concurrency=2,
        failed=np.array([False, True, False, False, False]),
    )
    times, calls, seconds = counted_in(block.starting_at(10))
    assert (sorted(times), calls) == ([14, 14], 2)
    assert seconds == pytest.approx(((34 - 10) + (30 - 16)) / 2 / 1e9)
    assert counted_in(block.starting_at(40))[1:] == (0, 0.0)


def test_blocks_count_without_their_start_up_and_those_that_do_not_are_warm_up():
    measured = point(Takes(), Machine(spread=0.0))
    measured.begin()
    measured.turn(5_000_000, start_up_ns=0, is_measured=False)
    for _ in range(20):
        measured.turn(5_000_000, start_up_ns=1_000_000)
    found = measured.end()
    assert found.point["n"] == 20 * 40
    phases = found.samples["phase"]
    assert (phases == "measure").sum() == 20 * 40
    assert set(phases) == {"cold", "warmup", "measure"}
    assert found.point["throughput_rps"] == pytest.approx(10_000)


def test_calls_are_made_again_after_they_were_let_go_of():
    workload = Takes()
    measured = point(workload, Machine())
    measured.begin()
    measured.let_go()
    measured.make_again()
    assert workload.prepared == 2
    assert measured.turn(5_000_000, start_up_ns=0) is not None


def test_a_call_that_raises_all_the_time_ends_it():
    measured = point(Takes(raises=True), Machine())
    measured.begin()
    assert measured.turn(5_000_000, start_up_ns=0) is None
    found = measured.end()
    assert (found.point["status"], found.point["n"]) == ("failed", 0)
    assert "RuntimeError: broken" in str(found.point["reason"])


def test_before_a_block_has_counted_it_is_partial():
    measured = point(Takes(), Machine())
    measured.begin()
    found = measured.end()
    assert (found.point["status"], found.is_finished) == ("partial", False)
