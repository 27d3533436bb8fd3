import pytest

from tradeoff.figures.theme import faded, ordered_colours, palette, template
from tradeoff.frames import STAGES


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.1."""
    if colour.startswith("#"):
        parts = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    else:
        parts = [float(part) for part in colour[colour.index("(") + 1 : -1].split(",")]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in parts)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_marks_stand_out_from_the_paper(theme):
    colours = palette(theme)
    for text in (colours.ink, colours.quiet):
        assert contrast(text, colours.paper) >= 4.5
    for mark in (colours.frontier, colours.ambiguous, colours.limit, colours.grey):
        assert contrast(mark, colours.paper) >= 3
    assert set(colours.stages) == set(STAGES)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("number", [1, 2, 8])
def test_ordered_colours_run_one_way_and_stay_visible(theme, number):
    colours = ordered_colours(number, theme)
    assert len(set(colours)) == number
    assert all(contrast(colour, palette(theme).paper) >= 1.6 for colour in colours)
    shades = [luminance(colour) for colour in colours]
    assert shades == sorted(shades)


def test_fading_keeps_the_colour():
    assert faded("#ff0080", 0.5) == "rgba(255, 0, 128, 0.5)"
    assert faded("rgb(1, 2, 3)", 0.25) == "rgba(1, 2, 3, 0.25)"


def test_a_theme_that_is_not_known():
    with pytest.raises(ValueError, match="'light' or 'dark'"):
        template("sepia")
