import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.audit.words import choice, count, listed, number, only, sentences, share, text, time
from tradeoff.digits import three, whole

FLOATS = st.lists(st.floats(allow_nan=False, width=32), min_size=1)


def every(words, n: int) -> list[str]:
    return words(np.arange(n)).to_pylist()


@given(FLOATS)
def test_a_number_is_written_as_three_writes_it_up_to_the_last_digit(values):
    written = every(number(np.array(values)), len(values))
    for value, said in zip(values, written, strict=True):
        # A tie may be rounded to either side.
        near = {three(float(np.float64(value)) * factor) for factor in (1 - 1e-9, 1.0, 1 + 1e-9)}
        assert said in near


@given(FLOATS)
def test_the_words_of_a_number_do_not_depend_on_the_others(values):
    written = every(number(np.array(values)), len(values))
    assert written == [every(number(np.array([value])), 1)[0] for value in values]


def test_units():
    assert every(time(np.array([0.5, 999.0, 1000.0, 119_700.0])), 4) == ["0.500 ms", "999 ms", "1.00 s", "120 s"]
    assert every(share(np.array([0.1234, 0.5])), 2) == ["12.3 %", "50.0 %"]
    assert every(count(np.array([2400.0, 0.5])), 2) == [whole(2400), "0.500"]


def test_words_of_the_chosen_rows_only():
    assert number(np.array([1.0, 2.0, 3.0]))(np.array([2, 0])).to_pylist() == ["3.00", "1.00"]
    assert number(np.array([1.0]))(np.array([], dtype=np.intp)).to_pylist() == []


def test_choices_and_lists():
    holds, other = np.array([True, False, True]), np.array([True, True, True])
    assert every(choice(holds, "no", "yes"), 3) == ["yes", "no", "yes"]
    assert every(only(holds, ", so %s", number(np.array([1.0, 2.0, 3.0]))), 3) == [", so 1.00", "", ", so 3.00"]
    assert every(listed({"a": holds, "b": other}), 3) == ["a and b", "b", "a and b"]
    assert every(listed({"a": holds, "b": holds, "c": holds}), 3) == ["a, b and c", "", "a, b and c"]


def test_what_a_row_says_is_brought_on_a_line():
    said = pd.Series(["two\nlines\x1b[2J", None, "", "x" * 500])
    written = every(text(said, " (%s)", otherwise="-"), 4)
    assert written[:3] == [" (two lines [2J)", "-", "-"]
    assert len(written[3]) < 210


def test_sentences_are_put_together():
    rows = np.arange(2)
    values = number(np.array([1.0, 2.0]))
    assert sentences("%s of %s: 95 %% %%s", [values, values], rows).to_pylist() == [
        "1.00 of 1.00: 95 % %s",
        "2.00 of 2.00: 95 % %s",
    ]
    assert sentences("once", [], rows).to_pylist() == ["once"]
    with pytest.raises(ValueError, match="1 words for 0 places"):
        sentences("none", [values], rows)
