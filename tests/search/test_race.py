"""A race gives its time to what could win, and finds what the full grid finds."""

from __future__ import annotations

import numpy as np
import pytest

import tradeoff
from tradeoff.frames import make_points
from tradeoff.objective import Objective, ObjectiveError
from tradeoff.search.race import BEATEN, FIRST_LOOK, MISSES, OPEN, UNFIT, Racing
from tradeoff.search.system import Seen

from .planted import N, Planted, row_of

GRID = {(b, c): (1.0 + 0.2 * b) * c**0.8 for b in (1, 2, 4, 8, 16, 32) for c in (1, 2, 4)}
ASKED = Objective.parse("maximize throughput subject to p99 <= 6 ms")


def full(system: Planted):
    return make_points(row_of(*where, ms) for where, ms in zip(system.places, system.latencies, strict=True))


def decided(race, objective=ASKED):
    return tradeoff.decide(make_points(dict(one.row) for one in race.seen), objective)


@pytest.mark.parametrize("seed", range(4))
def test_the_answer_is_the_full_grids_at_a_fraction_of_its_calls(seed):
    system = Planted(GRID, seed=seed)
    race = Racing(system, ASKED).run()
    mine, theirs = decided(race), tradeoff.decide(full(system), ASKED)
    assert mine.verdict == theirs.verdict == "feasible"
    assert mine.point["point_id"] == theirs.point["point_id"]
    assert race.is_settled
    assert sum(one.calls for one in race.seen) <= 0.3 * N * len(system)


def test_time_goes_to_what_could_win():
    system = Planted(GRID)
    race = Racing(system, ASKED).run()
    fate = dict(zip(system.places, race.fate, strict=True))
    assert fate[32, 4] == MISSES
    assert fate[1, 1] == BEATEN
    assert fate[tuple(decided(race).point[["batch_size", "concurrency"]])] == OPEN
    shares = system.shares()
    assert shares[1, 1] == FIRST_LOOK
    winner = tuple(decided(race).point[["batch_size", "concurrency"]])
    assert shares[winner] == 1.0, "the answer is measured in full"
    assert set(shares) == set(system.places), "every point is looked at"


def test_nothing_meets_a_limit_and_nobody_is_measured_for_long():
    system = Planted(GRID)
    objective = Objective.parse("maximize throughput subject to p99 <= 0.5 ms")
    race = Racing(system, objective).run()
    assert set(race.fate) == {MISSES}
    assert race.is_settled
    assert decided(race, objective).verdict == "infeasible"
    assert max(system.shares().values()) <= 0.2


def test_without_a_limit_the_best_is_found_and_a_minimum_too():
    means = {(1, 1): 1.0, (2, 1): 3.0, (4, 1): 9.0}
    for text, best in (("minimize p50", (1, 1)), ("maximize throughput", (1, 1)), ("maximize p50", (4, 1))):
        objective = Objective.parse(text)
        race = Racing(system := Planted(means), objective).run()
        assert tuple(decided(race, objective).point[["batch_size", "concurrency"]]) == best
        assert race.is_settled, text
        assert max(system.shares().values()) < 1.0, "of three points none has room for a whole measurement"


def test_points_that_fail_get_no_more():
    system = Planted(GRID, fails=[(32, 1), (4, 2)])
    race = Racing(system, ASKED).run()
    fate = dict(zip(system.places, race.fate, strict=True))
    assert fate[32, 1] == fate[4, 2] == UNFIT
    assert [look for look in system.looks if look[0] == (32, 1)] == [((32, 1), FIRST_LOOK)]


def test_twins_are_not_told_apart_beyond_the_effort():
    twins = {(2, c): 2.0 * c for c in range(1, 9)}
    system = Planted(twins, sigma=0.5)
    race = Racing(system, Objective.parse("maximize throughput"), effort=0.3, tolerance=0.001).run()
    assert not race.is_settled
    assert sum(one.calls for one in race.seen) <= 0.3 * N * len(system)
    assert race.fate.count(OPEN) > 1


def test_with_all_effort_a_race_ends_by_itself():
    system = Planted({(2, c): 2.0 * c for c in range(1, 5)}, sigma=0.5)
    race = Racing(system, Objective.parse("maximize throughput"), effort=1.0, tolerance=0.001).run()
    assert race.is_settled
    assert sum(one.calls for one in race.seen) <= N * len(system)


def test_twins_within_the_tolerance_are_as_good():
    twins = {(1, c): 2.0 * c for c in range(1, 5)}
    near = Racing(one := Planted(twins, sigma=0.05), Objective.parse("maximize throughput"), effort=1.0, tolerance=0.1)
    far = Racing(
        other := Planted(twins, sigma=0.05), Objective.parse("maximize throughput"), effort=1.0, tolerance=0.001
    )
    assert near.run().is_settled
    far.run()
    assert sum(one.shares().values()) < 0.75 * sum(other.shares().values())


def test_a_column_that_nothing_fills_is_refused_after_the_first_looks():
    system = Planted(GRID)
    with pytest.raises(ObjectiveError, match="no goodput"):
        Racing(system, Objective.parse("maximize goodput")).run()
    assert max(system.shares().values()) == FIRST_LOOK


def test_errors_above_one_percent_never_set_the_floor():
    class Losing(Planted):
        def look(self, place, share):
            seen = super().look(place, share)
            lost = 0 if self.places[place] == (1, 1) else seen.calls // 10
            return type(seen)({**seen.row, "n_errors": lost}, seen.calls, seen.full_calls, seen.is_finished)

    system = Losing({(1, 1): 2.0, (8, 1): 2.0})
    objective = Objective.parse("maximize throughput subject to p50 <= 5 ms")
    race = Racing(system, objective, effort=1.0).run()
    assert race.fate[0] == OPEN, "the fast one lost every tenth: it beats nobody for sure"
    assert np.isclose(race.shares[1], 1.0)


class Scripted:
    """Two points: one known from the start, one that looks worse at first than it is."""

    def __init__(self):
        self.looks = []

    def __len__(self):
        return 2

    def look(self, place, share):
        self.looks.append((place, share))
        value, half = (100.0, 0.01) if place == 0 else (95.0, 0.2) if share <= FIRST_LOOK else (110.0, 0.01)
        row = {
            "workload": "scripted", "batch_size": place + 1, "n": 100, "n_errors": 0, "n_rejected": 0,
            "status": "partial", "throughput_rps": value, "throughput_rps_lo": value * (1 - half),
            "throughput_rps_hi": value * (1 + half),
        }  # fmt: skip
        return Seen(row, round(share * 1000), 1000.0, share >= 1.0)


def test_what_may_be_better_is_not_beaten_by_a_better_look():
    system = Scripted()
    objective = Objective.parse("maximize throughput")
    race = Racing(system, objective, effort=1.0).run()
    assert decided(race, objective).point["batch_size"] == 2
    assert race.fate == (BEATEN, OPEN)
    assert system.looks[:3] == [(0, FIRST_LOOK), (1, FIRST_LOOK), (0, 2 * FIRST_LOOK)]
