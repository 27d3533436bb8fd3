from __future__ import annotations

import numpy as np
import pytest

from tradeoff.timing.settle import heads, is_settling, settle, without

MS = 1_000_000


def run(n: int = 4000, *, seed: int = 1, sigma: float = 0.05) -> np.ndarray:
    return MS * (1.0 + sigma * np.random.default_rng(seed).standard_normal(n))


def settled(series: np.ndarray, visits: list[int] | None = None):
    latencies = series.astype(np.int64)
    return settle(latencies, np.cumsum(latencies), visits or [0], truncate=True)


def test_a_steady_run_is_steady() -> None:
    found = settled(run())
    assert not found.is_unstable
    assert (found.cuts, found.start_up, found.shift) == ((0,), 0.0, None)


def test_a_tail_that_grows_makes_a_run_unstable_though_its_medians_stand_still() -> None:
    series = run()
    late = (np.arange(4000) > 2000) & (series > np.quantile(series, 0.95))
    found = settled(np.where(late, 3 * series, series))
    assert found.is_unstable
    assert found.drift is not None
    assert not found.drift.is_unstable
    assert found.shift is not None
    assert found.shift.at == pytest.approx(2000, rel=0.15)


def test_visits_that_differ_are_no_drift_and_a_visit_that_changes_is() -> None:
    moods = np.repeat([1.0, 1.2, 1.0, 1.1], 1000)
    visits = [0, 1000, 2000, 3000]
    assert settled(run() * moods).is_unstable, "in one go it would be a drift"
    assert not settled(run() * moods, visits).is_unstable
    within = np.where(np.arange(4000) >= 3500, 1.2, 1.0)
    assert settled(run() * within, visits).is_unstable


def test_each_visit_has_a_head_of_its_own() -> None:
    visits = [0, 3000]
    start = 1.0 + 0.5 * np.exp(-(np.arange(6000) % 3000) / 60)
    series = (run(6000) * start).astype(np.int64)
    cuts, change = heads(series, visits)
    assert all(100 <= cut <= 300 for cut in cuts)
    assert 0.3 < change < 0.5
    rest, starts = without(series, visits, cuts)
    assert len(rest) == 6000 - sum(cuts)
    assert starts == [0, 3000 - cuts[0]]
    assert rest[0] == series[cuts[0]]
    assert rest[starts[1]] == series[3000 + cuts[1]]


@pytest.mark.parametrize(
    ("levels", "next_level", "settling"),
    [
        ([1.3, 1.1, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], 1.0, True),  # on its way down
        ([1.0, 1.0, 1.0, 1.15, 1.15, 1.15, 1.15, 1.15], 1.15, True),  # from burst to sustained
        ([1.0, 1.0, 1.3, 1.3, 1.0, 1.0, 1.0, 1.0], 1.0, False),  # a slow spell: forgetting it would lose it
        ([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.3, 1.3], 1.0, False),
    ],
)
def test_only_a_run_on_its_way_one_way_is_forgotten(levels, next_level, settling) -> None:
    tried = settled(run() * np.repeat(levels, 500))
    assert tried.is_unstable
    assert is_settling(tried, next_level * MS) is settling


def test_a_steady_run_and_none_at_all_were_on_no_way() -> None:
    assert not is_settling(settled(run()), float(MS))
    nothing = settle(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), [], truncate=True)
    assert not nothing.is_unstable
    assert nothing.is_undecided


@pytest.mark.parametrize("scale", [1.02, 1.3])
def test_the_drift_of_one_visit_is_that_which_is_said(scale: float) -> None:
    series = run(4000, sigma=0.02) * np.repeat([1.0, scale, 1.0, 1.0], [1500, 500, 1000, 1000])
    found = settled(series, [0, 2000, 3000])
    assert found.is_unstable
    assert found.part == "visit 1"
    assert found.drift is not None
    assert found.shift is not None or found.drift.spread > found.drift.threshold
