import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.cli.output import plain, table, three_digits


def test_control_characters_are_spelled_out():
    assert plain("\x1b[31mred\x1b[0m\x07") == r"\x1b[31mred\x1b[0m\x07"
    assert plain("a\nb") == "a\nb"


@given(st.text())
def test_nothing_that_a_terminal_obeys_is_left(text):
    assert all(c.isprintable() or c == "\n" for c in plain(text))


@given(st.text(alphabet=st.characters(blacklist_categories=("C", "Z"))))
def test_printable_text_stays_as_it_is(text):
    assert plain(text) == text


def test_markup_in_a_cell_is_text(capsys):
    table(("name",), [("[bold red]x[/]",), (":smile:",)], title="[i]title[/i]")
    out = capsys.readouterr().out
    for text in ("[bold red]x[/]", ":smile:", "[i]title[/i]"):
        assert text in out


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0000901, "0.0000901"),
        (0.0142349, "0.0142"),
        (9.8, "9.80"),
        (98.76, "98.8"),
        (123.4, "123"),
        (67916.0, "67\u202f900"),
        (0.0, "0"),
        (float("nan"), "–"),
    ],
)
def test_three_significant_digits(value, text):
    assert three_digits(value) == text
