import numpy as np
import pandas as pd
import pytest

from tradeoff.frames import FLAGS, make_points
from tradeoff.frames.busy import BUSY_FLAGS, flags_of, is_busy, percent, why_busy


def test_the_flags_are_known_and_warn():
    assert all(FLAGS[name].severity == "warning" for name in BUSY_FLAGS)


@pytest.mark.parametrize(
    ("flags", "busy"),
    [
        ([], False),
        (["not_isolated"], False),
        (["preempted_calls"], False),
        (["host_load_unknown"], False),
        *((["not_isolated", name], True) for name in BUSY_FLAGS),
    ],
)
def test_what_makes_a_row_busy(flags, busy):
    rows = make_points([{"batch_size": 1}, {"batch_size": 2, "flags": flags}])
    assert is_busy(rows).tolist() == [False, busy]
    assert bool(why_busy(rows.iloc[1])) == busy


def test_flags_of_anybodys_frame():
    rows = pd.DataFrame({"flags": ["", "gil_bound; machine_busy", None, np.nan, ("cpu_stolen",), np.array(["x"])]})
    assert is_busy(rows).tolist() == [False, True, False, False, True, False]
    assert flags_of("a; b") == ("a", "b")
    assert is_busy(pd.DataFrame({"n": [1, 2]})).tolist() == [False, False]
    assert is_busy(make_points([])).tolist() == []


def test_what_took_the_cores_is_said_as_far_as_it_is_known():
    row = pd.Series({"flags": ["machine_busy", "quota_throttled"], "foreign_load": 0.482, "throttled": np.nan})
    assert (
        why_busy(row)
        == "other processes took 48 % of the cores' time and a quota held threads back for part of a core's time"
    )
    assert why_busy(pd.Series({"flags": ["machine_busy"]})) == "other processes took part of the cores' time"
    assert why_busy(pd.Series({"n": 1})) == ""
    assert [percent(share) for share in (0.003, 0.099, 0.25, 1.0)] == ["0.3 %", "9.9 %", "25 %", "100 %"]
