import numpy as np
import pytest

from tradeoff.paired.block_length import SHORTEST_NS, plan_of, start_up_of, trial_ns
from tradeoff.paired.side import Turn


def turns(call_ns: float, *, slow_ns: float = 0.0, factor: float = 1.5, length_ns: float = 2e7, count: int = 8):
    """Blocks whose calls take `factor` times as long up to `slow_ns` after their beginning."""
    rng, made = np.random.default_rng(0), []
    for _ in range(count):
        times = call_ns * np.exp(0.02 * rng.standard_normal(round(length_ns / call_ns)))
        begun = np.cumsum(times) - times
        times = np.where(begun < slow_ns, factor * times, times)
        made.append(Turn(np.zeros(0, np.int64), 0.0, 0.0, begun.astype(np.int64), times.astype(np.int64)))
    return made


def test_a_block_is_as_short_as_allowed_where_no_switch_is_seen():
    plan = plan_of([turns(1e5), turns(1e5)])
    assert plan.block_ns == SHORTEST_NS
    assert plan.start_up_ns == SHORTEST_NS // 20


def test_the_start_up_is_what_is_seen_to_be_slower_and_a_fifth_of_a_block_at_most():
    seen = start_up_of(turns(1e5, slow_ns=4e6), 1e5)
    assert 3.5e6 <= seen <= 8.5e6  # parts double in length
    plan = plan_of([turns(1e5), turns(1e5, slow_ns=4e6)])
    assert plan.start_up_ns == pytest.approx(seen)
    assert plan.block_ns == pytest.approx(5 * seen)


def test_noise_is_no_start_up():
    assert start_up_of(turns(1e5, slow_ns=4e6, factor=1.005), 1e5) == 0


@pytest.mark.parametrize(("call_ns", "calls"), [(5e6, 9), (5e7, 3.6), (4e8, 3)])
def test_slow_calls_have_nine_in_a_block_or_three(call_ns, calls):
    plan = plan_of([turns(call_ns, length_ns=12 * call_ns)] * 2)
    assert plan.block_ns / call_ns == pytest.approx(calls, rel=0.05)
    assert trial_ns(call_ns) >= 3 * call_ns


def test_inputs_are_made_anew_as_often_as_it_takes_a_quarter_of_the_time():
    quick, slow, never = (plan_of([turns(1e5)] * 2, prepared_ns=ns) for ns in (0, 2e8, 6e8))
    assert quick.rounds_a_place == 2
    assert slow.rounds_a_place == 22
    assert never.rounds_a_place == 0
