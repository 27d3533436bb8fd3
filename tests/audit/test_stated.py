import pandas as pd
import pytest

from tests.audit.points import CLOSED, DEVICE, OPEN, findings, of, one
from tradeoff.audit import audit
from tradeoff.frames import make_points


@pytest.mark.parametrize(
    ("row", "changes", "severity", "said"),
    [
        (CLOSED, {"device": None}, "info", "the hardware"),
        (CLOSED, {"device": "  "}, "info", "the hardware"),
        (CLOSED, {"batch_size": None}, "info", "the batching policy"),
        (CLOSED, {"max_wait_ms": None, "device": None}, "info", "the batching policy and the hardware"),
        (CLOSED, {"latency_basis": None}, "warning", "from when latency counts"),
        (CLOSED, {"concurrency": None}, "warning", "how requests came"),
        (OPEN, {"request_rate_rps": None}, "warning", "how requests came"),
        (DEVICE, {"concurrency": None}, "warning", "how requests came"),
    ],
)
def test_what_is_missing_is_named(row, changes, severity, said):
    found = one(findings(row, **changes), "unstated")
    assert found["severity"] == severity
    assert said in found["sentence"]


def test_everything_that_is_missing_is_in_one_sentence():
    found = one(audit(pd.DataFrame({"throughput_rps": [5.0], "latency_p99_ms": [20.0]})), "unstated")
    assert found["observed"] == 4
    for said in ("how requests came", "from when latency counts", "the batching policy and the hardware"):
        assert said in found["sentence"]


@pytest.mark.parametrize(
    ("row", "changes"),
    [
        (CLOSED, {"max_wait_ms": float("inf")}),
        (OPEN, {"load": "trace", "request_rate_rps": None}),
        (OPEN, {"load": "all_at_once", "request_rate_rps": None}),
        # A throughput alone has no basis of latency.
        (CLOSED, {name: None for name in CLOSED if name.startswith("latency_")}),
    ],
)
def test_what_is_stated_or_does_not_apply_is_not_missed(row, changes):
    assert of(findings(row, **changes), "unstated").empty


NOTHING = {name: None for name in CLOSED if name.endswith(("_ms", "_rps"))} | {"n": 0}


def test_rows_that_failed_say_so_and_nothing_else():
    rows = [CLOSED, CLOSED | NOTHING | {"batch_size": 16, "status": "failed", "reason": "it\nbroke"}]
    found = audit(make_points(rows))
    assert found["check"].tolist() == ["measured"]
    assert found["severity"][0] == "error"
    assert "(it broke)" in found["sentence"][0]


def test_a_size_that_does_not_fit_is_part_of_the_answer():
    rows = [CLOSED, CLOSED | NOTHING | {"batch_size": 16, "status": "oom"}]
    assert audit(make_points(rows))["severity"].tolist() == ["info"]
    assert audit(make_points(rows[1:]))["severity"].tolist() == ["error"]


def test_a_row_of_nothing():
    assert one(findings(**NOTHING), "measured")["severity"] == "warning"
    assert of(findings(**NOTHING, status="saturated"), "measured").empty
