import pandas as pd
import pytest

from tests.audit.points import CLOSED, DEVICE, OPEN, findings
from tradeoff.audit import CHECKS, audit, badge, counts, label_of, worst
from tradeoff.frames import FLAGS, make_points

BAD = {"n": 50, "n_errors": 3, "device": None, "flags": ["gil_bound"], "throughput_rps": 500.0, "duration_s": 0.1}


def test_nothing_to_say():
    found = findings()
    assert badge(found) == "Audit: no finding."
    assert badge(found, "0123456789ab") == "Audit: no finding."
    assert counts(found) == "no finding"
    assert worst(found) is None


def test_what_is_grave_is_named_and_notes_are_counted():
    found = findings(**BAD)
    assert counts(found) == "2 errors, 3 warnings, 2 notes"
    assert badge(found) == "Audit: 2 errors, 3 warnings, 2 notes: Little's law, sample size, errors, gil bound."
    assert worst(found) == "error"


def test_notes_are_named_when_there_is_nothing_else():
    assert badge(findings(DEVICE)) == "Audit: 1 note: model or system latency."
    assert worst(findings(DEVICE)) == "info"


def test_more_than_four_are_counted():
    found = findings(OPEN, **BAD | {"latency_basis": None, "rejection_rate": 0.1, "regime": None, "status": "unstable"})
    assert badge(found).endswith(" more.")


def test_a_point_has_its_own():
    points = make_points([CLOSED, CLOSED | {"batch_size": 16, "n": 50, "duration_s": 0.05}])
    found = audit(points)
    assert badge(found, points["point_id"][0]) == "Audit: no finding."
    assert badge(found, points["point_id"][1]) == badge(found) == "Audit: 1 error, 1 warning, 1 note: sample size."


def test_every_check_and_flag_has_a_label():
    for name in (*CHECKS, *FLAGS):
        assert label_of(name)
        assert "_" not in label_of(name)


@pytest.mark.parametrize("function", [badge, counts, worst])
@pytest.mark.parametrize("wrong", [None, pd.DataFrame({"severity": []}), make_points([])])
def test_what_are_no_findings_is_named(function, wrong):
    with pytest.raises(TypeError, match=r"findings must be the frame that tradeoff\.audit returns"):
        function(wrong)
