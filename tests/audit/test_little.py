import pytest

from tests.audit.points import CLOSED, DEVICE, OPEN, findings, of, one


@pytest.mark.parametrize("row", [CLOSED, OPEN])
def test_a_row_that_adds_up_has_no_finding(row):
    assert findings(row).empty


def test_a_device_row_that_adds_up_is_told_apart_from_a_service_and_no_more():
    assert findings(DEVICE)["check"].tolist() == ["model_or_system"]


@pytest.mark.parametrize(
    ("factor", "severity"),
    [
        (0.80, "error"),
        (0.899, "error"),
        (0.901, "warning"),
        (0.949, "warning"),
        (0.951, None),
        (1.0, None),
        (1.049, None),
        (1.051, "warning"),
        (1.099, "warning"),
        (1.101, "error"),
    ],
)
@pytest.mark.parametrize("row", [CLOSED, DEVICE])
def test_a_closed_loop_may_be_off_by_five_per_cent(row, factor, severity):
    changes = {name: row[name] * factor for name in ("throughput_rps", "calls_per_s") if name in row}
    found = of(findings(row, **changes), "littles_law")
    assert found["severity"].tolist() == ([severity] if severity else [])
    if severity:
        assert found["observed"][0] == pytest.approx(row["concurrency"] * factor)
        assert found["expected"][0] == row["concurrency"]


def test_a_device_row_counts_calls_and_not_requests():
    assert of(findings(DEVICE, calls_per_s=None), "littles_law").empty
    off = one(findings(DEVICE, calls_per_s=None, throughput_rps=500.0), "littles_law")
    assert "62.5 calls/s" in off["sentence"]


def test_time_to_think_counts():
    assert of(findings(think_ms=4.0, throughput_rps=800.0), "littles_law").empty
    off = one(findings(think_ms=4.0), "littles_law")
    assert off["observed"] == pytest.approx(20.0)
    assert "in flight or thinking" in off["sentence"]


def test_time_to_think_that_is_not_in_the_row_is_granted():
    detail = "think time of a function"
    assert of(findings(load_detail=detail, throughput_rps=100.0), "littles_law").empty
    assert len(of(findings(load_detail=detail, throughput_rps=2000.0), "littles_law")) == 1


def test_clients_lost_to_errors_are_excluded():
    # Three of sixteen stopped at their first error: thirteen were left.
    assert of(findings(n_errors=3, throughput_rps=1000 * 13 / 16), "littles_law").empty
    assert len(of(findings(n_errors=3, throughput_rps=1000 * 8 / 16), "littles_law")) == 1


def test_requests_that_failed_may_have_held_every_client():
    assert of(findings(n_errors=40, throughput_rps=100.0), "littles_law").empty
    assert len(of(findings(n_errors=40, throughput_rps=2000.0), "littles_law")) == 1
    assert of(findings(OPEN, in_flight_mean=40.0, n_errors=1), "littles_law").empty
    assert len(of(findings(OPEN, in_flight_mean=4.0, n_errors=1), "littles_law")) == 1


def test_clients_that_were_turned_away_think_and_ask_again():
    # Each served request costs one of 16 ms and a rejected one of 4 ms.
    row = {"think_ms": 4.0, "rejection_rate": 0.5, "throughput_rps": 16_000 / 24}
    assert of(findings(**row), "littles_law").empty
    assert len(of(findings(**{**row, "rejection_rate": 0.0}), "littles_law")) == 1


def test_what_the_intervals_allow_is_no_finding():
    off = {"throughput_rps": 1200.0, "latency_mean_ms_lo": 13.0, "latency_mean_ms_hi": 19.0}
    assert of(findings(**off), "littles_law").empty
    assert len(of(findings(**{**off, "latency_mean_ms_lo": 15.5}), "littles_law")) == 1


def test_an_open_loop_is_compared_with_what_was_counted():
    assert of(findings(OPEN, in_flight_mean=16.5), "littles_law").empty
    off = one(findings(OPEN, in_flight_mean=40.0), "littles_law")
    assert (off["severity"], off["expected"]) == ("error", 40.0)
    assert off["observed"] == pytest.approx(16.0)


def test_without_a_mode_the_reading_that_fits_is_taken():
    # 125 calls/s of eight requests and 16 ms are two calls in flight, or sixteen requests.
    for concurrency in (2, 16):
        assert of(findings(mode=None, concurrency=concurrency), "littles_law").empty
    assert len(of(findings(mode=None, concurrency=5), "littles_law")) == 1


def test_without_a_mean_nothing_is_said():
    assert of(findings(latency_mean_ms=None, throughput_rps=1.0), "littles_law").empty


def test_the_flag_is_not_told_twice():
    found = findings(DEVICE, calls_per_s=150.0, flags=["little_violated"])
    assert "little_violated" not in set(found["check"])
    # What the row's own clock saw and its numbers do not show is told.
    assert "little_violated" in set(findings(DEVICE, flags=["little_violated"])["check"])
