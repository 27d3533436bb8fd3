import pytest

from tests.figures.frames import HOSTILE, texts
from tradeoff.figures.panels import finish, grid_of_panels, nothing


def finished(*, names=(), caption=(), subtitle="", titles=("a", "b")):
    figure = grid_of_panels(1, 2, titles=titles, theme="light")
    for name in names:
        figure.add_scatter(x=[1], y=[1], name=name, showlegend=True, row=1, col=1)
    return finish(figure, title="Title", subtitle=subtitle, caption=caption, height=400, theme="light")


def test_the_margins_grow_with_what_stands_in_them_and_the_panels_keep_their_height():
    plain = finished()
    for fuller in (finished(subtitle="word " * 60), finished(names=["a long name for a legend"] * 6)):
        assert fuller.layout.margin.t > plain.layout.margin.t
    assert finished(caption=["word " * 60]).layout.margin.b > plain.layout.margin.b
    for figure in (plain, finished(subtitle="word " * 60, caption=["word " * 90], names=["a"])):
        assert figure.layout.height - figure.layout.margin.t - figure.layout.margin.b == 400


def test_the_legend_lies_under_the_title_and_above_the_panels():
    figure = finished(names=["frontier"], subtitle="one line")
    from_the_top = (1 - figure.layout.legend.y) * figure.layout.height
    assert 60 <= from_the_top < figure.layout.margin.t - 24


def test_panel_titles_stand_to_the_left():
    figure = finished()
    assert [note.x for note in figure.layout.annotations] == [axis.domain[0] for axis in figure.select_xaxes()]


def test_all_text_is_escaped():
    shown = texts(finished(subtitle=HOSTILE, caption=[HOSTILE], titles=(HOSTILE, HOSTILE)))
    shown += texts(nothing(title=HOSTILE, subtitle=HOSTILE, reason=[HOSTILE], theme="dark"))
    assert not any("<img" in text or "<script" in text for text in shown)
    assert sum("&lt;img" in text for text in shown) == 7


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_to_draw_says_why(theme):
    figure = nothing(title="t", subtitle="s", reason=["No points."], theme=theme)
    assert "No points." in texts(figure)
    assert figure.layout.xaxis.visible is False
