import json

import numpy as np
import pytest

from tests.explorer.runs import grid_run
from tradeoff.explorer.service import Service, light, number
from tradeoff.serving.costs import costs_of

RNG = np.random.default_rng(3)


def service(given, **options):
    asked = {
        "largest_batch_size": None, "most_workers": 2, "formation": "shared", "network_ms": 0.0, "pad_to": None,
        "seed_of_draws": 0,
    }  # fmt: skip
    return Service.of(given, **{**asked, **options})


def test_measured_times_travel_as_they_are():
    times = {1: [3.0, 1.0, 2.0], 4: [5.0, 4.0]}
    content = service(times).payload(None)
    json.dumps(content, allow_nan=False)
    table = content["table"]
    assert table["times"] == [1, 2, 3, 4, 5]
    assert (table["rows"], table["columns"]) == (2, 5)
    assert table["highN"][:5] == [0, 3, 2, 2, 2]
    assert table["weight"][2] == pytest.approx(1 / 3)
    assert content["steps"]["max_batch_size"] == [1, 2, 3, 4]
    assert content["steps"]["workers"] == [1, 2]
    assert content["title"] == "service"


def test_few_times_travel_to_the_last_digit():
    """Where nothing is drawn a last digit decides on ties, and with them on who waits."""
    content = service(lambda size: (1 + 0.1 * size) / 3, largest_batch_size=8).payload(None)
    assert content["table"]["times"] == [(1 + 0.1 * size) / 3 for size in range(1, 9)]


def test_long_series_are_shortened_without_losing_the_mean_or_the_spikes():
    times = np.where(RNG.random(300_000) < 0.002, 50.0, RNG.gamma(4.0, 1.0, 300_000))
    short = light(costs_of({1: times}), 1).times_ms[1][1]
    assert len(short) == 20_000
    assert short.mean() == pytest.approx(times.mean(), rel=1e-9)
    for p in (0.5, 0.99, 0.999):
        assert np.quantile(short, p) == pytest.approx(np.quantile(times, p), rel=2e-3)


def test_a_function_is_drawn_into_pools_that_keep_mean_and_tail():
    costs = costs_of(lambda size, rng, n: size * rng.exponential(1.0, n))
    short = light(costs, 4).times_ms[1]
    assert sorted(short) == [1, 2, 3, 4]
    assert short[4].mean() == pytest.approx(costs.times(4).mean(), rel=1e-9)
    assert np.quantile(short[4], 0.999) == pytest.approx(np.quantile(costs.times(4), 0.999), rel=0.02)
    assert len(light(costs_of(lambda size: 4.0 + size), 64).times_ms[1][64]) == 1


def test_times_of_batches_under_way_at_once_are_told_apart():
    run = grid_run()
    found = service(run, most_workers=8)
    content = found.payload("my server")
    assert content["title"] == "my server"
    assert content["warnings"] == ["Batches of sizes that were not measured are interpolated, quantile by quantile."]
    assert any("under way" in text for _, text in content["rests_on"])
    assert content["table"]["rows"] == 8
    beyond = service(run, most_workers=9).payload(None)
    assert any("devices of their own" in text for text in beyond["warnings"])


def test_the_steps_hold_every_load_the_server_could_meet():
    steps = service(lambda size: 4.0 + size, largest_batch_size=16, most_workers=4).payload(None)["steps"]
    most = 4 * 16 / (4 + 16) * 1e3
    assert steps["request_rate"][0] < 1e3 / 5 / 20
    assert steps["request_rate"][-1] > 1.2 * most
    assert steps["max_wait_ms"][0] == steps["host_ms"][0] == steps["think_ms"][0] == 0
    assert steps["limit_ms"][0] < 5
    assert steps["clients"][0] == 1
    large = service(lambda size: 4.0 + size, largest_batch_size=500).payload(None)["steps"]["max_batch_size"]
    assert large[0] == 1
    assert large[-1] == 500
    assert len(large) < 150


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        ({1: [1.0]}, {"largest_batch_size": 2}, "larger than the largest batch in service"),
        ({1: [1.0]}, {"largest_batch_size": 0}, "largest_batch_size must be a whole number"),
        ({1: [1.0]}, {"most_workers": 65}, "most_workers must be 64 at most"),
        ({1: [1.0]}, {"formation": "either"}, "formation must be one of shared, per_worker"),
        ({1: [1.0]}, {"network_ms": -1.0}, "network_ms must be a number of at least 0"),
        ({1: [1.0]}, {"pad_to": "all"}, "pad_to must be 'measured' or None"),
        ({1: [1.0]}, {"seed_of_draws": -1}, "seed must be"),
        ({}, {}, "holds no times"),
        (lambda size: 0.0, {}, "no time at all"),
        (7, {}, "service must be"),
    ],
)
def test_what_cannot_be_is_said_with_the_value(given, options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        service(given, **options).payload(None)


def test_a_number_is_a_number():
    assert number("x", np.float64(2.0)) == 2.0
    for value in (True, "2", None, float("nan"), float("inf"), -1, [1], 0):
        with pytest.raises(ValueError, match="x must be a number above 0"):
            number("x", value, above=True)
