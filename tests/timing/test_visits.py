"""A point that is measured in several visits: what each knows, when it is finished, what its row says."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tradeoff.timing import Budget, Conditions, as_budget
from tradeoff.timing.bench import Bench
from tradeoff.timing.fake import FakeRunner
from tradeoff.timing.measure import Visits
from tradeoff.timing.point import AGAIN_NS, FEWEST_VISITS, VISIT_NS, Point
from tradeoff.workloads import as_workload

from .test_measure import MS, Scripted, noisy


def begin(takes=None, *, budget="draft") -> tuple[Point, Bench]:
    bench = Bench(runner=FakeRunner(duration_ns=takes or noisy(sigma=0.02)))
    return Point(Scripted(), 4, 1, "float32", "cpu", 0, as_budget(budget), Conditions(), bench), bench


def visited(takes=None, *, budget="draft"):
    point, bench = begin(takes, budget=budget)
    found = []
    while not point.is_finished:
        found.append(point.visit(bench))
    return found


def test_a_steady_point_has_converged_after_three_visits() -> None:
    found = visited()
    assert [each.point["status"] for each in found] == ["partial"] * (FEWEST_VISITS - 1) + ["converged"]
    assert [each.point["visits"] for each in found] == [1, 2, 3]
    assert [each.is_finished for each in found] == [False, False, True]
    assert all(each.point["n"] > 150 for each in found), "what is known so far is a row like any other"
    assert found[-1].point["duration_s"] == pytest.approx(FEWEST_VISITS * VISIT_NS / 1e9, rel=0.02)
    assert found[-1].point["time_scale_s"] == pytest.approx(0.012, rel=0.05)
    assert "are not covered" in found[-1].point["reason"]
    assert "the sweep has come to it 1 time so far" in found[0].point["reason"]


def test_a_point_that_ended_before_a_fifth_of_its_budget_says_so() -> None:
    assert "ended_early" not in visited(budget="draft")[-1].point["flags"]
    for budget in ("standard", "tail"):
        row = visited(budget=budget)[-1].point
        assert row["status"] == "converged"
        assert "ended_early" in row["flags"]
    asked = Budget(name="own", seconds=10.0, min_seconds=2.5, max_calls=200_000)
    longer = visited(budget=asked)[-1].point
    assert longer["status"] == "converged"
    assert longer["duration_s"] >= 2.4
    assert "ended_early" not in longer["flags"]


def test_every_visit_has_a_cold_call_and_a_warm_up_and_the_samples_say_which() -> None:
    samples = visited()[-1].samples
    for visit in range(FEWEST_VISITS):
        mine = samples["visit"] == visit
        phases = samples["phase"][mine].tolist()
        assert phases[0] == "cold"
        assert phases.count("cold") == 1
        warm_up_ns = samples["latency_ns"][mine & (samples["phase"] == "warmup")].sum()
        assert warm_up_ns == pytest.approx(AGAIN_NS if visit else 250 * MS, rel=0.05)
    assert np.all(np.diff(samples["submitted_ns"]) >= 0)


def test_moods_between_visits_widen_the_interval() -> None:
    alone = noisy(sigma=0.02)
    moods = [1.0, 1.3, 0.9, 1.2, 1.1, 1.0, 1.25, 0.95]
    now = {"visit": 0}
    point, bench = begin(lambda slot, i: int(alone(slot, i) * moods[now["visit"] % len(moods)]))
    while not point.is_finished:
        measured = point.visit(bench)
        now["visit"] += 1
    steady = visited()[-1].point
    row = measured.point
    width = (row["latency_p50_ms_hi"] - row["latency_p50_ms_lo"]) / row["latency_p50_ms"]
    assert row["status"] == "budget", "not unstable: it held still while it was looked at"
    assert math.isnan(width) or width > 0.1
    assert steady["latency_p50_ms_hi"] - steady["latency_p50_ms_lo"] < 0.01
    rate = (row["throughput_rps_hi"] - row["throughput_rps_lo"]) / row["throughput_rps"]
    assert math.isnan(rate) or rate > 0.1


def test_what_takes_long_to_prepare_is_measured_in_one_go(monkeypatch) -> None:
    times = iter(range(0, 10**12, 10**9))
    monkeypatch.setattr("tradeoff.timing.point.time.perf_counter_ns", lambda: next(times))
    (only,) = visited()
    assert only.point["status"] == "converged"
    assert only.point["visits"] == 1


def test_a_failure_ends_the_visits() -> None:
    class Breaks(Scripted):
        made = 0

        def prepare(self, **how):
            self.made += 1
            if self.made == 2:
                raise RuntimeError("gone")
            return super().prepare(**how)

    point, bench = begin()
    point.maker.workload = point.workload = Breaks()
    assert point.visit(bench).point["status"] == "partial"
    broken = point.visit(bench)
    assert point.is_finished
    assert broken.is_finished
    assert (broken.point["status"], broken.point["visits"]) == ("failed", 2)


def test_points_are_kept_apart_and_forgotten_when_finished() -> None:
    own = Budget(name="own", seconds=0.02, max_calls=200, min_calls=5, warm_up_seconds=0.001, min_seconds=0.01)
    visits, workload = Visits(), as_workload(lambda batch_size: lambda: batch_size, name="own")
    first = visits.visit("a", workload, batch_size=1, budget=own)
    other = visits.visit("b", workload, batch_size=2, budget=own, is_last=True)
    assert (first.point["visits"], other.point["visits"], other.is_finished) == (1, 1, True)
    while not first.is_finished:
        first = visits.visit("a", workload, batch_size=1, budget=own)
    assert first.point["visits"] <= 3
    assert visits.visit("a", workload, batch_size=1, budget=own).point["visits"] == 1
    with pytest.raises(ValueError, match="batch_size=0"):
        visits.visit("c", workload, batch_size=0)
