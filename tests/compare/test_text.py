import math

import pytest

from tradeoff.compare.changes import Ratio
from tradeoff.compare.text import change_text, interval_text, joined, percent, value_text, with_interval


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (1.38, "+38 %"), (0.914, "−8.6 %"), (1.0, "±0.0 %"), (1.0004, "±0.0 %"), (0.9992, "−0.1 %"), (0.0, "−100 %"),
        (math.inf, "unknown"), (math.nan, "unknown"),
    ],
)  # fmt: skip
def test_percent(ratio, text):
    assert percent(ratio) == text


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(2.0, "doubled"), (1.93, "doubled"), (0.5, "halved"), (2.6, "2.60 times as high"), (1.8, "+80 %"), (0.3, "−70 %"),
     (math.inf, "up from 0")],
)  # fmt: skip
def test_change(ratio, text):
    assert change_text(Ratio(ratio, ratio, ratio)) == text


def test_ends_that_are_not_known():
    assert interval_text(Ratio(1.0, 0.0, math.inf)) == "unknown to unknown"
    assert interval_text(Ratio(1.0, 0.9, 1.2)) == "−10 % to +20 %"


def test_an_interval_that_is_a_point_is_not_written():
    assert with_interval(Ratio(1.5, 1.5, 1.5)) == "+50 %"
    assert with_interval(Ratio(1.5, 1.4, 1.6)) == "+50 % (+40 % to +60 %)"


def test_parts_of_a_sentence():
    assert [joined(list("abc")[:number]) for number in range(4)] == ["", "a", "a and b", "a, b and c"]
    assert value_text("max_wait_ms", 2.0) == "2 ms"
    assert value_text("workers", 2) == "2"
    assert value_text("device", None) == "unstated"
