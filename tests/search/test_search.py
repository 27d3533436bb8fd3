"""``tradeoff.search`` as people call it."""

from __future__ import annotations

import asyncio
import math
from functools import partial

import pytest

import tradeoff
from tradeoff.arguments import ArgumentError
from tradeoff.frames import RunFolderError, validate_points, validate_samples
from tradeoff.objective import ObjectiveError
from tradeoff.timing import Budget

ASKED = "maximize throughput subject to p99 <= 30 ms"
SERVER = partial(tradeoff.simulate, lambda size: 4.0 + size, max_batch_size=8, n_requests=1500, replications=3)
QUICK = Budget(name="quick", seconds=0.2, max_calls=4000, min_calls=100, warm_up_seconds=0.005)


def sleepless(batch_size):
    return lambda: sum(range(200 * batch_size))


def test_the_highest_rate_of_a_simulated_server(tmp_path):
    found = tradeoff.search(SERVER, ASKED, request_rate=(50, 2000), progress=False, path=tmp_path / "run")
    again = tradeoff.search(SERVER, ASKED, request_rate=(50, 2000), progress=False)
    assert (found.lo, found.hi) == (again.lo, again.hi), "a seed is a seed"
    assert found.verdict == "feasible"
    assert 50 < found.lo < found.highest_rate_rps < found.hi < 8 / 12 * 1000
    assert found.is_load
    assert f"surely kept up to {found.lo:.0f} requests/s" in found.sentence()
    assert found.calls == found.run.points[["n", "n_errors", "n_rejected"]].sum().sum()
    validate_points(found.run.points)
    kept = tradeoff.read(tmp_path / "run")
    assert sorted(kept.points["request_rate_rps"]) == sorted(found.run.points["request_rate_rps"])
    with pytest.raises(RunFolderError, match="holds a Run already"):
        tradeoff.search(SERVER, ASKED, request_rate=(50, 2000), progress=False, path=tmp_path / "run")


def test_samples_of_several_runs_are_told_apart():
    found = tradeoff.search(
        SERVER, "maximize throughput subject to p99 <= 20 ms", request_rate=(300, 600), progress=False,
        replications=1, keep_samples=True, runs=3,
    )  # fmt: skip
    several = found.run.points[found.run.points["replicates"] == 3]
    assert len(several)
    for identity in several["point_id"]:
        assert set(found.run.samples_of(identity)["replicate"]) == {0, 1, 2}
    validate_samples(found.run.samples, found.run.points)


def test_a_range_below_and_beyond_is_said():
    low = tradeoff.search(SERVER, ASKED, request_rate=(1, 20), progress=False)
    assert low.hi == math.inf
    assert "raise its end" in low.sentence()
    high = tradeoff.search(SERVER, ASKED, request_rate=(5000, 9000), progress=False)
    assert (high.verdict, high.highest_rate_rps) == ("infeasible", 0.0)
    assert "No rate in the range" in high.sentence()


def test_a_server_outside_is_driven():
    async def send(number):
        await asyncio.sleep(0.001)
        if number % 3 == 0:
            raise OSError("no")

    found = tradeoff.search(
        send, "maximize throughput subject to p50 <= 5 s", request_rate=(500, 501), duration_s=0.2, progress=False
    )
    assert found.verdict == "infeasible", "a third of the requests got no answer"
    assert found.run.points["n_errors"].iloc[0] > 50


def test_a_grid_is_searched_and_says_what_was_brief(tmp_path):
    asked = "maximize throughput at concurrency 1"
    grid = {"batch_size": [1, 4, 64], "concurrency": [1, 2], "budget": QUICK, "isolate": False, "progress": False}
    found = tradeoff.search(sleepless, asked, **grid, path=tmp_path / "run")
    points = found.run.points
    assert sorted(points["batch_size"]) == [1, 4, 64]
    assert set(points["concurrency"]) == {1}, "what is not asked about is not measured"
    assert found.decision is not None
    assert found.calls > 0
    brief = points[points["status"] == "partial"]
    assert len(brief)
    assert brief["reason"].str.contains("of its budget, for it ").all()
    assert "only briefly" in found.sentence()
    assert not found.is_load
    validate_points(points)
    whole = tradeoff.sweep(sleepless, **{**grid, "concurrency": [1]}, path=tmp_path / "run", resume=True)
    assert not (whole.points["status"] == "partial").any(), "a sweep that goes on measures them in full"
    nothing = tradeoff.search(sleepless, asked, **grid, path=tmp_path / "run", resume=True)
    assert nothing.run.points["n"].tolist() == whole.points["n"].tolist(), "what is known is taken as it is"
    assert nothing.calls == whole.points["n"].sum()
    assert nothing.verdict == "feasible"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "needs batch_size="),
        ({"batch_size": 1, "request_rate": (1, 2)}, "one of them"),
        ({"request_rate": (2, 1)}, "0 < lowest < highest"),
        ({"request_rate": 5}, "lowest, highest"),
        ({"request_rate": (1, math.inf)}, "0 < lowest < highest"),
        ({"request_rate": (1, 2), "effort": 0.5}, "effort go with batch_size="),
        ({"request_rate": (1, 2), "runs": 2}, "runs must be a whole number from 3"),
        ({"request_rate": (1, 2), "duration_s": 0}, "duration_s must be seconds"),
        ({"batch_size": 1, "effort": 0}, "effort must be a share"),
        ({"batch_size": 1, "tolerance": "1"}, "tolerance must be a share"),
        ({"batch_size": 1, "modes": "x"}, "modes is no option of a search over a grid"),
    ],
)
def test_arguments_that_cannot_be_used_are_named(more, said):
    with pytest.raises(ArgumentError, match=said):
        tradeoff.search(SERVER, ASKED, **more)


@pytest.mark.parametrize("text", ["minimize p99", "maximize throughput", "maximize goodput subject to p99 <= 1 ms"])
def test_objectives_that_have_no_highest_rate_are_refused(text):
    with pytest.raises(ObjectiveError, match="highest rate that keeps the limits"):
        tradeoff.search(SERVER, text, request_rate=(1, 2))


def test_what_cannot_be_asked_is_refused():
    with pytest.raises(ArgumentError, match="what must be an async function"):
        tradeoff.search("softmax", ASKED, request_rate=(1, 2), progress=False)
    with pytest.raises(ArgumentError, match="must return a Run of one point"):
        tradeoff.search(lambda request_rate, seed: 3, ASKED, request_rate=(1, 2), progress=False)
