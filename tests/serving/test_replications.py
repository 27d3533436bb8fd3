"""How long systems are simulated, and what their rows promise."""

from __future__ import annotations

import math
import re
import sys

import numpy as np
import pytest

import tradeoff
from tradeoff.serving import replications
from tradeoff.serving.costs import POOL, costs_of


def exponential(size, rng, n):
    return rng.standard_exponential(n)


def line(size):
    return 2.0 + 0.5 * size


def row(service=exponential, **asked):
    return tradeoff.simulate(service, **({"max_batch_size": 1} | asked)).points.iloc[0]


def test_what_says_converged_is_near_the_truth_and_its_interval_holds_it():
    truth = math.log(100) / 0.5
    found = [row(request_rate=500, seed=seed) for seed in range(6)]
    assert {one["status"] for one in found} == {"converged"}
    strays = np.array([one["latency_p99_ms"] / truth - 1.0 for one in found])
    assert np.sqrt(np.mean(strays**2)) < 0.025 * 1.7, "six rows: one chance in a hundred"
    assert sum(one["latency_p99_ms_lo"] <= truth <= one["latency_p99_ms_hi"] for one in found) >= 4
    assert {one["replicates"] for one in found} == {5}


def test_near_capacity_it_is_neither_saturated_nor_known(monkeypatch):
    monkeypatch.setattr(sys.modules["tradeoff.serving.simulate"], "MOST", 1_000_000)
    found = [row(request_rate=990, seed=seed) for seed in range(4)]
    assert {one["status"] for one in found} == {"budget"}
    told = re.search(r"a busy spell lasts some ([0-9\s]+) requests here", found[0]["reason"])
    assert 30_000 < int("".join(told[1].split())) < 50_000, "1 / (1 - sqrt(0.99))**2 is 39 600"
    assert "n_requests=" in found[0]["reason"]
    assert np.isnan([one["latency_p99_ms_hi"] for one in found]).all(), "too short to say how far off"


def test_bursts_are_as_long_as_several_of_their_cycles(monkeypatch):
    monkeypatch.setattr(sys.modules["tradeoff.serving.simulate"], "MOST", 2_000_000)
    found = row(line, max_batch_size=8, load=tradeoff.MMPP([100, 1600], [5, 5]), seed=1)
    assert found["status"] == "budget"
    assert found["duration_s"] > 5 * 20 * 10, "twenty cycles of each replication"


def test_given_lengths_are_kept_and_told_what_they_bear():
    short = row(request_rate=900, n_requests=3000, replications=4)
    assert (short["status"], short["replicates"]) == ("budget", 4)
    assert "each replication counts" in short["reason"]
    enough = row(request_rate=300, n_requests=100_000, replications=4)
    assert enough["status"] == "converged"


def test_samples_bound_the_work():
    run = tradeoff.simulate(exponential, max_batch_size=1, request_rate=[950, 960], keep_samples=True, replications=2)
    assert 0 < len(run.samples) <= replications.MOST_KEPT
    assert set(run.points["status"]) == {"budget"}


def test_each_batch_has_a_draw_of_its_own():
    asked = {"load": tradeoff.Trace(np.arange(2 * POOL + 10) * 10.0), "keep_samples": True}
    times = tradeoff.simulate(exponential, max_batch_size=1, **asked).samples["model_ns"]
    assert times.nunique() > 0.96 * len(times), "but for those that are the same to the nanosecond"
    table = costs_of(exponential).table(1, 1)
    for page in (0, 1):
        table.fill(1, page)
    expected = np.rint(1e6 * table.times[: 2 * POOL]).astype(int)
    assert np.abs(times.to_numpy()[: 2 * POOL] - expected).max() <= 2 * 1000, "in order, to the rounding of 15 days"


def test_a_cost_is_asked_for_once_and_an_error_only_where_a_run_comes_to_it():
    asked = []

    def cost(size):
        asked.append(size)
        if size == 7:
            raise RuntimeError("no such batch")
        return 1.0 + size

    times = tradeoff.Trace(np.repeat(np.arange(50.0), 3))
    tradeoff.simulate(cost, max_batch_size=8, load=times)
    assert max(asked.count(size) for size in range(2, 8)) <= 1
    with pytest.raises(RuntimeError, match="no such batch"):
        tradeoff.simulate(cost, max_batch_size=8, load=tradeoff.Trace(np.repeat(np.arange(5.0), 7)))


def test_ctrl_c_while_it_grows_keeps_what_was_whole(monkeypatch):
    see, calls = replications.World.see, []

    def once(world, plans, replication):
        calls.append(replication)
        if len(calls) > 7:
            raise KeyboardInterrupt
        return see(world, plans, replication)

    monkeypatch.setattr(replications.World, "see", once)
    with pytest.warns(replications.SimulateInterrupted, match="a length at which p99 is not yet known"):
        found = row(request_rate=900)
    assert (found["status"], found["replicates"]) == ("budget", 5)
