import numpy as np
import pytest

from tests.audit.points import CLOSED, DEVICE, OPEN, findings, ns, of, one, sampled
from tradeoff.audit import audit


def phases(warmup: int, measure: int, drain: int) -> np.ndarray:
    return np.repeat(["warmup", "measure", "drain"], [warmup, measure, drain])


def test_what_was_left_out_is_a_note_when_it_is_much():
    for outside, said in ((100, 0), (300, 1)):
        run = sampled(DEVICE | {"n": 500}, phase=phases(outside, 500, 0), latency_ns=ns(np.full(500 + outside, 16.0)))
        found = of(audit(run), "drain_and_ramp")
        assert found["severity"].tolist() == ["info"] * said
    assert found["observed"][0] == pytest.approx(300 / 800)


def test_warm_up_inside_the_percentiles_is_a_warning():
    run = sampled(CLOSED | {"n": 800}, phase=phases(200, 500, 100), latency_ns=ns(np.full(800, 16.0)))
    found = one(audit(run), "drain_and_ramp")
    assert (found["severity"], found["observed"]) == ("warning", pytest.approx(0.375))
    assert "count them" in found["sentence"]


def arrivals(row, *, count: int, gap_ms: float, latency_ms: float, replicates: int = 1):
    came = np.tile(np.arange(count) * gap_ms, replicates)
    return sampled(
        row,
        phase="measure",
        replicate=np.repeat(np.arange(replicates), count),
        scheduled_ns=ns(came),
        done_ns=ns(came + latency_ms),
        latency_ns=ns(np.full(count * replicates, latency_ms)),
    )


def test_a_window_that_waits_for_the_last_answer_counts_the_drain():
    # A thousand requests in a second, and three seconds until the last is answered.
    row = OPEN | {"n": 1000, "duration_s": 3.999, "throughput_rps": 1000 / 3.999, "request_rate_rps": 260.0}
    found = one(audit(arrivals(row, count=1000, gap_ms=1.0, latency_ms=3000.0)), "drain_and_ramp")
    assert found["severity"] == "warning"
    assert found["observed"] == pytest.approx(0.75, abs=0.001)


@pytest.mark.parametrize(
    ("row", "options"),
    [
        (OPEN | {"duration_s": 1.0, "n": 1000}, {"count": 1000, "gap_ms": 1.0, "latency_ms": 3000.0}),
        (OPEN | {"duration_s": 1.0, "n": 1000}, {"count": 1000, "gap_ms": 1.0, "latency_ms": 5.0}),
        # Two processes: the windows add up.
        (OPEN | {"duration_s": 2.0, "n": 2000}, {"count": 1000, "gap_ms": 1.0, "latency_ms": 5.0, "replicates": 2}),
        # A blank end is chance when requests are few.
        (OPEN | {"duration_s": 10.0, "n": 10}, {"count": 10, "gap_ms": 900.0, "latency_ms": 5.0}),
        # Device modes measure in blocks.
        (DEVICE | {"duration_s": 9.0, "n": 1000}, {"count": 1000, "gap_ms": 1.0, "latency_ms": 16.0}),
    ],
)
def test_a_window_that_ends_under_load_does_not(row, options):
    assert of(audit(arrivals(row, **options)), "drain_and_ramp").empty


def test_clients_that_ask_together_leave_no_drain():
    # Sixteen at a time, each second; the last sixteen are under way when the window ends.
    came = np.repeat(np.arange(20), 16) * 1000.0
    row = CLOSED | {"n": 320, "duration_s": 20.5, "latency_mean_ms": 1000.0, "throughput_rps": 16.0}
    for until, said in ((20_900.0, 0), (20_400.0, 1)):
        done = np.minimum(came + 2000.0, until)
        run = sampled(
            row, phase="measure", scheduled_ns=ns(came), done_ns=ns(done), latency_ns=ns(np.full(320, 1000.0))
        )
        found = of(audit(run), "drain_and_ramp")
        assert len(found) == said


def test_all_at_once_is_a_drain_by_design():
    row = OPEN | {"load": "all_at_once", "request_rate_rps": None, "duration_s": 20.0, "n": 1000}
    assert of(audit(arrivals(row, count=1000, gap_ms=0.0, latency_ms=20_000.0)), "drain_and_ramp").empty


@pytest.mark.parametrize(
    ("changes", "severity", "said"),
    [
        ({"regime": "burst"}, "info", "short bursts"),
        ({"status": "unstable", "reason": "medians differ by 9 %"}, "warning", "medians differ by 9 %"),
        ({"status": "unstable"}, "warning", "marked unstable"),
        ({"status": "throttled", "regime": "burst"}, "warning", "held back"),
    ],
)
def test_regimes_that_are_not_steady(changes, severity, said):
    found = one(findings(**changes), "regime")
    assert found["severity"] == severity
    assert said in found["sentence"]


def test_the_cause_of_a_throttled_row_is_told_once():
    assert findings(status="throttled", flags=["power_capped", "thermal"])["check"].tolist() == ["regime"]
    assert findings(flags=["power_capped"])["check"].tolist() == ["power_capped"]
