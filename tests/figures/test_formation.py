import pytest

import tradeoff
from tests.figures import frames
from tradeoff.figures.formation import _get_formation_info, plot_formation
from tradeoff.frames import Run, make_points


def served(**asked):
    return tradeoff.simulate(
        lambda size: 4.0 + size,
        **{"max_batch_size": 4, "request_rate": 300, "n_requests": 2000, "keep_samples": True} | asked,
    )


def info_of(run, **options):
    return _get_formation_info(run, **{"point_id": None, "batch_size": None, "concurrency": None} | options)


def test_shares_of_batches_and_of_requests():
    trace = tradeoff.Trace([0.0, 0.0, 0.0, 1.0])
    info = info_of(served(load=trace, request_rate=None, n_requests=None))
    assert info.sizes == (1, 3)
    assert info.batches == (50.0, 50.0)
    assert info.requests == (25.0, 75.0)
    assert (info.mean, info.n_batches, info.n_requests) == (2.0, 2, 4)


def test_both_shares_are_named():
    figure = plot_formation(served())
    assert [trace.name for trace in figure.data if trace.showlegend] == ["share of batches", "share of requests"]
    assert "1 worker ×" in figure.layout.title.subtitle.text


def test_the_mean_is_that_of_the_row():
    run = served()
    assert info_of(run).mean == pytest.approx(run.points.iloc[0]["batch_size_mean"])


def test_replications_are_told_apart():
    run = served(replications=3)
    assert info_of(run).n_requests == run.points.iloc[0]["n"]


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (Run(make_points([])), "serve or simulate"),
        (Run(make_points([frames.row(frames.identity())])), "Calls of one size"),
        (served(keep_samples=False), "no samples were kept"),
        (served(request_rate=9000), "queue grows"),
    ],
    ids=["empty", "calls", "no samples", "saturated"],
)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_to_draw_says_why(run, said, theme):
    (note,) = plot_formation(run, theme=theme).layout.annotations
    assert said in note.text.replace("<br>", " ")


def test_points_alone_are_not_enough():
    with pytest.raises(TypeError, match="pass a Run"):
        plot_formation(make_points([]))
