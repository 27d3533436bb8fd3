import numpy as np
import pytest

from tests.audit.points import CLOSED, OPEN, findings, ns, of, one, sampled
from tradeoff.audit import audit

SHORT = OPEN | {"throughput_rps": 800.0, "duration_s": 25.0}


def test_a_load_that_was_not_met_is_saturated():
    found = one(findings(SHORT), "achieved_rate")
    assert (found["severity"], found["observed"], found["expected"]) == ("error", 800.0, 1000.0)
    assert "20.0 % less" in found["sentence"]


@pytest.mark.parametrize(
    ("n", "served", "is_short"),
    [
        (20_000, 0.951, False),
        (20_000, 0.949, True),
        (900, 0.91, False),  # three of 1 / sqrt(900) are 10 %
        (900, 0.89, True),
        (100, 0.71, False),
        (100, 0.69, True),
        (None, 0.951, False),
        (None, 0.94, True),
    ],
)
def test_as_much_may_be_missing_as_chance_brings(n, served, is_short):
    found = of(findings(OPEN, n=n, throughput_rps=1000 * served), "achieved_rate")
    assert len(found) == is_short


def test_what_was_turned_away_or_failed_had_come():
    for lost in ({"rejection_rate": 0.2}, {"n_rejected": 5000}, {"n_errors": 5000}):
        found = findings(SHORT, **lost)
        assert of(found, "achieved_rate").empty
        assert len(found) == 1


def test_a_row_that_gives_no_percentile_is_not_blamed():
    bare = {name: None for name in SHORT if name.startswith("latency_p")} | {"latency_mean_ms": None}
    for row in (SHORT | bare, SHORT | bare | {"throughput_rps": None, "status": "saturated"}):
        assert one(findings(row), "achieved_rate")["severity"] == "info"


def test_a_trace_has_an_end():
    assert one(findings(SHORT, load="trace"), "achieved_rate")["severity"] == "warning"


def test_a_closed_loop_has_no_rate():
    assert of(findings(CLOSED, request_rate_rps=5000.0), "achieved_rate").empty


SENT = OPEN | {"latency_basis": "send"}


@pytest.mark.parametrize(("delay_ms", "severity"), [(0.5, None), (5.0, "warning"), (31.0, "error")])
def test_requests_that_were_sent_late_waited_before(delay_ms, severity):
    found = of(findings(SENT, schedule_delay_p99_ms=delay_ms), "coordinated_omission")
    assert found["severity"].tolist() == ([severity] if severity else [])


def test_a_latency_from_the_schedule_holds_the_delay():
    assert findings(OPEN, schedule_delay_p99_ms=5.0).empty
    # It cannot hold a delay that is longer than itself.
    for basis in ("scheduled", None):
        found = one(findings(OPEN, schedule_delay_p99_ms=100.0, latency_basis=basis), "coordinated_omission")
        assert found["severity"] == "error"


def test_what_a_generator_says_of_its_own_lateness_is_the_delay():
    assert one(findings(SENT, wakeup_p99_ms=100.0), "coordinated_omission")["severity"] == "error"
    assert findings(OPEN, wakeup_p99_ms=100.0).empty


def test_the_delay_of_the_samples():
    came = np.arange(20_000) * 1.0
    late = np.where(came < 19_000, 0.0, 100.0)
    run = sampled(
        SENT, phase="measure", latency_ns=ns(np.full(20_000, 16.0)), scheduled_ns=ns(came), submitted_ns=ns(came + late)
    )
    found = one(audit(run), "coordinated_omission")
    assert (found["severity"], found["observed"]) == ("error", 100.0)


def test_an_unknown_delay_is_worth_a_note():
    assert one(findings(SENT), "coordinated_omission")["severity"] == "info"


def test_a_closed_loop_sends_when_it_is_answered():
    assert findings(CLOSED, latency_basis="send", schedule_delay_p99_ms=100.0).empty
