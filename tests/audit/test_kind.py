import pytest

from tests.audit.points import CLOSED, DEVICE, findings, of, one

NO_LATENCY = {name: None for name in CLOSED if name.startswith("latency_") and name.endswith("_ms")}


def test_a_service_that_gives_the_models_latency_only():
    found = one(findings(**NO_LATENCY, model_p50_ms=5.0, model_p99_ms=9.0), "model_or_system")
    assert found["severity"] == "warning"
    assert "of the model on the device" in found["sentence"]


def test_a_latency_that_the_device_timed():
    assert one(findings(latency_basis="device"), "model_or_system")["severity"] == "warning"
    assert one(findings(DEVICE, latency_basis="device", mode="pipelined"), "model_or_system")["severity"] == "info"


def test_a_call_is_not_a_service():
    assert "a service adds" in one(findings(DEVICE), "model_or_system")["sentence"]
    assert of(findings(CLOSED, model_p99_ms=9.0), "model_or_system").empty


def test_workers_with_the_times_of_a_device_of_their_own():
    found = findings(workers=4, flags=["uncontended_service"])
    assert found["check"].tolist() == ["contention"]
    assert found["observed"][0] == 4
    assert findings(flags=["uncontended_service"], workers=None)["check"].tolist() == ["uncontended_service"]


@pytest.mark.parametrize("where", ["mean", "p50", "p99"])
def test_parts_that_are_more_than_the_whole(where):
    found = one(findings(**{f"at_{where}_overhead_ms": -2.0}), "parts")
    assert (found["severity"], found["observed"]) == ("warning", -2.0)
    assert where in found["sentence"]


def test_a_negative_overhead_is_always_told_but_for_rounding():
    assert one(findings(at_p99_overhead_ms=-0.1), "parts")["severity"] == "info"
    assert one(findings(at_p50_overhead_ms=-1.0, latency_p50_ms=None), "parts")["severity"] == "warning"
    assert findings(at_mean_overhead_ms=-1e-9).empty


def test_a_model_that_takes_longer_than_the_request():
    assert one(findings(model_mean_ms=20.0), "parts")["expected"] == 16.0
    assert findings(model_mean_ms=16.0).empty
