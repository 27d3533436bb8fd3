"""Our own rows pass: what is found in them is what they say themselves."""

from pathlib import Path

import pytest

import tradeoff
from tradeoff.audit import audit

DEMO = Path(__file__).parents[2] / "data" / "demo_cpu"


def grave(found):
    return set(found[found["severity"] >= "warning"]["check"])


def grave_of_simulated(found):
    """What is grave beside the doubt of the service times, for the recorded Run has rows that are doubtful."""
    checks = grave(found)
    assert "service_times_doubtful" in checks
    return checks - {"service_times_doubtful"}


@pytest.fixture(scope="module")
def demo():
    return tradeoff.read(DEMO)


def test_the_recorded_run_has_nothing_but_its_own_flags(demo):
    found = audit(demo)
    assert grave(found) == {"sample_size", "gil_bound"}
    flagged = demo.points[demo.points["flags"].map(lambda flags: "upper_unbounded" in flags)]
    is_grave = found["severity"] >= "warning"
    assert set(found[is_grave & (found["check"] == "sample_size")]["point_id"]) == set(flagged["point_id"])
    assert "error" not in set(found["severity"])


@pytest.mark.parametrize(
    "asked",
    [
        {"concurrency": [1, 8, 64], "think_ms": [0, 3]},
        {"concurrency": [1, 8, 64], "think_ms": 3, "think": "exponential", "network_ms": 1.0},
        {"request_rate": [100, 1000], "host_ms": 0.1},
        {"request_rate": 100, "load": ["constant", tradeoff.Gamma(0.5)]},
        {"load": tradeoff.Trace([0.01 * k for k in range(5000)])},
    ],
    ids=str,
)
def test_simulated_rows_pass(demo, asked):
    run = tradeoff.simulate(
        demo, max_batch_size=[1, 8], max_wait_ms=[0, 2], n_requests=8_000, keep_samples=True, **asked
    )
    assert grave_of_simulated(audit(run)) == set()


def test_times_to_think_of_a_function_pass(demo):
    run = tradeoff.simulate(
        demo, max_batch_size=8, concurrency=[1, 32], think=lambda rng, n: rng.exponential(5, n), n_requests=8_000
    )
    assert grave_of_simulated(audit(run)) == set()


def test_what_is_turned_away_is_told_and_what_is_saturated_is_not_blamed(demo):
    options = {"max_batch_size": 8, "n_requests": 8_000}
    bounded = tradeoff.simulate(demo, request_rate=1e5, queue_limit=16, **options)
    assert grave_of_simulated(audit(bounded)) == {"rejections"}
    endless = tradeoff.simulate(demo, request_rate=1e5, **options)
    assert grave_of_simulated(audit(endless)) == set()
    assert "achieved_rate" in set(audit(endless)["check"])


def test_workers_that_share_a_device_without_having_been_measured_so(demo):
    run = tradeoff.simulate(
        demo, max_batch_size=8, request_rate=100, workers=8, n_requests=8_000,
    )  # fmt: skip
    assert grave_of_simulated(audit(run)) == {"contention"}


@pytest.mark.parametrize("asked", [{"request_rate": [1, 4]}, {"concurrency": [1, 16]}], ids=str)
def test_simulated_tokens_pass(asked):
    run = tradeoff.simulate_tokens(
        lambda size: 8 + 0.1 * size, prefill=(5, 0.05), prompt_tokens=500, output_tokens=[50, 200],
        max_batch_size=[8, 32], keep_samples=True, **asked,
    )  # fmt: skip
    assert grave(audit(run)) == set()
