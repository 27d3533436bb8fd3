import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audit.points import CLOSED, findings, of, one
from tradeoff.frames import PERCENTILES

BARE = {name: None for name in CLOSED if name.startswith("latency_p")}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "a mean only"),
        ({"latency_p50_ms": 15.0}, "a mean and a median only"),
        ({"latency_p50_ms": 15.0, "latency_mean_ms": None}, "a median only"),
    ],
)
def test_a_mean_without_percentiles(given, said):
    found = one(findings(**BARE | given), "averages")
    assert found["severity"] == "warning"
    assert said in found["sentence"]


@pytest.mark.parametrize("name", ["p90", "p95", "p99", "p999"])
def test_one_percentile_of_the_tail_is_enough(name):
    assert of(findings(**BARE | {f"latency_{name}_ms": 30.0}), "averages").empty


def test_the_first_kind_of_time_is_told():
    assert "time to first token" in one(findings(ttft_mean_ms=5.0), "averages")["sentence"]
    assert one(findings(**BARE, ttft_mean_ms=5.0), "averages")["sentence"].startswith("Of latency")
    assert of(findings(model_mean_ms=5.0), "averages").empty
    assert "model latency" in one(findings(**BARE, latency_mean_ms=None, model_mean_ms=5.0), "averages")["sentence"]


def test_a_percentile_that_was_left_out_for_want_of_samples_is_told_by_its_flag():
    assert findings(**BARE, flags=["too_few_samples"])["check"].tolist() == ["too_few_samples"]


def test_a_mean_above_the_p99():
    found = one(findings(throughput_rps=16_000 / 40, latency_mean_ms=40.0), "averages")
    assert (found["severity"], found["observed"], found["expected"]) == ("warning", 40.0, 30.0)


@pytest.mark.parametrize("ends", [{"latency_min_ms": 17.0}, {"latency_max_ms": 15.0}])
def test_a_mean_outside_the_range(ends):
    rest = BARE | {"latency_p90_ms": None}
    found = one(findings(**rest | ends | {"latency_min_ms": ends.get("latency_min_ms", 1.0)}), "averages")
    assert found["severity"] == "error"
    assert found["expected"] == next(iter(ends.values()))


def test_a_mean_that_is_the_range_but_for_rounding():
    same = {f"latency_{name}_ms": 16.0 for name in ("p50", "p90", "p95", "p99", "min", "max")}
    assert findings(**same, latency_mean_ms=16.004).empty


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"latency_p95_ms": 19.0}, "p90 latency is 20.0 ms and its p95 latency 19.0 ms"),
        ({"latency_p50_ms": 31.0}, "p50 latency is 31.0 ms and its p90 latency 20.0 ms"),
        (
            {"latency_p90_ms": None, "latency_p95_ms": None, "latency_p99_ms": 14.0},
            "p50 latency is 15.0 ms and its p99",
        ),
        ({"ttft_p50_ms": 3.0, "ttft_p99_ms": 2.0}, "time to first token"),
        ({"latency_max_ms": 25.0}, "p99 latency is 30.0 ms and its longest latency 25.0 ms"),
        ({"latency_min_ms": 15.5}, "shortest latency is 15.5 ms and its p50 latency 15.0 ms"),
        ({"throughput_rps": -3.0}, "throughput_rps is -3.00"),
        ({"latency_p50_ms": -3.0}, "latency_p50_ms is -3.00"),
        ({"n_errors": -1}, "n_errors is -1.00"),
    ],
)
def test_numbers_that_no_measurement_gives(wrong, said):
    found = one(findings(**wrong), "impossible")
    assert found["severity"] == "error"
    assert said in found["sentence"]


@settings(max_examples=60)
@given(st.lists(st.sampled_from([None, 1.0, 2.0, 3.0]), min_size=5, max_size=5))
def test_percentiles_must_ascend_whichever_are_missing(values):
    given_ones = dict(zip(PERCENTILES, values, strict=True))
    known = [value for value in values if value is not None]
    found = of(findings(**{f"ttft_{name}_ms": value for name, value in given_ones.items()}), "impossible")
    assert len(found) == (known != sorted(known))


def test_only_the_first_impossible_number_is_told():
    assert len(of(findings(latency_p50_ms=-3.0, throughput_rps=-1.0, latency_p95_ms=1.0), "impossible")) == 1
