import csv

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.strangers import cell, shortened, write_csv

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=cmd|' /C calc'!A0"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_text(text):
    assert cell(text) == f"'{text}"


@given(st.text())
def test_no_cell_starts_a_formula_and_the_text_is_kept(text):
    written = cell(text)
    assert not written.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert written.removeprefix("'") == text.removeprefix("'")


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT])
def test_what_is_missing_is_empty(missing):
    assert cell(missing) == ""


def test_lists_are_joined():
    assert cell(["a", "b"]) == "a;b"
    assert cell(["=a", "b"]) == "'=a;b"
    assert cell([]) == ""


def test_a_file_is_read_back_as_it_was(tmp_path):
    frame = pd.DataFrame(
        {
            "name": [*FORMULAS, 'a "quoted", one', "two\nlines", "ø"],
            "number": np.linspace(-1, 1, 11),
            "whole": pd.array([-1, None, *range(9)], dtype="Int64"),
            "=2+2": pd.Categorical(["=a"] * 11),
            "flags": [["x", "y"], [], *[[]] * 9],
        }
    )
    before = frame.copy(deep=True)
    write_csv(frame, tmp_path / "frame.csv")
    pd.testing.assert_frame_equal(frame, before)
    with (tmp_path / "frame.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["name", "number", "whole", "'=2+2", "flags"]
    assert [row[0].removeprefix("'") for row in rows] == frame["name"].tolist()
    assert [float(row[1]) for row in rows] == frame["number"].tolist()
    assert [row[2] for row in rows][:3] == ["-1", "", "0"]
    assert rows[0][3:] == ["'=a", "x;y"]


def test_an_empty_frame_has_its_heads(tmp_path):
    write_csv(pd.DataFrame({"a": pd.Series(dtype="str")}), tmp_path / "frame.csv")
    assert (tmp_path / "frame.csv").read_text() == "a\n"


def test_one_line_of_text():
    assert shortened("a\n\x1b b\u202ec") == "a b c"
    assert shortened("x" * 200, longest=10) == "x" * 9 + "…"
