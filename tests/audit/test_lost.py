import numpy as np
import pytest

from tests.audit.points import CLOSED, findings, ns, of, one, sampled
from tradeoff.audit import audit


@pytest.mark.parametrize(
    ("failed", "severity"), [(0, None), (10, "info"), (199, "info"), (210, "warning"), (2500, "error")]
)
def test_errors_are_as_grave_as_they_are_many(failed, severity):
    found = of(findings(n_errors=failed), "errors")
    assert found["severity"].tolist() == ([severity] if severity else [])
    if severity:
        assert found["observed"][0] == pytest.approx(failed / (20_000 + failed))


def test_more_than_one_in_a_hundred_hides_the_p99():
    assert "p99 of all of them is a failure" in one(findings(n_errors=300), "errors")["sentence"]
    assert "p99" not in one(findings(n_errors=3), "errors")["sentence"]


def test_errors_of_an_unknown_number_of_requests():
    found = one(findings(n=None, n_errors=7), "errors")
    assert found["severity"] == "warning"
    assert np.isnan(found["observed"])


def test_a_shortest_latency_of_zero_gives_failed_requests_away():
    found = one(findings(n_errors=5, latency_min_ms=0.0), "errors")
    assert found["severity"] == "error"
    assert "inside the percentiles" in found["sentence"]
    assert of(findings(latency_min_ms=0.0), "errors").empty


@pytest.mark.parametrize(("n", "are_inside"), [(900, False), (1000, True)])
def test_samples_tell_whether_failed_requests_are_counted(n, are_inside):
    status = np.where(np.arange(1000) % 10 == 0, "error", "ok")
    run = sampled(
        CLOSED | {"n": n, "n_errors": 100}, status=status, phase="measure", latency_ns=ns(np.linspace(10, 30, 1000))
    )
    assert ("inside the percentiles" in one(audit(run), "errors")["sentence"]) == are_inside


def test_a_row_that_failed_is_told_once():
    found = findings(status="failed", n=0, n_errors=1, **{name: None for name in CLOSED if name.endswith("_ms")})
    assert of(found, "errors").empty
    assert len(of(found, "measured")) == 1


@pytest.mark.parametrize(
    ("lost", "severity"),
    [
        ({"rejection_rate": 0.0, "n_rejected": 500}, None),
        ({"rejection_rate": 0.005}, "info"),
        ({"rejection_rate": 0.3}, "warning"),
        ({"rejection_rate": 1.0}, "warning"),
        ({"n_rejected": 5000}, "warning"),
    ],
)
def test_requests_that_were_turned_away(lost, severity):
    found = of(findings(**lost), "rejections")
    assert found["severity"].tolist() == ([severity] if severity else [])
