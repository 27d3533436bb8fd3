import math

import pytest

from tradeoff.frames import make_points
from tradeoff.objective import Objective
from tradeoff.paired.alternate import Alternated
from tradeoff.paired.block_length import Plan
from tradeoff.paired.measuring import COLUMNS
from tradeoff.paired.rounds import Rounds
from tradeoff.paired.verdict import crossings, direction_of, headline, metric_of, notes, verdict_of
from tradeoff.stats.paired import LogRatio

LIMIT = Objective.parse("maximize throughput subject to p99 <= 20 ms")
HIGHER, LOWER, OPEN = (0.1, 0.05, 0.15), (-0.1, -0.15, -0.05), (0.01, -0.05, 0.07)
TAKEN = Alternated(Rounds(1), Plan(10_000_000, 500_000), "it ended")


def metrics(objective=None, **changes):
    return tuple(
        metric_of(name, COLUMNS[name], LogRatio(*change, rounds=50), 100, direction_of(COLUMNS[name], objective))
        for name, change in changes.items()
    )


def points(*p99, status=("converged", "converged")):
    return make_points(
        {"status": how, "latency_p99_ms": value, "latency_p99_ms_lo": 0.9 * value, "latency_p99_ms_hi": 1.1 * value}
        for value, how in zip(p99 or (10.0, 10.0), status, strict=True)
    )


@pytest.mark.parametrize(
    ("throughput", "p99", "verdict"),
    [
        (HIGHER, OPEN, "better"),
        (OPEN, LOWER, "better"),
        (LOWER, OPEN, "worse"),
        (OPEN, HIGHER, "worse"),
        (HIGHER, HIGHER, "mixed"),
        (OPEN, OPEN, "not_separable"),
    ],
)
def test_gains_and_losses_are_weighed(throughput, p99, verdict):
    assert verdict_of(metrics(throughput=throughput, p99=p99), None, points()) == verdict


@pytest.mark.parametrize(
    ("throughput", "p99", "at", "verdict"),
    [
        (HIGHER, HIGHER, (10, 11), "better"),  # p99 moved within its limit
        (OPEN, HIGHER, (10, 11), "worse"),
        (HIGHER, HIGHER, (10, 30), "mixed"),
        (OPEN, LOWER, (30, 10), "better"),
        (OPEN, HIGHER, (10, 30), "worse"),
        (LOWER, LOWER, (10, 9), "worse"),
    ],
)
def test_an_objective_says_what_counts(throughput, p99, at, verdict):
    found = metrics(LIMIT, throughput=throughput, p99=p99, p50=HIGHER)
    assert verdict_of(found, LIMIT, points(*at)) == verdict


def test_an_objective_may_ask_for_the_other_direction():
    least = Objective.parse("minimize throughput")
    assert verdict_of(metrics(least, throughput=HIGHER), least, points()) == "worse"


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(("converged", "failed"), "worse"), (("oom", "budget"), "better"), (("failed", "failed"), "not_separable")],
)
def test_who_fails_is_worse(status, verdict):
    rows = points(10, 10, status=status)
    rows["reason"] = "raised ValueError"
    found = metrics(throughput=(math.nan, -math.inf, math.inf))
    assert verdict_of(found, None, rows) == verdict
    assert "failed: raised ValueError" in headline(found, None, TAKEN, rows)


@pytest.mark.parametrize(("at", "sign"), [((10, 30), -1), ((30, 10), 1), ((10, 19.9), 0), ((19, 21), 0)])
def test_a_limit_is_crossed_only_for_sure(at, sign):
    assert crossings(LIMIT, points(*at)) == [sign]


def test_the_sentence_has_every_metric_with_its_interval():
    told = headline(metrics(throughput=HIGHER, p50=LOWER, p99=OPEN), None, TAKEN, points())
    assert told == (
        "throughput +11 % (+5.1 % to +16 %) and p50 −9.5 % (−14 % to −4.9 %); "
        "not separable: p99 +1.0 % (−4.9 % to +7.3 %); 0 pairs of blocks in turns."
    )
    assert headline(metrics(p99=OPEN), None, TAKEN, points()).startswith("not separable: p99 +1.0 %")
    lost = headline(metrics(LIMIT, throughput=HIGHER, p99=HIGHER), LIMIT, TAKEN, points(10, 30))
    assert "throughput +11 % (+5.1 % to +16 %), but p99 +11 %" in lost
    assert "p99 <= 20 ms is no longer met" in lost


def test_the_notes_say_at_which_level_and_in_which_blocks():
    told = " ".join(notes(metrics(throughput=HIGHER, p50=LOWER, p99=OPEN), TAKEN, points()))
    assert "in blocks of 10.0 ms of which the first 0.500 ms do not count; it ended." in told
    assert "95 % (98.3 % each)" in told
    assert "hold together" not in " ".join(notes(metrics(p99=OPEN), TAKEN, points()))
    unknown = notes(metrics(p99=(0.0, -math.inf, math.inf)), TAKEN, points())
    assert any("Too few calls or rounds for an interval of p99" in note for note in unknown)
