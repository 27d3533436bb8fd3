import html
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.figures.frames import HOSTILE
from tradeoff.figures.text import escape, shortened, three, with_interval, wrapped


@given(st.text())
def test_nothing_escaped_is_markup_or_latex(text):
    shown = escape(text)
    assert not set("<>$\n\r\x00") & set(shown)
    assert html.unescape(shown) == shortened(text)


@given(st.text(max_size=400), st.integers(20, 60))
def test_wrapped_lines_fit_and_keep_every_word(text, width):
    lines = wrapped([text], width=width)
    assert all(len(html.unescape(line)) <= width for line in lines)


def test_a_hostile_name_is_text():
    assert "<" not in escape(HOSTILE)
    assert escape("a" * 500, longest=10) == "aaaaaaaaa…"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (9.8, "9.80"), (412.4, "412"), (41_823, "41\u202f800"), (0.04481, "0.0448"), (999.9, "1\u202f000"), (0, "0"),
        (-0.5, "-0.500"), (1.234e12, "1.23e+12"), (2e-7, "2e-07"), (math.nan, "unknown"), (math.inf, "infinite"),
    ],
)  # fmt: skip
def test_three_significant_digits(value, text):
    assert three(value) == text


@given(st.floats(1e-4, 1e8))
def test_three_digits_are_within_half_a_percent(value):
    shown = float(re.sub("\u202f", "", three(value)))
    assert abs(shown / value - 1) <= 0.005001


def test_intervals_say_what_is_not_known():
    assert with_interval(9.8, 9.1, 11, "latency_p99_ms") == "9.80 ms (9.10 to 11.0)"
    assert with_interval(9.8, 9.1, math.nan, "latency_p99_ms") == "9.80 ms (9.10 to unknown)"
    assert with_interval(9.8, math.nan, math.nan, "latency_p99_ms") == "9.80 ms"
