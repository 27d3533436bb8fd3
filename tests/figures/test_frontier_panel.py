import pytest

import tests.figures.frames as frames
from tradeoff.figures.frontier import plot_frontier
from tradeoff.frames import make_points


def points(*pairs):
    return make_points(
        frames.row(frames.identity(batch_size=2**number), p99=p99, throughput=throughput)
        for number, (p99, throughput) in enumerate(pairs)
    )


def names(figure):
    return next([name.strip() for name in trace.text] for trace in figure.data if trace.mode == "text")


def test_names_of_the_frontier_are_left_out_where_they_would_overlap():
    assert len(names(plot_frontier(points((1, 10), (10, 100), (100, 1000))))) == 3
    assert len(names(plot_frontier(points((1, 10), (10, 100), (10.01, 100.1), (100, 1000))))) == 3


def test_dominated_points_have_no_name():
    assert names(plot_frontier(points((1, 100), (10, 10)))) == ["1"]


def test_the_answer_is_named_once():
    figure = plot_frontier(points((1, 10), (10, 100), (100, 1000)), limit_ms=50)
    assert "2" not in names(figure)
    assert [note.text for note in figure.layout.annotations][:2] == ["runner-up 1", "<b>answer 2</b>"]


def test_an_answer_that_is_not_sure_is_called_undecided():
    figure = plot_frontier(points((10, 100)), limit_ms=10)
    assert any(note.text == "<b>undecided 1 × 1</b>" for note in figure.layout.annotations)


@pytest.mark.parametrize(
    ("x", "y", "best_first"),
    [
        ("latency_p99_ms", "throughput_rps", [1, 10]),
        ("throughput_rps", "latency_p99_ms", [100, 10]),
        ("latency_p50_ms", "latency_p99_ms", [0.5]),
    ],
)
def test_the_step_line_walks_from_the_best_x(x, y, best_first):
    figure = plot_frontier(points((1, 10), (10, 100)), x=x, y=y)
    (line,) = [trace for trace in figure.data if trace.line.shape == "hv"]
    assert list(line.x)[1:-1] == pytest.approx(best_first)


def test_no_name_lies_on_the_limit():
    figure = plot_frontier(points((1, 10), (10, 100), (100, 1000)), objective="maximize throughput s.t. p99 <= 9 ms")
    assert names(figure) == ["4"], "1 is the answer, 2 stands just right of the limit"
