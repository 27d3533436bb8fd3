import numpy as np
import pytest

from tests.paired.scripted import DRAFT, Machine, Takes, sides
from tradeoff.paired.alternate import alternate, is_known
from tradeoff.stats.paired import LogRatio
from tradeoff.timing import Budget

METRICS = ("throughput", "p50", "p99")


def measured(after=1.0, *, budget=DRAFT, seed=0, before=None, **machine):
    played = Machine(**machine)
    one, other = before or Takes(), after if isinstance(after, Takes) else Takes(after)
    taken = alternate(
        sides(played, one, other, budget=budget), metrics=METRICS, budget=budget, seed=seed, clock=lambda: played.now_ns
    )
    return taken, one, other


def test_rounds_are_before_after_after_before_or_the_reverse_by_a_coin():
    taken, *_ = measured()
    frame = taken.rounds.frame()
    orders = frame.groupby("round")["side"].agg(tuple)
    there = {("before", "after", "after", "before"), ("after", "before", "before", "after")}
    assert set(orders) == there
    first = [order[0] for order in orders]
    assert 0.3 < first.count("before") / len(first) < 0.7
    again, *_ = measured()
    assert again.rounds.frame().equals(frame)
    assert not measured(seed=1)[0].rounds.frame()["side"].equals(frame["side"])


def test_a_shift_is_found_with_its_size():
    taken, *_ = measured(1.03)
    for metric, expected in (("throughput", -np.log(1.03)), ("p50", np.log(1.03)), ("p99", np.log(1.03))):
        found = taken.rounds.ratio(metric, 0.05 / 3)
        assert found.lo < expected < found.hi
        assert (found.lo > 0) == (expected > 0) or metric == "p99"
    assert taken.rounds.ratio("p50", 0.05 / 3).half_width < 0.005


@pytest.mark.parametrize("period_s", [0.02, 0.04, 0.7])
def test_a_mood_in_phase_with_the_turns_invents_no_winner(period_s):
    taken, *_ = measured(mood=lambda at: np.where((at / period_s) % 1.0 < 0.5, 1.5, 1.0))
    for metric in METRICS:
        found = taken.rounds.ratio(metric, 0.05 / 3)
        assert found.lo < 0 < found.hi


def test_a_trend_cancels_within_rounds():
    drifting, *_ = measured(mood=lambda at: 1.0 + at / 10)
    steady, *_ = measured()
    width = [each.rounds.ratio("p50", 0.05).half_width for each in (drifting, steady)]
    assert width[0] < 2.0 * width[1]


def test_the_beginning_of_a_block_is_left_out_as_long_as_the_switch_is_seen():
    taken, *_ = measured(cold_calls=5)
    assert taken.plan.start_up_ns >= 5 * 3 * 90_000
    frame = taken.rounds.frame()
    assert frame["latency_max_ms"].max() < 0.2  # of calls three times as long there would be some at 0.3
    assert measured()[0].plan.start_up_ns < taken.plan.start_up_ns


def test_it_ends_when_ratios_are_known_and_when_the_budget_is_spent():
    known, *_ = measured(spread=0.01)
    assert known.ended.startswith("every ratio was known well enough")
    spent, *_ = measured(spread=1.5)
    assert spent.ended.startswith("the draft budget was spent after 2")
    assert spent.rounds.number > known.rounds.number


def test_inputs_are_made_anew_for_both():
    _, one, other = measured()
    assert one.prepared == other.prepared > 10


def test_a_side_that_fails_ends_it():
    taken, *_ = measured(Takes(raises=True))
    assert (taken.ended, taken.plan, taken.pairs) == ("after failed", None, 0)


def test_ctrl_c_keeps_complete_rounds():
    class Stopped(Machine):
        def run(self, calls, **how):
            if self.now_ns > 1.5e9:
                raise KeyboardInterrupt
            return super().run(calls, **how)

    played = Stopped()
    taken = alternate(sides(played, Takes(), Takes()), metrics=METRICS, budget=DRAFT, clock=lambda: played.now_ns)
    assert taken.is_interrupted
    assert len(taken.rounds.blocks) == 4 * taken.rounds.number > 0


def test_calls_that_outlast_the_budget_end_it_too():
    budget = Budget(name="own", seconds=0.2, max_calls=10_000)
    taken, *_ = measured(Takes(20_000.0), before=Takes(20_000.0), budget=budget)
    assert "budget was spent" in taken.ended


@pytest.mark.parametrize(
    ("value", "half", "known"), [(0.0, 0.004, True), (0.0, 0.006, False), (0.3, 0.02, True), (-0.3, 0.04, False)]
)
def test_known_is_half_of_the_tolerance_or_a_tenth_of_the_change(value, half, known):
    assert is_known(LogRatio(value, value - half, value + half, 20), 0.01) is known
