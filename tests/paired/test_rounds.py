import math

import numpy as np
import pytest

from tradeoff.paired.rounds import Placed, Rounds
from tradeoff.paired.side import Turn

NONE = np.zeros(0, dtype=np.int64)


def turn(*latency_ms, seconds=0.01):
    times = (1e6 * np.array(latency_ms)).astype(np.int64)
    return Turn(times, len(times), seconds, NONE, NONE)


def rounds(*of_rounds, batch_size=1):
    """Each round: the turns of before-after-after-before."""
    made = Rounds(batch_size)
    for number, turns in enumerate(of_rounds):
        sides = enumerate(zip((0, 1, 1, 0), turns, strict=True))
        made.add([Placed(number, place, side, 0.1 * place, one) for place, (side, one) in sides])
    return made


def test_medians_are_compared_within_rounds_so_that_a_trend_cancels():
    made = rounds(*[[turn(1.0), turn(1.1 * 1.02), turn(1.21 * 1.02), turn(1.331)]] * 10)
    found = made.ratio("p50", 0.05)
    assert found.value == pytest.approx(math.log(1.02), abs=1e-5)


def test_a_block_without_calls_is_spoken_for_by_the_other_of_its_side():
    made = rounds(*[[turn(), turn(2.0), turn(2.0), turn(1.0)]] * 10, [turn(), turn(9.0), turn(9.0), turn()])
    found = made.ratio("p50", 0.05)
    assert (found.value, found.rounds) == (pytest.approx(math.log(2.0)), 10)
    frame = made.frame()
    assert frame["latency_p50_ms"].isna().sum() == 12
    assert frame["n"].sum() == 32


def test_rates_count_requests_and_both_blocks_of_a_side():
    made = rounds(*[[turn(1, 1), turn(1, 1, 1), turn(1, 1, 1), turn(1, 1)]] * 10, batch_size=4)
    assert made.ratio("throughput", 0.05).value == pytest.approx(math.log(1.5))
    assert set(made.frame()["throughput_rps"]) == {4 * 2 / 0.01, 4 * 3 / 0.01}
    assert (made.number, made.calls()) == (10, 40)
    assert made.seconds() == pytest.approx(0.2)
